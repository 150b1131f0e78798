"""Powder patterns, read as they come, and the phases that they show."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from screening.api.bench import Files, named_files
from screening.display import Displayed, Group, Table
from screening.errors import InputError
from screening.lab.diffraction.findings import Identification, Identifications
from screening.lab.diffraction.pattern import PowderPattern
from screening.lab.readers.diffraction import read_pattern
from screening.lab.readers.stamp import stamp
from screening.phases.composition import parse_formula, same_composition
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.phases.structures import find_cell, literature_cells, read_cells, snapshot_cells
from screening.provenance import Provenance
from screening.thermo.sources import load_snapshot
from screening.units import CU_KA_A
from screening.validation.diffraction import look_for


@dataclass(frozen=True, eq=False)
class Pattern(Displayed):
    """A powder pattern as it was measured.

    Attributes
    ----------
    powder : PowderPattern
    provenance : Provenance
        Stamp of its file.
    """

    plotter = "screening.plots.diffraction:plot_patterns"

    powder: PowderPattern
    provenance: Provenance

    def display(self) -> Table:
        """Range, points and wavelength."""
        return Patterns((self,), self.provenance).display()

    def to_frame(self) -> pd.DataFrame:
        """Angles and intensities, with the name of the file."""
        return self.powder.to_frame().assign(file=self.powder.name)

    def identify(self, *phases: str, **search: Any) -> Identification:
        """Look for phases; see `Patterns.identify`."""
        return Patterns((self,), self.provenance).identify(*phases, **search)[0]


@dataclass(frozen=True, eq=False, repr=False)
class Patterns(Group[Pattern]):
    """Several powder patterns.

    Attributes
    ----------
    items : tuple of Pattern
    provenance : Provenance
        Stamp of all files.
    """

    plotter = "screening.plots.diffraction:plot_patterns"

    provenance: Provenance

    def display(self) -> Table:
        """Range, points and wavelength of each pattern."""
        rows = [
            {
                "pattern": each.powder.name,
                "2θ (°)": f"{each.powder.range_deg[0]:g} … {each.powder.range_deg[1]:g}",
                "points": len(each.powder.two_theta_deg),
                "wavelength (Å)": f"{each.powder.wavelength_a:.5g} {each.powder.wavelength_from}",
            }
            for each in self.items
        ]
        return Table("", pd.DataFrame(rows), (self.provenance.line(),))

    def identify(
        self,
        *phases: str,
        reactor: str = "",
        electrolyte: str = "Li6PS5Cl",
        anode: str = "Li",
        cif: Files = (),
        snapshot: str | Path | Snapshot = EMBEDDED,
        at_hull: bool = False,
    ) -> Identifications:
        """Say which phases each pattern shows, which it lacks, and which cannot be told.

        All phases that may be there should be named: a line shared with a phase that is not named counts for
        those that are.

        Parameters
        ----------
        *phases : str
            Formulas.
        reactor, electrolyte, anode : str
            With a reactor, also all that a layer of it is made of and should become.
        cif : str, Path or several of them
            Structures of your own; without a reactor, their phases are looked for too.
        snapshot : str, Path or Snapshot
            Where products and further structures come from.
        at_hull : bool
            Take a reactor or electrolyte that the snapshot lacks from the hull.

        Raises
        ------
        InputError
            If no phase is named, or no structure of any is at hand.
        """
        own = read_cells(named_files(cif) if cif else [])
        asked = [parse_formula(name) for name in phases]
        if not reactor:
            unasked = (c for c in own if not any(same_composition(c.formula, each) for each in asked))
            phases = (*phases, *dict.fromkeys(cell.formula.text for cell in unasked))
        if not (phases or reactor):
            raise InputError("no phase to look for", remedy="name some with --phase, or a --reactor")
        cells = (*own, *literature_cells())
        if reactor or any(find_cell(parse_formula(name), cells) is None for name in phases):
            held = load_snapshot(snapshot, at_hull=filter(None, (reactor, electrolyte)) if at_hull else ())
            phases = (*phases, *(_expected(held, reactor, electrolyte, anode) if reactor else ()))
            cells = (*cells, *snapshot_cells(held, phases))
        found = [
            replace(look_for(phases, cells, each.powder), provenance=each.provenance) for each in self.items
        ]
        return Identifications(tuple(found), self.provenance)


def read_xrd(files: Files, *, wavelength: str | float = "") -> Pattern | Patterns:
    """Read powder patterns of any common diffractometer.

    Parameters
    ----------
    files : str, Path or several of them
    wavelength : str or float
        Name, as CuKa or MoKa1, or Å; by default what the file states, else Cu Kα, and the pattern says which.

    Returns
    -------
    Pattern or Patterns
        The former for one file.

    Raises
    ------
    InputError
        If a file holds no pattern, there is no such wavelength, or the file states another one.
    """
    length, paths = _wavelength_a(wavelength), named_files(files)
    read = tuple(Pattern(read_pattern(path, length), stamp([path])) for path in paths)
    one = isinstance(files, str | Path) and len(read) == 1
    return read[0] if one else Patterns(read, stamp(paths))


def _expected(snapshot: Snapshot, reactor: str, electrolyte: str, anode: str) -> tuple[str, ...]:
    """Everything that a layer of this reactor is made of and should become."""
    from screening.handoff.plan import Plan
    from screening.handoff.sheet import bench_sheet
    from screening.validation.expected_phases import expected_phases

    sheet = bench_sheet(snapshot, reactor, Plan(anode=anode, electrolyte=electrolyte))
    return expected_phases(sheet.formula, electrolyte, anode, sheet.plateaus)


def _wavelength_a(given: str | float) -> float | None:
    if given == "":
        return None
    from pymatgen.analysis.diffraction.xrd import WAVELENGTHS

    known = {name.lower(): value for name, value in WAVELENGTHS.items()} | {"cuka": CU_KA_A}
    text = str(given).lower()
    try:
        value = known[text] if text in known else float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 5.0:
        raise InputError(
            f"{given!r} is no wavelength",
            where="--wavelength",
            remedy="give Å, or a name such as CuKa, MoKa1",
        )
    return value

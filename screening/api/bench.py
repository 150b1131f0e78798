"""Files of the bench, read as they come: impedance spectra, pellets, powder patterns."""

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from screening.display import Displayed, Group, Table
from screening.errors import InputError
from screening.lab.diffraction.findings import Identification, Identifications
from screening.lab.diffraction.pattern import PowderPattern
from screening.lab.impedance.circuits import PELLET
from screening.lab.impedance.conductivity import REFERENCE_C, Pellet
from screening.lab.impedance.pellets import TEMPERATURE_FROM, PelletSeries, pellet_series
from screening.lab.impedance.spectra import Spectra
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.diffraction import read_pattern
from screening.lab.readers.impedance import join_series, read_files, temperature_from_name
from screening.lab.readers.stamp import stamp
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.phases.structures import literature_cells, read_cells, snapshot_cells
from screening.provenance import Provenance
from screening.thermo.sources import load_snapshot
from screening.units import CU_KA_A
from screening.validation.diffraction import look_for

Files: TypeAlias = str | Path | Iterable[str | Path]
"""A file, a pattern of names as ``*.mpr``, or several of either."""


def named_files(given: Files) -> list[Path]:
    """Files that a name, a pattern of names or a list of them means; those of a pattern in order of name.

    Raises
    ------
    InputError
        If a pattern fits no file, or nothing is given.
    """
    found: list[Path] = []
    for each in [given] if isinstance(given, str | Path) else given:
        path = Path(each).expanduser()
        if glob.has_magic(str(path)) and not path.exists():
            fitting = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - of any root
            if not fitting:
                raise InputError("no file fits the pattern", where=str(each), remedy="check the directory")
            found += map(Path, fitting)
        else:
            found.append(path)
    if not found:
        raise InputError("no files", remedy="give at least one")
    return found


def read_eis(files: Files, *, area_cm2: float | None = None) -> Spectra:
    """Read impedance spectra of any supported instrument.

    Parameters
    ----------
    files : str, Path or several of them
        Files, or a pattern as ``*.mpr``; several are one series, in order of time where the files tell it.
    area_cm2 : float, optional
        Electrode area; figures are then in Ω·cm². Headers of files are not trusted.

    Returns
    -------
    Spectra
        Of several files those that can be read; `left_out` has a line on each of the others.

    Raises
    ------
    InputError
        If a file is absent, or none can be read as spectra.
    """
    paths = named_files(files)
    read, left_out = read_files(paths)
    spectra = Spectra(join_series(list(read.values())), stamp([paths[i] for i in read]), left_out)
    return spectra if area_cm2 is None else spectra.with_area(area_cm2)


def simulated_rest_series(seed: int = 0) -> Spectra:
    """The shipped series of a cell at rest, simulated: what to try things on without a measurement."""
    from screening.simulate.impedance import rest_study, study_provenance

    return Spectra(tuple(rest_study().spectra(seed=seed)), study_provenance())


def arrhenius(
    files: Files,
    *,
    thickness_mm: float | None = None,
    diameter_mm: float | None = None,
    temperature_c: Sequence[float] | None = None,
    circuit: str = PELLET,
    at_c: Sequence[float] = (),
    keep: bool = False,
) -> PelletSeries:
    """Conductivity and activation energy from spectra of blocked pellets at several temperatures.

    Without thickness and diameter the activation energy is given all the same: the geometry cancels.

    Parameters
    ----------
    files : str, Path or several of them
    thickness_mm, diameter_mm : float, optional
        Of the pellet; both or neither.
    temperature_c : sequence of float, optional
        Temperature of each file, in the order of the files; from data or file name unless given.
    circuit : str
        Circuit for all files, or ``auto``.
    at_c : sequence of float
        Temperatures at which the lines are evaluated, beside 25 °C.
    keep : bool
        Use spectra that fail the Kramers–Kronig test too; by default they are left out, and named.

    Returns
    -------
    PelletSeries

    Raises
    ------
    InputError
        If a temperature or one of the two lengths is missing, or a fit cannot be made.
    """
    if (thickness_mm is None) != (diameter_mm is None):
        raise InputError(
            "a thickness without a diameter, or the reverse", remedy="give --thickness-mm and --diameter-mm"
        )
    if thickness_mm == 0.0 or diameter_mm == 0.0:
        raise InputError("a length of zero", where="--thickness-mm, --diameter-mm", remedy="give it in mm")
    pellet = Pellet.from_mm(thickness_mm, diameter_mm) if thickness_mm and diameter_mm else None
    paths = named_files(files)
    read, skipped = read_files(paths)
    series = pellet_series(
        _with_temperatures(paths, read, temperature_c or []),
        pellet,
        circuit,
        predicted_c=(REFERENCE_C, *(t for t in at_c if t != REFERENCE_C)),
        provenance=stamp([paths[i] for i in read]),
        keep=keep,
    )
    return replace(series, left_out=(*skipped, *series.left_out))


def _with_temperatures(
    paths: Sequence[Path], read: Mapping[int, Sequence[Spectrum]], given: Sequence[float]
) -> list[Spectrum]:
    """Spectra with their temperatures; their metadata say where these come from."""
    if len(given) not in (0, len(paths)):
        raise InputError(
            f"{len(given)} temperature(s) for {len(paths)} file(s)",
            where="--temperature-c",
            remedy="give one for each file, in their order, or none",
        )
    spectra = []
    for i, of_file in read.items():
        path = paths[i]
        for spectrum in of_file:
            value, origin = spectrum.temperature_c, "data"
            if given:
                value, origin = given[i], "option"
            elif value is None:
                value, origin = temperature_from_name(path.name), "file name"
            if value is None:
                raise InputError(
                    "no temperature in the data or the name", where=str(path), remedy="give --temperature-c"
                )
            metadata = {**spectrum.metadata, TEMPERATURE_FROM: origin}
            spectra.append(replace(spectrum, temperature_c=value, metadata=metadata))
    return spectra


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
            Structures of your own.
        snapshot : str, Path or Snapshot
            Where products and further structures come from.

        Returns
        -------
        Identifications

        Raises
        ------
        InputError
            If no phase is named, or no structure of any is at hand.
        """
        if not (phases or reactor):
            raise InputError("no phase to look for", remedy="name some with --phase, or a --reactor")
        own, held = read_cells(named_files(cif) if cif else []), load_snapshot(snapshot)
        names = [*phases, *(_expected(held, reactor, electrolyte, anode) if reactor else [])]
        cells = (*own, *literature_cells(), *snapshot_cells(held, names))
        found = [
            replace(look_for(names, cells, each.powder), provenance=each.provenance) for each in self.items
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
    from screening.handoff.sheet import Plan, bench_sheet
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

"""Energies anchored to measurement: measured enthalpies where there are any, calculated only what is left.

A phase is taken apart into measured binary compounds and elements, those of lowest measured energy at its
composition; what those compounds are off by, measured minus calculated, it is taken to be off by, too:

    E = Σ ν·ΔH_f(measured) + [E_calculated(phase) − Σ ν·E_calculated(binaries)].

A measured phase takes its own enthalpy, and a salt of a metal and an anion of which no compound is measured
an estimated one (``data/anchors.py``). The standard deviation of each phase joins those of its anchors, and
what compounds of three and more elements were found to be off after anchoring. Enthalpies are those of 298 K.

References
----------
Measured enthalpies: A. Wang et al., Sci. Rep. 11, 15496 (2021), doi 10.1038/s41598-021-94550-5, and the CRC
Handbook. The same idea for oxides from binary oxides: G. Hautier et al., Phys. Rev. B 85, 155208 (2012),
doi 10.1103/PhysRevB.85.155208.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from screening.errors import InputError
from screening.phases.checksum import plain_values
from screening.phases.composition import Formula, atomic_number, parse_formula
from screening.phases.corrections import ANCHORED, AT_0_K, CITE, CORRECTED, molecule_rows
from screening.phases.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

ANCHORS_FILE = "anchors.csv"
TABLE = "anchored.parquet"

ANION_CHARGE = {"F": 1, "Cl": 1, "Br": 1, "I": 1, "O": 2, "S": 2, "Se": 2, "Te": 2}
"""Anions of the salts whose errors are estimated where they are not measured."""

SALT_SD_EV_PER_ATOM = 0.05
ALLOY_SD_EV_PER_ATOM = 0.10
"""What compounds of three and more elements are off, after anchoring, with and without an anion."""

UNANCHORED_SD_EV_PER_ATOM = 0.12
"""What calculated energies are off by, per atom that no measured compound stands for."""

ESTIMATE = "estimated"
"""Source of an anchor that is not measured."""

GAS_SD_EV_PER_ATOM = 0.005
"""Of the measured gases that the corrected scheme brings, which are no anchors of solids."""

MEASURED = "measured"
BINARIES = "measured binaries"
ESTIMATED = "estimated binaries"
PARTLY = "partly measured"
CALCULATED = "calculated"


@dataclass(frozen=True, eq=False, kw_only=True)
class Anchors:
    """Measured and estimated compounds beside their calculated energies, as columns.

    Attributes
    ----------
    formula : tuple of Formula
    ev_per_atom, sd_ev_per_atom : (n,) float arrays
        Enthalpy of formation and its standard deviation.
    shift_ev_per_atom : (n,) float array
        What the enthalpy adds to the corrected energy of the embedded snapshot.
    source : (n,) object array of str
        The tables that hold it, or ``estimated``.
    """

    formula: tuple[Formula, ...]
    ev_per_atom: np.ndarray
    sd_ev_per_atom: np.ndarray
    shift_ev_per_atom: np.ndarray
    source: np.ndarray

    @classmethod
    def of(cls, table: "pd.DataFrame") -> "Anchors":
        """The anchors of a table with these columns, formulas as text."""
        columns = {name: table[name].to_numpy() for name in cls.__dataclass_fields__ if name != "formula"}
        return cls(formula=tuple(parse_formula(text) for text in table["formula"]), **columns)

    @classmethod
    def read(cls) -> "Anchors":
        """The anchors that the package carries."""
        import pandas as pd

        with files("screening.phases").joinpath(ANCHORS_FILE).open("r", encoding="utf-8") as stream:
            return cls.of(pd.read_csv(stream, comment="#"))

    @cached_property
    def measured(self) -> np.ndarray:
        """Which are no estimates, (n,) bool array."""
        return self.source != ESTIMATE

    @cached_property
    def of_pair(self) -> dict[tuple[int, ...], list[int]]:
        """Binary anchors of each pair of elements."""
        pairs: dict[tuple[int, ...], list[int]] = {}
        for i, formula in enumerate(self.formula):
            if len(formula.atomic_numbers) == 2:
                pairs.setdefault(formula.atomic_numbers, []).append(i)
        return pairs

    def among(self, numbers: Sequence[int]) -> list[int]:
        """Binary anchors of these elements."""
        return [i for pair in combinations(numbers, 2) for i in self.of_pair.get(pair, [])]


@dataclass(frozen=True, eq=False, kw_only=True)
class AnchorShift:
    """What anchoring changes of some phases.

    Attributes
    ----------
    shift_ev_per_atom, sd_ev_per_atom : (n,) float arrays
    kind : tuple of str
        What each rests on.
    """

    shift_ev_per_atom: np.ndarray
    sd_ev_per_atom: np.ndarray
    kind: tuple[str, ...]


def anchor_shift(snapshot: Snapshot, anchors: Anchors, rows: np.ndarray, *, own: bool = True) -> AnchorShift:
    """What anchoring changes of these phases, an int array.

    Parameters
    ----------
    snapshot : Snapshot
    anchors : Anchors
    rows : (n,) int array
    own : bool
        Whether a measured phase takes its own enthalpy; without it, only those of its binaries.
    """
    itself = {snapshot.find(formula): i for i, formula in enumerate(anchors.formula)} if own else {}
    kinds, shifts, sds = [], np.empty(len(rows)), np.empty(len(rows))
    anions = [atomic_number(symbol) for symbol in (*ANION_CHARGE, "N", "H")]
    for k, phase in enumerate(rows.tolist()):
        if phase in itself:
            one = itself[phase]
            shifts[k], sds[k] = anchors.shift_ev_per_atom[one], anchors.sd_ev_per_atom[one]
            kinds.append(MEASURED if anchors.measured[one] else ESTIMATED)
            continue
        formula = snapshot.formula(phase)
        used, share, bare = _taken_apart(formula, anchors)
        salt = not set(formula.atomic_numbers).isdisjoint(anions)
        left = SALT_SD_EV_PER_ATOM if salt else ALLOY_SD_EV_PER_ATOM
        of_anchors = np.sum((share * anchors.sd_ev_per_atom[used]) ** 2)
        shifts[k] = share @ anchors.shift_ev_per_atom[used]
        sds[k] = np.sqrt(left**2 + of_anchors + (bare * UNANCHORED_SD_EV_PER_ATOM) ** 2)
        kinds.append(_kind(anchors.measured[used], bare))
    return AnchorShift(shift_ev_per_atom=shifts, sd_ev_per_atom=sds, kind=tuple(kinds))


def _kind(measured: np.ndarray, bare: float) -> str:
    if not len(measured):
        return CALCULATED
    if bare > 0.0:
        return PARTLY
    return BINARIES if measured.all() else ESTIMATED


def _taken_apart(formula: Formula, anchors: Anchors) -> tuple[np.ndarray, np.ndarray, float]:
    """Anchors of lowest energy at a composition with their atomic shares, and the share of bare elements."""
    numbers = formula.atomic_numbers
    candidates = anchors.among(numbers)
    columns = np.zeros((len(numbers), len(numbers) + len(candidates)))
    columns[:, : len(numbers)] = np.eye(len(numbers))
    for k, i in enumerate(candidates, start=len(numbers)):
        one = anchors.formula[i]
        for z, fraction in zip(one.atomic_numbers, one.fractions, strict=True):
            columns[numbers.index(z), k] = fraction
    energy = np.concatenate([np.zeros(len(numbers)), anchors.ev_per_atom[candidates]])
    from scipy.optimize import linprog

    found = linprog(energy, A_eq=columns, b_eq=np.array(formula.fractions), method="highs")
    share = np.where(found.x > 1e-9, found.x, 0.0)
    of_anchors = share[len(numbers) :]
    used = np.flatnonzero(of_anchors)
    return np.array(candidates, dtype=np.int64)[used], of_anchors[used], float(share[: len(numbers)].sum())


def anchored(snapshot: Snapshot) -> Snapshot:
    """The corrected embedded snapshot, estimated phases included, with energies anchored to measurement.

    Raises
    ------
    InputError
        If there are no anchors for its energies.
    """
    manifest, phases = snapshot.manifest, snapshot.phases
    path = (snapshot.directory or Path()) / TABLE
    if manifest.energy_scheme != CORRECTED + AT_0_K or not path.is_file():
        raise InputError(
            f"snapshot {manifest.name} has no energies anchored to measurement",
            where="energies",
            remedy="choose the embedded snapshot, or other energies",
        )
    shift, sd, measured = _stored(path, phases.formula)
    lacking = np.flatnonzero(np.isnan(shift) & (phases.n_elements > 1))
    if len(lacking):
        found = anchor_shift(snapshot, Anchors.read(), lacking)
        shift[lacking], sd[lacking] = found.shift_ev_per_atom, found.sd_ev_per_atom
    own = (phases.estimated | ~measured) * phases.uncertainty_ev_per_atom
    changed = replace(
        phases,
        formation_energy_ev_per_atom=phases.formation_energy_ev_per_atom + np.nan_to_num(shift),
        uncertainty_ev_per_atom=np.hypot(np.nan_to_num(sd), own),
    )
    for molecule, rows in molecule_rows(phases):
        if molecule.measured:
            changed.uncertainty_ev_per_atom[rows] = GAS_SD_EV_PER_ATOM
    cite = tuple(dict.fromkeys((*manifest.cite, CITE)))
    return replace(
        snapshot, manifest=replace(manifest, energy_scheme=ANCHORED + AT_0_K, cite=cite), phases=changed
    )


def _stored(path: Path, formulas: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shift, its standard deviation (NaN where the table lacks a formula) and whether it is measured."""
    table = pq.read_table(path).combine_chunks()
    names = table["formula"].combine_chunks()
    at = plain_values(pc.index_in(pa.array(formulas, names.type), value_set=names), -1)
    is_measured = plain_values(pc.equal(table["kind"].combine_chunks().dictionary_decode(), MEASURED))
    shift, sd = (plain_values(table[f"{name}_ev_per_atom"]).astype(float)[at] for name in ("shift", "sd"))
    shift[at < 0] = sd[at < 0] = np.nan
    return shift, sd, (at >= 0) & is_measured[at].astype(bool)


def with_anchored(snapshot: Snapshot, rows: np.ndarray) -> Snapshot:
    """An anchored snapshot with calculated phases that joined it, an int array, anchored as well."""
    found = anchor_shift(snapshot, Anchors.read(), rows, own=False)
    energies = snapshot.phases.formation_energy_ev_per_atom.copy()
    sds = snapshot.phases.uncertainty_ev_per_atom.copy()
    energies[rows] += found.shift_ev_per_atom
    sds[rows] = np.hypot(sds[rows], found.sd_ev_per_atom)
    changed = replace(snapshot.phases, formation_energy_ev_per_atom=energies, uncertainty_ev_per_atom=sds)
    return replace(snapshot, phases=changed)

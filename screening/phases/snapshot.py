"""A snapshot: every phase that exists for us, as columns, with one energy scheme and a manifest."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from screening.display import Shown, Table, settings_table
from screening.errors import SnapshotError
from screening.phases.additions import NOT_CALCULATED, AddedPhase, read_estimates
from screening.phases.checksum import content_checksum, plain_values
from screening.phases.chemsys import ChemsysIndex
from screening.phases.composition import SAME_FRACTION, Formula, atomic_number, symbol
from screening.phases.manifest import Manifest
from screening.phases.periodic_table import N_ELEMENTS
from screening.phases.soundness import COLUMNS, require_sound
from screening.phases.spelling import respell
from screening.phases.volumes import take_measured
from screening.ragged import Ragged

PHASES_FILE = "phases.parquet"
ESTIMATED_FILE = "estimated_phases.toml"

DILUTE_RATIO = 100.0
"""A composition whose largest over smallest coefficient reaches this is a defect supercell (Mg149X), not a
phase that anyone can make; the least extreme real compounds stay below 100."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Phases:
    """Phases as columns; phase i has the elements ``row_start[i]:row_start[i + 1]``.

    Attributes
    ----------
    formula : (n,) object array of str
        Reduced formulas in conventional spelling (see `screening.phases.spelling`); the user's own as given.
    row_start : (n + 1,) int64 array
    atomic_number : (m,) int64 array
        Ascending within a phase.
    amount : (m,) float array
        Atoms per reduced formula.
    formation_energy_ev_per_atom : (n,) float array
    uncertainty_ev_per_atom : (n,) float array
        Standard deviation that an estimated or user-given phase brings of its own; 0 for calculated ones.
    band_gap_ev, band_gap_min_ev, band_gap_max_ev : (n,) float arrays
        Median, least and largest over polymorphs; NaN where none is known.
    band_gap_polymorphs : (n,) int64 array
    volume_per_atom_a3 : (n,) float array
        NaN where unknown.
    volume_source : (n,) object array of str
        ``measured``, ``dft``, ``element``, ``estimated`` or empty.
    note : (n,) object array of str
        Method and sources of an added phase; empty for those of the source.
    origin : (n,) object array of str
        `Origin` of an added phase; empty for those of the source.
    """

    formula: np.ndarray
    row_start: np.ndarray
    atomic_number: np.ndarray
    amount: np.ndarray
    formation_energy_ev_per_atom: np.ndarray
    uncertainty_ev_per_atom: np.ndarray
    band_gap_ev: np.ndarray
    band_gap_min_ev: np.ndarray
    band_gap_max_ev: np.ndarray
    band_gap_polymorphs: np.ndarray
    volume_per_atom_a3: np.ndarray
    volume_source: np.ndarray
    note: np.ndarray
    origin: np.ndarray

    def __len__(self) -> int:
        return len(self.formula)

    @cached_property
    def rows(self) -> Ragged:
        """Elements of each phase in the flat columns."""
        return Ragged(self.row_start)

    @property
    def n_elements(self) -> np.ndarray:
        """Elements of each phase, (n,) int array."""
        return self.rows.lengths

    @cached_property
    def atoms(self) -> np.ndarray:
        """Atoms per reduced formula, (n,) float array."""
        return self.rows.reduced(np.add, self.amount)

    @cached_property
    def fraction(self) -> np.ndarray:
        """Atomic fractions, (m,) float array."""
        return self.amount / self.rows.spread(self.atoms)

    def atoms_of(self, symbols: Iterable[str]) -> np.ndarray:
        """Atoms of these elements together per reduced formula, (n,) float array; 0 where there are none."""
        wanted = np.zeros(N_ELEMENTS + 1)
        wanted[[atomic_number(each) for each in symbols]] = 1.0
        return self.rows.reduced(np.add, wanted[self.atomic_number] * self.amount)

    @classmethod
    def of(cls, formulas: Sequence[Formula]) -> "Phases":
        """Bare compositions, whose energies and volumes are NaN: for rules that read composition alone."""
        return _from_additions([AddedPhase(each, np.nan, np.nan, "") for each in formulas])

    @cached_property
    def estimated(self) -> np.ndarray:
        """Which phases are estimates or machine-learned, (n,) bool array."""
        return np.isin(self.origin.astype(str), NOT_CALCULATED)

    @cached_property
    def added(self) -> np.ndarray:
        """Which phases are none of the source's own, (n,) bool array."""
        return np.asarray(self.origin != "", dtype=bool)

    @cached_property
    def coefficient_ratio(self) -> np.ndarray:
        """Largest over smallest stoichiometric coefficient, (n,) float array."""
        return self.rows.reduced(np.maximum, self.amount) / self.rows.reduced(np.minimum, self.amount)

    def take(self, rows: np.ndarray) -> "Phases":
        """These phases only, in this order; `rows` is an int array."""
        flat = self.rows.entries(rows)
        per_phase = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in _FLAT}
        return Phases(
            row_start=Ragged.of_lengths(self.n_elements[rows]).start,
            atomic_number=self.atomic_number[flat],
            amount=self.amount[flat],
            **per_phase,
        )

    def joined(self, other: "Phases") -> "Phases":
        """These phases followed by those of `other`."""
        both = {
            f.name: np.concatenate((getattr(self, f.name), getattr(other, f.name)))
            for f in fields(self)
            if f.name != "row_start"
        }
        return Phases(row_start=np.append(self.row_start, other.row_start[1:] + self.row_start[-1]), **both)


_FLAT = ("row_start", "atomic_number", "amount")
_SCALARS = tuple(name for name in COLUMNS if name not in ("elements", "amounts"))


@dataclass(frozen=True, eq=False)
class Snapshot(Shown):
    """Phases with their manifest, indexed by chemical system.

    Attributes
    ----------
    manifest : Manifest
    phases : Phases
    n_dilute_left_out : int
        Supercells that the dilute rule left out.
    directory : Path or None
        Where it was read from; further tables of the manifest lie there and are read when asked for.
    notes : tuple of str
        What a user must know of how his own phases joined.
    """

    manifest: Manifest
    phases: Phases
    n_dilute_left_out: int
    directory: Path | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.phases)

    @cached_property
    def index(self) -> ChemsysIndex:
        """Lookup by chemical system."""
        return ChemsysIndex.of(self.phases.row_start, self.phases.atomic_number)

    @cached_property
    def elements(self) -> frozenset[int]:
        """Atomic numbers that have a pure phase."""
        pure = self.phases.row_start[:-1][self.phases.n_elements == 1]
        return frozenset(self.phases.atomic_number[pure].tolist())

    @property
    def holds(self) -> dict[str, int]:
        """What is in it, counted."""
        return {
            "phases": len(self),
            "elements": len(self.elements),
            "estimated": int(self.phases.estimated.sum()),
            "dilute_left_out": self.n_dilute_left_out,
        }

    def display(self) -> Table:
        """Where it comes from, what it holds, what to cite, and what is estimated."""
        phases, rows = self.phases, np.flatnonzero(self.phases.added)
        added = {f"{phases.origin[i]} {phases.formula[i]}": phases.note[i] for i in rows}
        content = {**json.loads(self.manifest.details), "holds": self.holds, **added}
        content.pop("widened", None)
        for each in content.pop("distrusted", []):
            told = f"off by up to {each['off_by_up_to_ev_per_atom']} eV/atom (measured: {each['measured']})"
            content[f"distrusted {each['element']}({each['valence']})"] = told
        return settings_table(f"Snapshot {self.manifest.name}", content)

    @classmethod
    def read(cls, directory: Path, *, keep_dilute: bool = False) -> "Snapshot":
        """Read a snapshot directory; estimated phases join where the snapshot has none of that composition.

        Raises
        ------
        SnapshotError
            If a file is missing or damaged, the content is not that of the manifest's checksum (which every
            stamp repeats), a row is no phase (see `require_sound`), or an element that occurs has no pure
            phase of zero energy.
        """
        manifest = Manifest.read(directory)
        if PHASES_FILE not in dict(manifest.file_sha256):
            raise SnapshotError(
                f"manifest lacks the digest of {PHASES_FILE}",
                where=str(directory),
                remedy="fetch or rebuild it",
            )
        for name, expected in manifest.file_sha256:
            _check_file(directory / name, expected)
        try:
            table = pq.ParquetFile(directory / PHASES_FILE).read()
        except (OSError, pa.ArrowException) as error:
            raise SnapshotError(
                f"cannot be read ({error})", where=str(directory / PHASES_FILE), remedy="fetch or rebuild it"
            ) from None
        phases = _from_table(table, directory / PHASES_FILE)
        _check_content(table, manifest, directory)
        dilute = phases.coefficient_ratio >= DILUTE_RATIO
        if not keep_dilute:
            phases = phases.take(np.flatnonzero(~dilute))
        snapshot = cls(manifest, phases, 0 if keep_dilute else int(dilute.sum()), directory)
        estimates = read_estimates(directory / ESTIMATED_FILE)
        return snapshot.joined([e for e in estimates if snapshot.find(e.formula) is None])

    def verify(self, directory: Path) -> None:
        """Compare the content checksum of the files on disk with the manifest.

        Raises
        ------
        SnapshotError
            If they differ.
        """
        _check_content(pq.ParquetFile(directory / PHASES_FILE).read(), self.manifest, directory)

    def joined(self, additions: Sequence[AddedPhase]) -> "Snapshot":
        """The same snapshot with further phases of the same energy scheme."""
        if not additions:
            return self
        return replace(self, phases=self.phases.joined(_from_additions(additions)))

    def find(self, formula: Formula) -> int | None:
        """Number of the lowest phase of this composition, None where the snapshot has none."""
        system = self.index.exactly(np.array(formula.atomic_numbers))
        rows = self.phases.row_start[system][:, None] + np.arange(len(formula.atomic_numbers))
        apart = np.abs(self.phases.fraction[rows] - formula.fractions).max(axis=1, initial=0.0)
        found = system[apart <= SAME_FRACTION]
        return int(found[self.phases.formation_energy_ev_per_atom[found].argmin()]) if len(found) else None

    def formula(self, phase: int) -> Formula:
        """Reduced formula of one phase, with its composition."""
        row = self.phases.rows.row(phase)
        return Formula(
            str(self.phases.formula[phase]),
            tuple(self.phases.atomic_number[row].tolist()),
            tuple(self.phases.amount[row].tolist()),
        )


def _check_file(path: Path, expected: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise SnapshotError("missing", where=str(path), remedy="fetch or rebuild it") from None
    except OSError as error:
        raise SnapshotError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="make it readable"
        ) from None
    if found != expected:
        raise SnapshotError(
            f"damaged: sha256 {found[:12]}… instead of {expected[:12]}…",
            where=str(path),
            remedy="fetch or rebuild it",
        )


def _check_content(table: pa.Table, manifest: Manifest, directory: Path) -> None:
    found = content_checksum(table)
    if found != manifest.checksum:
        raise SnapshotError(
            f"content checksum {found[:12]}… instead of {manifest.checksum[:12]}…",
            where=str(directory),
            remedy="fetch or rebuild it",
        )


def _from_table(table: pa.Table, path: Path) -> Phases:
    sound = require_sound(table, path)
    # copies, since arrow's own arrays are read-only and the compiled walk knows but one kind of array
    columns = {name: np.array(plain_values(sound.column(name))) for name in _SCALARS}
    elements, amounts = sound.column("elements").chunk(0), sound.column("amounts").chunk(0)
    phases = Phases(
        row_start=Ragged.of_lengths(plain_values(elements.value_lengths())).start,
        atomic_number=np.array(plain_values(elements.flatten())),
        amount=np.array(plain_values(amounts.flatten())),
        uncertainty_ev_per_atom=np.zeros(len(sound)),
        note=np.full(len(sound), "", dtype=object),
        origin=np.full(len(sound), "", dtype=object),
        **columns,
    )
    _check_references(phases, path)
    respell(phases.formula, phases.row_start, phases.atomic_number, phases.amount)
    _name_molecules(phases)
    take_measured(phases.formula, phases.volume_per_atom_a3, phases.volume_source)
    return phases


def _name_molecules(phases: Phases) -> None:
    """Write elemental gases as the molecules a reaction shows: O2, not O."""
    from pymatgen.core import Composition

    for i in np.flatnonzero(phases.n_elements == 1):
        name = Composition(symbol(int(phases.atomic_number[phases.row_start[i]]))).reduced_formula
        phases.formula[i] = name
        phases.amount[phases.row_start[i]] = Composition(name).num_atoms


def _check_references(phases: Phases, path: Path) -> None:
    energies = phases.formation_energy_ev_per_atom
    pure = phases.n_elements == 1
    references = phases.atomic_number[phases.row_start[:-1][pure]]
    lacking = np.setdiff1d(phases.atomic_number, references)
    if len(lacking):
        raise SnapshotError(
            f"no elemental reference for {symbol(int(lacking[0]))}",
            where=str(path),
            remedy="fetch or rebuild it",
        )
    offset = np.abs(energies[pure]).max()
    if offset > 0.0:
        raise SnapshotError(
            f"an element has {offset:.3f} eV/atom instead of 0: energies of mixed schemes",
            where=str(path),
            remedy="fetch one scheme only",
        )


def _from_additions(additions: Sequence[AddedPhase]) -> Phases:
    gaps = np.array([a.band_gap_ev for a in additions])
    volumes = np.array([a.volume_per_atom_a3 for a in additions])
    return Phases(
        formula=np.array([a.formula.text for a in additions], dtype=object),
        row_start=Ragged.of_lengths([len(a.formula.amounts) for a in additions]).start,
        atomic_number=np.concatenate([a.formula.atomic_numbers for a in additions]).astype(np.int64),
        amount=np.concatenate([a.formula.amounts for a in additions]).astype(float),
        formation_energy_ev_per_atom=np.array([a.formation_energy_ev_per_atom for a in additions]),
        uncertainty_ev_per_atom=np.array([a.uncertainty_ev_per_atom for a in additions]),
        band_gap_ev=gaps,
        band_gap_min_ev=gaps,
        band_gap_max_ev=gaps,
        band_gap_polymorphs=np.where(np.isnan(gaps), 0, 1).astype(np.int64),
        volume_per_atom_a3=volumes,
        volume_source=np.array(["" if np.isnan(v) else "estimated" for v in volumes], dtype=object),
        note=np.array([a.note or "given" for a in additions], dtype=object),
        origin=np.array([a.origin.value for a in additions], dtype=object),
    )

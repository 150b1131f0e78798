"""The phases that a command works on: a snapshot, the user's own phases, a temperature."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from screening.errors import InputError
from screening.phases.additions import AddedPhase, Origin
from screening.phases.anchored import anchored, with_anchored
from screening.phases.composition import parse_formula, same_composition
from screening.phases.computed import own_files
from screening.phases.corrections import (
    Energies,
    chosen_energies,
    corrected,
    is_anchored,
    is_corrected,
    molecules,
    rows_of,
    shift,
    shifted,
)
from screening.phases.distrust import distrusted, widened
from screening.phases.library import EMBEDDED, open_snapshot
from screening.phases.snapshot import Snapshot
from screening.phases.temperature import at_temperature
from screening.phases.user_phases import read_phases
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages

TOO_LOW_EV_PER_ATOM = 0.3
"""A phase further below the hull of all others is no find but a total energy, or one of another scheme."""

TOO_HIGH_EV_PER_ATOM = 0.5
"""A phase further above the hull than any that is made is told: a sign is easily lost."""

NAMED_EV_PER_ATOM = 0.02
"""Corrections smaller than this are within the error of any calculation."""

ABOVE_HULL_EV_PER_ATOM = 5e-7
"""What a composition taken from the hull lies above it, so that no reaction forms it: it counts as on it."""


@dataclass(frozen=True)
class OwnPhases:
    """A file of the user's own phases, and what is to be done with them.

    Attributes
    ----------
    path : str or Path
    force : bool
        Take phases that lie implausibly far below all others, too.
    replace : bool
        Put each in place of the snapshot's, even where that is lower.
    """

    path: str | Path
    force: bool = False
    replace: bool = False


Own = str | Path | OwnPhases | None


def own_phases(phases: Own, force: bool = False, replace: bool = False) -> OwnPhases | None:
    """A file of own phases with what is to be done with them; None where there is none.

    Raises
    ------
    InputError
        If there is something to be done with no file.
    """
    if phases is None and (force or replace):
        raise InputError("no own phases", where="--force" if force else "--replace", remedy="add --phases")
    return phases if phases is None or isinstance(phases, OwnPhases) else OwnPhases(phases, force, replace)


def load_snapshot(
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: Iterable[str] = (),
) -> Snapshot:
    """Open a snapshot, correct it, join the user's own phases, and take it to a temperature, in this order.

    Nothing here goes to the network.

    Parameters
    ----------
    snapshot : str, Path or Snapshot
        Name or directory, or one that is open.
    phases : str, Path or OwnPhases, optional
        File of further phases; see `read_phases`.
    temperature_k : float, optional
        See `at_temperature`; without it, energies stay those of 0 K.
    energies : str
        ``corrected``: gases measured, and solids with molecular units corrected to match (see `corrections`);
        ``anchored``: measured enthalpies where there are any (see `anchored`); ``as-published``: as the
        source has them.
    at_hull : iterable of str
        Formulas that join at the energy of the hull where the snapshot lacks them, as doped electrolytes do.

    Returns
    -------
    Snapshot
        Its manifest's name tells which file was joined, its energy scheme which temperature was taken, so
        that every provenance stamp does; `notes` tells which own phase lost against the snapshot's.

    Raises
    ------
    SnapshotError
        If there is no such snapshot, or it is damaged.
    InputError
        If the file or the temperature cannot be used, or a phase lies more than `TOO_LOW_EV_PER_ATOM` below
        the hull of all others.
    """
    chosen = chosen_energies(energies)
    gathered = snapshot if isinstance(snapshot, Snapshot) else open_snapshot(snapshot)
    if chosen is not Energies.AS_PUBLISHED:
        gathered = corrected(gathered)
    elif is_corrected(gathered):
        raise InputError(
            "this snapshot is corrected already",
            where="energies",
            remedy="open it with energies='as-published'",
        )
    gathered = widened(gathered)
    if chosen is Energies.ANCHORED and not is_anchored(gathered):
        gathered = anchored(gathered)
    if phases is not None:
        gathered = _joined(gathered, phases if isinstance(phases, OwnPhases) else OwnPhases(phases))
    return _with_hull_phases(
        gathered if temperature_k is None else at_temperature(gathered, temperature_k), at_hull
    )


def _joined(snapshot: Snapshot, own: OwnPhases) -> Snapshot:
    path = Path(own.path)
    additions = [replace(each, replaces=each.replaces or own.replace) for each in read_phases(path, snapshot)]
    n, every = len(snapshot), snapshot.joined(additions)
    as_source = np.array([n + i for i, each in enumerate(additions) if each.as_source], dtype=np.int64)
    if is_corrected(snapshot) and len(as_source):
        every = replace(every, phases=shifted(every.phases, as_source))
    if is_anchored(snapshot) and len(as_source):
        every = with_anchored(every, as_source)
    low = [] if own.force else _require_plausible(every, additions, path)
    gone, notes = [np.empty(0, dtype=np.int64)], [*(told for a in additions for told in a.remarks), *low]
    remarks = _scheme_remarks(every, additions)
    for energy, each in zip(every.phases.formation_energy_ev_per_atom[n:].tolist(), additions, strict=True):
        rows = rows_of(snapshot.phases, each.formula)
        theirs = float(snapshot.phases.formation_energy_ev_per_atom[rows].min(initial=np.inf))
        name, its = each.formula.text, f"the snapshot's {theirs:.3f} eV/atom"
        if theirs <= energy and not (each.replaces and len(rows)):
            notes.append(
                f"{name}: {its} is lower than your {energy:.3f} and stays; --replace puts yours there"
            )
            continue
        if each.replaces and len(rows):
            gone.append(rows)
            notes.append(f"{name}: your {energy:.3f} eV/atom replaces {its}")
        notes += remarks.get(name, [])
    kept = np.setdiff1d(np.arange(len(every)), np.concatenate(gone))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in own_files(path))).hexdigest()
    named = replace(snapshot.manifest, name=f"{snapshot.manifest.name} + {path.name} (sha256:{digest[:12]})")
    return replace(every, manifest=named, phases=every.phases.take(kept), notes=(*every.notes, *notes))


def _require_plausible(every: Snapshot, additions: Sequence[AddedPhase], path: Path) -> list[str]:
    """Refuse phases far below the hull of all others: total energies, mostly.

    Measured ones are taken, and those beside phases that the source has wrong; what is said of them.
    """
    numbers = np.arange(len(every) - len(additions), len(every))
    compositions = Compositions.of([each.formula for each in additions])
    below = assemblages(every, compositions, numbers).energy_ev_per_atom
    below -= every.phases.formation_energy_ev_per_atom[numbers]
    published = is_corrected(every) and bool((_correction(every, numbers) > NAMED_EV_PER_ATOM).any())
    beside = {each.element for each in distrusted(every.manifest.energy_scheme)}
    told, taken = [], []
    for each, gap in zip(additions, below.tolist(), strict=True):
        words = f"{each.formula.text} lies {gap:.2f} eV/atom"
        wrong = sorted(beside & set(each.formula.chemsys.split("-")))
        if gap > TOO_LOW_EV_PER_ATOM and (wrong or each.origin == Origin.MEASURED):
            why = f"whose energies of {', '.join(wrong)} are wrong" if wrong else "and is taken as measured"
            taken.append(f"{words} below the hull of all other phases, {why}")
        elif gap > TOO_LOW_EV_PER_ATOM:
            told.append(words)
    if told:
        raise InputError(
            f"{', '.join(told)} below the hull of all other phases, as a total energy would",
            where=str(path),
            remedy="give formation energies, against the elements, or the runs themselves (vasprun.xml); "
            + "or, for the source's own, --energies as-published; " * published
            + "or take them with --force (force=True in Python)",
        )
    return taken


def _correction(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """What the corrected scheme adds to the source's energies of these phases, (n,) eV/atom."""
    return shift(snapshot.phases.take(rows)).energy_ev_per_atom


def _scheme_remarks(every: Snapshot, additions: Sequence[AddedPhase]) -> dict[str, list[str]]:
    """What may be wrong with given energies: another scheme than their neighbours', or a sign."""
    numbers = np.arange(len(every) - len(additions), len(every))
    above = every.phases.formation_energy_ev_per_atom[numbers]
    above = above - assemblages(every, Compositions.of([a.formula for a in additions])).energy_ev_per_atom
    added = _correction(every, numbers) if is_corrected(every) else np.zeros(len(additions))
    gases = [each.formula for each in molecules()]
    remarks: dict[str, list[str]] = {}
    for each, gap, correction in zip(additions, above.tolist(), added.tolist(), strict=True):
        name, told = each.formula.text, []
        gas = any(same_composition(each.formula, gas) for gas in gases)
        if (
            abs(correction) > NAMED_EV_PER_ATOM
            and not (each.as_source or gas)
            and each.origin == Origin.GIVEN
        ):
            told.append(
                f"{name}: taken as it is, while the source's energies of such bonds are corrected by "
                f"{correction:+.2f} eV/atom; if yours is of the source's own kind, --energies as-published"
            )
        if gap > TOO_HIGH_EV_PER_ATOM:
            told.append(f"{name}: {gap:.2f} eV/atom above the hull, so that it decays; is the sign right?")
        remarks[name] = told
    return remarks


def _with_hull_phases(snapshot: Snapshot, texts: Iterable[str]) -> Snapshot:
    """The snapshot with compositions that it lacks at the energy and volume of what is stable there."""
    formulas = {each.text: each for each in map(parse_formula, texts) if snapshot.find(each) is None}
    lacking = [each for each in formulas.values() if snapshot.elements.issuperset(each.atomic_numbers)]
    if not lacking:
        return snapshot
    found = assemblages(snapshot, Compositions.of(lacking))
    volumes = found.amount * snapshot.phases.volume_per_atom_a3[found.phase]
    additions = [
        AddedPhase(
            formula,
            float(found.energy_ev_per_atom[i]) + ABOVE_HULL_EV_PER_ATOM,
            0.0,
            "energy and volume of the stable mixture of phases",
            volume_per_atom_a3=float(volumes[found.product_start[i] : found.product_start[i + 1]].sum()),
            origin=Origin.AT_HULL,
        )
        for i, formula in enumerate(lacking)
    ]
    names = ", ".join(each.text for each in lacking)
    named = replace(snapshot.manifest, name=f"{snapshot.manifest.name} + {names} {Origin.AT_HULL}")
    return replace(snapshot.joined(additions), manifest=named)

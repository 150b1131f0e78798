"""Snapshots of the Materials Project: fetch them and compare them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from screening.campaign.run import Source
from screening.campaign.snapshots import RankChange, ranking_changes, study_systems
from screening.campaign.study import Study, find_study
from screening.display import Displayed, Table, fixed
from screening.errors import InputError
from screening.phases.difference import Change, Difference, PhaseChange, compare
from screening.phases.fetch import Progress, Query, fetch
from screening.phases.library import locate, open_snapshot
from screening.phases.schemes import ThermoType
from screening.phases.snapshot import Snapshot
from screening.phases.transport import Patience
from screening.provenance import Provenance

SHOWN_CHANGES = 20
"""Changes of each kind that are shown; tables and JSON hold all."""


def fetch_snapshot(
    name: str,
    *,
    chemsys: Sequence[str] = (),
    elements: Sequence[str] = (),
    study: str | Path | Study = "",
    everything: bool = False,
    thermo_type: str = ThermoType.GGA_GGA_U,
    non_commercial: bool = False,
    structures: bool = False,
    endpoint: str = "",
    timeout_s: float = 20.0,
    report: Callable[[Progress], None] = lambda _: None,
) -> Snapshot:
    """Fetch a snapshot from the Materials Project; ``MP_API_KEY`` holds the key.

    Parameters
    ----------
    name : str
        Its name; a snapshot of that name is replaced.
    chemsys : sequence of str
        Chemical systems, as ``Li-Al-Cl``, each with its subsystems.
    elements : sequence of str
        Elements, of which everything is fetched that they make.
    study : str, Path or Study
        Study whose systems are fetched.
    everything : bool
        Fetch the whole database, page by page, without structures. Exactly one of the four is given.
    thermo_type : {"GGA_GGA+U", "R2SCAN", "GGA_GGA+U_R2SCAN"}
        Energy scheme; the mixed one for one system only.
    non_commercial : bool
        Keep entries licensed for non-commercial use only.
    structures : bool
        Fetch the structure of each phase too, for powder lines.
    endpoint : str
        Address of another service of the same kind.
    timeout_s : float
        Seconds to wait for an answer.
    report : function, optional
        Called with the progress.

    Raises
    ------
    InputError
        If what is asked for is malformed.
    UnreachableError
        If there is no key or no answer.
    """
    from screening.phases.materials_project import connect, find_key

    _require_one({"--study": study, "--chemsys": chemsys, "--elements": elements, "--all": everything})
    scheme = _thermo_type(thermo_type)
    if everything:
        query = Query.everything(name, scheme, non_commercial=non_commercial, structures=structures)
    else:
        systems = _systems(study, chemsys, elements)
        query = Query.of(name, systems, scheme, non_commercial=non_commercial, structures=structures)
    patience = _patience(timeout_s)
    with connect(find_key(), endpoint or None, patience) as project:
        return fetch(query, project, report)


def _patience(timeout_s: float) -> Patience:
    if not 0.0 < timeout_s <= 3600.0:
        raise InputError(f"{timeout_s:g} s is no time to wait", where="--timeout", remedy="give 1 to 3600")
    return Patience(timeout_s=timeout_s)


def _thermo_type(text: str) -> ThermoType:
    known = [each.value for each in ThermoType]
    if text not in known:
        raise InputError(f"unknown scheme {text!r}", where="--thermo-type", remedy=f"use {', '.join(known)}")
    return ThermoType(text)


def _require_one(ways: Mapping[str, object]) -> None:
    """Exactly one of the ways to say what is fetched."""
    given = [option for option, value in ways.items() if value]
    if len(given) != 1:
        raise InputError(
            f"{' and '.join(given)} together" if given else "nothing to fetch",
            where="snapshot fetch",
            remedy=f"give one of {', '.join(ways)}",
        )


def _systems(study: str | Path | Study, chemsys: Sequence[str], elements: Sequence[str]) -> list[str]:
    if study:
        return study_systems(_study(study))
    words = [word for text in (*chemsys, *elements) for word in text.replace(",", " ").split()]
    return words if chemsys else ["-".join(words)]


def _study(given: str | Path | Study) -> Study:
    return given if isinstance(given, Study) else find_study(str(given))


@dataclass(frozen=True)
class SnapshotComparison(Displayed):
    """Phases that were added, are gone or changed from one snapshot to another.

    Attributes
    ----------
    difference : Difference
    ranks : tuple of RankChange
        Places of a study's candidates on both; empty without a study.
    """

    difference: Difference
    ranks: tuple[RankChange, ...] = ()

    @property
    def provenance(self) -> Provenance:
        """Both snapshots by name, the later one by content."""
        before, after = self.difference.before, self.difference.after
        source = f"{before.name} -> {after.name}"
        return Provenance.now(source, after.checksum, energy_scheme=after.energy_scheme)

    def to_frame(self) -> pd.DataFrame:
        """One row per change."""
        return self.difference.to_frame()

    def display(self) -> Table:
        """The largest changes of each kind; below, how many there are, and whether they can be compared."""
        found = self.difference
        rows = [
            {
                "change": str(each.change),
                "phase": each.formula,
                "before (eV/atom)": fixed(each.before_ev_per_atom, 3),
                "after (eV/atom)": fixed(each.after_ev_per_atom, 3),
            }
            for kind in Change
            for each in sorted(found.of(kind), key=_by_size)[:SHOWN_CHANGES]
        ]
        counts = ", ".join(f"{len(found.of(kind))} {kind.value}" for kind in Change)
        schemes = f"{found.before.energy_scheme}; {found.after.energy_scheme}"
        notes = (
            *([f"within {', '.join(found.within)}"] if found.within else []),
            f"{counts}, {found.n_same} the same",
            *([] if len(rows) == len(found.changes) else [f"the largest {SHOWN_CHANGES} of each kind"]),
            *(
                []
                if found.same_scheme
                else [f"schemes differ ({schemes}): energies are not comparable one by one"]
            ),
            self.provenance.line(),
        )
        return Table(self.provenance.source, pd.DataFrame(rows), notes)

    def summary(self) -> tuple[Table, ...]:
        """The changes, and with a study the places of its candidates on both snapshots."""
        rows = [
            {
                "reactor": each.formula,
                "anode": each.anode,
                "electrolyte": each.electrolyte,
                "rank before": str(each.rank_before or "-"),
                "rank after": str(each.rank_after or "-"),
                "score before": fixed(each.score_before, 3),
                "score after": fixed(each.score_after, 3),
            }
            for each in self.ranks
        ]
        return (self.display(), Table("", pd.DataFrame(rows))) if rows else (self.display(),)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        found = self.difference
        return {
            "before": found.before.headline(),
            "after": found.after.headline(),
            "same_scheme": found.same_scheme,
            "within": list(found.within),
            "counts": {"same": found.n_same, **{kind.value: len(found.of(kind)) for kind in Change}},
            "changes": [
                {**asdict(each), "difference_ev_per_atom": each.difference_ev_per_atom}
                for each in found.changes
            ],
            "ranking": [asdict(each) for each in self.ranks],
        }


def _by_size(change: PhaseChange) -> float:
    return -abs(change.difference_ev_per_atom or 0.0)


def verify_snapshot(snapshot: str | Path) -> Snapshot:
    """Check a snapshot: files, columns, energies, elemental references, content checksum.

    Raises
    ------
    SnapshotError
        If anything is not as its manifest says.
    """
    directory = locate(snapshot)
    found = Snapshot.read(directory, keep_dilute=True)
    found.verify(directory)
    return found


def compare_snapshots(
    before: str | Path, after: str | Path, *, study: str | Path | Study = ""
) -> SnapshotComparison:
    """Tell which phases were added, are gone or changed, and what that does to a study's ranking.

    Parameters
    ----------
    before, after : str or Path
        Names or directories of snapshots.
    study : str, Path or Study
        Compare the systems of this study, and the ranks of the candidates that it names.

    Raises
    ------
    ScreeningError
        If a snapshot or the study cannot be used.
    """
    chosen = _study(study) if study else None
    difference = compare(
        open_snapshot(before), open_snapshot(after), study_systems(chosen) if chosen else None
    )
    ranks = ranking_changes(chosen, Source(str(before)), Source(str(after))) if chosen else []
    return SnapshotComparison(difference, tuple(ranks))

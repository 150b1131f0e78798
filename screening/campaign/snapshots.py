"""A study and its snapshots: which systems it needs, and what another snapshot does to its ranking."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from screening.campaign.candidate_files import read_candidates
from screening.campaign.candidates import query
from screening.campaign.outcome import rank_campaign
from screening.campaign.run import Source, Workers, run
from screening.campaign.study import Study
from screening.errors import InputError
from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.system_names import largest


def study_systems(study: Study) -> list[str]:
    """Chemical systems in which the candidates of a study meet its anodes and electrolytes.

    Candidates of a query are those that it selects from the embedded snapshot.

    Returns
    -------
    list of str
        None contained in another.
    """
    chosen = study.candidates
    formulas = [*chosen.formulas, *chosen.controls]
    if chosen.file:
        formulas += read_candidates(Path(chosen.file)).texts(skip_bad=chosen.skip_bad)
    if chosen.query is not None:
        snapshot = open_snapshot()
        rows, _ = query(snapshot, chosen.query, study.conditions.anodes[0])
        formulas += [str(snapshot.phases.formula[row]) for row in rows]
    candidates = {parse_formula(each).chemsys for each in formulas}
    meetings = [
        {anode, *parse_reactant(electrolyte).unit.chemsys.split("-")}
        for anode in study.conditions.anodes
        for electrolyte in study.conditions.electrolytes
    ]
    together = ({*candidate.split("-"), *meeting} for candidate in candidates for meeting in meetings)
    return largest("-".join(sorted(each)) for each in together)


@dataclass(frozen=True, kw_only=True)
class RankChange:
    """A candidate's place in a study on two snapshots.

    Attributes
    ----------
    anode, electrolyte, formula : str
    rank_before, rank_after : int or None
        None where a filter fails or the snapshot lacks the compound.
    score_before, score_after : float or None
        0 where a filter fails; None where the snapshot lacks the compound.
    """

    anode: str
    electrolyte: str
    formula: str
    rank_before: int | None
    rank_after: int | None
    score_before: float | None
    score_after: float | None


def ranking_changes(study: Study, before: Source, after: Source) -> list[RankChange]:
    """Run a study's named candidates on two snapshots and set their ranks side by side.

    Candidates of a query or a file are left out: what a query selects depends on the snapshot itself.

    Returns
    -------
    list of RankChange
        By rank after, for each pair of anode and electrolyte.

    Raises
    ------
    InputError
        If the study names no candidate, or a snapshot lacks its anode or electrolyte.
    """
    if not study.candidates.formulas:
        raise InputError(
            f"study {study.name} names no candidate", where="--study", remedy="list candidates.formulas"
        )
    changes = []
    places = [_places(study, source) for source in (before, after)]
    for grid in study.conditions.grid():
        for formula in study.candidates.formulas:
            key = (grid.anode, grid.electrolyte, formula)
            (rank_before, score_before), (rank_after, score_after) = (
                p.get(key, (None, None)) for p in places
            )
            changes.append(
                RankChange(
                    anode=grid.anode,
                    electrolyte=grid.electrolyte,
                    formula=formula,
                    rank_before=rank_before,
                    rank_after=rank_after,
                    score_before=score_before,
                    score_after=score_after,
                )
            )
    last = len(study.candidates.formulas) + 1
    return sorted(
        changes, key=lambda c: (c.anode, c.electrolyte, c.rank_after or last, c.rank_before or last)
    )


def _places(study: Study, source: Source) -> dict[tuple[str, str, str], tuple[int | None, float]]:
    """Rank and score by anode, electrolyte and formula."""
    snapshot = source.load()
    held = [each for each in study.candidates.formulas if snapshot.find(parse_formula(each)) is not None]
    if not held:
        return {}
    shortened = study.with_changes(formulas=held, controls=(), file="", query=None, draws=0)
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = rank_campaign(run(shortened, source, Path(scratch), workers=Workers(jobs=1)))
    return {
        (outcome.anode, outcome.electrolyte, formula): (int(rank) or None, float(score))
        for outcome in outcomes
        for formula, rank, score in zip(
            outcome.table["formula"], outcome.ranked.rank, outcome.ranked.score, strict=True
        )
    }

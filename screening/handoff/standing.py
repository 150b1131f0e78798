"""Why a reactor ranks where it does: its part of a finished campaign."""

from dataclasses import dataclass
from math import log

from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import Reactor, failing_words
from screening.display import Displayed, Table
from screening.errors import InputError
from screening.phases.snapshot import Snapshot
from screening.reactors.criteria import CRITERIA


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one criterion does to the score.

    Attributes
    ----------
    criterion : str
    value : float or None
    unit : str
    desirability, weight : float
    factor : float
        Desirability to the power of its share of the weights; the score is the product of all factors.
    """

    criterion: str
    value: float | None
    unit: str
    desirability: float
    weight: float
    factor: float


@dataclass(frozen=True, kw_only=True)
class Standing(Displayed):
    """Place of one reactor in a campaign.

    Attributes
    ----------
    formula, study : str
    rank : int or None
        None where a filter was failed.
    score : float
    failed_filters : tuple of str
    probability_of_rank : float or None
        That this rank is its own when energies carry their uncertainty.
    parts : tuple of Part
        From the one that costs most to the one that costs least.
    rank_anchored, score_anchored : int or None, float or None
        By energies anchored to measurement; the score is None where they were not asked for.
    """

    formula: str
    study: str
    rank: int | None
    score: float
    failed_filters: tuple[str, ...]
    probability_of_rank: float | None
    parts: tuple[Part, ...]
    rank_anchored: int | None = None
    score_anchored: float | None = None

    @property
    def chances(self) -> tuple[str, ...]:
        """How sure the rank is, and the one by anchored energies, in sentences."""
        told = []
        if self.probability_of_rank is not None:
            told.append(f"Probability of this rank: {100.0 * self.probability_of_rank:.0f} %.")
        if self.score_anchored is not None:
            place = "no rank" if self.rank_anchored is None else f"rank {self.rank_anchored}"
            told.append(f"By energies anchored to measurement: {place}, score {self.score_anchored:.3f}.")
        return tuple(told)

    def display(self) -> Table:
        """Each criterion with the factor that it leaves of the score."""
        import pandas as pd

        place = (
            f"rank {self.rank}, score {self.score:.3f}"
            if self.rank
            else f"no rank: {failing_words(self.failed_filters)}"
        )
        rows = [
            {
                "criterion": CRITERIA.label(part.criterion),
                "value": part.value,
                "unit": "" if part.unit == "1" else part.unit,
                "desirability": part.desirability,
                "weight": part.weight,
                "factor": part.factor,
            }
            for part in self.parts
        ]
        notes = ["The score is the product of the factors: each desirability to its share of the weights."]
        notes += self.chances
        return Table(f"{self.formula} in {self.study}: {place}", pd.DataFrame(rows), tuple(notes))


def standing(
    results: ResultsDirectory, formula: str, anode: str = "", electrolyte: str = ""
) -> Standing | None:
    """Place of one reactor against one anode and electrolyte; None where the campaign does not hold it.

    Parameters
    ----------
    results : ResultsDirectory
    formula, anode, electrolyte : str
        However written; the last two may be left out where the campaign has only one.

    Raises
    ------
    InputError
        If the results cannot be used, a text is no formula, or several pairs would do.
    """
    reactor = results.reactor(formula, anode, electrolyte)
    return None if reactor is None else _standing(results.study.name, reactor)


def _standing(study: str, reactor: Reactor) -> Standing:
    counted = {k: v for k, v in reactor.criteria.items() if v.weight > 0.0 and v.desirability is not None}
    total = sum(v.weight for v in counted.values())
    parts = [
        Part(
            criterion=name,
            value=v.value,
            unit=v.unit,
            desirability=v.desirability,
            weight=v.weight,
            factor=v.desirability ** (v.weight / total),
        )
        for name, v in counted.items()
        if v.desirability is not None
    ]
    ranked = reactor.rank is not None and reactor.rank <= len(reactor.rank_probability)
    return Standing(
        formula=reactor.formula,
        study=study,
        rank=reactor.rank,
        score=reactor.score,
        failed_filters=reactor.failed_filters,
        rank_anchored=reactor.rank_anchored,
        score_anchored=reactor.score_anchored,
        probability_of_rank=reactor.rank_probability[(reactor.rank or 1) - 1] if ranked else None,
        parts=tuple(sorted(parts, key=lambda part: part.weight * log(max(part.desirability, 1e-300)))),
    )


def require_same_energies(snapshot: Snapshot, results: ResultsDirectory) -> None:
    """Refuse to stand a rank beside numbers of other energies than it was made with.

    Raises
    ------
    InputError
        If the campaign read another snapshot, or the same one in another scheme.
    """
    ranked, manifest = results.provenance, snapshot.manifest
    if (ranked.source_checksum, ranked.energy_scheme) != (manifest.checksum, manifest.energy_scheme):
        raise InputError(
            f"ranked with {ranked.source} ({ranked.energy_scheme}), not with these energies: "
            f"{manifest.name} ({manifest.energy_scheme})",
            where=str(results.path),
            remedy="give the snapshot, phases, temperature and energies of that run, or run it again",
        )

"""How well a score, and each single column beside it, tells known reactors from random compounds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from screening.campaign.outcome import Outcome
from screening.reactors.criteria import CRITERIA
from screening.reactors.ranking import gain

RESAMPLED = 400
"""Resamplings behind the interval of an AUC: its ends are then known to about a tenth of its width."""

SEED = 2023


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How well one column tells known reactors from random compounds, both with a rank.

    Attributes
    ----------
    column, kind : str
        ``score``, a criterion, or another column; and the list of known reactors.
    n : int
        Known reactors of that list with a rank.
    auc, low, high : float
        Chance that a known reactor is the better one, and its 95 % interval by resampling reactors and twins.
    """

    column: str
    kind: str
    n: int
    auc: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """As ``score 0.76 (0.65 to 0.86)``."""
        return f"{CRITERIA.label(self.column)} {self.auc:.2f} ({self.low:.2f} to {self.high:.2f})"


def auc(positive: np.ndarray, negative: np.ndarray) -> float | None:
    """Area under the ROC curve of scores: chance that a positive beats a negative, ties half."""
    if not len(positive) or not len(negative):
        return None
    rivals = np.sort(negative)
    beaten = [np.searchsorted(rivals, positive, side).sum() for side in ("left", "right")]
    return float(sum(beaten) / 2.0 / (len(positive) * len(negative)))


def separations(outcome: Outcome, reactors: np.ndarray, twins: np.ndarray, kind: str) -> Iterator[Separation]:
    """Score and single columns, each turned so that larger is better; unknown values count as the worst."""
    if not len(reactors) or not len(twins):
        return
    settings = outcome.settings
    columns = {"score": outcome.ranked.score} | {
        name: gain(outcome.table[name].to_numpy(float), settings.rules[name]) for name in settings.every.names
    }
    columns["energy_above_hull_ev_per_atom"] = -outcome.table["energy_above_hull_ev_per_atom"].to_numpy()
    rng = np.random.default_rng(SEED)
    draws = [(rng.choice(reactors, len(reactors)), rng.choice(twins, len(twins))) for _ in range(RESAMPLED)]
    for column, values in columns.items():
        known = np.nan_to_num(values, nan=-np.inf, neginf=-np.inf, posinf=np.inf)
        spread = [auc(known[a], known[b]) or 0.0 for a, b in draws]
        low, high = np.quantile(spread, (0.025, 0.975)).tolist()
        found = auc(known[reactors], known[twins]) or 0.0
        yield Separation(column=column, kind=kind, n=len(reactors), auc=found, low=low, high=high)

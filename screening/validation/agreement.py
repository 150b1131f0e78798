"""Do criteria and score order the reactors as measured? Rank correlations, or "too few to tell"."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from screening.reactors.criteria import CRITERIA
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup

FEWEST_REACTORS = 8
"""Reactors with a figure that is no bound. Below, the standard error of Kendall's tau without association,
√(2(2n + 5)/(9n(n − 1))), exceeds 0.29: the interval of a medium correlation of 0.5 would hold 0."""

RESAMPLES = 2000
BLOCK = 200
"""Resamples side by side: 200 of 100 reactors take 16 MB."""

TOO_FEW = "too few to tell"
SCORE = "score"

EVERY = "every predictor"
"""Stands in the one row of an outcome that has too few reactors for any predictor."""

Statistic = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Agreement:
    """One predictor against one measured outcome; positive values speak for the prediction.

    Attributes
    ----------
    predictor : str
        A criterion, ``score``, or `EVERY`.
    quantity, protocol : str
    n_reactors, n_cells, n_open : int
        Reactors and cells compared, and how many reactors have a lower bound only.
    kendall, kendall_low, kendall_high : float or None
        Tau-b with its 95 % interval; None where there are too few.
    spearman, spearman_low, spearman_high : float or None
    verdict : str
    """

    predictor: str
    quantity: str
    protocol: str
    n_reactors: int
    n_cells: int
    n_open: int
    kendall: float | None
    kendall_low: float | None
    kendall_high: float | None
    spearman: float | None
    spearman_low: float | None
    spearman_high: float | None
    verdict: str


@dataclass(frozen=True)
class _Interval:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class _Counts:
    """Reactors and cells that are compared, and reactors with a lower bound only."""

    reactors: int
    cells: int
    is_open: int

    @property
    def closed(self) -> int:
        """Reactors whose value is no bound."""
        return self.reactors - self.is_open

    @classmethod
    def of(cls, group: OutcomeGroup, known: np.ndarray) -> "_Counts":
        """Of the reactors whose predictor is known."""
        return cls(int(known.sum()), int(group.n_cells[known].sum()), int(group.is_open[known].sum()))


def kendall_tau_b(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """Kendall's tau-b along an axis of many samples at once; 0 where one of them does not vary.

    Parameters
    ----------
    x, y : (..., n) float arrays
    axis : int
        The axis of length n.

    References
    ----------
    M. G. Kendall, Biometrika 33, 239 (1945), doi 10.1093/biomet/33.3.239.
    """
    x, y = np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)
    sign_x = np.sign(x[..., :, None] - x[..., None, :])
    sign_y = np.sign(y[..., :, None] - y[..., None, :])
    both = (sign_x * sign_y).sum(axis=(-2, -1))
    scale = np.sqrt((sign_x**2).sum(axis=(-2, -1)) * (sign_y**2).sum(axis=(-2, -1)))
    return np.divide(both, scale, out=np.zeros_like(scale), where=scale > 0.0)


def spearman_rho(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """Spearman's rho along an axis of many samples at once; 0 where one of them does not vary."""
    ranks = [stats.rankdata(np.moveaxis(each, axis, -1), axis=-1) for each in (x, y)]
    a, b = (each - each.mean(axis=-1, keepdims=True) for each in ranks)
    scale = np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    return np.divide((a * b).sum(axis=-1), scale, out=np.zeros_like(scale), where=scale > 0.0)


def oriented(table: pd.DataFrame, settings: Ranking) -> pd.DataFrame:
    """Predictors with the sign that makes larger better; a target counts by its distance."""
    columns = {SCORE: table["score"].to_numpy(dtype=float)}
    for criterion in CRITERIA:
        values, rule = table[criterion.name].to_numpy(dtype=float), settings.criteria[criterion.name]
        columns[criterion.name] = (
            -np.abs(values - rule.best) if rule.target else np.sign(rule.best - rule.worst) * values
        )
    return pd.DataFrame(columns)


def agreements(
    groups: Sequence[OutcomeGroup], table: pd.DataFrame, settings: Ranking, *, seed: int = 0
) -> tuple[Agreement, ...]:
    """Correlate every predictor with every measured outcome.

    Parameters
    ----------
    groups : sequence of OutcomeGroup
    table : DataFrame
        The campaign's ranking.
    settings : Ranking
        Says which end of a criterion is better.
    seed : int
        Of the bootstrap.

    Returns
    -------
    tuple of Agreement

    Notes
    -----
    Reactors are resampled with replacement (percentile bootstrap). A lower bound enters at its value, which
    pulls a correlation towards 0, and does not count towards `FEWEST_REACTORS`.
    """
    found = []
    for group in groups:
        if group.n_closed < FEWEST_REACTORS:
            found.append(_too_few(EVERY, group, np.ones(len(group.reactors), dtype=bool)))
            continue
        mine = table[(table["anode"] == group.anode) & (table["electrolyte"] == group.electrolyte)]
        rows = mine.set_index("formula").loc[list(group.reactors)]
        predictors = oriented(rows, settings)
        found += [_agreement(str(name), each.to_numpy(), group, seed) for name, each in predictors.items()]
    return tuple(found)


def _agreement(name: str, predictor: np.ndarray, group: OutcomeGroup, seed: int) -> Agreement:
    known = ~np.isnan(predictor)
    x, y = predictor[known], group.gain[known]
    counts = _Counts.of(group, known)
    if counts.closed < FEWEST_REACTORS:
        return _too_few(name, group, known)
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return _too_few(name, group, known, "all values are the same")
    kendall = _interval(x, y, kendall_tau_b, float(stats.kendalltau(x, y).statistic), seed)
    spearman = _interval(x, y, spearman_rho, float(stats.spearmanr(x, y).statistic), seed)
    return Agreement(
        name,
        group.quantity,
        group.protocol,
        counts.reactors,
        counts.cells,
        counts.is_open,
        *(kendall.value, kendall.low, kendall.high),
        *(spearman.value, spearman.low, spearman.high),
        _words(kendall),
    )


def _too_few(name: str, group: OutcomeGroup, known: np.ndarray, why: str = "") -> Agreement:
    counts = _Counts.of(group, known)
    reason = why or f"{counts.closed} of at least {FEWEST_REACTORS} reactors"
    return Agreement(
        name,
        group.quantity,
        group.protocol,
        counts.reactors,
        counts.cells,
        counts.is_open,
        *(None, None, None),
        *(None, None, None),
        f"{TOO_FEW} ({reason})",
    )


def _words(interval: _Interval) -> str:
    if interval.low > 0.0:
        return "orders the reactors as measured"
    return "orders them the other way round" if interval.high < 0.0 else "no order can be told from chance"


def _interval(x: np.ndarray, y: np.ndarray, statistic: Statistic, value: float, seed: int) -> _Interval:
    result = stats.bootstrap(
        (x, y),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=BLOCK,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return _Interval(value, float(result.confidence_interval.low), float(result.confidence_interval.high))


def agreement_frame(found: Sequence[Agreement]) -> pd.DataFrame:
    """One row per predictor and outcome."""
    names = list(Agreement.__dataclass_fields__)
    names.insert(names.index("kendall"), names.pop())
    return pd.DataFrame([asdict(one) for one in found], columns=names)

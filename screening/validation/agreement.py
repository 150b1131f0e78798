"""Do criteria and score order the reactors as measured? Rank correlations, or "too few to tell"."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
import pandas as pd
from scipy import stats

from screening.reactors.ranking import gain
from screening.reactors.settings import Ranking
from screening.validation.groups import OutcomeGroup

FEWEST_REACTORS = 8
"""Reactors whose value is known, not only a bound of it. Below, the standard error of Kendall's tau without
association, √(2(2n + 5)/(9n(n − 1))), exceeds 0.29: the interval of a medium correlation of 0.5 would
hold 0."""

RESAMPLES = 2000
BLOCK = 200
"""Resamples side by side: 200 of 100 reactors take 16 MB."""

SEED = 0
"""Of the bootstrap."""

TOO_FEW = "too few to tell"
SCORE = "score"

EVERY = "every predictor"
"""Stands in the one row of an outcome that has too few reactors for any predictor."""

Statistic = Callable[..., np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One predictor against one measured outcome; positive values speak for the prediction.

    Attributes
    ----------
    predictor : str
        A criterion, ``score``, or `EVERY`.
    quantity, protocol : str
    n_reactors, n_cells, n_open : int
        Reactors and cells compared, and how many reactors have a lower bound only.
    verdict : str
    kendall, kendall_low, kendall_high : float or None
        Tau-b with its 95 % interval; None where there are too few.
    spearman, spearman_low, spearman_high : float or None
    """

    predictor: str
    quantity: str
    protocol: str
    n_reactors: int
    n_cells: int
    n_open: int
    verdict: str
    kendall: float | None = None
    kendall_low: float | None = None
    kendall_high: float | None = None
    spearman: float | None = None
    spearman_low: float | None = None
    spearman_high: float | None = None


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
    for name in settings.every.names:
        columns[name] = gain(table[name].to_numpy(dtype=float), settings.rules[name])
    return pd.DataFrame(columns)


def agreements(
    groups: Sequence[OutcomeGroup], table: pd.DataFrame, settings: Ranking
) -> tuple[Agreement, ...]:
    """Correlate every predictor with every measured outcome.

    Parameters
    ----------
    groups : sequence of OutcomeGroup
    table : DataFrame
        The campaign's ranking.
    settings : Ranking
        Says which end of a criterion is better.

    Notes
    -----
    Reactors are resampled with replacement (percentile bootstrap). A lower bound enters at its value, which
    pulls a correlation towards 0, and does not count towards `FEWEST_REACTORS`.
    """
    results = []
    for group in groups:
        if group.n_closed < FEWEST_REACTORS:
            results.append(_agreement(EVERY, np.zeros(len(group.reactors)), group))
            continue
        mine = table[(table["anode"] == group.anode) & (table["electrolyte"] == group.electrolyte)]
        predictors = oriented(mine.set_index("formula").loc[list(group.reactors)], settings)
        results += [_agreement(str(name), each.to_numpy(), group) for name, each in predictors.items()]
    return tuple(results)


def _agreement(name: str, predictor: np.ndarray, group: OutcomeGroup) -> Agreement:
    known = ~np.isnan(predictor)
    x, y, n_open = predictor[known], group.gain[known], int(group.is_open[known].sum())
    n_closed = len(x) - n_open
    result = Agreement(
        predictor=name,
        quantity=group.quantity,
        protocol=group.protocol,
        n_reactors=len(x),
        n_cells=int(group.n_cells[known].sum()),
        n_open=n_open,
        verdict=f"{TOO_FEW} ({n_closed} of at least {FEWEST_REACTORS} reactors)",
    )
    if n_closed < FEWEST_REACTORS:
        return result
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return replace(result, verdict=f"{TOO_FEW} (all values are the same)")
    low, high = _interval(x, y, kendall_tau_b)
    rho_low, rho_high = _interval(x, y, spearman_rho)
    return replace(
        result,
        verdict=_words(low, high),
        kendall=float(stats.kendalltau(x, y).statistic),
        kendall_low=low,
        kendall_high=high,
        spearman=float(stats.spearmanr(x, y).statistic),
        spearman_low=rho_low,
        spearman_high=rho_high,
    )


def _words(low: float, high: float) -> str:
    if low > 0.0:
        return "orders the reactors as measured"
    return "orders them the other way round" if high < 0.0 else "no order can be told from chance"


def _interval(x: np.ndarray, y: np.ndarray, statistic: Statistic) -> tuple[float, float]:
    result = stats.bootstrap(
        (x, y),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=BLOCK,
        method="percentile",
        rng=np.random.default_rng(SEED),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def agreement_frame(results: Sequence[Agreement]) -> pd.DataFrame:
    """One row per predictor and outcome."""
    return pd.DataFrame([asdict(one) for one in results], columns=[field.name for field in fields(Agreement)])

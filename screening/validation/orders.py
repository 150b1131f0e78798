"""How likely measured orders are: merits of reactors, rates of failure, and Cox's likelihood."""

from dataclasses import dataclass

import numpy as np

from screening.validation.prior import WeightSample


@dataclass(frozen=True, eq=False)
class Stratum:
    """The order of some reactors in cells of one protocol.

    Attributes
    ----------
    place : (n,) int array
        Positions among the reactors measured.
    gain : (n,) float array
        Measured outcome, larger is better.
    is_open : (n,) bool array
        Lower bounds.
    """

    place: np.ndarray
    gain: np.ndarray
    is_open: np.ndarray


@dataclass(frozen=True, eq=False)
class Orders:
    """All orders that one quantity was measured in.

    Attributes
    ----------
    desirability : (n_reactors, n_criteria) float array
        Of the reactors measured; NaN where unknown.
    strata : tuple of Stratum
    """

    desirability: np.ndarray
    strata: tuple[Stratum, ...]

    def log_likelihood(self, log_rate: np.ndarray) -> np.ndarray:
        """In every draw, (n_draws,) float array, from the (n_draws, n_reactors) logarithms of rates."""
        return np.sum(
            [order_log_likelihood(log_rate[:, s.place], s.gain, s.is_open) for s in self.strata], axis=0
        )

    @property
    def log_chance(self) -> float:
        """Log-likelihood where all reactors fail at one rate: −ln n! of one strict order of n."""
        return float(self.log_likelihood(np.zeros((1, len(self.desirability))))[0])


def merits(sample: WeightSample, desirability: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Merit m of n reactors in every draw, (n_draws, n) float array.

    Parameters
    ----------
    sample : WeightSample
    desirability : (n, n_criteria) float array
        In (0, 1]; NaN where unknown, which leaves it out of the mean.
    deviation : (n_draws, n) float array
        ε of the same reactors.
    """
    known = ~np.isnan(desirability)
    logs = np.log(np.where(known, desirability, 1.0))
    return (sample.weights @ logs.T) / (sample.weights @ known.T) + deviation


def log_rates(sharpness: np.ndarray, merit: np.ndarray) -> np.ndarray:
    """Logarithms of the rates of failure, −β m up to a constant of each draw, (n_draws, n) float array."""
    return -sharpness[:, None] * merit


def order_log_likelihood(log_rate: np.ndarray, gain: np.ndarray, is_open: np.ndarray) -> np.ndarray:
    """Log-likelihood of a measured order, worst first, in every draw, (n_draws,) float array.

    Parameters
    ----------
    log_rate : (n_draws, n) float array
        −β m, up to a constant of each draw.
    gain : (n,) float array
        Measured outcome, larger is better; equal values are ties (Breslow).
    is_open : (n,) bool array
        Lower bounds.
    """
    falling, closed = np.argsort(-gain, kind="stable"), np.flatnonzero(~is_open)
    # cells that did as well as each or better, itself among them
    n_at_risk = len(gain) - np.searchsorted(np.sort(gain), gain, side="left")
    ordered = log_rate.T[falling]
    highest = ordered.max(axis=0)
    with np.errstate(divide="ignore"):
        at_risk = np.log(np.exp(ordered - highest).cumsum(axis=0)) + highest
    # where the sum underflows, its largest term so far stands for it
    at_risk = np.maximum(at_risk, np.maximum.accumulate(ordered, axis=0))
    return log_rate[:, closed].sum(axis=1) - at_risk[n_at_risk[closed] - 1].sum(axis=0)

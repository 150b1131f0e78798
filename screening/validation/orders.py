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
        Measured outcome, larger is better; equal values are ties (Breslow).
    is_open : (n,) bool array
        Lower bounds.
    """

    place: np.ndarray
    gain: np.ndarray
    is_open: np.ndarray

    def log_likelihood(self, log_rate: np.ndarray) -> np.ndarray:
        """Of this order, worst first, in every draw, (n_draws,) float array.

        Parameters
        ----------
        log_rate : (n_draws, n_reactors) float array
            −β m of all reactors, up to a constant of each draw.
        """
        falling, closed = np.argsort(-self.gain, kind="stable"), np.flatnonzero(~self.is_open)
        # cells that did as well as each or better, itself among them
        n_at_risk = len(self.gain) - np.searchsorted(np.sort(self.gain), self.gain[closed], side="left")
        ordered = log_rate.T[self.place[falling]]
        highest = ordered.max(axis=0)
        with np.errstate(divide="ignore"):
            at_risk = np.log(np.exp(ordered - highest).cumsum(axis=0)) + highest
        # where the sum underflows, its largest term so far stands for it
        at_risk = np.maximum(at_risk, np.maximum.accumulate(ordered, axis=0))
        return log_rate[:, self.place[closed]].sum(axis=1) - at_risk[n_at_risk - 1].sum(axis=0)


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

    def log_likelihood(self, sample: WeightSample) -> np.ndarray:
        """Of all orders in every draw, (n_draws,) float array; its deviations are of these reactors."""
        log_rate = log_rates(sample.sharpness, merits(sample, self.desirability))
        return np.sum([stratum.log_likelihood(log_rate) for stratum in self.strata], axis=0)

    @property
    def log_chance(self) -> float:
        """Log-likelihood where all reactors fail at one rate: −ln n! of one strict order of n."""
        equal = np.zeros((1, len(self.desirability)))
        return float(sum(stratum.log_likelihood(equal)[0] for stratum in self.strata))


def merits(sample: WeightSample, desirability: np.ndarray) -> np.ndarray:
    """Merit m of n reactors in every draw, (n_draws, n) float array.

    Parameters
    ----------
    sample : WeightSample
        Its deviations are of these reactors.
    desirability : (n, n_criteria) float array
        In (0, 1]; NaN where unknown, which leaves it out of the mean.
    """
    known = ~np.isnan(desirability)
    logs = np.log(np.where(known, desirability, 1.0))
    return (sample.weights @ logs.T) / (sample.weights @ known.T) + sample.deviation


def log_rates(sharpness: np.ndarray, merit: np.ndarray) -> np.ndarray:
    """Logarithms of the rates of failure, −β m up to a constant of each draw, (n_draws, n) float array."""
    return -sharpness[:, None] * merit

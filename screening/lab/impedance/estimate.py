"""A value with its confidence interval."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Estimate:
    """A fitted value and its two-sided 95 % confidence interval.

    Attributes
    ----------
    value : float
        Best value.
    low, high : float
        Ends of the interval; infinite where the data do not bound the value.
    """

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Estimate":
        """The same estimate in other units; `factor` is exact and positive."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def __format__(self, spec: str) -> str:
        spec = spec or ".4g"
        if self.low <= 0.0 and self.high == inf:
            return f"{self.value:{spec}} (no interval)"
        return f"{self.value:{spec}} ({self.low:{spec}} … {self.high:{spec}})"

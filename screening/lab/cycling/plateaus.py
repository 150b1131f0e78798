"""Voltage plateaus of a half-cycle: where they are, what they hold, and whether there is one too many.

The raw gradient of a noisy Q(V) finds next to nothing; here Q(V) is made monotone (sorted by voltage) and
binned, so that dQ/dV is never negative and carries the noise of its bin only. The binned curve is then
taken apart into reactions of logistic isotherm: broad ones, at least as wide as an ideal solid solution (w
≥ RT/F), are the slope; sharper ones are plateaus. Plateaus are added one at a time, each where it explains
most beyond what the slope can (orthogonal least squares with non-negative amounts), as long as the Bayesian
information criterion is clearly better for it.

A plateau on the flank of a larger one, without a valley between them, is counted with it; one that makes no
maximum in the curve is a shoulder (the steep start of a discharge, say) and no plateau.

References
----------
M. Verbrugge, D. Baker, B. Koch, X. Xiao, W. Gu, J. Electrochem. Soc. 164 (2017) E3243, doi
10.1149/2.0341708jes; S. Chen, S. A. Billings, W. Luo, Int. J. Control 50 (1989) 1873, doi
10.1080/00207178908953472
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cycling.profiles import VoltageProfile
from screening.units import EV_TO_KJ_PER_MOL

BIN_V = 0.004
"""Width of a bin: several times a cycler's voltage noise, less than a plateau's width."""

AVERAGED_FRACTION = 0.005
"""Share of the charge over which the voltage is averaged against noise: half of the smallest plateau."""

AVERAGED_CHANGE_V = BIN_V
"""No averaging where the voltage changes by more than this between the halves of that charge."""

MIN_BINS, MAX_BINS = 12, 5000
"""Fewer bins hold no shape to take apart; more span 20 V, as no cell does, and memory goes by the square."""

THERMAL_V = 8.314462618e-3 * 298.15 / EV_TO_KJ_PER_MOL
"""RT/F at 25 °C, the width of an ideal solid solution."""

SLOPE_WIDTHS = (1.25, 2.0, 3.5)
"""Widths of the slope's reactions, in RT/F."""

PLATEAU_WIDTHS_V = (0.002, 0.0035, 0.005, 0.0075, 0.0105, 0.014, 0.018)
"""Widths of plateaus tried, all below RT/F."""

RELATIVE_NOISE_FLOOR_PER_V = 0.3
"""dQ/dV (share of the capacity per volt) below which its noise no longer falls with it."""

SMOOTHING = np.exp(-(np.arange(-8, 9) ** 2) / 8.0) / np.sqrt(8.0 * np.pi)
"""Gaussian of two bins, out to four of its standard deviations."""

MIN_EVIDENCE = 25.0
"""Gain in n·ln(RSS) that a plateau must bring: above ln(n) per parameter (two, some 400 bins)."""

MAX_PLATEAU_TERMS = 12
MIN_FRACTION = 0.01
"""Smaller shares of the capacity are not called plateaus."""

VALLEY = 0.5
"""Two terms are two plateaus if the curve between them falls below this share of the lower one."""

SHOULDER = 0.8
"""A maximum that the curve leaves by less than to this share of it is none."""

HALF_WIDTH = 1.763
"""Half of a logistic peak's width at half height, over its w."""

GROUPING_STEP_V = 5e-4
"""Grid on which valleys are sought: a quarter of the sharpest plateau's width."""

EXPECTED_TOLERANCE_V = 0.030
"""A plateau this near to an expected voltage is that one, polarisation included."""


@dataclass(frozen=True)
class DifferentialCapacity:
    """Binned dQ/dV of a half-cycle.

    Attributes
    ----------
    edge_v : numpy.ndarray, shape (n_bins + 1,)
        Edges of the bins, rising.
    dq_dv_ah_per_v : numpy.ndarray, shape (n_bins,)
        Charge per bin over its width; not negative.
    sign : int
        +1 charge, -1 discharge.
    """

    edge_v: np.ndarray
    dq_dv_ah_per_v: np.ndarray
    sign: int

    @property
    def voltage_v(self) -> np.ndarray:
        """Middles of the bins, shape (n_bins,)."""
        return 0.5 * (self.edge_v[1:] + self.edge_v[:-1])

    def to_frame(self) -> pd.DataFrame:
        """Voltage and dQ/dV as a table."""
        return pd.DataFrame({"voltage_v": self.voltage_v, "dq_dv_ah_per_v": self.dq_dv_ah_per_v})


@dataclass(frozen=True)
class Plateau:
    """One plateau.

    Attributes
    ----------
    voltage_v : float
        Its middle, as measured (polarisation included).
    capacity_ah : float
        What it holds.
    fraction : float
        Share of the half-cycle's capacity.
    full_width_v : float
        Width of its peak in dQ/dV at half height.
    """

    voltage_v: float
    capacity_ah: float
    fraction: float
    full_width_v: float


@dataclass(frozen=True, kw_only=True)
class PlateauAnalysis:
    """Plateaus of one half-cycle.

    Attributes
    ----------
    half_cycle : int
        Number in the record, from 1.
    sign : int
        +1 charge, -1 discharge.
    plateaus : tuple of Plateau
        By rising voltage.
    extra : tuple of Plateau
        Those that are not expected.
    expected_v : tuple of float
        Voltages that were expected.
    curve : DifferentialCapacity
        What they were found in.
    """

    half_cycle: int
    sign: int
    plateaus: tuple[Plateau, ...]
    extra: tuple[Plateau, ...]
    expected_v: tuple[float, ...]
    curve: DifferentialCapacity

    def expecting(self, voltages_v: tuple[float, ...]) -> "PlateauAnalysis":
        """The same plateaus, those near none of these voltages called extra."""
        extra = tuple(
            item
            for item in self.plateaus
            if all(abs(item.voltage_v - voltage) > EXPECTED_TOLERANCE_V for voltage in voltages_v)
        )
        return replace(self, extra=extra, expected_v=voltages_v)

    @property
    def main(self) -> Plateau | None:
        """The plateau that holds most; None where there is none."""
        return max(self.plateaus, key=lambda item: item.capacity_ah, default=None)

    def to_frame(self) -> pd.DataFrame:
        """One row per plateau."""
        rows = [
            (item.voltage_v, item.capacity_ah, item.fraction, item.full_width_v, item in self.extra)
            for item in self.plateaus
        ]
        columns = ["voltage_v", "capacity_ah", "fraction", "full_width_v", "extra"]
        return pd.DataFrame(rows, columns=columns).assign(half_cycle=self.half_cycle)


def differential_capacity(profile: VoltageProfile, bin_v: float = BIN_V) -> DifferentialCapacity:
    """Bin the charge of a half-cycle by voltage.

    Parameters
    ----------
    profile : VoltageProfile
        One half-cycle.
    bin_v : float
        Least width of a bin, V; the bins share the whole span, since the last one may hold a plateau at which
        the half-cycle ended.

    Raises
    ------
    InputError
        If the voltage spans fewer than `MIN_BINS` bins or more than `MAX_BINS`, or no charge passes.

    Notes
    -----
    The voltages are sorted, which makes Q(V) monotone: the k-th lowest voltage goes with the k-th lowest
    charge.
    """
    total = float(profile.capacity_ah[-1]) if len(profile.capacity_ah) else 0.0
    voltage = np.sort(_averaged_voltage(profile, AVERAGED_FRACTION * total))
    bins = int((voltage[-1] - voltage[0]) / bin_v) if total > 0 else 0
    if not MIN_BINS <= bins <= MAX_BINS:
        much = "narrow" if bins < MIN_BINS else "wide"
        raise InputError(
            f"voltage span too {much} for plateaus in half-cycle {profile.half_cycle}",
            where="dQ/dV",
            remedy=f"choose a half-cycle over {1e3 * MIN_BINS * bin_v:.0f} mV to {MAX_BINS * bin_v:.0f} V",
        )
    charge = profile.capacity_ah if profile.sign > 0 else (total - profile.capacity_ah)[::-1]
    edges = np.linspace(voltage[0], voltage[-1], bins + 1)
    held = np.diff(np.interp(edges, voltage, charge))
    return DifferentialCapacity(edges, held / np.diff(edges), profile.sign)


def _averaged_voltage(profile: VoltageProfile, span_ah: float) -> np.ndarray:
    """Mean voltage over `span_ah` of charge around each row (less towards the ends), shape (n_rows,), V.

    It is the energy passed over the charge passed, so that uneven sampling does not matter.
    """
    charge, voltage = profile.capacity_ah, profile.voltage_v
    energy = np.concatenate([[0.0], np.cumsum(0.5 * (voltage[1:] + voltage[:-1]) * np.diff(charge))])
    half = np.minimum(0.5 * span_ah, np.minimum(charge - charge[0], charge[-1] - charge))
    below, above = (np.interp(charge + side * half, charge, energy) for side in (-1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (above - below) / (2 * half)
        change = np.abs(above - 2 * energy + below) / half  # between the means of the two halves
    # a steep stretch has no noise to speak of, but would be smeared; a span of nothing holds the row alone
    return np.where((change <= AVERAGED_CHANGE_V) & (half > 1e-9 * charge[-1]), mean, voltage)


def find_plateaus(
    profile: VoltageProfile,
    *,
    expected_v: tuple[float, ...] | None = None,
    min_fraction: float = MIN_FRACTION,
) -> PlateauAnalysis:
    """Find the plateaus of a half-cycle, and those among them that should not be there.

    Parameters
    ----------
    profile : VoltageProfile
        One half-cycle, without its constant-voltage part.
    expected_v : tuple of float, optional
        Voltages at which plateaus belong; by default only that of the largest plateau found.
    min_fraction : float
        Smallest share of the capacity that counts.

    Raises
    ------
    InputError
        As `differential_capacity`.
    """
    curve = differential_capacity(profile)
    total = float(profile.capacity_ah[-1])
    terms = _plateau_terms(curve.edge_v, curve.dq_dv_ah_per_v / total)
    plateaus = tuple(item for item in _grouped(terms, total) if item.fraction >= min_fraction)
    if expected_v is None:
        largest = max(plateaus, key=lambda item: item.fraction, default=None)
        expected_v = () if largest is None else (largest.voltage_v,)
    half, sign = profile.half_cycle, profile.sign
    found = PlateauAnalysis(
        half_cycle=half, sign=sign, plateaus=plateaus, extra=(), expected_v=(), curve=curve
    )
    return found.expecting(expected_v)


@dataclass(frozen=True)
class _Terms:
    """Logistic terms: middles, widths and amounts, each of shape (n_terms,), by rising voltage.

    `peak_v`, shape (n_peaks,), are the maxima of the curve that they and the slope make.
    """

    voltage_v: np.ndarray
    width_v: np.ndarray
    amount: np.ndarray
    peak_v: np.ndarray

    def show(self, chosen: np.ndarray) -> bool:
        """Whether one of the maxima lies within the half width of one of these terms."""
        away = np.abs(self.peak_v[:, None] - self.voltage_v[chosen])
        return bool(np.any(away <= HALF_WIDTH * self.width_v[chosen]))

    def density(self, voltage_v: np.ndarray) -> np.ndarray:
        """Their dQ/dV at given voltages, shape of these."""
        u = np.clip((voltage_v[:, None] - self.voltage_v) / (2 * self.width_v), -300, 300)
        return np.sum(self.amount / (4 * self.width_v * np.cosh(u) ** 2), axis=1)


def _held(at_v: float | np.ndarray, voltage_v: np.ndarray, width_v: np.ndarray) -> np.ndarray:
    """Share of logistic terms that lies below a voltage."""
    return 0.5 + 0.5 * np.tanh((at_v - voltage_v) / (2.0 * width_v))


def _bells(edge_v: np.ndarray, voltage_v: np.ndarray, width_v: np.ndarray) -> np.ndarray:
    """Mean dQ/dV of each bin for unit amounts, shape (n_bins, n_terms)."""
    steps = np.diff(_held(edge_v[:, None], voltage_v, width_v), axis=0)
    return steps / np.diff(edge_v)[:, None]


def _plateau_terms(edge_v: np.ndarray, density: np.ndarray) -> _Terms:
    """Take a density of charge apart into a slope and plateau terms; return the terms.

    Parameters
    ----------
    edge_v : numpy.ndarray, shape (n_bins + 1,)
    density : numpy.ndarray, shape (n_bins,)
        Share of the capacity per volt.
    """
    smooth = np.convolve(np.pad(density, len(SMOOTHING) // 2, mode="symmetric"), SMOOTHING, mode="valid")
    weight = 1.0 / (smooth + RELATIVE_NOISE_FLOOR_PER_V)
    middles = 0.5 * (edge_v[1:] + edge_v[:-1])
    slope = np.hstack([_slope_bells(edge_v, ratio * THERMAL_V) for ratio in SLOPE_WIDTHS]) * weight[:, None]
    holds = middles[smooth > RELATIVE_NOISE_FLOOR_PER_V / 10]
    voltage, width = np.tile(holds, len(PLATEAU_WIDTHS_V)), np.repeat(PLATEAU_WIDTHS_V, len(holds))
    bells = _bells(edge_v, voltage, width) * weight[:, None]
    chosen, amounts, fitted = _select(slope, bells, density * weight)
    peaks = middles[_peaks(fitted / weight, SHOULDER)]
    chosen, amounts = (each[np.argsort(voltage[chosen], kind="stable")] for each in (chosen, amounts))
    voltage, width = voltage[chosen], width[chosen]
    # what lies beyond the ends has not passed
    inside = _held(edge_v[-1], voltage, width) - _held(edge_v[0], voltage, width)
    return _Terms(voltage, width, amounts * inside, peaks)


def _slope_bells(edge_v: np.ndarray, width_v: float) -> np.ndarray:
    """Reactions of one width all along the window and beyond its ends."""
    middles = np.arange(edge_v[0] - 6 * width_v, edge_v[-1] + 6 * width_v, 0.7 * width_v)
    return _bells(edge_v, middles, np.full(len(middles), width_v))


def _select(
    slope: np.ndarray, bells: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Greedy choice of columns of `bells`: their indices, their non-negative amounts, and the whole fit."""
    from scipy.optimize import nnls

    chosen: list[int] = []
    amounts, norm = nnls(slope, target, maxiter=50 * slope.shape[1])
    columns, squares = slope, np.sum(bells**2, axis=0)
    count = len(target)
    while len(chosen) < MAX_PLATEAU_TERMS and norm > 0:
        basis, _ = np.linalg.qr(columns[:, amounts > 0])
        remaining = squares - np.sum((basis.T @ bells) ** 2, axis=0)
        remaining[remaining < 0.02 * squares] = np.inf  # what the slope can already make
        best = int(np.argmax((bells.T @ (target - columns @ amounts)) / np.sqrt(remaining)))
        trial = np.hstack([columns, bells[:, [best]]])
        new_amounts, new_norm = nnls(trial, target, maxiter=50 * trial.shape[1])
        if 2 * count * np.log(norm / max(new_norm, 1e-300)) < MIN_EVIDENCE:
            break
        chosen.append(best)
        columns, amounts, norm = trial, new_amounts, new_norm
    used = amounts[slope.shape[1] :]
    return np.array(chosen, dtype=np.int64)[used > 0], used[used > 0], columns @ amounts


def _grouped(terms: _Terms, total_ah: float) -> list[Plateau]:
    """Join the terms between two valleys of the curve that all of them make; shoulders are left out.

    Middle and width are means by amount.
    """
    if not len(terms.amount):
        return []
    margin = 4 * float(terms.width_v.max())
    grid = np.arange(terms.voltage_v[0] - margin, terms.voltage_v[-1] + margin, GROUPING_STEP_V)
    density = terms.density(grid)
    valleys = [
        left + int(np.argmin(density[left:right])) for left, right in pairwise(_peaks(density, VALLEY))
    ]
    place = np.searchsorted(grid[valleys], terms.voltage_v)
    joined = []
    for number in np.unique(place):
        own = place == number
        if not terms.show(own):
            continue
        fraction = float(terms.amount[own].sum())
        voltage, width = (
            float(values[own] @ terms.amount[own]) / fraction for values in (terms.voltage_v, terms.width_v)
        )
        joined.append(Plateau(voltage, fraction * total_ah, fraction, 2 * HALF_WIDTH * width))
    return joined


def _peaks(density: np.ndarray, valley: float) -> np.ndarray:
    """Indices of the maxima between which, and beside which, a curve falls below a share of the lower one."""
    around = np.concatenate([[0.0], density, [0.0]])
    rise = np.diff(around)
    peaks = list(np.flatnonzero((rise[:-1] > 0) & (rise[1:] <= 0)) + 1)
    while len(peaks) > 1:
        lows = [float(around[left:right].min()) for left, right in pairwise(peaks)]
        beside = [float(min(around[left], around[right])) for left, right in pairwise(peaks)]
        shallowest = int(np.argmax([low / height for low, height in zip(lows, beside, strict=True)]))
        if lows[shallowest] <= valley * beside[shallowest]:
            break
        left, right = peaks[shallowest], peaks[shallowest + 1]
        peaks.remove(left if around[left] < around[right] else right)
    return np.array(peaks, dtype=np.int64) - 1

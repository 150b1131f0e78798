"""Linear Kramers–Kronig test: can any stable, linear, stationary system have given this spectrum?

A chain of RC elements with fixed, log-spaced time constants obeys the Kramers–Kronig relations whatever its
resistances; what it cannot fit violates them. The number of elements is raised until negative resistances
show that the chain has begun to follow the noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from screening.errors import InputError
from screening.lab.impedance.spectrum import NORMAL_MAD, Spectrum

Array = NDArray[np.float64]

BLOCK = 4
"""Numbers of elements tried at once."""

BATCH = 64
"""Spectra solved at once: beyond this the stacked matrices leave the processor's cache."""

FEWEST_POINTS = 6
"""Fewer points are fitted by a series circuit and three RC elements whatever they are."""

DEAD_PIVOT = 1e-12
"""A column whose pivot is this much smaller than the largest adds nothing and gets the coefficient 0."""


class Verdict(StrEnum):
    """Outcome of the test."""

    PASSED = "passed"
    PASSED_IN_PART = "passed in part"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, kw_only=True)
class KramersKronigSettings:
    """How the test is made.

    Attributes
    ----------
    mu_limit : float
        The chain has enough elements when mu falls below this (0.85 in the reference).
    residual_limit : float
        Largest residual, relative to |Z|, of a point that passes; also the largest noise.
    noise_factor : float
        Where the noise is estimated at s, residuals up to ``noise_factor * s`` pass as well.
    inductance, capacitance : bool
        Whether the chain has a series inductance and a series capacitance.
    fewest_per_decade, most_per_decade : float
        Bounds of the number of elements. A chain with fewer than three a decade can give negative resistances
        because it is too coarse, which mu would take for noise.
    margin_decades : float
        How far the time constants reach past 1/ω at both ends. The reference has 0; the constant-phase tail
        of a blocking electrode then leaves 1 % at the last point, without any violation.
    left_out_share : float
        Largest share of the points that may be proposed to be left out; beyond it the spectrum fails.
    """

    mu_limit: float = 0.85
    residual_limit: float = 0.01
    noise_factor: float = 4.0
    inductance: bool = True
    capacitance: bool = True
    fewest_per_decade: float = 3.0
    most_per_decade: float = 7.0
    margin_decades: float = 0.5
    left_out_share: float = 0.25


@dataclass(frozen=True, eq=False, kw_only=True)
class KramersKronigTest:
    """Result for one spectrum.

    Attributes
    ----------
    frequency_hz : ndarray of float, shape (n,)
        Frequencies, as in the spectrum.
    z_fit_ohm : ndarray of complex, shape (n,)
        Impedance of the chain fitted to all points.
    residual : ndarray of complex, shape (n,)
        (Z − Z_fit)/|Z|; real and imaginary part are the two residuals of the reference.
    element_count : int
        Number of RC elements.
    mu : float
        1 − Σ|R<0| / Σ R≥0 over the RC elements: near 1 underfitted, near 0 overfitted. Where negative
        resistances prevail the two sums change places: −Z obeys the relations if Z does.
    noise : float
        Robust standard deviation of the residuals, corrected for the fitted parameters.
    verdict : Verdict
        Passed; passed in part (once the points of `left_out` are gone); failed; or indeterminate, with too
        few points for a test.
    left_out : ndarray of int
        Points proposed to be left out (indices, highest frequency first). Nothing is removed here: see
        :meth:`Spectrum.without`.
    """

    frequency_hz: Array
    z_fit_ohm: NDArray[np.complex128]
    residual: NDArray[np.complex128]
    element_count: int
    mu: float
    noise: float
    verdict: Verdict
    left_out: NDArray[np.intp]

    @property
    def largest_residual(self) -> float:
        """Largest relative residual of either part."""
        return float(max(np.abs(self.residual.real).max(), np.abs(self.residual.imag).max()))

    @property
    def only_noisy(self) -> bool:
        """Whether noise alone, however large, leaves such residuals."""
        return self.largest_residual <= KramersKronigSettings().noise_factor * self.noise


def kramers_kronig(
    spectra: Sequence[Spectrum], settings: KramersKronigSettings | None = None
) -> tuple[KramersKronigTest, ...]:
    """Test spectra; those on one frequency grid are solved together.

    Parameters
    ----------
    spectra : sequence of Spectrum
        Spectra in any number, on any grids.
    settings : KramersKronigSettings, optional
        Limits and terms.

    Returns
    -------
    tuple of KramersKronigTest
        One for each spectrum, in order.

    Raises
    ------
    InputError
        If a point has the impedance zero, to which no residual can be related.

    References
    ----------
    M. Schönleber, D. Klotz, E. Ivers-Tiffée, Electrochim. Acta 131 (2014) 20, doi
    10.1016/j.electacta.2014.01.034 (the test, mu); B. A. Boukamp, J. Electrochem. Soc. 142 (1995) 1885, doi
    10.1149/1.2044210 (the linear chain).
    """
    settings = settings or KramersKronigSettings()
    for spectrum in spectra:
        if not np.all(spectrum.z_ohm):
            raise InputError(
                "impedance of zero",
                where=spectrum.where,
                remedy="remove the point",
            )
    grids: dict[bytes, list[int]] = {}
    for i, spectrum in enumerate(spectra):
        grids.setdefault(spectrum.frequency_hz.tobytes(), []).append(i)
    results: dict[int, KramersKronigTest] = {}
    for members in grids.values():
        for start in range(0, len(members), BATCH):
            some = members[start : start + BATCH]
            z = np.stack([spectra[i].z_ohm for i in some])
            results.update(
                zip(
                    some,
                    _test_grid(np.asarray(spectra[some[0]].frequency_hz, dtype=np.float64), z, settings),
                    strict=True,
                )
            )
    return tuple(results[i] for i in range(len(spectra)))


def _test_grid(
    frequency_hz: Array, z: NDArray[np.complex128], settings: KramersKronigSettings
) -> list[KramersKronigTest]:
    """Test spectra of one grid, shape (spectra, n)."""
    terms = 1 + settings.inductance + settings.capacitance
    decades = float(np.log10(frequency_hz.max() / frequency_hz.min())) + 2.0 * settings.margin_decades
    # half of the 2n numbers must stay free, or the chain fits anything
    most = min(frequency_hz.size - terms, int(np.ceil(settings.most_per_decade * decades)))
    fewest = min(int(np.ceil(settings.fewest_per_decade * decades)), most)
    if most < decades or frequency_hz.size < FEWEST_POINTS:
        return [_indeterminate(frequency_hz, row) for row in z]
    counts, mu = _element_counts(frequency_hz, z, settings, fewest, most)
    return [
        _judge(frequency_hz, row, int(count), float(value), settings)
        for row, count, value in zip(z, counts, mu, strict=True)
    ]


def _indeterminate(frequency_hz: Array, z: NDArray[np.complex128]) -> KramersKronigTest:
    nothing = np.full(z.size, np.nan, dtype=complex)
    none = np.empty(0, dtype=np.intp)
    return KramersKronigTest(
        frequency_hz=frequency_hz,
        z_fit_ohm=nothing,
        residual=nothing,
        element_count=0,
        mu=float("nan"),
        noise=float("nan"),
        verdict=Verdict.INDETERMINATE,
        left_out=none,
    )


def _chain(frequency_hz: Array, count: int, settings: KramersKronigSettings) -> NDArray[np.complex128]:
    """Columns of the chain, shape (n, terms + count): R∞, jωL and 1/jωC (1 at their end), RC elements."""
    omega = 2.0 * np.pi * frequency_hz
    columns = [np.ones(omega.size, dtype=complex)]
    if settings.inductance:
        columns.append(1j * omega / omega.max())
    if settings.capacitance:
        columns.append(omega.min() / (1j * omega))
    margin = 10.0**settings.margin_decades
    shortest, longest = 1.0 / (margin * omega.max()), margin / omega.min()
    tau = np.geomspace(shortest, longest, count) if count > 1 else np.sqrt([shortest * longest])
    return np.column_stack([*columns, 1.0 / (1.0 + 1j * omega[:, None] * tau)])


def _parts(values: NDArray[np.complex128], axis: int) -> Array:
    return np.concatenate([values.real, values.imag], axis=axis)


def _element_counts(
    frequency_hz: Array, z: NDArray[np.complex128], settings: KramersKronigSettings, fewest: int, most: int
) -> tuple[NDArray[np.intp], Array]:
    """Smallest number of elements with mu below its limit, for each spectrum, and that mu."""
    weight = 1.0 / np.abs(z)
    target = _parts(z * weight, 1)
    weights = np.concatenate([weight, weight], axis=1)
    counts = np.full(len(z), most)
    mu = np.full(len(z), np.nan)
    active = np.arange(len(z))
    terms = 1 + settings.inductance + settings.capacitance
    for start in range(fewest, most + 1, BLOCK):
        tried = np.arange(start, min(start + BLOCK, most + 1))
        designs = np.zeros((tried.size, 2 * frequency_hz.size, terms + tried[-1]))
        for design, count in zip(designs, tried, strict=True):
            design[:, : terms + count] = _parts(_chain(frequency_hz, int(count), settings), 0)
        weighted = designs * weights[active][:, None, :, None]
        resistance = _solve(weighted, target[active][:, None, :])[..., terms:]
        positive = np.where(resistance > 0, resistance, 0.0).sum(axis=-1)
        negative = np.where(resistance < 0, -resistance, 0.0).sum(axis=-1)
        larger = np.maximum(np.maximum(positive, negative), np.finfo(float).tiny)
        tried_mu = 1.0 - np.minimum(positive, negative) / larger
        below = tried_mu < settings.mu_limit
        first = np.where(below.any(axis=1), below.argmax(axis=1), tried.size - 1)
        counts[active] = tried[first]
        mu[active] = tried_mu[np.arange(active.size), first]
        active = active[~below.any(axis=1)]
        if not active.size:
            break
    return counts, mu


def _solve(design: Array, target: Array) -> Array:
    """Least squares by stacked QR; columns of zeros get the coefficient 0. Shapes (…, m, p), (…, m)."""
    q, r = np.linalg.qr(design)
    pivots = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    dead = pivots <= DEAD_PIVOT * pivots.max(axis=-1, keepdims=True)
    projected = np.where(dead, 0.0, np.einsum("...mp,...m->...p", q, target))
    r = r + dead[..., None] * np.eye(r.shape[-1])
    return np.linalg.solve(r, projected[..., None])[..., 0]


def _judge(
    frequency_hz: Array,
    z: NDArray[np.complex128],
    count: int,
    mu: float,
    settings: KramersKronigSettings,
) -> KramersKronigTest:
    weight = 1.0 / np.abs(z)
    chain = _chain(frequency_hz, count, settings)
    design = _parts(chain * weight[:, None], 0)
    target = _parts(z * weight, 0)
    everything = np.ones(z.size, dtype=bool)
    residual, _ = _residuals(design, target, everything)
    left_out, noise = _left_out(design, target, settings)
    z_fit = z - (residual[: z.size] + 1j * residual[z.size :]) / weight
    if left_out.size > settings.left_out_share * z.size or noise > settings.residual_limit:
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.PASSED_IN_PART if left_out.size else Verdict.PASSED
    return KramersKronigTest(
        frequency_hz=frequency_hz,
        z_fit_ohm=z_fit,
        residual=residual[: z.size] + 1j * residual[z.size :],
        element_count=count,
        mu=mu,
        noise=noise,
        verdict=verdict,
        left_out=left_out,
    )


def _residuals(design: Array, target: Array, kept: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Residuals of all rows from the fit to the kept points, and the leverage of each row."""
    rows = np.concatenate([kept, kept])
    q = np.linalg.qr(design[rows]).Q
    solution = _solve(design[rows], target[rows])
    leverage = np.zeros(target.size)
    leverage[rows] = np.einsum("mp,mp->m", q, q)
    return target - design @ solution, leverage


def _left_out(
    design: Array, target: Array, settings: KramersKronigSettings
) -> tuple[NDArray[np.intp], float]:
    """Points that must go, worst first by studentised residual, until the others fit; and their noise."""
    n = target.size // 2
    kept = np.ones(n, dtype=bool)
    most = int(settings.left_out_share * n) + 1
    while True:
        residual, leverage = _residuals(design, target, kept)
        rows = np.concatenate([kept, kept])
        freedom = max(1.0 - design.shape[1] / rows.sum(), 1.0 / rows.sum())
        noise = float(NORMAL_MAD * np.median(np.abs(residual[rows])) / np.sqrt(freedom))
        limit = max(settings.residual_limit, settings.noise_factor * min(noise, settings.residual_limit))
        size = np.maximum(np.abs(residual[:n]), np.abs(residual[n:]))
        if (size[kept] <= limit).all() or np.count_nonzero(~kept) >= most or 2 * (n - 1) <= design.shape[1]:
            return np.flatnonzero(~kept), noise
        student = residual / np.sqrt(np.maximum(1.0 - leverage, 1e-6))
        worst = np.where(kept, np.hypot(student[:n], student[n:]), -1.0)
        kept[int(worst.argmax())] = False

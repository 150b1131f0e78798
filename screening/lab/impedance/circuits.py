"""Equivalent circuits fitted to spectra.

A circuit is written as impedance.py writes it, without the numbers: ``-`` for series, ``p(…,…)`` for
parallel, as in ``L-p(R,CPE)-CPE``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.errors import InputError
from screening.lab.impedance.estimate import Estimate
from screening.lab.impedance.spectrum import Spectrum

Array = NDArray[np.float64]
Impedance = Callable[[NDArray[np.floating], Array], NDArray[np.complex128]]

PELLET = "L-R-p(R,CPE)-CPE"
"""A pellet between blocking electrodes, its arc partly above the frequencies measured."""

BLOCKING_CIRCUITS = ("L-R-CPE", "L-p(R,CPE)-CPE", PELLET, "L-p(R,CPE)-p(R,CPE)-CPE")
"""Pellets between blocking electrodes: no arc, one arc, a resistance and an arc, two arcs; each with the
constant-phase element of the electrodes and the inductance of the leads."""

UNITS = {"R": ("ohm",), "C": ("F",), "L": ("H",), "CPE": ("S s^a", ""), "W": ("ohm s^-1/2",)}
"""Elements that are fitted, with the units of their parameters; an empty unit is an exponent."""

SMALLEST = {"R": 1e-6, "L": 1e-12, "C": 1e-18, "CPE": 1e-18, "W": 1e-6}
"""Lower bounds of the parameters; far below anything that moves an impedance between mΩ and GΩ."""

UNSEEN = 1e-4
"""Share of the smallest |Z| below which no resistance is seen: a fit that may go on to 0 in its logarithm
creeps and does not converge, and its derivative is lost in rounding."""

LARGEST = 1e15
EXPONENT_BOUNDS = (0.3, 1.0)
START_EXPONENT = 0.9
START_INDUCTANCE_H = 1e-7
CONFIDENCE = 0.95

FLAT = 1e-8
"""Singular value, relative to the largest, below which a combination of parameters is undetermined."""

MAX_EVALUATIONS = 400
ARC_CANDIDATES = 4
NEARLY_NONE = 1e-3
"""Share of an arc's resistance from which one in series starts anew where a fit creeps along the valley
between the two: of an arc above the frequencies measured, the data give the sum, not the parts."""

ALIKE = 1e-3
"""Part of χ² by which fits are alike: a tenth of one for a hundred numbers."""

STARTS = 2
"""So many of the cheapest starting points are followed to their minimum."""


def _element(name: str, s: NDArray[np.complexfloating], size: float, exponent: float = 1.0) -> Any:
    """Impedance of one element at s = jω in rad/s, Ω: a Warburg element is σ (1 − j) / √ω."""
    match name:
        case "R":
            return size
        case "L":
            return size * s
        case "W":
            return size * (1.0 - 1.0j) / np.sqrt(s.imag)
    return 1.0 / (size * s**exponent)


@dataclass(frozen=True)
class EquivalentCircuit:
    """Branches in series; the elements of one branch are in parallel.

    Attributes
    ----------
    name : str
        Circuit as written.
    branches : tuple of tuple of str
        Names of the elements.
    """

    name: str
    branches: tuple[tuple[str, ...], ...]

    @classmethod
    def parse(cls, name: str) -> "EquivalentCircuit":
        """Read a circuit such as ``L-R-p(R,CPE)-CPE``.

        Raises
        ------
        InputError
            If it is not a series of elements and of parallel elements, or an element is unknown.
        """
        parts = [re.fullmatch(r"(\w+)|p\((\w+(?:,\w+)+)\)", part.strip()) for part in name.split("-")]
        branches = tuple(tuple((m[1] or m[2]).split(",")) for m in parts if m is not None)
        unknown = {element for branch in branches for element in branch} - UNITS.keys()
        if len(branches) < len(parts) or unknown:
            raise InputError(
                f"circuit {name!r} is not understood",
                remedy=f"write elements ({', '.join(UNITS)}) and pairs in series, as in {PELLET}",
            )
        return cls(name, branches)

    @property
    def elements(self) -> tuple[str, ...]:
        """Element that each parameter belongs to."""
        return tuple(e for branch in self.branches for e in branch for _ in UNITS[e])

    @property
    def is_exponent(self) -> NDArray[np.bool_]:
        """Which parameters are exponents; the others are positive without bound."""
        return np.array([not unit for b in self.branches for e in b for unit in UNITS[e]], dtype=bool)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters: element, number of its branch from 0, unit (``exponent`` if none)."""
        return tuple(
            f"{element}{i} {unit or 'exponent'}"
            for i, branch in enumerate(self.branches)
            for element in branch
            for unit in UNITS[element]
        )

    @property
    def blocks(self) -> bool:
        """Whether no direct current passes: a capacitive element stands alone in the series."""
        return any(branch in (("C",), ("CPE",), ("W",)) for branch in self.branches)

    def impedance(self) -> Impedance:
        """Impedance in Ω, as a function of the frequencies in Hz and of the parameters."""

        def evaluate(frequency_hz: NDArray[np.floating], parameters: Array) -> NDArray[np.complex128]:
            s, left = 2j * np.pi * frequency_hz, iter(parameters)
            total = np.zeros(frequency_hz.size, dtype=complex)
            for branch in self.branches:
                parts = [_element(name, s, *(next(left) for _ in UNITS[name])) for name in branch]
                total += parts[0] if len(parts) == 1 else 1.0 / sum(1.0 / part for part in parts)
            return total

        return evaluate


@dataclass(frozen=True, eq=False, kw_only=True)
class CircuitFit:
    """A circuit fitted to one spectrum.

    Attributes
    ----------
    circuit : EquivalentCircuit
        The circuit.
    parameters : tuple of Estimate
        In the order of ``circuit.parameter_names``; infinite intervals where the data do not tell.
    resistance_ohm : Estimate
        Sum of all resistances R of the circuit.
    z_fit_ohm : ndarray of complex, shape (n,)
        Impedance of the fitted circuit.
    relative_rms : float
        Root mean square of |Z − Z_fit|/|Z|.
    bic : float
        Bayesian information criterion of the fit, for the choice between circuits.
    at_bound : tuple of str
        Exponents that ended at a bound: often a sign that a smaller circuit would do.
    """

    circuit: EquivalentCircuit
    parameters: tuple[Estimate, ...]
    resistance_ohm: Estimate
    z_fit_ohm: NDArray[np.complex128]
    relative_rms: float
    bic: float
    at_bound: tuple[str, ...]


def fit_circuit(spectrum: Spectrum, circuit: EquivalentCircuit | str = PELLET) -> CircuitFit:
    """Fit a circuit by least squares with modulus weights, from several starting points.

    Intervals are linearised at the minimum, in the logarithm of each positive parameter, with the scatter
    of the residuals and Student's t. They hold the noise, not the error of a circuit that does not fit.

    Parameters
    ----------
    spectrum : Spectrum
        The spectrum; points that fail the Kramers–Kronig test are better left out before.
    circuit : EquivalentCircuit or str, optional
        Default ``L-R-p(R,CPE)-CPE``.

    Raises
    ------
    InputError
        If the circuit has no resistance, or as many parameters as the spectrum has numbers, or the fit does
        not converge.

    References
    ----------
    M. D. Murbach et al., impedance.py, J. Open Source Softw. 5 (2020) 2349, doi 10.21105/joss.02349 (the
    elements); B. A. Boukamp, Solid State Ionics 20 (1986) 31, doi 10.1016/0167-2738(86)90031-7 (the weights).
    """
    from scipy import optimize

    if isinstance(circuit, str):
        circuit = EquivalentCircuit.parse(circuit)
    where = spectrum.where
    count = circuit.is_exponent.size
    if "R" not in circuit.elements:
        raise InputError(f"circuit {circuit.name!r} has no resistance", remedy="add an R")
    if 2 * len(spectrum) <= count:
        raise InputError(
            f"{len(spectrum)} points for the {count} parameters of {circuit.name}",
            where=where,
            remedy="measure more frequencies, or give a smaller circuit",
        )
    problem = _Problem.of(spectrum, circuit)
    found = []
    for alone in (1.0, NEARLY_NONE):
        found += [
            optimize.least_squares(problem.residual, start, bounds=problem.bounds(), max_nfev=MAX_EVALUATIONS)
            for start in problem.starts(alone)
        ]
        least = min(result.cost for result in found)
        best = min(
            found, key=lambda result: (result.cost > (1.0 + ALIKE) * least, not result.success, result.cost)
        )
        if best.success:
            break
    else:
        raise InputError(
            f"the fit of {circuit.name} does not converge", where=where, remedy="give another circuit"
        )
    return _report(problem, best.x, np.asarray(best.jac, dtype=float))


def choose_circuit(spectra: Sequence[Spectrum], names: Sequence[str] = BLOCKING_CIRCUITS) -> str:
    """One circuit for a whole series: the lowest sum of the information criteria.

    A circuit chosen anew for each spectrum would put jumps into the series.
    """
    totals = {name: sum(fit_circuit(spectrum, name).bic for spectrum in spectra) for name in names}
    return min(totals, key=totals.__getitem__)


@dataclass(frozen=True, eq=False)
class _Problem:
    spectrum: Spectrum
    circuit: EquivalentCircuit
    evaluate: Impedance

    @classmethod
    def of(cls, spectrum: Spectrum, circuit: EquivalentCircuit) -> "_Problem":
        return cls(spectrum, circuit, circuit.impedance())

    def values(self, x: Array) -> Array:
        """Parameters from the variables of the fit: logarithms, but exponents as they are."""
        is_exponent = self.circuit.is_exponent
        return np.where(is_exponent, x, np.exp(np.where(is_exponent, 0.0, x)))

    def residual(self, x: Array) -> Array:
        z = self.spectrum.z_ohm
        relative = (self.evaluate(self.spectrum.frequency_hz, self.values(x)) - z) / np.abs(z)
        return np.concatenate([relative.real, relative.imag])

    def bounds(self) -> tuple[Array, Array]:
        is_exponent = self.circuit.is_exponent
        elements = self.circuit.elements
        smallest = np.array([SMALLEST[element] for element in elements])
        unseen = UNSEEN * np.abs(self.spectrum.z_ohm).min()
        smallest = np.where([e == "R" for e in elements], np.maximum(smallest, unseen), smallest)
        low = np.where(is_exponent, EXPONENT_BOUNDS[0], np.log(smallest))
        return low, np.where(is_exponent, EXPONENT_BOUNDS[1], np.log(LARGEST))

    def starts(self, alone: float) -> list[Array]:
        """Cheapest starting points over the places of the arcs; resistances alone are a share of theirs."""
        spectrum, circuit = self.spectrum, self.circuit
        arcs = sum(len(branch) > 1 for branch in circuit.branches)
        f_max, f_min = spectrum.frequency_hz[[0, -1]]
        if circuit.blocks:  # above the most resistive point the arcs, below it the electrodes
            f_min = spectrum.frequency_hz[np.abs(np.angle(spectrum.z_ohm)).argmin()]
        candidates = np.geomspace(10.0 * f_max, max(f_min, 1e-3 * f_max), max(ARC_CANDIDATES, arcs))
        tried = [self._start(np.array(chosen), alone) for chosen in combinations(candidates, arcs)]
        low, high = self.bounds()
        inside = [np.clip(start, low + 1e-6, high - 1e-6) for start in tried]
        return sorted(inside, key=lambda x: float(np.sum(self.residual(x) ** 2)))[:STARTS]

    def _start(self, arc_hz: Array, alone: float) -> Array:
        spectrum, circuit = self.spectrum, self.circuit
        z = spectrum.z_ohm
        plateau = np.abs(np.angle(z)).argmin() if circuit.blocks else z.size - 1
        resistance = max(abs(z[plateau].real), 1e-6 * np.abs(z).max()) / circuit.elements.count("R")
        omega_slow, slow = 2.0 * np.pi * spectrum.frequency_hz[-1], max(np.abs(z[-1]), np.abs(z).max() * 1e-6)
        x: list[float] = []
        arc = 0
        for branch in circuit.branches:
            parallel = len(branch) > 1
            omega = 2.0 * np.pi * arc_hz[arc] if parallel else omega_slow
            size = resistance if parallel else slow
            arc += parallel
            for element in branch:
                x += {
                    "R": [np.log(resistance if parallel else alone * resistance)],
                    "L": [np.log(START_INDUCTANCE_H)],
                    "C": [-np.log(omega * size)],
                    "CPE": [-START_EXPONENT * np.log(omega) - np.log(size), START_EXPONENT],
                    "W": [np.log(size * np.sqrt(omega))],
                }[element]
        return np.array(x)


def _report(problem: _Problem, x: Array, jacobian: Array) -> CircuitFit:
    from scipy.special import stdtrit

    circuit, residual = problem.circuit, problem.residual(x)
    numbers, count = residual.size, x.size
    power = float(residual @ residual)
    t = float(stdtrit(numbers - count, 0.5 + CONFIDENCE / 2.0))
    covariance, known = _covariance(jacobian, power / (numbers - count))
    half = np.where(known, t * np.sqrt(np.diag(covariance)), np.inf)
    values = problem.values(x)
    parameters = tuple(
        Estimate(value, max(x_ - h, EXPONENT_BOUNDS[0]), min(x_ + h, EXPONENT_BOUNDS[1]))
        if exponent
        else _positive(value, h)
        for value, x_, h, exponent in zip(values.tolist(), x, half, circuit.is_exponent, strict=True)
    )
    is_r = np.array([element == "R" for element in circuit.elements])
    resistance = float(values[is_r].sum())
    share = np.where(is_r, values, 0.0) / resistance  # d ln(sum R) / d ln R
    spread = t * float(np.sqrt(share @ covariance @ share)) if known[share > FLAT].all() else np.inf
    at_bound = tuple(
        name
        for name, value, exponent in zip(circuit.parameter_names, values, circuit.is_exponent, strict=True)
        if exponent and np.min(np.abs(value - np.array(EXPONENT_BOUNDS))) < 1e-6
    )
    z_fit = problem.evaluate(problem.spectrum.frequency_hz, values)
    # the floor keeps the criterion finite for a spectrum without noise
    bic = numbers * float(np.log(max(power / numbers, np.finfo(float).eps ** 2))) + count * float(
        np.log(numbers)
    )
    rms = float(np.sqrt(power / len(problem.spectrum)))
    return CircuitFit(
        circuit=circuit,
        parameters=parameters,
        resistance_ohm=_positive(resistance, spread),
        z_fit_ohm=z_fit,
        relative_rms=rms,
        bic=bic,
        at_bound=at_bound,
    )


def _positive(value: float, half_width: float) -> Estimate:
    """Interval of a positive value from that of its logarithm."""
    if half_width > np.log(LARGEST):
        return Estimate(value, 0.0, np.inf)
    factor = float(np.exp(half_width))
    return Estimate(value, value / factor, value * factor)


def _covariance(jacobian: Array, variance: float) -> tuple[Array, NDArray[np.bool_]]:
    """Covariance of the variables, and which of them the data determine."""
    lengths = np.linalg.norm(jacobian, axis=0)
    known = lengths > FLAT * lengths.max()
    scale = np.where(known, lengths, 1.0)
    _, s, vt = np.linalg.svd(jacobian / scale, full_matrices=False)
    sound = s > FLAT * s[0]
    # a flat direction makes every parameter that it moves unknown
    known &= ~(np.abs(vt[~sound]) > np.sqrt(FLAT)).any(axis=0) | ~known
    inverse = np.where(sound, 1.0 / np.where(sound, s, 1.0), 0.0)
    half = vt.T * inverse / scale[:, None]
    return variance * half @ half.T, known

"""Simulated impedance with known truth. Nothing made here is a measurement, and every spectrum says so."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from hashlib import sha256
from typing import Protocol

import numpy as np

from screening.errors import InputError
from screening.lab.impedance import zarc
from screening.lab.impedance.basis import ComplexArray, FloatArray
from screening.lab.impedance.spectrum import Spectrum
from screening.provenance import SIMULATED, Provenance


class Element(Protocol):
    """A process: a polarisation resistance and a characteristic relaxation time."""

    @property
    def resistance_ohm(self) -> float:
        """Resistance at zero frequency."""
        ...

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Impedance in Ω at angular frequencies in rad/s, shape (n,)."""
        ...

    @property
    def peak_tau_s(self) -> float:
        """τ of the main maximum of its distribution of relaxation times."""
        ...


@dataclass(frozen=True)
class Zarc:
    """R/(1 + (jωτ)^φ): a resistance in parallel with a constant-phase element."""

    resistance_ohm: float
    tau_s: float
    phi: float

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Impedance in Ω."""
        return zarc.impedance(omega, self.resistance_ohm, self.tau_s, self.phi)

    @property
    def peak_tau_s(self) -> float:
        """τ itself: the distribution is symmetric."""
        return self.tau_s


@dataclass(frozen=True)
class HavriliakNegami:
    """R/(1 + (jωτ)^φ)^ψ: an arc depressed and skewed.

    References
    ----------
    Havriliak & Negami, Polymer 8 (1967) 161, doi:10.1016/0032-3861(67)90021-3
    """

    resistance_ohm: float
    tau_s: float
    phi: float
    psi: float

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Impedance in Ω."""
        return self.resistance_ohm / (1.0 + (1j * omega * self.tau_s) ** self.phi) ** self.psi

    @property
    def peak_tau_s(self) -> float:
        """Maximum of the closed-form distribution, found on a fine grid."""
        y = np.linspace(-8.0, 8.0, 32001)
        power = np.exp(self.phi * y)
        angle = np.arctan2(np.sin(np.pi * self.phi), power + np.cos(np.pi * self.phi))
        modulus = 1.0 + 2.0 * power * np.cos(np.pi * self.phi) + power**2
        density = power**self.psi * np.sin(self.psi * angle) / modulus ** (self.psi / 2.0)
        return float(self.tau_s * np.exp(y[density.argmax()]))


@dataclass(frozen=True)
class Gerischer:
    """R/√(1 + jωτ): diffusion coupled to a reaction; its distribution ends in a pole at τ."""

    resistance_ohm: float
    tau_s: float

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Impedance in Ω."""
        return self.resistance_ohm / np.sqrt(1.0 + 1j * omega * self.tau_s)

    @property
    def peak_tau_s(self) -> float:
        """τ of the pole."""
        return self.tau_s


@dataclass(frozen=True)
class FiniteWarburg:
    """R·tanh(√(jωτ))/√(jωτ): diffusion through a layer to a reservoir; a comb of lines 4τ/((2k−1)²π²)."""

    resistance_ohm: float
    tau_s: float

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Impedance in Ω."""
        root = np.sqrt(1j * omega * self.tau_s)
        return self.resistance_ohm * np.tanh(root) / root

    @property
    def peak_tau_s(self) -> float:
        """τ of the first line, which carries 81 % of the resistance."""
        return 4.0 * self.tau_s / np.pi**2


@dataclass(frozen=True)
class Circuit:
    """Elements in series with a resistance, beside them an electronic leak, before them an inductance."""

    r_inf_ohm: float
    inductance_h: float
    elements: tuple[Element, ...]
    leak_s: float = 0.0

    def impedance(self, omega: FloatArray) -> ComplexArray:
        """Impedance in Ω at angular frequencies in rad/s, shape (n,)."""
        cell = self.r_inf_ohm + sum(element.impedance(omega) for element in self.elements)
        return 1j * omega * self.inductance_h + cell / (1.0 + self.leak_s * cell)

    @property
    def total_ohm(self) -> float:
        """Resistance at zero frequency."""
        cell = self.r_inf_ohm + sum(element.resistance_ohm for element in self.elements)
        return cell / (1.0 + self.leak_s * cell)


def frequencies_hz(high_hz: float = 7e6, low_hz: float = 0.1, count: int = 79) -> FloatArray:
    """Frequencies evenly spaced in their logarithm, from high to low; by default those of the paper."""
    if not (0.0 < low_hz < high_hz and count >= 2):
        raise InputError(
            f"{count} frequencies from {high_hz:g} to {low_hz:g} Hz",
            where="simulation",
            remedy="give at least two, the higher limit first",
        )
    return np.geomspace(high_hz, low_hz, count)


def measure(
    circuit: Circuit,
    frequency_hz: FloatArray,
    *,
    relative_noise: float,
    rng: np.random.Generator,
    time_s: float | None = None,
    label: str = "",
) -> Spectrum:
    """Spectrum of a circuit with noise of constant relative size.

    Real and imaginary part each carry independent Gaussian noise of standard deviation
    ``relative_noise`` × |Z|.
    """
    z = circuit.impedance(2.0 * np.pi * frequency_hz)
    noise = rng.normal(size=z.size) + 1j * rng.normal(size=z.size)
    return Spectrum(
        frequency_hz,
        z + relative_noise * np.abs(z) * noise,
        time_s=time_s,
        label=f"{label} ({SIMULATED})" if label else SIMULATED,
        source=SIMULATED,
        metadata={"origin": SIMULATED},
    )


Kinetics = Callable[[FloatArray], FloatArray]
"""Share of a process that is still to come at each time in seconds: 1 at the start, 0 when done."""


def first_order(time_constant_s: float) -> Kinetics:
    """exp(−t/T)."""
    return lambda time_s: np.exp(-np.maximum(time_s, 0.0) / time_constant_s)


def avrami(time_constant_s: float, exponent: float) -> Kinetics:
    """exp(−(t/T)^n): nucleation and growth (Johnson-Mehl-Avrami-Kolmogorov)."""
    return lambda time_s: np.exp(-((np.maximum(time_s, 0.0) / time_constant_s) ** exponent))


def parabolic(duration_s: float) -> Kinetics:
    """1 − √(t/T) until T: a layer that grows by diffusion until its reactant is gone."""
    return lambda time_s: 1.0 - np.sqrt(np.clip(time_s / duration_s, 0.0, 1.0))


def linear(duration_s: float) -> Kinetics:
    """1 − t/T until T: a reaction at constant rate until its reactant is gone."""
    return lambda time_s: 1.0 - np.clip(time_s / duration_s, 0.0, 1.0)


@dataclass(frozen=True)
class Evolving:
    """A ZARC whose resistance goes from a first to a last value as a reaction proceeds."""

    name: str
    tau_s: float
    phi: float
    first_ohm: float
    last_ohm: float
    _: KW_ONLY
    kinetics: Kinetics | None = None

    def resistance_ohm(self, time_s: FloatArray | float) -> FloatArray:
        """Resistance at each time."""
        time = np.asarray(time_s, dtype=float)
        if self.kinetics is None:
            return np.full(time.shape, self.first_ohm)
        return self.last_ohm + (self.first_ohm - self.last_ohm) * self.kinetics(time)


@dataclass(frozen=True)
class RestSeries:
    """A cell at rest: its processes evolve, its series resistance and inductance do not.

    Attributes
    ----------
    processes : tuple of Evolving
        The processes.
    r_inf_ohm, inductance_h : float
        What does not change.
    time_s : tuple of float
        When a spectrum is taken.
    relative_noise : float
        Noise of Z' and of Z'' relative to |Z|.
    leak_s : callable, optional
        Conductance of an electronic path beside the cell, S, at a time in s: a short that spectra see, and a
        cell at rest does not.
    """

    processes: tuple[Evolving, ...]
    r_inf_ohm: float
    inductance_h: float
    time_s: tuple[float, ...]
    relative_noise: float
    leak_s: Callable[[float], float] | None = None

    def circuit(self, time_s: float) -> Circuit:
        """Noise-free circuit at a time."""
        elements = tuple(Zarc(float(p.resistance_ohm(time_s)), p.tau_s, p.phi) for p in self.processes)
        leak = 0.0 if self.leak_s is None else self.leak_s(time_s)
        return Circuit(self.r_inf_ohm, self.inductance_h, elements, leak)

    def spectra(self, seed: int, frequency_hz: FloatArray | None = None) -> Sequence[Spectrum]:
        """Spectra with fresh noise; the same seed gives the same series."""
        rng = np.random.default_rng(seed)
        frequency = frequencies_hz() if frequency_hz is None else frequency_hz
        return [
            measure(
                self.circuit(time),
                frequency,
                relative_noise=self.relative_noise,
                rng=rng,
                time_s=time,
                label=f"{time / 3600.0:.2f} h",
            )
            for time in self.time_s
        ]


REST_COMPLETION_S = 18.0 * 3600.0
"""Time at which the shipped rest series has 5 % of its reaction left, as the paper found for its cell."""


def study_provenance() -> Provenance:
    """Stamp of the shipped rest series: its parameters are its source."""
    study = rest_study()
    shown = [(p.name, p.tau_s, p.phi, p.first_ohm, p.last_ohm) for p in study.processes]
    text = repr((shown, study.r_inf_ohm, study.inductance_h, study.time_s, study.relative_noise))
    return Provenance.now(f"{SIMULATED} rest series", sha256(text.encode()).hexdigest())


def rest_study() -> RestSeries:
    """Shipped study: a Li | sacrificial layer | Li cell at rest for 36 h, a spectrum every 45 min.

    Simulated. The reacting interface (τ2, τ3) fades by Avrami kinetics (exponent 1.5) and has 5 % of
    its resistance left at 18 h, while the alloy | electrolyte contact (τ4) appears with the same
    kinetics; grain boundaries (τ1) and plating (τ5) stay. Resistances are chosen for illustration;
    times, relaxation times and which processes come and go follow the founding paper,
    doi:10.1002/aenm.202300815.
    """
    kinetics = avrami(REST_COMPLETION_S / np.log(20.0) ** (1.0 / 1.5), 1.5)
    hours = np.arange(0.0, 36.01, 0.75)
    return RestSeries(
        processes=(
            Evolving("tau1", 1e-7, 0.9, 30.0, 30.0),
            Evolving("tau2", 8e-6, 0.92, 25.0, 0.0, kinetics=kinetics),
            Evolving("tau3", 6e-5, 0.9, 18.0, 0.0, kinetics=kinetics),
            Evolving("tau4", 0.12, 0.85, 0.0, 20.0, kinetics=kinetics),
            Evolving("tau5", 2.5, 0.9, 10.0, 10.0),
        ),
        r_inf_ohm=10.0,
        inductance_h=1e-7,
        time_s=tuple(float(hour) * 3600.0 for hour in hours),
        relative_noise=0.005,
    )

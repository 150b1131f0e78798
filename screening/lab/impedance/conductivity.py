"""From the resistance of a pellet to its conductivity, and on to the activation energy."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from screening.errors import InputError
from screening.lab.impedance.estimate import Estimate
from screening.units import BOLTZMANN_EV_PER_K, KELVIN_AT_0_CELSIUS

Array = NDArray[np.float64]

REFERENCE_C = 25.0
CONFIDENCE = 0.95
MM_PER_CM = 10.0


class Form(StrEnum):
    """Which Arrhenius law: the two energies differ by kB·T, about 0.02 eV."""

    SIGMA_T = "σT = A·exp(−Ea/kBT)"
    SIGMA = "σ = A·exp(−Ea/kBT)"


@dataclass(frozen=True)
class Pellet:
    """A disc between two electrodes, as measured by the user.

    Attributes
    ----------
    thickness_cm : float
        Thickness in cm.
    area_cm2 : float
        Area of one face in cm².

    Raises
    ------
    InputError
        If one of them is not positive.
    """

    thickness_cm: float
    area_cm2: float

    def __post_init__(self) -> None:
        for name, value in (("thickness", self.thickness_cm), ("area", self.area_cm2)):
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"{name} of {value:g}", where="pellet", remedy="give a positive length")

    @classmethod
    def from_mm(cls, thickness_mm: float, diameter_mm: float) -> "Pellet":
        """Disc of a thickness and a diameter in mm."""
        if not (np.isfinite(diameter_mm) and diameter_mm > 0):
            raise InputError(f"diameter of {diameter_mm:g}", where="pellet", remedy="give a positive length")
        radius_cm = diameter_mm / MM_PER_CM / 2.0
        return cls(thickness_mm / MM_PER_CM, float(np.pi) * radius_cm**2)

    def conductivity(self, resistance_ohm: Estimate) -> Estimate:
        """Conductivity σ = thickness / (R · area) in S/cm; thickness and area are taken as exact.

        Raises
        ------
        InputError
            If the resistance is not positive.
        """
        if not resistance_ohm.value > 0:
            raise InputError(
                f"resistance of {resistance_ohm.value:g} ohm", where="pellet", remedy="check the circuit fit"
            )
        constant = self.thickness_cm / self.area_cm2
        low = constant / resistance_ohm.high
        high = constant / resistance_ohm.low if resistance_ohm.low > 0 else np.inf
        return Estimate(constant / resistance_ohm.value, low, high)


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrhenius:
    """Line through ln(σT) or ln σ against 1/T.

    Attributes
    ----------
    form : Form
        Which of the two laws.
    temperature_c : ndarray of float, shape (n,)
        Temperatures in °C.
    conductivity : ndarray of float, shape (n,)
        Conductivities in S/cm, or conductances in S where no pellet was given.
    activation_energy_ev : Estimate
        Ea in eV.
    ln_prefactor : Estimate
        ln A; A in S·K/cm for the σT form, in S/cm for the σ form.
    residual_deviation : float
        Standard deviation of ln(σT) or ln σ about the line; 0 for two temperatures, which leave none.
    """

    form: Form
    temperature_c: Array
    conductivity: Array
    activation_energy_ev: Estimate
    ln_prefactor: Estimate
    residual_deviation: float

    def at(self, temperature_c: float, *, of_new_measurement: bool = False) -> Estimate:
        """Conductivity of the line at a temperature in °C.

        Parameters
        ----------
        temperature_c : float
            Temperature in °C, inside or outside the measured range.
        of_new_measurement : bool, optional
            Give the wider interval in which one further measurement is expected, instead of that of the line.

        Raises
        ------
        InputError
            If the temperature is not above absolute zero.
        """
        x = float(_inverse_kt(np.array([temperature_c]))[0])
        known = _inverse_kt(self.temperature_c)
        mean, n = known.mean(), known.size
        leverage = 1.0 / n + (x - mean) ** 2 / float(np.sum((known - mean) ** 2)) + of_new_measurement
        half = _student(n) * self.residual_deviation * float(np.sqrt(leverage)) if n > 2 else np.inf
        ln_value = self.ln_prefactor.value - self.activation_energy_ev.value * x
        if self.form is Form.SIGMA_T:
            ln_value -= float(np.log(temperature_c + KELVIN_AT_0_CELSIUS))
        return Estimate(
            float(np.exp(ln_value)), float(np.exp(ln_value - half)), float(np.exp(ln_value + half))
        )


def arrhenius(
    temperature_c: Sequence[float] | Array, conductivity: Sequence[float] | Array, form: Form = Form.SIGMA_T
) -> Arrhenius:
    """Fit an Arrhenius line by ordinary least squares; intervals from Student's t with n − 2 degrees.

    The scatter of the points about the line is taken as their error: it holds the error of the temperature
    and of the contacts, which the interval of a single circuit fit does not. Two temperatures give a line
    without an interval. Conductances serve as well as conductivities: the geometry cancels in Ea.

    Raises
    ------
    InputError
        If there are fewer than two different temperatures, or a conductivity is not positive and finite.
    """
    temperature = np.asarray(temperature_c, dtype=float)
    sigma = np.asarray(conductivity, dtype=float)
    if temperature.shape != sigma.shape or np.unique(temperature).size < 2:
        raise InputError(
            f"{np.unique(temperature).size} temperature(s) for {sigma.size} conductivities",
            where="Arrhenius fit",
            remedy="give one conductivity at each of two or more temperatures",
        )
    bad = np.flatnonzero(~(np.isfinite(sigma) & (sigma > 0)))
    if bad.size:
        raise InputError(
            f"conductivity of {sigma[bad[0]]:g} at {temperature[bad[0]]:g} °C",
            where="Arrhenius fit",
            remedy="give positive values",
        )
    x = _inverse_kt(temperature)
    y = np.log(sigma * (temperature + KELVIN_AT_0_CELSIUS)) if form is Form.SIGMA_T else np.log(sigma)
    slope, intercept = np.polyfit(x, y, 1)
    n = x.size
    residual = y - intercept - slope * x
    deviation = float(np.sqrt(residual @ residual / (n - 2))) if n > 2 else 0.0
    student = _student(n) if n > 2 else np.inf
    spread = float(np.sqrt(np.sum((x - x.mean()) ** 2)))
    slope_half = student * deviation / spread if n > 2 else np.inf
    intercept_half = (
        student * deviation * float(np.sqrt(1.0 / n + (x.mean() / spread) ** 2)) if n > 2 else np.inf
    )
    energy, ln_a = -float(slope), float(intercept)
    return Arrhenius(
        form=form,
        temperature_c=temperature,
        conductivity=sigma,
        activation_energy_ev=Estimate(energy, energy - slope_half, energy + slope_half),
        ln_prefactor=Estimate(ln_a, ln_a - intercept_half, ln_a + intercept_half),
        residual_deviation=deviation,
    )


def _inverse_kt(temperature_c: Array) -> Array:
    """1/(kB·T) in 1/eV."""
    kelvin = temperature_c + KELVIN_AT_0_CELSIUS
    wrong = np.flatnonzero(~(np.isfinite(kelvin) & (kelvin > 0)))
    if wrong.size:
        raise InputError(
            f"temperature of {temperature_c[wrong[0]]:g} °C", where="Arrhenius fit", remedy="give it in °C"
        )
    return 1.0 / (BOLTZMANN_EV_PER_K * kelvin)


def _student(n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 2, 0.5 + CONFIDENCE / 2.0))

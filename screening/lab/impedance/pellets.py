"""Pellets between blocking electrodes at several temperatures: from spectra to an activation energy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.impedance.circuits import PELLET, CircuitFit, choose_circuit, fit_circuit
from screening.lab.impedance.conductivity import Arrhenius, Form, Pellet, arrhenius
from screening.lab.impedance.estimate import Estimate
from screening.lab.impedance.kramers_kronig import KramersKronigTest, kramers_kronig
from screening.lab.impedance.spectrum import Spectrum

CHOOSE = "auto"
"""Name that stands for the circuit with the best information criterion over the series."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PelletSeries:
    """One pellet, or pellets of one material, at several temperatures.

    Attributes
    ----------
    spectra : tuple of Spectrum
        Spectra, with their temperatures.
    tests : tuple of KramersKronigTest
        Test of each spectrum; no point was removed for it.
    fits : tuple of CircuitFit
        The same circuit, fitted to each.
    pellet : Pellet or None
        Geometry; without it the values are conductances.
    conductivity : tuple of Estimate
        Conductivities in S/cm, or conductances 1/R in S where there is no pellet.
    lines : tuple of Arrhenius
        Line of the σT form, then of the σ form.
    """

    spectra: tuple[Spectrum, ...]
    tests: tuple[KramersKronigTest, ...]
    fits: tuple[CircuitFit, ...]
    pellet: Pellet | None
    conductivity: tuple[Estimate, ...]
    lines: tuple[Arrhenius, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per spectrum: resistance and conductivity (conductance) with their 95 % intervals."""
        name = "conductivity_s_per_cm" if self.pellet else "conductance_s"
        rows = zip(self.spectra, self.tests, self.fits, self.conductivity, strict=True)
        return pd.DataFrame(
            [
                {
                    "label": spectrum.label,
                    "temperature_c": spectrum.temperature_c,
                    "resistance_ohm": fit.resistance_ohm.value,
                    "resistance_low_ohm": fit.resistance_ohm.low,
                    "resistance_high_ohm": fit.resistance_ohm.high,
                    name: value.value,
                    f"{name}_low": value.low,
                    f"{name}_high": value.high,
                    "circuit": fit.circuit.name,
                    "relative_rms": fit.relative_rms,
                    "kramers_kronig": str(test.verdict),
                }
                for spectrum, test, fit, value in rows
            ]
        )


def pellet_series(
    spectra: Sequence[Spectrum], pellet: Pellet | None = None, circuit: str = PELLET
) -> PelletSeries:
    """Fit one circuit to all spectra, and Arrhenius lines of both forms to what it gives.

    Parameters
    ----------
    spectra : sequence of Spectrum
        Spectra, each with its temperature.
    pellet : Pellet, optional
        Thickness and area. The activation energy needs neither, as long as they are the same throughout.
    circuit : str, optional
        Circuit for all of them, or ``auto`` for the best of the blocking circuits.

    Raises
    ------
    InputError
        If a temperature is missing, or a fit or the line cannot be made.
    """
    for spectrum in spectra:
        if spectrum.temperature_c is None:
            raise InputError("no temperature", where=spectrum.where, remedy="give it in °C")
    name = choose_circuit(spectra) if circuit == CHOOSE else circuit
    fits = tuple(fit_circuit(spectrum, name) for spectrum in spectra)
    values = tuple(_conductance(fit.resistance_ohm, pellet) for fit in fits)
    temperature = np.array([spectrum.temperature_c for spectrum in spectra], dtype=float)
    lines = tuple(arrhenius(temperature, [value.value for value in values], form) for form in Form)
    return PelletSeries(
        spectra=tuple(spectra),
        tests=kramers_kronig(spectra),
        fits=fits,
        pellet=pellet,
        conductivity=values,
        lines=lines,
    )


def _conductance(resistance_ohm: Estimate, pellet: Pellet | None) -> Estimate:
    if pellet is not None:
        return pellet.conductivity(resistance_ohm)
    high = 1.0 / resistance_ohm.low if resistance_ohm.low > 0 else np.inf
    return Estimate(1.0 / resistance_ohm.value, 1.0 / resistance_ohm.high, high)

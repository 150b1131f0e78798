"""Pellets between blocking electrodes at several temperatures: from spectra to an activation energy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.impedance.circuits import PELLET, CircuitFit, choose_circuit, fit_circuit
from screening.lab.impedance.conductivity import Arrhenius, Form, Pellet, arrhenius
from screening.lab.impedance.estimate import Estimate
from screening.lab.impedance.kramers_kronig import KramersKronigTest, Verdict, kramers_kronig
from screening.lab.impedance.spectrum import Spectrum

FEWEST_TEMPERATURES = 2

CHOOSE = "auto"
"""Name that stands for the circuit with the best information criterion over the series."""


@dataclass(frozen=True, eq=False)
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
    left_out : tuple of str
        One line for each spectrum that fails the test and is not used.
    """

    spectra: tuple[Spectrum, ...]
    tests: tuple[KramersKronigTest, ...]
    fits: tuple[CircuitFit, ...]
    pellet: Pellet | None
    conductivity: tuple[Estimate, ...]
    lines: tuple[Arrhenius, ...]
    left_out: tuple[str, ...] = ()

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
    spectra: Sequence[Spectrum],
    pellet: Pellet | None = None,
    circuit: str = PELLET,
    *,
    keep: bool = False,
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
    keep : bool, optional
        Use spectra that fail the Kramers–Kronig test too; by default they are left out, and named.

    Raises
    ------
    InputError
        If a temperature is missing, too few spectra pass the test, or a fit or the line cannot be made.
    """
    for spectrum in spectra:
        if spectrum.temperature_c is None:
            raise InputError(
                "no temperature", where=spectrum.source or spectrum.label, remedy="give it in °C"
            )
    tests = kramers_kronig(spectra)
    left_out: tuple[str, ...] = ()
    if not keep:
        spectra, tests, left_out = _without_failed(spectra, tests)
    name = choose_circuit(spectra) if circuit == CHOOSE else circuit
    fits = tuple(fit_circuit(spectrum, name) for spectrum in spectra)
    values = tuple(_conductance(fit.resistance_ohm, pellet) for fit in fits)
    temperature = np.array([spectrum.temperature_c for spectrum in spectra], dtype=float)
    lines = tuple(arrhenius(temperature, [value.value for value in values], form) for form in Form)
    return PelletSeries(tuple(spectra), tests, fits, pellet, values, lines, left_out)


def _without_failed(
    spectra: Sequence[Spectrum], tests: tuple[KramersKronigTest, ...]
) -> tuple[tuple[Spectrum, ...], tuple[KramersKronigTest, ...], tuple[str, ...]]:
    """Spectra that do not fail the Kramers–Kronig test, their tests, and a line on each of the others."""
    pairs = list(zip(spectra, tests, strict=True))
    passed = [pair for pair in pairs if pair[1].verdict is not Verdict.FAILED]
    left_out = tuple(
        f"{spectrum.label} at {spectrum.temperature_c:g} °C fails the Kramers-Kronig test "
        f"(largest residual {test.largest_residual:.0%}); left out"
        for spectrum, test in pairs
        if test.verdict is Verdict.FAILED
    )
    if left_out and len({spectrum.temperature_c for spectrum, _ in passed}) < FEWEST_TEMPERATURES:
        raise InputError(
            f"{len(left_out)} of {len(pairs)} spectra fail the Kramers-Kronig test, and the others hold "
            "no two temperatures",
            where=pairs[0][0].source or pairs[0][0].label,
            remedy="measure again, or give --keep",
        )
    return tuple(s for s, _ in passed), tuple(t for _, t in passed), left_out


def _conductance(resistance_ohm: Estimate, pellet: Pellet | None) -> Estimate:
    if pellet is not None:
        return pellet.conductivity(resistance_ohm)
    high = 1.0 / resistance_ohm.low if resistance_ohm.low > 0 else np.inf
    return Estimate(1.0 / resistance_ohm.value, 1.0 / resistance_ohm.high, high)

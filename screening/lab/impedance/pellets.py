"""Pellets between blocking electrodes at several temperatures: from spectra to an activation energy."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.files import json_ready, records
from screening.lab.impedance.circuits import PELLET, CircuitFit, choose_circuit, fit_circuit
from screening.lab.impedance.conductivity import REFERENCE_C, Arrhenius, Form, Pellet, arrhenius
from screening.lab.impedance.estimate import Estimate
from screening.lab.impedance.kramers_kronig import KramersKronigTest, Verdict, kramers_kronig
from screening.lab.impedance.spectrum import Spectrum
from screening.provenance import Provenance

TEMPERATURE_FROM = "temperature_from"
"""Key of a spectrum's metadata that says where its temperature was taken from."""

FEWEST_TEMPERATURES = 2

MOST_MISFIT = 0.2
"""A circuit that misses a spectrum by more of |Z| (rms) does not describe it, and its resistance is none."""

CHOOSE = "auto"
"""Name that stands for the circuit with the best information criterion over the series."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PelletSeries(Displayed):
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
    predicted_c : tuple of float
        Temperatures in °C at which the lines are evaluated.
    provenance : Provenance or None
        Stamp of the files; None for spectra of values in memory.
    left_out : tuple of str
        One line for each spectrum that fails the test and is not used.
    """

    plotter = "screening.plots.conductivity:plot_pellets"

    spectra: tuple[Spectrum, ...]
    tests: tuple[KramersKronigTest, ...]
    fits: tuple[CircuitFit, ...]
    pellet: Pellet | None
    conductivity: tuple[Estimate, ...]
    lines: tuple[Arrhenius, ...]
    predicted_c: tuple[float, ...] = (REFERENCE_C,)
    provenance: Provenance | None = None
    left_out: tuple[str, ...] = ()

    def display(self) -> Table:
        """One row per spectrum, warmest first; circuit, energies and predictions below."""
        quantity, unit = ("σ", "S/cm") if self.pellet else ("1/R", "S")
        rows = [
            {
                "spectrum": self.spectra[i].label,
                "T (°C)": f"{self.spectra[i].temperature_c:g}",
                "R (Ω)": f"{self.fits[i].resistance_ohm.value:.4g}",
                "±": _per_cent(self.fits[i].resistance_ohm),
                f"{quantity} ({unit})": f"{self.conductivity[i].value:.3g}",
                "misfit": f"{self.fits[i].relative_rms:.1%}",
                "Kramers-Kronig": str(self.tests[i].verdict),
            }
            for i in np.argsort(-self.lines[0].temperature_c, kind="stable")
        ]
        origins = dict.fromkeys(
            s.metadata[TEMPERATURE_FROM] for s in self.spectra if TEMPERATURE_FROM in s.metadata
        )
        notes = [
            *self.left_out,
            f"circuit {self.fits[0].circuit.name}, R the sum of its resistances; intervals are 95 %",
            *([f"temperatures from: {', '.join(origins)}"] if origins else []),
        ]
        count = len(set(self.lines[0].temperature_c.tolist()))
        if count <= FEWEST_TEMPERATURES:
            notes.append(
                f"{count} temperatures give a line and no interval; measure at three or more for one"
            )
        for line in self.lines:
            notes.append(f"{line.form}: Ea = {line.activation_energy_ev:.4f} eV")
            notes += [f"  {quantity}({t:g} °C) = {line.at(t):.3g} {unit}" for t in self.predicted_c]
        if not self.pellet:
            notes.append(
                "no thickness and diameter given: conductances instead of conductivities; Ea is the same"
            )
        stamp = () if self.provenance is None else (self.provenance.line(),)
        return Table("", pd.DataFrame(rows), (*notes, *stamp))

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        quantity = "conductivity_s_per_cm" if self.pellet else "conductance_s"
        lines = [
            {
                "form": line.form,
                "activation_energy_ev": asdict(line.activation_energy_ev),
                "ln_prefactor": asdict(line.ln_prefactor),
                "residual_deviation": line.residual_deviation,
                quantity: [{"temperature_c": t, **asdict(line.at(t))} for t in self.predicted_c],
            }
            for line in self.lines
        ]
        content = {"circuit": self.fits[0].circuit.name, "lines": lines, "points": records(self.to_frame())}
        return dict(json_ready({**content, "left_out": list(self.left_out)}))

    def contents(self) -> Mapping[str, Any]:
        """Table, lines and figure."""
        return {
            "conductivity.csv": self.to_frame(),
            "arrhenius.json": self.as_dict(),
            "arrhenius.png": self.plot,
        }

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
                    "temperature_from": spectrum.metadata.get(TEMPERATURE_FROM, ""),
                }
                for spectrum, test, fit, value in rows
            ]
        )


def pellet_series(
    spectra: Sequence[Spectrum],
    pellet: Pellet | None = None,
    circuit: str = PELLET,
    *,
    predicted_c: Sequence[float] = (REFERENCE_C,),
    provenance: Provenance | None = None,
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
    predicted_c : sequence of float
        Temperatures in °C at which the lines are evaluated.
    provenance : Provenance, optional
        Stamp of the files that the spectra were read from.
    keep : bool, optional
        Use spectra that fail the Kramers–Kronig test, or that the circuit misses by more than `MOST_MISFIT`,
        too; by default they are left out, and named.

    Raises
    ------
    InputError
        If a temperature is missing, too few spectra pass the test, or a fit or the line cannot be made.
    """
    for spectrum in spectra:
        if spectrum.temperature_c is None:
            raise InputError("no temperature", where=spectrum.where, remedy="give it in °C")
    tests = kramers_kronig(spectra)
    left_out: tuple[str, ...] = ()
    if not keep:
        spectra, tests, left_out = _without_failed(spectra, tests)
    name = choose_circuit(spectra) if circuit == CHOOSE else circuit
    fitted, unfit = _fitted(spectra, name, MOST_MISFIT if not keep else np.inf)
    spectra, tests = [spectra[i] for i in fitted], tuple(tests[i] for i in fitted)
    fits, left_out = tuple(fitted.values()), left_out + unfit
    values = tuple(_conductance(fit.resistance_ohm, pellet) for fit in fits)
    temperature = np.array([spectrum.temperature_c for spectrum in spectra], dtype=float)
    lines = tuple(arrhenius(temperature, [value.value for value in values], form) for form in Form)
    return PelletSeries(
        spectra=tuple(spectra),
        tests=tests,
        fits=fits,
        pellet=pellet,
        conductivity=values,
        lines=lines,
        predicted_c=tuple(predicted_c),
        provenance=provenance,
        left_out=left_out,
    )


def _per_cent(estimate: Estimate) -> str:
    """Half the width of an interval in per cent of the value."""
    half = (estimate.high - estimate.low) / 2.0 / estimate.value
    return f"{half:.1%}" if half < np.inf else "open"


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
            where=pairs[0][0].where,
            remedy="measure again, or give --keep",
        )
    return tuple(s for s, _ in passed), tuple(t for _, t in passed), left_out


def _fitted(
    spectra: Sequence[Spectrum], circuit: str, most_misfit: float
) -> tuple[dict[int, CircuitFit], tuple[str, ...]]:
    """Fits by the place of their spectrum, and a line on each spectrum that has none, or one that misses it.

    Raises
    ------
    InputError
        The first fault, if the others hold no two temperatures.
    """
    fits: dict[int, CircuitFit] = {}
    faults = []
    for i, spectrum in enumerate(spectra):
        try:
            fit = fit_circuit(spectrum, circuit)
            if fit.relative_rms > most_misfit:
                told = f"circuit {fit.circuit.name} misses it by {fit.relative_rms:.0%} of |Z| (rms)"
                remedy = "give another --circuit, or --keep"
                raise InputError(told, where=spectrum.where, remedy=remedy)
            fits[i] = fit
        except InputError as fault:
            faults.append((spectrum, fault))
    if faults and len({spectra[i].temperature_c for i in fits}) < FEWEST_TEMPERATURES:
        raise faults[0][1]
    return fits, tuple(
        f"{s.label} at {s.temperature_c:g} °C: {fault.message}; left out" for s, fault in faults
    )


def _conductance(resistance_ohm: Estimate, pellet: Pellet | None) -> Estimate:
    if pellet is not None:
        return pellet.conductivity(resistance_ohm)
    high = 1.0 / resistance_ohm.low if resistance_ohm.low > 0 else np.inf
    return Estimate(1.0 / resistance_ohm.value, 1.0 / resistance_ohm.high, high)

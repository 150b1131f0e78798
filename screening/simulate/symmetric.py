"""Simulated symmetric cells with a known truth, to measure what the short detector can and cannot see.

Every record made here is labelled "simulated". The voltage of a cell of area *A* at areal current *J* is

    V = J R_el(T) + s (4 R T / F) asinh(F |J| R_int(T) g(t) / 4 R T)

with the electrolyte R_el = thickness / sigma (sigma T form of Arrhenius), two interfaces whose exchange
follows Butler-Volmer with equal transfer coefficients (linear resistance R_int), and the ageing g(t) of
the scenario. A short multiplies the voltage by 1 - d(t), d being the share of the apparent resistance that
is lost to the electronic path. Within a half-cycle the interface carries a capacitive rise, a nucleation
overshoot and a rise towards the end (voids on stripping). The record carries noise, the resolution of the
instrument, an offset, unlike polarities, a daily temperature wave of up to 2 K and, in two cells of three,
the previous current or voltage in the first sample of a half-cycle.

References
----------
Counihan et al., "The phantom menace of dynamic soft-shorts in solid-state battery research", Joule (2023).
Wood et al., ACS Cent. Sci. 2 (2016) 790, doi 10.1021/acscentsci.6b00260 (shape of the half-cycle).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from screening.lab.cycling.table import CyclingData, cycling_data_from_arrays
from screening.units import BOLTZMANN_EV_PER_K, KELVIN_AT_0_CELSIUS

REFERENCE_K = 25.0 + KELVIN_AT_0_CELSIUS
ELECTROLYTE_EA_EV = 0.44
"""Activation energy of Li6PS5Cl (sigma T form)."""

DROP_RANGE = (0.30, 0.95)
"""Share of the resistance that a short takes away, drawn log-uniformly."""

RELATIVE_NOISE = (0.002, 0.01)
"""Relative noise of a sample, log-uniform: 0.2 % is a quiet cell, 1 % a poor contact."""

SWING_K = 2.0
"""Largest amplitude of the daily temperature wave."""

TUNING_SEEDS = range(1_000)
"""Seeds that thresholds may be chosen on."""

BENCHMARK_SEEDS = range(100_000, 100_300)
"""Seeds of the published figures; no threshold may be chosen on them."""


class Scenario(StrEnum):
    """What happens to a simulated cell."""

    IMPROVING = "healthy improving"
    STABILISING = "stabilising"
    STEP_DOWN = "current step-down"
    STEPS_UP = "current steps up"
    TEMPERATURE = "temperature swing"
    MICROAMPERE = "microampere"
    HARD = "hard short at 20 h"
    HARD_AT_BOUNDARY = "hard short at a half-cycle boundary"
    INTERMITTENT = "intermittent"
    SLOW_RAMP = "slow ramp"
    STEP_SHORT = "hard short in a current step"


SHORTED = (
    Scenario.HARD,
    Scenario.HARD_AT_BOUNDARY,
    Scenario.INTERMITTENT,
    Scenario.SLOW_RAMP,
    Scenario.STEP_SHORT,
)
BENIGN = tuple(scenario for scenario in Scenario if scenario not in SHORTED)


@dataclass(frozen=True, kw_only=True)
class SimulatedCell:
    """A simulated record and its truth.

    Attributes
    ----------
    data : CyclingData
        The record; its label says "simulated".
    scenario : Scenario
        What was simulated.
    seed : int
        Seed of the generator.
    area_cm2 : float
        Electrode area.
    electrolyte_asr_ohm_cm2 : float
        The electrolyte's own resistance at 25 °C as its maker would state it (within 5 % of the true one).
    half_cycle_s : float
        Length of a half-cycle without rest.
    onset_s, end_s : float
        When the short begins and ends; NaN in a benign cell.
    drop : float
        Largest share of the resistance that the short takes; 0 in a benign cell.
    """

    data: CyclingData
    scenario: Scenario
    seed: int
    area_cm2: float
    electrolyte_asr_ohm_cm2: float
    half_cycle_s: float
    onset_s: float
    end_s: float
    drop: float


@dataclass(frozen=True, kw_only=True)
class _Protocol:
    """Sample times and what the cycler imposes, each of shape (n_rows,)."""

    time_s: np.ndarray
    phase: np.ndarray  # 0..1 within the half-cycle, NaN at rest
    half_cycle: np.ndarray  # index of the half-cycle the row belongs to
    current_density_a_per_cm2: np.ndarray  # signed, 0 at rest
    starts_s: np.ndarray  # shape (n_half_cycles,)
    half_cycle_s: float


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _protocol(rng: np.random.Generator, scenario: Scenario) -> _Protocol:
    half_s = float(rng.choice([1800.0, 3600.0, 7200.0]))
    rest_s = 0.0 if scenario is Scenario.HARD_AT_BOUNDARY else float(rng.choice([0.0, 0.0, 300.0, 600.0]))
    interval_s = half_s / float(rng.choice([60, 120, 240]))
    n_half = int(rng.uniform(80.0, 160.0) * 3600.0 / (half_s + rest_s))
    magnitude = _current_magnitude(rng, scenario, n_half)

    n_samples, n_rest = round(half_s / interval_s), round(rest_s / interval_s)
    phase = np.concatenate([np.arange(n_samples) / n_samples, np.full(n_rest, np.nan)])
    # A cycler logs the switch itself a little after it, hence the half interval.
    time_in = (np.arange(n_samples + n_rest) + 0.5) * interval_s
    starts_s = np.arange(n_half) * interval_s * (n_samples + n_rest)
    sign = np.where(np.arange(n_half) % 2 == 0, 1.0, -1.0)
    current = np.where(np.isnan(phase)[None, :], 0.0, (sign * magnitude)[:, None])
    return _Protocol(
        time_s=(starts_s[:, None] + time_in[None, :]).ravel(),
        phase=np.tile(phase, n_half),
        half_cycle=np.repeat(np.arange(n_half), len(phase)),
        current_density_a_per_cm2=current.ravel(),
        starts_s=starts_s,
        half_cycle_s=half_s,
    )


def _current_magnitude(rng: np.random.Generator, scenario: Scenario, n_half: int) -> np.ndarray:
    """Areal current of every half-cycle, A/cm², shape (n_half,)."""
    if scenario is Scenario.MICROAMPERE:
        return np.full(n_half, _log_uniform(rng, 2e-6, 2e-5))
    level = _log_uniform(rng, 2e-4, 3e-3)
    if scenario is Scenario.STEP_DOWN:
        first, second = np.sort(rng.integers(6, n_half - 6, size=2))
        factors = rng.uniform(1.5, 6.0), rng.uniform(1.0, 2.0)
        index = np.arange(n_half)
        return level / np.where(
            index < first, 1.0, np.where(index < second, factors[0], factors[0] * factors[1])
        )
    if scenario in (Scenario.STEPS_UP, Scenario.STEP_SHORT):
        last = 0.5 if scenario is Scenario.STEPS_UP else 4.0
        ladder = np.array([0.5, 1.0, 1.5, 2.0, 3.0, last]) * level / 3.0
        per_step = 2 * int(rng.integers(1, 6))
        return ladder[np.minimum(np.arange(n_half) // per_step, len(ladder) - 1)]
    return np.full(n_half, level)


def _temperature_c(rng: np.random.Generator, scenario: Scenario, time_s: np.ndarray) -> np.ndarray:
    """Daily wave and a slow drift about 25 °C, shape (n_rows,)."""
    amplitude = SWING_K if scenario is Scenario.TEMPERATURE else rng.uniform(0.0, SWING_K)
    wave = np.sin(2.0 * np.pi * (time_s / 86_400.0 + rng.uniform()))
    drift = rng.uniform(-0.5, 0.5) * time_s / time_s[-1]
    return 25.0 + amplitude * wave + drift


def _ageing(rng: np.random.Generator, scenario: Scenario, protocol: _Protocol) -> np.ndarray:
    """Factor on the interface's resistance, shape (n_rows,), tending to about 1."""
    cycle = protocol.time_s / (2.0 * (protocol.starts_s[1] - protocol.starts_s[0]))
    slow_rise = 1.0 + rng.uniform(0.0, 0.3) * protocol.time_s / protocol.time_s[-1]
    if scenario is Scenario.STABILISING:
        peak = rng.uniform(0.5, 3.0)
        bump = rng.uniform(-0.3, 0.8) * (cycle / peak) * np.exp(1.0 - cycle / peak)
        return (1.0 + bump) * slow_rise
    gain = rng.uniform(0.3, 2.0) if scenario is Scenario.IMPROVING else rng.uniform(0.0, 0.5)
    if rng.random() < 0.5:
        return slow_rise + gain * np.exp(-cycle / rng.uniform(1.0, 6.0))
    middle, width = rng.uniform(1.0, 5.0), rng.uniform(0.4, 1.0)
    return slow_rise + gain / (1.0 + np.exp((cycle - middle) / width))


def _shape(rng: np.random.Generator, phase: np.ndarray, half_cycle_s: float) -> np.ndarray:
    """Factor on the interface's overpotential within a half-cycle, shape (n_rows,)."""
    overshoot, decay = rng.uniform(0.0, 0.5), rng.uniform(0.02, 0.08)
    end_rise, onset = rng.uniform(0.0, 0.4), rng.uniform(0.5, 0.9)
    charging = 1.0 - np.exp(-phase * half_cycle_s / rng.uniform(5.0, 60.0))
    late = np.clip((phase - onset) / (1.0 - onset), 0.0, None)
    return np.nan_to_num(charging * (1.0 + overshoot * np.exp(-phase / decay) + end_rise * late**2), nan=0.0)


@dataclass(frozen=True)
class _Short:
    lost_share: np.ndarray
    onset_s: float
    end_s: float
    drop: float


def _short(rng: np.random.Generator, scenario: Scenario, protocol: _Protocol) -> _Short:
    """Share d(t) of the resistance that the short takes."""
    time_s = protocol.time_s
    if scenario not in SHORTED:
        return _Short(np.zeros_like(time_s), np.nan, np.nan, 0.0)
    drop = _log_uniform(rng, *DROP_RANGE)
    end_s = float(time_s[-1])
    if scenario in (Scenario.HARD, Scenario.HARD_AT_BOUNDARY):
        start = protocol.starts_s[np.argmin(np.abs(protocol.starts_s - 20.0 * 3600.0))]
        inside = scenario is Scenario.HARD
        onset_s = float(start + (rng.uniform(0.0, 1.0) * protocol.half_cycle_s if inside else 0.0))
        # The path that has formed keeps moving a little: its share varies slowly by up to 3 %.
        flicker = 0.03 * (1.0 - drop) * np.sin(2.0 * np.pi * time_s / rng.uniform(600.0, 6000.0))
        return _Short(np.where(time_s >= onset_s, drop + flicker, 0.0), onset_s, end_s, drop)
    if scenario is Scenario.STEP_SHORT:
        # in one of the steps from the third on, at its beginning or within
        density = np.abs(protocol.current_density_a_per_cm2)
        levels = np.unique(density[density > 0.0])
        step = protocol.time_s[np.isclose(density, levels[rng.integers(2, len(levels))])]
        onset_s = float(step[0] + rng.choice([0.0, rng.uniform()]) * min(step[-1] - step[0], 36_000.0))
        return _Short(np.where(time_s >= onset_s, drop, 0.0), onset_s, end_s, drop)
    if scenario is Scenario.SLOW_RAMP:
        onset_s = rng.uniform(24.0, 48.0) * 3600.0
        length_s = min(rng.uniform(20.0, 80.0) * 3600.0, end_s - onset_s)
        progress = np.clip((time_s - onset_s) / length_s, 0.0, 1.0) ** rng.uniform(1.0, 2.0)
        return _Short(drop * progress, onset_s, onset_s + length_s, drop)
    return _intermittent(rng, protocol, drop)


def _intermittent(rng: np.random.Generator, protocol: _Protocol, drop: float) -> _Short:
    """Spells of contact of 1/40 to 1/4 half-cycle, one to three in each of ten half-cycles or more."""
    half_s = protocol.half_cycle_s
    begin_s = rng.uniform(10.0, 30.0) * 3600.0
    end_s = min(begin_s + half_s * rng.uniform(10.0, 40.0), float(protocol.time_s[-1]))
    n_spells = rng.poisson((end_s - begin_s) / half_s * rng.uniform(1.0, 3.0))
    starts = np.sort(rng.uniform(begin_s, end_s, size=n_spells))
    lengths = half_s * np.exp(rng.uniform(np.log(0.025), np.log(0.25), size=n_spells))
    lost = np.zeros_like(protocol.time_s)
    for start, length in zip(starts, lengths, strict=True):
        lost[(protocol.time_s >= start) & (protocol.time_s < start + length)] = drop
    return _Short(lost, float(starts[0]) if n_spells else np.nan, end_s, drop)


def _make_first_sample_stale(
    rng: np.random.Generator, protocol: _Protocol, voltage_v: np.ndarray, current_a: np.ndarray
) -> None:
    """Let the first sample of a half-cycle show the previous current, the previous voltage, or neither."""
    first = np.flatnonzero(np.diff(protocol.half_cycle)) + 1
    stale = rng.choice(["current", "voltage", "neither"])
    if stale == "current":
        current_a[first] = current_a[first - 1]
    elif stale == "voltage":
        voltage_v[first] = voltage_v[first - 1]


def simulate(scenario: Scenario, seed: int) -> SimulatedCell:
    """Simulate one symmetric cell Li | electrolyte | Li.

    Parameters
    ----------
    scenario : Scenario
        What happens to the cell.
    seed : int
        Seed; the same scenario and seed always give the same cell.

    Returns
    -------
    SimulatedCell
        About 80 to 160 h of cycling, labelled "simulated", with its truth.
    """
    rng = np.random.default_rng([seed, list(Scenario).index(scenario)])
    area_cm2 = float(np.pi * 0.25 * rng.choice([1.0, 1.2, 1.3]) ** 2)
    protocol = _protocol(rng, scenario)
    celsius = _temperature_c(rng, scenario, protocol.time_s)
    kelvin = celsius + KELVIN_AT_0_CELSIUS

    def arrhenius(ea_ev: float) -> np.ndarray:
        exponent = ea_ev / BOLTZMANN_EV_PER_K * (1.0 / kelvin - 1.0 / REFERENCE_K)
        return kelvin / REFERENCE_K * np.exp(exponent)

    electrolyte_ohm_cm2 = _log_uniform(rng, 30.0, 120.0)
    interface_ohm_cm2 = electrolyte_ohm_cm2 * _log_uniform(rng, 0.4, 5.0)
    resistance = interface_ohm_cm2 * arrhenius(rng.uniform(0.35, 0.60)) * _ageing(rng, scenario, protocol)
    density = protocol.current_density_a_per_cm2
    thermal_v = 4.0 * BOLTZMANN_EV_PER_K * kelvin
    interface_v = thermal_v * np.arcsinh(density * resistance / thermal_v)
    polarity = 1.0 + rng.uniform(-0.05, 0.05) * np.sign(density)
    ideal_v = density * electrolyte_ohm_cm2 * arrhenius(ELECTROLYTE_EA_EV)
    ideal_v += interface_v * polarity * _shape(rng, protocol.phase, protocol.half_cycle_s)
    short = _short(rng, scenario, protocol)
    clean_v = ideal_v * (1.0 - short.lost_share)

    noise = _log_uniform(rng, *RELATIVE_NOISE)
    noise_v = np.hypot(noise * np.abs(clean_v), 2e-5)
    offset_v = rng.uniform(-1.0, 1.0) * 0.02 * float(np.median(np.abs(ideal_v)))
    voltage_v = np.round((clean_v + offset_v + noise_v * rng.standard_normal(len(clean_v))) / 1e-5) * 1e-5
    current_a = density * area_cm2
    _make_first_sample_stale(rng, protocol, voltage_v, current_a)
    columns = {"ambient_temperature_celsius": celsius} if rng.random() < 0.5 else {}
    label = f"simulated: {scenario}, seed {seed}"
    return SimulatedCell(
        data=cycling_data_from_arrays(protocol.time_s, voltage_v, current_a, cell=label, **columns).of_cell(
            area_cm2=area_cm2
        ),
        scenario=scenario,
        seed=seed,
        area_cm2=area_cm2,
        electrolyte_asr_ohm_cm2=electrolyte_ohm_cm2 * rng.uniform(0.95, 1.05),
        half_cycle_s=protocol.half_cycle_s,
        onset_s=short.onset_s,
        end_s=short.end_s,
        drop=short.drop,
    )

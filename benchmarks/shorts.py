"""How well shorts are told on classes that the detector was not designed on.

    python benchmarks/shorts.py [--json] [--cells N] [--only WORD]

The cells here are made by equations of their own, not by `screening.simulate`: a resistance with a slow
transient in place of Butler-Volmer kinetics, formation by five laws with gains of 0 to 2, rooms with night
set-back and weather, and a short that is a conductance *beside* the cell: of the imposed current J only
J - V G passes as ions. No threshold was chosen on the seeds used here. Everything is simulated.

Printed by class: the share of right verdicts of shorted cells, and of alarms of sound ones. Classes called
"unfavourable" hold what no voltage can tell from a short; they are printed to show how often that happens.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from zlib import crc32

import numpy as np

from screening.lab.analysis import joint_verdict
from screening.lab.cell import Cell
from screening.lab.cycling.symmetric import LifeEnd, SymmetricReport, assess_symmetric
from screening.lab.cycling.table import CyclingData, cycling_data_from_arrays
from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.short import Short

CELLS = 300
TUNING, PUBLISHED = 0, 1
"""Streams of seeds: thresholds may be looked at on the first only."""

KELVIN = 273.15
EV_OVER_K = 11604.5
AREA_CM2 = 0.785


@dataclass(kw_only=True)
class Bench:
    """A record in the making: the clock and what the cycler and the room impose, per row."""

    rng: np.random.Generator
    time_h: np.ndarray
    density: np.ndarray  # A/cm², signed, 0 at rest
    since_h: np.ndarray  # since this pulse began
    celsius: np.ndarray
    half: np.ndarray  # number of the half-cycle
    half_h: float
    formation: np.ndarray = field(default_factory=lambda: np.ones(1))
    leak: np.ndarray = field(default_factory=lambda: np.zeros(1))  # S/cm²
    ohm_cm2: float = 100.0
    noise: float = 0.003
    spikes: float = 0.0
    recorded: bool = False
    onset_h: float = np.nan

    @property
    def cycle(self) -> np.ndarray:
        """Cycles since the start."""
        return self.time_h / (2.0 * self.half_h)

    def conductance(self, drop: float) -> float:
        """Leak that takes a share of the resistance, S/cm²."""
        return drop / (1.0 - drop) / self.ohm_cm2


def bench(
    rng: np.random.Generator, *, hours: float = 0.0, rest_h: float = 0.0, pulse_h: float = 0.0
) -> Bench:
    """Half-cycles of 0.5, 1 or 2 h at one current, by pulses with rests of the same length where asked."""
    half_h = float(rng.choice([0.5, 1.0, 2.0]))
    total = hours or float(rng.uniform(90.0, 200.0))
    per = int(rng.choice([40, 80, 160]))
    step = half_h / per
    on = np.ones(per, bool)
    since = np.arange(per) * step
    if pulse_h:
        length = max(2, round(pulse_h / step))
        on = np.concatenate([np.r_[np.ones(length, bool), np.zeros(length, bool)]] * -(-per // length))
        since = np.tile(np.arange(2 * length) * step, -(-per // length))
    gap = round(rest_h / step)
    on, since = np.r_[on, np.zeros(gap, bool)], np.r_[since, np.zeros(gap)]
    count = int(total / (len(on) * step))
    sign = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    level = float(np.exp(rng.uniform(np.log(2e-4), np.log(3e-3))))
    rows = count * len(on)
    return Bench(
        rng=rng,
        time_h=(np.arange(rows) + 0.5) * step,
        density=(sign[:, None] * on * level).ravel(),
        since_h=np.tile(since, count),
        celsius=np.full(rows, 25.0),
        half=np.repeat(np.arange(count), len(on)),
        half_h=len(on) * step,
        formation=np.ones(rows),
        leak=np.zeros(rows),
        ohm_cm2=float(np.exp(rng.uniform(np.log(50.0), np.log(400.0)))),
        noise=float(np.exp(rng.uniform(np.log(0.002), np.log(0.01)))),
    )


def form(cell: Bench, low: float = 0.0, high: float = 2.0) -> Bench:
    """Formation by one of five laws; the gain is the resistance lost over that kept."""
    rng, cycle = cell.rng, cell.cycle
    gain, pace = rng.uniform(low, high), float(np.exp(rng.uniform(np.log(1.0), np.log(12.0))))
    law = rng.integers(5)
    if law == 0:
        course = np.exp(-cycle / pace)
    elif law == 1:
        course = np.exp(-((cycle / pace) ** 0.5))
    elif law == 2:
        course = (1.0 + cycle / pace) ** -1.0
    elif law == 3:
        course = 1.0 - np.log1p(cycle / pace) / np.log1p(cycle[-1] / pace)
    else:
        course = 1.0 / (1.0 + np.exp((cycle - rng.uniform(1.0, 5.0)) / rng.uniform(0.4, 1.0)))
    cell.formation = 1.0 + gain * course + rng.uniform(0.0, 0.2) * np.sqrt(cell.time_h / cell.time_h[-1])
    return cell


def strong(cell: Bench) -> Bench:
    """Formation of the founding paper's cells: 40 % lost over 80 h, and it does not stop there."""
    pace = cell.rng.uniform(25.0, 80.0)
    course = 1.0 - (1.0 - np.exp(-cell.time_h / pace)) / (1.0 - np.exp(-80.0 / pace)) * 0.4
    cell.formation = course / course[-1]
    return cell


def room(cell: Bench, low_k: float = 0.0, high_k: float = 1.0) -> Bench:
    """Day and night with a set-back, no two days alike, and weather of 0.3 K over half-days."""
    rng, day = cell.rng, cell.time_h / 24.0 + cell.rng.uniform()
    size = rng.uniform(low_k, high_k) * (1.0 + 0.1 * rng.standard_normal(int(day[-1]) + 2))[day.astype(int)]
    wave = np.sin(2 * np.pi * day) + rng.uniform(0.0, 0.3) * np.sin(4 * np.pi * day + rng.uniform(0, 6))
    spots = rng.standard_normal(int(cell.time_h[-1] / 12.0) + 2) * 0.3
    weather = np.interp(cell.time_h, np.arange(len(spots)) * 12.0, spots)
    cell.celsius = cell.celsius + size * wave / np.abs(wave).max() + weather
    return cell


def record(cell: Bench, label: str) -> CyclingData:
    """The voltage that the cell shows."""
    rng = cell.rng
    kelvin = cell.celsius + KELVIN
    thermal = kelvin / 298.15 * np.exp(rng.uniform(0.38, 0.55) * EV_OVER_K * (1.0 / kelvin - 1.0 / 298.15))
    pulse = np.maximum(cell.since_h, 0.0)
    transient = 1.0 - rng.uniform(0.0, 0.4) * np.exp(-pulse / rng.uniform(0.01, 0.05))
    transient += rng.uniform(0.0, 0.3) * np.sqrt(pulse / cell.half_h)
    ionic = cell.ohm_cm2 * cell.formation * thermal * transient
    voltage = cell.density * ionic / (1.0 + ionic * cell.leak)
    size = np.hypot(cell.noise * np.abs(voltage), 2e-5)
    voltage = voltage + size * rng.standard_normal(len(voltage))
    if cell.spikes:
        at = rng.random(len(voltage)) < cell.spikes
        voltage = voltage * np.where(at, 1.0 + 0.3 * rng.standard_normal(len(voltage)), 1.0)
    columns = {"ambient_temperature_celsius": cell.celsius} if cell.recorded else {}
    return cycling_data_from_arrays(
        3600.0 * cell.time_h, voltage, cell.density * AREA_CM2, cell=f"simulated: {label}", **columns
    ).of_cell(area_cm2=AREA_CM2)


# what happens to it -----------------------------------------------------------------------------------


def ramp(cell: Bench, drop: tuple[float, float] = (0.3, 0.95)) -> Bench:
    """A leak that grows over 20 to 80 h from 24 to 60 h on, straight or ever faster."""
    rng, end = cell.rng, cell.time_h[-1]
    begin = max(rng.uniform(24.0, 60.0), 10 * 2 * cell.half_h)
    length = min(rng.uniform(20.0, 80.0), end - begin)
    grown = np.clip((cell.time_h - begin) / length, 0.0, 1.0) ** rng.uniform(1.0, 2.0)
    cell.leak = cell.conductance(rng.uniform(*drop)) * grown
    cell.onset_h = begin
    return cell


def hard(cell: Bench, begin_h: float = 0.0) -> Bench:
    """A leak that is there at once and stays."""
    begin = begin_h or cell.rng.uniform(20.0, 0.8 * cell.time_h[-1])
    cell.leak = np.where(cell.time_h >= begin, cell.conductance(cell.rng.uniform(0.35, 0.95)), 0.0)
    cell.onset_h = float(begin)
    return cell


def micro(cell: Bench, *, gradual: bool = False) -> Bench:
    """A micro-short of 3 to 8 h that heals, at once or over some hours."""
    rng = cell.rng
    begin, length = rng.uniform(20.0, 0.7 * cell.time_h[-1]), rng.uniform(max(3.0, 2.5 * cell.half_h), 8.0)
    after = np.maximum(cell.time_h - begin - length, 0.0)
    fading = np.exp(-after / (rng.uniform(1.0, 4.0) if gradual else 1e-3))
    cell.leak = np.where(cell.time_h >= begin, cell.conductance(rng.uniform(0.4, 0.9)) * fading, 0.0)
    cell.onset_h = begin
    return cell


def slow_micro(cell: Bench) -> Bench:
    """A leak that comes over 6 to 12 h, stays as long and goes as slowly."""
    rng = cell.rng
    length, begin = rng.uniform(6.0, 12.0), rng.uniform(30.0, 0.5 * cell.time_h[-1])
    shape = np.interp(cell.time_h, begin + length * np.arange(4), [0.0, 1.0, 1.0, 0.0])
    cell.leak = cell.conductance(rng.uniform(0.4, 0.8)) * shape
    cell.onset_h = begin
    return cell


def dropouts(cell: Bench) -> Bench:
    """Contact faster than the sampling: rows at random, 5 to 50 % of them, for 10 h or to the end."""
    rng = cell.rng
    begin = rng.uniform(15.0, 0.6 * cell.time_h[-1])
    during = (cell.time_h >= begin) & (cell.time_h < begin + rng.choice([10.0, 1e9]))
    rows = during & (rng.random(len(cell.time_h)) < rng.uniform(0.05, 0.5))
    cell.leak = np.where(rows, cell.conductance(rng.uniform(0.3, 0.9)), 0.0)
    cell.onset_h = begin
    return cell


def steps(cell: Bench) -> Bench:
    """A rate test: five currents, up and down again."""
    factors = cell.rng.permutation([0.25, 0.5, 1.0, 2.0, 0.5])
    per = max(4, 2 * round(cell.half[-1] / 10))
    cell.density = cell.density * factors[np.minimum(cell.half // per, 4)]
    return cell


def warmed(cell: Bench, kelvin: float, *, recorded: bool) -> Bench:
    """The chamber is set to another temperature half-way, and reaches it in an hour."""
    middle = cell.rng.uniform(0.3, 0.7) * cell.time_h[-1]
    cell.celsius = cell.celsius + kelvin * (1.0 - np.exp(-np.maximum(cell.time_h - middle, 0.0)))
    cell.recorded = recorded
    return cell


def lost_contact(cell: Bench, *, restored: bool = False) -> Bench:
    """Voids: the resistance doubles; where asked, pressure closes them at once."""
    growth = np.maximum(cell.time_h / cell.time_h[-1] - 0.3, 0.0) * cell.rng.uniform(0.5, 1.5)
    if restored:
        growth = np.where(cell.time_h > 0.8 * cell.time_h[-1], 0.0, growth)
    cell.formation = cell.formation * (1.0 + growth)
    return cell


def wetting(cell: Bench) -> Bench:
    """An improvement that begins late, as a short does."""
    middle = cell.rng.uniform(0.4, 0.6) * cell.time_h[-1]
    cell.formation = 1.0 + cell.rng.uniform(0.5, 1.5) / (1.0 + np.exp((cell.time_h - middle) / 6.0))
    return cell


def wandering(cell: Bench) -> Bench:
    """A room without control: 1 K of weather over half-days, not recorded."""
    spots = cell.rng.standard_normal(int(cell.time_h[-1] / 12.0) + 2)
    cell.celsius = cell.celsius + np.interp(cell.time_h, np.arange(len(spots)) * 12.0, spots)
    return cell


def noisy(cell: Bench) -> Bench:
    """A poor contact: 5 % of the rows off by 30 % either way."""
    cell.spikes = 0.05
    return cell


def rests(rng: np.random.Generator) -> Bench:
    """Rests of 1 h in each half-cycle."""
    return bench(rng, rest_h=1.0)


def pulses(rng: np.random.Generator) -> Bench:
    """Half-cycles by pulses (galvanostatic intermittent titration)."""
    return bench(rng, pulse_h=0.25)


Make = Callable[[np.random.Generator], Bench]

SOUND: dict[str, Make] = {
    "formation, gain 0 to 2": lambda rng: room(form(bench(rng))),
    "formation of 40 % over 80 h": lambda rng: room(strong(bench(rng))),
    "daily wave of 2 to 5 K, not recorded": lambda rng: room(form(bench(rng), 0.0, 0.5), 2.0, 5.0),
    "the same on 40 % over 80 h": lambda rng: room(strong(bench(rng)), 2.0, 5.0),
    "temperature step of 10 K, recorded": lambda rng: warmed(form(bench(rng)), 10.0, recorded=True),
    "rate test": lambda rng: room(steps(form(bench(rng), 0.0, 0.5))),
    "rests": lambda rng: room(form(rests(rng))),
    "pulses and rests (GITT)": lambda rng: room(form(pulses(rng))),
    "poor contact, spikes both ways": lambda rng: room(noisy(form(bench(rng)))),
    "voids grow": lambda rng: room(lost_contact(form(bench(rng)))),
}

UNFAVOURABLE: dict[str, Make] = {
    "temperature step of 5 K, not recorded": lambda rng: warmed(form(bench(rng)), 5.0, recorded=False),
    "weather of 1 K, not recorded": lambda rng: wandering(form(bench(rng))),
    "voids closed by pressure": lambda rng: room(lost_contact(form(bench(rng)), restored=True)),
    "improvement that begins late": lambda rng: room(wetting(bench(rng))),
}

SHORTED: dict[str, tuple[Make, tuple[Short, ...]]] = {
    "slow leak, gain 0 to 0.5": (lambda rng: ramp(room(form(bench(rng), 0.0, 0.5))), ()),
    "slow leak, gain 0.5 to 1": (lambda rng: ramp(room(form(bench(rng), 0.5, 1.0))), ()),
    "slow leak, gain 1 to 2": (lambda rng: ramp(room(form(bench(rng), 1.0, 2.0))), ()),
    "slow leak on 40 % over 80 h": (lambda rng: ramp(room(strong(bench(rng)))), ()),
    "slow leak, daily wave of 2 to 5 K": (lambda rng: ramp(room(form(bench(rng)), 2.0, 5.0)), ()),
    "slow leak of 15 to 30 %": (lambda rng: ramp(room(form(bench(rng))), (0.15, 0.3)), ()),
    "hard": (lambda rng: hard(room(form(bench(rng)))), (Short.HARD,)),
    "hard, daily wave of 2 to 5 K": (lambda rng: hard(room(form(bench(rng)), 2.0, 5.0)), (Short.HARD,)),
    "hard in a rate test": (lambda rng: hard(room(steps(form(bench(rng), 0.0, 0.5)))), (Short.HARD,)),
    "hard, rests": (lambda rng: hard(room(form(rests(rng)))), (Short.HARD,)),
    "hard, pulses (GITT)": (lambda rng: hard(room(form(pulses(rng)))), (Short.HARD,)),
    "hard, temperature step recorded": (
        lambda rng: hard(warmed(form(bench(rng)), 10.0, recorded=True)),
        (Short.HARD,),
    ),
    "micro-short of 3 to 8 h, heals at once": (lambda rng: micro(room(form(bench(rng)))), (Short.HEALED,)),
    "micro-short that heals over hours": (
        lambda rng: micro(room(form(bench(rng))), gradual=True),
        (Short.HEALED,),
    ),
    "slow micro-short": (lambda rng: slow_micro(room(form(bench(rng)))), ()),
    "drop-outs like noise": (lambda rng: dropouts(room(form(bench(rng)))), (Short.SOFT, Short.HARD)),
}


def generator(name: str, seed: int, stream: int) -> np.random.Generator:
    """Random numbers of one cell of a class."""
    return np.random.default_rng([stream, crc32(name.encode()), seed])


def is_right(report: SymmetricReport, cell: Bench, wanted: tuple[Short, ...]) -> bool:
    """Whether the verdict does a short justice: its kind, its time, and what it means for the life."""
    verdict = report.verdict
    if not wanted:
        return verdict.verdict.is_alarm
    if verdict.verdict not in wanted:
        return False
    if wanted == (Short.HARD,):
        return abs(verdict.time_h - cell.onset_h) <= cell.half_h + 0.1
    return wanted != (Short.HEALED,) or report.life.end is LifeEnd.RECORD


def symmetric_classes(cells: int, stream: int, only: str) -> Iterator[tuple[str, str, float, dict[str, int]]]:
    """Kind, class, share of right verdicts (of alarms, for sound cells), and how often each verdict."""
    classes = [("sound", name, make, ()) for name, make in SOUND.items()]
    classes += [("unfavourable", name, make, ()) for name, make in UNFAVOURABLE.items()]
    classes += [("shorted", name, *each) for name, each in SHORTED.items()]
    for kind, name, make, wanted in classes:
        if only not in f"{kind} {name}":
            continue
        counts: dict[str, int] = {}
        right = 0
        for seed in range(cells):
            cell = make(generator(name, seed, stream))
            report = assess_symmetric(record(cell, name), Cell())
            word = str(report.verdict.verdict)
            counts[word] = counts.get(word, 0) + 1
            right += is_right(report, cell, wanted)
        yield kind, name, right / cells, counts


SPECTRA_CELLS = 30
"""Cells of the class that takes a series of spectra each."""


def spectra(rng: np.random.Generator, *, shorted: bool) -> list[Spectrum]:
    """Spectra between the cycles: from the middle on a contact at rest, beside the whole cell."""
    frequency = np.logspace(np.log10(7e6), -1.0, 60)
    omega = 2j * np.pi * frequency
    arcs = [(30.0, 1e-7, 0.9), (12.0, 3e-5, 0.85), (25.0, 0.7, 0.9)]
    sound = 10.0 + sum(ohm / (1.0 + (omega * tau) ** power) for ohm, tau, power in arcs)
    beside = 77.0 * float(np.exp(rng.uniform(np.log(0.2), np.log(1.5))))
    series = []
    for index in range(12):
        scale = 1.0 + 0.3 * np.exp(-index / 2.0)
        z = sound * scale
        if shorted and index >= 6:
            z = 1.0 / (1.0 / z + 1.0 / beside)
        noise = rng.standard_normal((2, len(z))) * 0.003 * np.abs(z)
        series.append(Spectrum(frequency, z + noise[0] + 1j * noise[1], time_s=36_000.0 * index))
    return series


def spectra_classes(cells: int, stream: int) -> Iterator[tuple[str, str, float, dict[str, int]]]:
    """A short at rest that only impedance can see: the joint verdict of both measurements."""
    name = "at rest only, seen by impedance"
    for kind, shorted in (("sound", False), ("shorted", True)):
        counts: dict[str, int] = {}
        alarms = 0
        for seed in range(min(cells, SPECTRA_CELLS)):
            rng = generator(name, seed, stream)
            cycled = assess_symmetric(record(room(form(bench(rng))), name), Cell())
            joint = joint_verdict(cycled, analyse(spectra(rng, shorted=shorted)))
            word = str(joint.verdict)
            counts[word] = counts.get(word, 0) + 1
            alarms += joint.verdict.is_alarm
        yield kind, name, alarms / min(cells, SPECTRA_CELLS), counts


def main() -> None:
    """Judge every class and print the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--cells", type=int, default=CELLS, help="cells per class")
    parser.add_argument("--only", default="", help="classes whose kind and name hold this word")
    parser.add_argument("--tuning", action="store_true", help="the seeds that thresholds may be looked at on")
    arguments = parser.parse_args()
    stream = TUNING if arguments.tuning else PUBLISHED
    rows = []
    classes = [symmetric_classes(arguments.cells, stream, arguments.only)]
    if arguments.only in "at rest only, seen by impedance":
        classes.append(spectra_classes(arguments.cells, stream))
    for kind, name, share, counts in chain(*classes):
        rows.append({"kind": kind, "class": name, "share": share, "verdicts": counts})
        if not arguments.json:
            told = ", ".join(f"{word} {count}" for word, count in sorted(counts.items()))
            print(f"{kind:13s} {name:42s} {share:7.1%}  {told}", flush=True)
    if arguments.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()

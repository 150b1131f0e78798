"""Shorts of full cells and of cells that plate on a bare side, on classes made apart from the detector.

    python benchmarks/charge_shorts.py [--json] [--cells N] [--only WORD]

A full cell is a state of charge, an equilibrium curve, a resistance and a conductance *beside* the cell,
which takes V G of the current whichever way that runs: nothing is told to the cell but the current and the
cut-off voltages, and efficiency, drop-outs and missing ends follow. A plating cell is an amount of lithium
on a side that held none, which runs out. No threshold was chosen on the seeds used here. Everything is
simulated.

Printed by class: the share of right verdicts of shorted cells, and of alarms of sound ones; for plating cells
the error of the efficiency by either definition. "Unfavourable" is what no voltage can tell from a short.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from screening.errors import InputError
from screening.lab.cell import Cell
from screening.lab.cycling.full import assess_full
from screening.lab.cycling.plating import assess_plating
from screening.lab.cycling.table import CyclingData, cycling_data_from_arrays
from screening.lab.short import Short

CELLS = 300
TUNING, PUBLISHED = 0, 1
AREA_CM2 = 0.785
UPPER_V, LOWER_V = 4.2, 2.6

Leak = Callable[[float, int, bool], float]  # share of the current lost, at a time, in a cycle, on charge


@dataclass(kw_only=True)
class Full:
    """What a full cell is; capacities in mAh/cm², currents in mA/cm²."""

    rng: np.random.Generator
    capacity: float
    ohm: float
    rate: float = 0.3
    cycles: int = 40
    side: float = 0.002
    first_loss: float = 0.05
    fade: float = 0.002
    noise_v: float = 3e-4
    wave_k: float = 0.0
    hold: bool = False
    interrupted: float = 0.0
    spikes: float = 0.0
    limit: float = 1.5  # charge at which the cycler stops, over the capacity
    rates: tuple[float, ...] = ()
    sides: Callable[[int], float] | None = None
    leak: Leak = field(default=lambda time_h, cycle, charging: 0.0)


def full(rng: np.random.Generator) -> Full:
    """A sound cell."""
    return Full(
        rng=rng,
        capacity=float(rng.uniform(0.8, 3.0)),
        ohm=float(rng.uniform(40.0, 250.0)),
        rate=float(rng.choice([0.1, 0.2, 0.3, 0.5])),
        cycles=int(rng.integers(20, 60)),
        side=float(np.exp(rng.uniform(np.log(5e-4), np.log(6e-3)))),
        first_loss=float(rng.uniform(0.0, 0.15)),
        fade=float(rng.uniform(0.0, 0.006)),
        noise_v=float(np.exp(rng.uniform(np.log(1e-4), np.log(2e-3)))),
        wave_k=float(rng.uniform(0.0, 5.0)),
        hold=bool(rng.random() < 0.3),
    )


def open_circuit_v(state: float) -> float:
    """A layered oxide: a slope with a flat part."""
    state = min(max(state, -0.05), 1.05)
    fall = 1.6 * np.exp(-60.0 * (state + 0.02)) if state < 0.1 else 0.0
    return float(3.82 + 0.06 * np.tanh(8.0 * (state - 0.15)) + 0.38 * state**3 - fall)


def record_full(cell: Full, label: str) -> CyclingData:
    """Cycle the cell and write down what its cycler would."""
    rng, rows = cell.rng, []
    state, time_h = 0.0, 0.0
    day = rng.uniform()
    for cycle in range(cell.cycles):
        capacity = cell.capacity * (1.0 - cell.fade * cycle)
        rate = cell.rates[cycle % len(cell.rates)] if cell.rates else cell.rate
        side = cell.sides(cycle) if cell.sides else cell.side
        for charging in (True, False):
            sign, current, passed = 1.0 if charging else -1.0, rate * cell.capacity, 0.0
            step_h = 1.0 / rate / 150.0
            stop_early = not charging and rng.random() < cell.interrupted
            end = rng.uniform(0.2, 0.8) * cell.capacity if stop_early else cell.limit * cell.capacity
            while passed < end:
                warm = np.exp(-0.05 * cell.wave_k * np.sin(2 * np.pi * (time_h / 24.0 + day)))
                leak = cell.leak(time_h, cycle, charging) * rate * cell.capacity / 3.8
                ohm = cell.ohm * warm * (1.0 + 0.005 * cycle) / 1e3
                volts = (open_circuit_v(state) + sign * ohm * current) / (1.0 + ohm * leak)
                if charging and volts >= UPPER_V:
                    if not cell.hold:
                        rows.append((time_h + 0.1 * step_h, UPPER_V, current))
                        time_h += 0.1 * step_h
                        break
                    current = max((UPPER_V * (1.0 + ohm * leak) - open_circuit_v(state)) / ohm, 0.0)
                    volts = UPPER_V
                    if current < 0.1 * rate * cell.capacity:
                        break
                if not charging and volts <= LOWER_V:
                    break
                time_h += step_h
                rows.append((time_h, volts, sign * current))
                lost = side + (cell.first_loss if cycle == 0 else 0.0)
                stored = sign * current - leak * volts
                state += step_h * stored * (1.0 - lost if charging else 1.0) / capacity
                passed += step_h * current
            for _ in range(4):
                time_h += step_h
                rows.append((time_h, open_circuit_v(state), 0.0))
    table = np.array(rows)
    volts = table[:, 1] + cell.noise_v * rng.standard_normal(len(table))
    poor = (rng.random(len(table)) < cell.spikes) * rng.exponential(0.5, len(table))
    volts = volts + poor * cell.ohm * table[:, 2] / 1e3
    return cycling_data_from_arrays(
        3600.0 * table[:, 0], volts, 1e-3 * AREA_CM2 * table[:, 2], cell=f"simulated: {label}"
    ).of_cell(area_cm2=AREA_CM2)


def changed(cell: Full, **what: object) -> Full:
    """The cell with other figures."""
    for name, value in what.items():
        setattr(cell, name, value)
    return cell


def leaking(
    cell: Full, low: float, high: float, *, contact: float = 0.0, grows: int = 0, lasts: int = 10_000
) -> Full:
    """A leak from a cycle on: steady, or `contact` of the time on charge in spells of a few rows."""
    rng = cell.rng
    begin = int(rng.integers(6, cell.cycles - 8))
    share = float(rng.uniform(low, high))
    spell = 3.0 / cell.rate / 150.0
    phase = rng.uniform(0.0, 1e4)

    def leak(time_h: float, cycle: int, charging: bool) -> float:
        if not begin <= cycle < begin + lasts:
            return 0.0
        size = share * min(1.0, (cycle - begin + 1) / grows) if grows else share
        if not contact:
            return size
        number = int((time_h + phase) / spell)
        touches = (number * 2654435761 % 2**32) / 2**32 < contact
        return size / contact if charging and touches else 0.0

    return changed(cell, leak=leak)


FullMake = Callable[[np.random.Generator], Full]

SOUND: dict[str, FullMake] = {
    "sound, wave of up to 5 K": full,
    "poor but steady, 92 to 98 %": lambda rng: changed(full(rng), side=float(rng.uniform(0.02, 0.08))),
    "efficiency that improves, 90 to 99 %": lambda rng: changed(
        full(rng), sides=lambda cycle: 0.004 + 0.1 * 0.7**cycle
    ),
    "side reaction that grows, 99.5 to 97 %": lambda rng: changed(
        full(rng), cycles=60, sides=lambda cycle: 0.005 + 0.025 * cycle / 60.0
    ),
    "rate test": lambda rng: changed(full(rng), rates=(0.1,) * 4 + (0.3,) * 4 + (1.0,) * 4, cycles=24),
    "poor contact, 5 % of rows higher": lambda rng: changed(full(rng), spikes=0.05),
    "discharges broken off": lambda rng: changed(full(rng), interrupted=0.15),
}
UNFAVOURABLE: dict[str, FullMake] = {
    "side reaction that begins at once, 99.5 to 90 %": lambda rng: changed(
        full(rng), sides=lambda cycle: 0.005 if cycle < 12 else 0.1
    ),
}
SHORTED: dict[str, tuple[FullMake, tuple[Short, ...]]] = {
    "as Figure S11: 99.5 to 70 %, drop-outs": (
        lambda rng: leaking(full(rng), 0.25, 0.4, contact=0.4, grows=5),
        (Short.SOFT, Short.HARD),
    ),
    "drop-outs on charge, 5 to 20 % lost": (
        lambda rng: leaking(full(rng), 0.05, 0.2, contact=0.2),
        (Short.SOFT, Short.HARD),
    ),
    "the same for 3 cycles, then healed": (
        lambda rng: leaking(full(rng), 0.08, 0.25, contact=0.2, lasts=3),
        (Short.HEALED,),
    ),
    "steady leak of 5 to 30 %": (lambda rng: leaking(full(rng), 0.05, 0.3), ()),
    "steady leak of 2 to 5 %": (lambda rng: leaking(full(rng), 0.02, 0.05), ()),
    "dead short": (lambda rng: leaking(full(rng), 1.1, 5.0), (Short.HARD,)),
    "dead short, charge limited to the capacity": (
        lambda rng: leaking(changed(full(rng), limit=1.05), 1.1, 5.0),
        (Short.HARD,),
    ),
}


def generator(name: str, seed: int, stream: int) -> np.random.Generator:
    """Random numbers of one cell of a class."""
    return np.random.default_rng([stream, crc32(name.encode()), seed])


def full_classes(cells: int, stream: int, only: str) -> list[dict[str, object]]:
    """Judge the classes of full cells."""
    classes = [("sound", name, make, ()) for name, make in SOUND.items()]
    classes += [("unfavourable", name, make, ()) for name, make in UNFAVOURABLE.items()]
    classes += [("shorted", name, *each) for name, each in SHORTED.items()]
    rows = []
    for kind, name, make, wanted in classes:
        if only not in f"full {kind} {name}":
            continue
        counts: dict[str, int] = {}
        right = 0
        for seed in range(cells):
            verdict = assess_full(record_full(make(generator(name, seed, stream)), name)).verdict.verdict
            counts[str(verdict)] = counts.get(str(verdict), 0) + 1
            right += verdict in wanted if wanted else verdict.is_alarm
        rows.append({"cell": "full", "kind": kind, "class": name, "share": right / cells, "verdicts": counts})
        show(rows[-1])
    return rows


# plating on a bare side -------------------------------------------------------------------------------


def record_plating(
    rng: np.random.Generator, label: str, *, reservoir: bool, short: str = ""
) -> tuple[CyclingData, float]:
    """A record Li | Cu and its true efficiency of a cycle.

    Of what is plated a share is lost, so that inner cycles eat into the reservoir. `short` is ``soft``
    (contact in spells while plating) or ``hard`` (a conductance from the middle on).
    """
    efficiency, capacity = float(rng.uniform(0.8, 0.998)), float(rng.uniform(0.5, 2.0))
    current, eta = float(rng.uniform(0.2, 1.0)), float(rng.uniform(0.01, 0.15))
    turned = rng.random() < 0.3  # some wire the cell the other way round
    cutoff, rows = float(rng.choice([0.5, 1.0])), []
    # strips and platings: +1 with no limit is a stripping to the end
    plan: list[tuple[int, float]] = []
    if reservoir:
        inner = [(1, capacity), (-1, capacity)] * int(rng.integers(8, 12))
        plan = [(-1, 5 * capacity), (1, np.inf), (-1, 5 * capacity), *inner, (1, np.inf)]
    else:
        plan = [(-1, capacity), (1, np.inf)] * int(rng.integers(10, 40))
    begin = rng.uniform(0.3, 0.6) * len(plan)
    held, time_h, step_h = 0.0, 0.0, capacity / current / 120.0
    drop = rng.uniform(0.4, 0.9)
    for number, (sign, amount) in enumerate(plan):
        passed, most = 0.0, 3.0 * 5 * capacity if reservoir else 3.0 * capacity
        left = 0
        while passed < min(amount, most):
            empty = max(0.0, 1.0 - held / (0.01 * capacity)) if sign > 0 else 0.0
            nucleation = 0.5 * np.exp(-passed / (0.01 * capacity)) if sign < 0 else 0.0
            volts = eta * (1.0 + nucleation) + 1.2 * cutoff * empty**2
            leak = 0.0
            if short == "hard" and number >= begin:
                leak = 1.5 * current / (0.5 * cutoff)
            elif short == "soft" and number >= begin:
                left = left - 1 if left else (int(rng.integers(4, 12)) if rng.random() < 0.03 else 0)
                leak = drop / (1.0 - drop) * current / eta if left else 0.0
            volts = volts / (1.0 + volts / current * leak)
            if sign > 0 and volts >= cutoff:
                break
            ionic = current - leak * volts
            held += step_h * ionic * (efficiency if sign < 0 else -1.0)
            time_h, passed = time_h + step_h, passed + step_h * current
            rows.append((time_h, sign * volts, sign * current))
        if sign > 0 and amount == np.inf and not leak:
            rows.append((time_h + 0.1 * step_h, sign * cutoff, sign * current))
        if sign > 0 and not np.isfinite(amount):
            held = max(held, 0.0)
        time_h += 2 * step_h
        rows.append((time_h, 0.0, 0.0))
    table = np.array(rows) * (1.0, -1.0 if turned else 1.0, -1.0 if turned else 1.0)
    volts = table[:, 1] + 3e-4 * rng.standard_normal(len(table))
    data = cycling_data_from_arrays(
        3600.0 * table[:, 0], volts, 1e-3 * AREA_CM2 * table[:, 2], cell=f"simulated: {label}"
    ).of_cell(area_cm2=AREA_CM2)
    return data, efficiency


def plating_classes(cells: int, stream: int, only: str) -> list[dict[str, object]]:
    """Judge plating cells, and compare the efficiency with the truth."""
    rows = []
    for kind, short, wanted in (
        ("sound", "", ()),
        ("shorted", "soft", (Short.SOFT, Short.HARD)),
        ("shorted", "hard", (Short.HARD,)),
    ):
        for reservoir in (False, True):
            name = f"plating, {'reservoir' if reservoir else 'plain'}{', ' + short if short else ''}"
            if only not in f"{kind} {name}":
                continue
            counts: dict[str, int] = {}
            right, errors = 0, []
            for seed in range(cells):
                rng = generator(name, seed, stream)
                data, truth = record_plating(rng, name, reservoir=reservoir, short=short)
                try:
                    report = assess_plating(data, Cell())
                except InputError as fault:
                    counts[fault.message[:30]] = counts.get(fault.message[:30], 0) + 1
                    continue
                verdict = report.verdict.verdict
                counts[str(verdict)] = counts.get(str(verdict), 0) + 1
                right += verdict in wanted if wanted else verdict.is_alarm
                found = report.aurbach_efficiency if reservoir else report.plain_efficiency
                errors.append(np.nan if found is None else found - truth)
            row = {"cell": "plating", "kind": kind, "class": name, "share": right / cells, "verdicts": counts}
            if not short:
                row["largest_error"] = float(np.nanmax(np.abs(errors)))
            rows.append(row)
            show(row)
    return rows


def show(row: dict[str, object]) -> None:
    """Print one class."""
    told = ", ".join(f"{word} {count}" for word, count in sorted(row["verdicts"].items()))  # type: ignore[attr-defined]
    error = f"  efficiency within {row['largest_error']:.2%}" if "largest_error" in row else ""
    print(f"{row['kind']:13s} {row['class']:50s} {row['share']:7.1%}  {told}{error}", flush=True)


def main() -> None:
    """Judge every class and print the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON at the end")
    parser.add_argument("--cells", type=int, default=CELLS, help="cells per class")
    parser.add_argument("--only", default="", help="classes whose kind and name hold this word")
    parser.add_argument("--tuning", action="store_true", help="the seeds that thresholds may be looked at on")
    arguments = parser.parse_args()
    stream = TUNING if arguments.tuning else PUBLISHED
    rows = full_classes(arguments.cells, stream, arguments.only)
    rows += plating_classes(arguments.cells, stream, arguments.only)
    if arguments.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()

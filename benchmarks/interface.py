"""Reaction energies of pairs of compounds: the tie-line walk against pymatgen, on the same entries.

    python benchmarks/interface.py [--pairs 120] [--seed 1] [--voltage 4.2] [--json]

Pairs of compounds that together hold five or six elements are drawn from the embedded snapshot. Timed for
each pair by wall clock on one thread with the garbage collector off, each side in a loop of its own:

* pymatgen: ``PhaseDiagram(entries)``, ``InterfacialReactivity(...)`` and ``get_kinks()``. Its entries are
  selected and built beforehand, outside the timer.
* ours: one call ``tie_lines(snapshot, a, b)`` for one pair of compositions: it selects the chemical system
  from all phases of the snapshot and walks its hull. This is the figure of the ratio. (A single call straight
  after a run of pymatgen finds the processor's caches cold and takes 0.15 ms, a ratio of about 310.) Beside
  it stand the same pairs as one batch, and ``react``, which also parses formulas, prices the reactants and
  writes every balanced reaction.

With ``--voltage`` the same for pairs that hold lithium, open to it at that voltage: pymatgen's side is then
``PhaseDiagram``, ``GrandPotentialPhaseDiagram``, ``GrandPotentialInterfacialReactivity`` and ``get_kinks()``;
mutual energies are compared.

Excluded on our side: compilation (cached after the first call) and the reading of the snapshot.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import TypeVar

import numpy as np
from pymatgen.analysis.interface_reactions import GrandPotentialInterfacialReactivity, InterfacialReactivity
from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram, PhaseDiagram
from pymatgen.core import Composition, Element
from pymatgen.entries.computed_entries import ComputedEntry

from screening.phases.chemsys import row_masks
from screening.phases.composition import Formula, parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.interface import react
from screening.thermo.lines import Lines, tie_lines
from screening.thermo.open_system import react_open
from screening.thermo.reservoir import Reservoir

ELEMENTS, LITHIUM = (5, 6), 3
Result = TypeVar("Result")


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one pair, and the largest difference of the two curves."""

    pymatgen_ms: float
    ours_ms: float
    react_ms: float
    difference_ev_per_atom: float


def draw_pairs(
    snapshot: Snapshot, count: int, seed: int, *, with_lithium: bool = False
) -> list[tuple[int, int]]:
    """Pairs of compounds of negative formation energy with five or six elements, half of each."""
    rng = np.random.default_rng(seed)
    phases = snapshot.phases
    rows = np.flatnonzero(
        (phases.n_elements > 1) & (phases.formation_energy_ev_per_atom < 0.0) & ~phases.estimated
    )
    low, high = (mask[rows] for mask in row_masks(phases.row_start, phases.atomic_number))
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count:
        a = int(rng.integers(len(rows)))
        together = np.bitwise_count(low | low[a]) + np.bitwise_count(high | high[a])
        partners = np.flatnonzero(together == ELEMENTS[len(pairs) % 2])
        if len(partners):
            pair = int(rows[a]), int(rows[rng.choice(partners)])
            if not with_lithium or any(LITHIUM in snapshot.formula(i).atomic_numbers for i in pair):
                pairs.append(pair)
    return pairs


def entries_of(snapshot: Snapshot, a: Formula, b: Formula) -> list[ComputedEntry]:
    """All phases of the pair's chemical system as pymatgen's entries."""
    phases = snapshot.phases
    rows = snapshot.index.within(np.array([*a.atomic_numbers, *b.atomic_numbers]))
    energies = phases.formation_energy_ev_per_atom[rows] * phases.atoms[rows]
    return [ComputedEntry(phases.formula[i], e) for i, e in zip(rows, energies, strict=True)]


def timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """Result and milliseconds of one call."""
    begin = time.perf_counter()
    result = call()
    return result, 1e3 * (time.perf_counter() - begin)


def time_open_pair(
    snapshot: Snapshot, pair: tuple[int, int], lines: Lines, ours_ms: float, mu: float
) -> Timing:
    """The same with lithium open, by mutual energies per atom that is not lithium."""
    a, b = (snapshot.formula(i) for i in pair)
    entries = entries_of(snapshot, a, b)
    compositions = Composition(a.text), Composition(b.text)

    def theirs() -> list:
        diagram = PhaseDiagram(entries)
        grand = GrandPotentialPhaseDiagram(entries, {Element("Li"): mu})
        return GrandPotentialInterfacialReactivity(
            *compositions, grand, diagram, norm=True, use_hull_energy=True
        ).get_kinks()

    kinks, pymatgen_ms = timed(theirs)
    at = [Reservoir.at_voltage(-mu)]
    _, react_ms = timed(lambda: react_open(snapshot, parse_reactant(a.text), parse_reactant(b.text), at))
    closed_a, closed_b = (1.0 - f.amount_of(LITHIUM) / f.n_atoms for f in (a, b))
    x, energies = np.array([(kink[1], kink[2]) for kink in kinks]).T
    x = x * closed_a / (x * closed_a + (1.0 - x) * closed_b)
    both = np.union1d(lines.x, x)
    ours = np.interp(both, lines.x, lines.mutual_ev_per_atom)
    return Timing(pymatgen_ms, ours_ms, react_ms, float(np.abs(ours - np.interp(both, x, energies)).max()))


def largest_difference(snapshot: Snapshot, pair: tuple[int, int], lines: Lines, kinks: list) -> float:
    """Largest difference of two total-energy curves at the kinks of both, eV per atom."""
    own_a, own_b = snapshot.phases.formation_energy_ev_per_atom[list(pair)]
    ours = lines.energy_ev_per_atom - lines.x * own_a - (1.0 - lines.x) * own_b
    theirs_x, theirs = np.array([(kink[1], kink[2]) for kink in kinks]).T
    x = np.union1d(lines.x, theirs_x)
    return float(np.abs(np.interp(x, lines.x, ours) - np.interp(x, theirs_x, theirs)).max())


def walk_pairs(
    snapshot: Snapshot, pairs: list[tuple[int, int]], mu: float | None = None
) -> list[tuple[Lines, float]]:
    """Kinks and milliseconds of one call for each pair, in a loop of its own as in a screening."""
    ends = [[Compositions.of([snapshot.formula(i)]) for i in pair] for pair in pairs]
    given = {} if mu is None else {"open_element": LITHIUM, "mu_ev": np.array([mu])}
    return [timed(lambda a=a, b=b: tie_lines(snapshot, a, b, **given)) for a, b in ends]


def time_pair(snapshot: Snapshot, pair: tuple[int, int], lines: Lines, ours_ms: float) -> Timing:
    """Run pymatgen on one pair, and compare."""
    a, b = (snapshot.formula(i) for i in pair)
    entries = entries_of(snapshot, a, b)
    compositions = Composition(a.text), Composition(b.text)

    def theirs() -> list:
        diagram = PhaseDiagram(entries)
        return InterfacialReactivity(*compositions, diagram, norm=True, use_hull_energy=False).get_kinks()

    kinks, pymatgen_ms = timed(theirs)
    _, react_ms = timed(lambda: react(snapshot, parse_reactant(a.text), parse_reactant(b.text)))
    return Timing(pymatgen_ms, ours_ms, react_ms, largest_difference(snapshot, pair, lines, kinks))


def time_batch(snapshot: Snapshot, pairs: list[tuple[int, int]], mu: float | None) -> float:
    """Milliseconds per pair of one call for all pairs, median of five."""
    rows = np.array(pairs)
    given = {} if mu is None else {"open_element": LITHIUM, "mu_ev": np.full(len(pairs), mu)}
    ends = [Compositions.of_phases(snapshot, rows[:, side]) for side in (0, 1)]
    return float(np.median([timed(lambda: tie_lines(snapshot, *ends, **given))[1] for _ in range(5)])) / len(
        pairs
    )


def main() -> None:
    """Print the ratio as text, or its five figures as JSON."""
    parser = argparse.ArgumentParser(description="The tie-line walk against pymatgen's interface reactions.")
    parser.add_argument("--pairs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--voltage", type=float, help="open to lithium at this voltage")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    snapshot = open_snapshot()
    mu = None if options.voltage is None else -options.voltage
    pairs = draw_pairs(snapshot, options.pairs, options.seed, with_lithium=mu is not None)
    time_one = time_pair if mu is None else partial(time_open_pair, mu=mu)
    first = walk_pairs(snapshot, pairs[:1], mu)  # compiles, or loads what was compiled
    time_one(snapshot, pairs[0], *first[0])
    gc.disable()
    timings = []
    for pair, (lines, ours_ms) in zip(pairs, walk_pairs(snapshot, pairs, mu), strict=True):
        timings.append(time_one(snapshot, pair, lines, ours_ms))
        gc.collect()
    batch_ms = time_batch(snapshot, pairs, mu)
    ours, theirs = (np.array([getattr(t, f"{side}_ms") for t in timings]) for side in ("ours", "pymatgen"))
    figures = {
        "pairs": len(timings),
        "ours_ms_median": float(np.median(ours)),
        "pymatgen_ms_median": float(np.median(theirs)),
        "ratio_median": float(np.median(theirs / ours)),
        "max_abs_difference_ev_per_atom": max(t.difference_ev_per_atom for t in timings),
    }
    if options.json:
        print(json.dumps(figures))
        return
    where = "" if mu is None else f", open to Li at {options.voltage:g} V"
    print(
        f"{len(timings)} pairs of 5 and 6 elements{where} (seed {options.seed}), "
        "compilation excluded; medians:"
    )
    print(f"pymatgen {version('pymatgen')}, entries ready: {figures['pymatgen_ms_median']:.1f} ms")
    print(f"one call of tie_lines for each pair, selection and walk: {figures['ours_ms_median']:.3f} ms")
    print(f"ratio: {figures['ratio_median']:.0f}")
    print(f"all pairs as one batch: {batch_ms:.3f} ms a pair")
    print(f"react, from text to balanced reactions: {np.median([t.react_ms for t in timings]):.2f} ms")
    print(f"largest difference of two curves: {figures['max_abs_difference_ev_per_atom']:.1e} eV/atom")


if __name__ == "__main__":
    main()

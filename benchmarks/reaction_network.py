"""Reactions of pairs of compounds: the tie-line walk against reaction-network, on the same entries.

    python benchmarks/reaction_network.py [--pairs 60] [--enumerated 20] [--seed 1] [--json]

Both sides get the same phases and formation energies. reaction-network (extra "bench") ends in its
``InterfaceReactionHull``, whose coordinate is the atomic fraction of the second reactant: A is given to it
second. Its reactions come by three routes:

* direct: ``PhaseDiagram(entries)`` and ``react_interface``, its function for one pair; its fastest route.
  The kinks come from pymatgen's ``InterfacialReactivity``, each reaction is then balanced and priced anew:
  a check of reactions and energies, but not one independent of pymatgen.
* minimize: ``MinimizeGibbsEnumerator(precursors=[a, b])``, the documented way to the same reactions, on Ray,
  held to the pair's whole chemical system, which spares it the phase diagrams of all subsystems.
* enumerate: ``BasicEnumerator(precursors=[a, b], n=2)``, on Ray, which looks at no phase diagram: it balances
  every reaction of up to two products, those above the hull too. Two binary compounds of three elements
  together need no more products, so that its hull must be ours; such pairs with up to 40 phases are drawn.
  It does far more than a walk along the hull; its use here is the independent check.

The first two run on pairs of five and six elements, as in ``interface.py``. Ours is ``react``, from text to
balanced reactions: it selects the phases from the whole snapshot and walks the hull. Beside it stands
``tie_lines`` alone, the same corners, energies and amounts as numbers.

Each pair is timed on one thread with the garbage collector off, by wall clock and by processor time, in which
the shares of a busy machine cancel; the routes on Ray, whose workers are other processes, by the former
alone. Excluded are compilation, imports, the reading of the snapshot, the peer's entries, the start of Ray.
"""

import argparse
import gc
import importlib.util
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Generic, TypeVar

import numpy as np
from interface import draw_pairs, entries_of, walk_pairs
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core import Composition
from pymatgen.entries.computed_entries import ComputedEntry

from screening.phases.chemsys import row_masks
from screening.phases.composition import parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.interface import InterfaceReaction, react

ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray would report its use over the network
}
SAME_ENERGY_EV = 1e-6
SAME_X = 1e-8
"""reaction-network rounds its coordinate to 12 digits."""
SAME_AMOUNT = 1e-6
"""In fractions of the atoms; balanced coefficients are good to about 1e-7."""
MOST_PHASES = 40
"""More make the enumeration of all combinations take minutes a pair."""
SAME, NO_REACTION = "the same at every corner", "the same: no reaction joins the two"
Result = TypeVar("Result")
Pair = tuple[int, int]


@dataclass(frozen=True)
class Timed(Generic[Result]):
    """What one call gave, and its milliseconds."""

    result: Result
    wall_ms: float
    processor_ms: float


@dataclass(frozen=True)
class Corner:
    """One corner of a reaction-energy curve; `products` are fractions of the atoms by reduced formula."""

    x: float
    energy_ev_per_atom: float
    products: dict[str, float]


@dataclass(frozen=True)
class Found:
    """What a route of the peer gave for one pair; no corners where none of its reactions joins the two."""

    corners: list[Corner]
    reactions: int
    above_hull: int


@dataclass(frozen=True)
class Comparison:
    """One pair: whether both say the same, and by how much not."""

    pair: str
    verdict: str
    corners: int
    difference_ev_per_atom: float


@dataclass(frozen=True)
class Route:
    """Figures of one route of the peer; processor time is None where other processes do the work."""

    wall_ms_median: float
    ratio_wall_median: float
    processor_ms_median: float | None
    ratio_processor_median: float | None
    reactions_median: float
    above_hull_median: float
    corners: int
    verdicts: dict[str, int]
    max_abs_difference_ev_per_atom: float
    differing: list[str]


@dataclass(frozen=True)
class Figures:
    """Figures of one set of pairs."""

    pairs: int
    phases_median: float
    ours_wall_ms_median: float
    ours_processor_ms_median: float
    walk_wall_ms_median: float
    routes: dict[str, Route]


@dataclass(frozen=True)
class Problem:
    """One pair as both sides get it."""

    a: str
    b: str
    entries: list[ComputedEntry]

    @classmethod
    def of(cls, snapshot: Snapshot, pair: Pair) -> "Problem":
        """The pair and all phases of its chemical system."""
        from rxn_network.core import Composition as PeerComposition

        a, b = (snapshot.formula(i) for i in pair)
        entries = [
            ComputedEntry(PeerComposition(entry.composition), entry.energy, entry_id=str(i))
            for i, entry in enumerate(entries_of(snapshot, a, b))
        ]
        return cls(a.text, b.text, entries)

    @property
    def chemical_system(self) -> str:
        """Elements of both, as reaction-network writes them."""
        return "-".join(sorted({str(e) for text in (self.a, self.b) for e in Composition(text).elements}))


def timed(call: Callable[[], Result]) -> Timed[Result]:
    """Run one call."""
    wall, processor = time.perf_counter(), time.process_time()
    result = call()
    return Timed(result, 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - processor))


def draw_binaries(snapshot: Snapshot, count: int, seed: int) -> list[Pair]:
    """Pairs of two binary compounds of negative formation energy that share an element."""
    rng = np.random.default_rng(seed)
    phases = snapshot.phases
    rows = np.flatnonzero(
        (phases.n_elements == 2) & (phases.formation_energy_ev_per_atom < 0.0) & ~phases.estimated
    )
    low, high = (mask[rows] for mask in row_masks(phases.row_start, phases.atomic_number))
    pairs: list[Pair] = []
    while len(pairs) < count:
        a = int(rng.integers(len(rows)))
        partners = np.flatnonzero(np.bitwise_count(low | low[a]) + np.bitwise_count(high | high[a]) == 3)
        if not len(partners):
            continue
        pair = (int(rows[a]), int(rows[rng.choice(partners)]))
        elements = np.array([z for row in pair for z in snapshot.formula(row).atomic_numbers])
        if len(snapshot.index.within(elements)) <= MOST_PHASES:
            pairs.append(pair)
    return pairs


def run_ours(snapshot: Snapshot, problem: Problem) -> InterfaceReaction:
    """From text to balanced reactions."""
    return react(snapshot, parse_reactant(problem.a), parse_reactant(problem.b))


def run_direct(problem: Problem) -> Found:
    """All kinks by reaction-network's function for one pair."""
    from rxn_network.core import Composition as PeerComposition
    from rxn_network.entries.entry_set import GibbsEntrySet
    from rxn_network.enumerators.utils import react_interface

    entries = GibbsEntrySet(problem.entries)
    ends = PeerComposition(problem.b), PeerComposition(problem.a)
    reactions = react_interface(*ends, entries, PhaseDiagram(entries))
    return reaction_hull(problem, [r for r in reactions if not r.is_identity])


def run_minimize(problem: Problem) -> Found:
    """The same by the documented enumerator."""
    from rxn_network.entries.entry_set import GibbsEntrySet
    from rxn_network.enumerators.minimize import MinimizeGibbsEnumerator

    enumerator = MinimizeGibbsEnumerator(
        precursors=[problem.a, problem.b], filter_by_chemsys=problem.chemical_system, quiet=True
    )
    return reaction_hull(problem, enumerator.enumerate(GibbsEntrySet(problem.entries)).get_rxns())


def run_enumerate(problem: Problem) -> Found:
    """Every reaction of the two with up to two products."""
    from rxn_network.entries.entry_set import GibbsEntrySet
    from rxn_network.enumerators.basic import BasicEnumerator

    enumerator = BasicEnumerator(precursors=[problem.a, problem.b], n=2, quiet=True)
    return reaction_hull(problem, enumerator.enumerate(GibbsEntrySet(problem.entries)).get_rxns())


def reaction_hull(problem: Problem, found: Iterable[Any]) -> Found:
    """Corners of reaction-network's own hull of reactions, at fractions of a."""
    from rxn_network.core import Composition as PeerComposition
    from rxn_network.reactions.hull import InterfaceReactionHull

    reactions = list(found)
    named = {entry.composition.reduced_formula for r in reactions for entry in r.reactant_entries}
    a, b = PeerComposition(problem.a), PeerComposition(problem.b)
    if not {a.reduced_formula, b.reduced_formula} <= named:
        return Found([], len(reactions), 0)  # the class refuses a reactant that stands in no reaction
    hull = InterfaceReactionHull(b, a, reactions)
    corners = [
        Corner(
            float(hull.coords[i, 0]),
            float(hull.coords[i, 1]),
            {c.reduced_formula: f for c, f in hull.reactions[i].product_atomic_fractions.items()},
        )
        for i in hull.hull_vertices
    ]
    above = sum(not r.is_identity for r in hull.unstable_reactions)
    return Found(sorted(corners, key=lambda corner: corner.x), len(reactions), above)


def corners_of(reaction: InterfaceReaction) -> list[Corner]:
    """Our kinks in the peer's terms."""
    corners = []
    for kink in reaction.kinks:
        atoms = {formula: n * Composition(formula).num_atoms for formula, n in kink.products.items()}
        total = sum(atoms.values())
        products = {Composition(formula).reduced_formula: n / total for formula, n in atoms.items()}
        corners.append(Corner(kink.x_atomic, kink.total_ev_per_atom, products))
    return corners


def compare(problem: Problem, reaction: InterfaceReaction, found: Found) -> Comparison:
    """Hold the corners of both against each other."""
    ours, theirs = corners_of(reaction), found.corners
    pair = f"{problem.a} + {problem.b}"
    if not theirs:
        verdict = NO_REACTION if len(ours) == 2 else "only ours finds a reaction"
        return Comparison(pair, verdict, len(ours), 0.0)
    x, y = (np.array([c.x for c in side]) for side in (ours, theirs))
    e, f = (np.array([c.energy_ev_per_atom for c in side]) for side in (ours, theirs))
    signed = np.interp(np.union1d(x, y), x, e) - np.interp(np.union1d(x, y), y, f)
    difference = float(np.abs(signed).max())
    if difference > SAME_ENERGY_EV:
        verdict = "ours is lower" if signed.min() < -SAME_ENERGY_EV else "theirs is lower"
    elif len(x) != len(y) or np.abs(x - y).max() > SAME_X:
        verdict = "same curve, but a corner within 1e-6 eV of the line between its neighbours"
    elif not all(same_products(p, q) for p, q in zip(ours, theirs, strict=True)):
        verdict = "same corners, but other products of the same energy"
    else:
        verdict = SAME
    return Comparison(pair, verdict, len(ours), difference)


def same_products(a: Corner, b: Corner) -> bool:
    """Whether two corners have the same products in the same amounts."""
    every = {*a.products, *b.products}
    return all(abs(a.products.get(p, 0.0) - b.products.get(p, 0.0)) < SAME_AMOUNT for p in every)


def medians(theirs: list[Timed], ours: list[Timed], clock: str) -> tuple[float, float]:
    """Milliseconds of the peer and its ratio to ours, each the median over all pairs."""
    t, o = (np.array([getattr(call, clock) for call in side]) for side in (theirs, ours))
    return float(np.median(t)), float(np.median(t / o))


def measure_route(
    problems: list[Problem], ours: list[Timed[InterfaceReaction]], route: Callable[[Problem], Found]
) -> Route:
    """All pairs by one route of the peer, and how they compare."""
    route(problems[0])  # imports, and on Ray the start of its workers
    theirs: list[Timed[Found]] = []
    for problem in problems:
        theirs.append(timed(lambda p=problem: route(p)))
        gc.collect()
    wall_ms, ratio_wall = medians(theirs, ours, "wall_ms")
    processor_ms, ratio_processor = medians(theirs, ours, "processor_ms")
    found = [t.result for t in theirs]
    compared = [compare(*one) for one in zip(problems, (o.result for o in ours), found, strict=True)]
    within = route is run_direct  # the others leave the work to Ray
    return Route(
        wall_ms_median=wall_ms,
        ratio_wall_median=ratio_wall,
        processor_ms_median=processor_ms if within else None,
        ratio_processor_median=ratio_processor if within else None,
        reactions_median=float(np.median([f.reactions for f in found])),
        above_hull_median=float(np.median([f.above_hull for f in found])),
        corners=sum(c.corners for c in compared),
        verdicts=dict(Counter(c.verdict for c in compared)),
        max_abs_difference_ev_per_atom=max(c.difference_ev_per_atom for c in compared),
        differing=[f"{c.pair}: {c.verdict}" for c in compared if c.verdict not in (SAME, NO_REACTION)],
    )


def measure(snapshot: Snapshot, pairs: list[Pair], routes: dict[str, Callable[[Problem], Found]]) -> Figures:
    """Figures of ours and of each route over the same pairs."""
    problems = [Problem.of(snapshot, pair) for pair in pairs]
    gc.collect()
    gc.freeze()  # else each collection would walk the entries of all pairs
    run_ours(snapshot, problems[0])  # compiles, or loads what was compiled
    ours = [timed(lambda p=p: run_ours(snapshot, p)) for p in problems]
    return Figures(
        pairs=len(pairs),
        phases_median=float(np.median([len(p.entries) for p in problems])),
        ours_wall_ms_median=float(np.median([o.wall_ms for o in ours])),
        ours_processor_ms_median=float(np.median([o.processor_ms for o in ours])),
        walk_wall_ms_median=float(np.median([ms for _, ms in walk_pairs(snapshot, pairs)])),
        routes={name: measure_route(problems, ours, route) for name, route in routes.items()},
    )


def show(title: str, figures: Figures) -> None:
    """Print one set of pairs."""
    print(f"{title}: {figures.pairs} pairs, {figures.phases_median:.0f} phases")
    print(
        f"  ours, react: {figures.ours_wall_ms_median:.2f} ms wall, "
        f"{figures.ours_processor_ms_median:.2f} ms processor; "
        f"tie_lines: {figures.walk_wall_ms_median:.3f} ms wall"
    )
    for name, route in figures.routes.items():
        print(f"  {name}: {route.wall_ms_median:.0f} ms wall, ratio {route.ratio_wall_median:.0f}")
        if route.processor_ms_median is not None:
            print(
                f"    {route.processor_ms_median:.0f} ms processor, ratio {route.ratio_processor_median:.0f}"
            )
        print(
            f"    {route.reactions_median:.0f} reactions a pair, {route.above_hull_median:.0f} above its hull"
        )
        verdicts = "; ".join(f"{n} {verdict}" for verdict, n in sorted(route.verdicts.items()))
        print(f"    {route.corners} corners of ours, ends among them; pairs: {verdicts}")
        print(f"    largest difference of two curves: {route.max_abs_difference_ev_per_atom:.1e} eV/atom")
        for line in route.differing:
            print(f"    {line}")


def quiet_and_on_one_thread() -> None:
    """Start again with one thread for all libraries and without Ray's report of its use."""
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ENVIRONMENT})


def main() -> None:
    """Print the figures as text or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=60, help="pairs of five and six elements")
    parser.add_argument("--enumerated", type=int, default=20, help="pairs of three elements")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    if importlib.util.find_spec("rxn_network") is None:
        parser.error("reaction-network is not installed: pip install '.[bench]'")
    quiet_and_on_one_thread()
    import ray

    ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    snapshot = open_snapshot()
    gc.disable()
    pairs = draw_pairs(snapshot, options.pairs, options.seed)
    kinks = measure(snapshot, pairs, {"direct": run_direct, "minimize": run_minimize})
    binaries = draw_binaries(snapshot, options.enumerated, options.seed)
    enumerated = measure(snapshot, binaries, {"enumerate": run_enumerate})
    ray.shutdown()
    if options.json:
        print(json.dumps({"five_and_six_elements": asdict(kinks), "three_elements": asdict(enumerated)}))
        return
    print(
        f"reaction-network {version('reaction-network')}, seed {options.seed}, compilation excluded; medians:"
    )
    show("five and six elements", kinks)
    show("three elements, two binary compounds", enumerated)


if __name__ == "__main__":
    main()

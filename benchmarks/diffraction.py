"""How often phases are seen, missed and seen in error in simulated powder patterns.

    python benchmarks/diffraction.py [--patterns 100] [--layers 20] [--json]

Each pattern holds every one of eight phases (LiAlCl4, LiCl, LiAl, Li, Al, Li2S, MgF2, LiF) with a chance of
one half, its strongest line 200 to 5000 counts high before broadening over a background of 100 to 300 (log-
uniform), grains of 15 to 100 nm, a lattice off by up to 0.3 %, intensities changed by texture (30 %); a
sample up to 0.1° out of the focusing circle; the hump of a polymer film; and one line of a phase that
nobody names. All eight are looked for. Lines are Voigt functions and counts Poisson, which the fit does not
assume. No peer is compared. Seeds below 10,000 were used while thresholds were chosen; this script uses
none of them.

Then the layer of the founding paper, LiAlCl4 in Li6PS5Cl: as pressed, half reacted and reacted to LiCl and
LiAl, the electrolyte six times or half as strong as the reactor, at full counts and at 15 % of them; and,
reacted, with 5 % of Kβ left and with LiCl as plates (its 200 line 2 to 10 times too strong). The argyrodite
of the samples is not the package's own cell: its lattice is 9.83 to 9.87 Å, the sulfur at x = 0.117 to 0.122,
S and Cl exchanged by 30 to 70 %. With `--without-electrolyte` the cell of Li6PS5Cl is not at hand.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product

import numpy as np

from screening.lab.diffraction.identify import Presence, identify
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.phases.structures import literature_cells
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.validation.diffraction import look_for, references

PHASES = ("LiAlCl4", "LiCl", "LiAl", "Li", "Al", "Li2S", "MgF2", "LiF")
FIRST_SEED = 10_000
STRONG_COUNTS = 1000.0
"""Phases whose strongest line is at least this high count as plain to see."""

ELECTROLYTE = "Li6PS5Cl"
LAYER = ("LiAlCl4", ELECTROLYTE, "LiCl", "LiAl", "Li2S", "Li3P", "Li", "Al")
"""What is asked of a layer: its phases, and what would be a decomposed electrolyte or a metal."""

REACTOR_COUNTS = 3000.0
BLANK = PowderPattern(np.linspace(10.0, 80.0, 100), np.ones(100))


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One kind of layer and scan; `reacted` is the share of the reactor that has become LiCl and LiAl."""

    name: str
    reacted: float
    electrolyte: float = 0.5
    counts: float = 1.0
    k_beta_share: float = 0.0
    plates: bool = False


@dataclass(frozen=True)
class LayerRates:
    """How often a situation is told right, phase by phase; the deciding ones are LiAlCl4, LiCl and LiAl."""

    situation: str
    patterns: int
    wrong: int
    cannot_tell: int
    deciding_wrong: int
    deciding_cannot_tell: int
    phases: int


@dataclass(frozen=True)
class Rates:
    """Shares of verdicts, over phases that are there and phases that are not."""

    patterns: int
    present: int
    present_seen: float
    present_cannot_tell: float
    present_called_absent: float
    strong_seen: float
    not_there: int
    not_there_absent: float
    not_there_cannot_tell: float
    not_there_called_seen: float
    seconds_per_pattern: float


def mixture(rng: np.random.Generator, known: tuple[Reference, ...]) -> dict[str, Content]:
    """Contents by name of one pattern."""
    return {
        each.name: Content(
            each,
            strongest_counts=float(np.exp(rng.uniform(np.log(200.0), np.log(5000.0)))),
            strain=float(rng.uniform(-0.003, 0.003)),
            grain_nm=float(np.exp(rng.uniform(np.log(15.0), np.log(100.0)))),
            texture=0.3,
        )
        for each in known
        if rng.random() < 0.5
    }


def measure(patterns: int) -> Rates:
    """Judge so many patterns."""
    known = references(PHASES, literature_cells(), BLANK).known
    counts: Counter[tuple[str, Presence]] = Counter()
    seconds = 0.0
    for seed in range(FIRST_SEED, FIRST_SEED + patterns):
        rng = np.random.default_rng(seed)
        contents = mixture(rng, known)
        stray = Reference("stray", rng.uniform(1.4, 5.0, 1), np.array([100.0]), 0.0)
        scan = Scan(
            background_counts=float(rng.uniform(100.0, 300.0)), displacement_deg=float(rng.uniform(-0.1, 0.1))
        )
        pattern = simulate_pattern([*contents.values(), Content(stray, 500.0)], scan, seed=seed)
        begin = time.perf_counter()
        found = identify(pattern, known)
        seconds += time.perf_counter() - begin
        for each in found.phases:
            content = contents.get(each.name)
            kind = "not there" if content is None else "present"
            counts[kind, each.presence] += 1
            if content is not None and content.strongest_counts >= STRONG_COUNTS:
                counts["strong", each.presence] += 1
    return _rates(counts, patterns, seconds)


def situations() -> Iterator[Situation]:
    """The twelve of a founding layer, and two that once misled."""
    states = {"as pressed": 0.0, "half reacted": 0.5, "reacted": 1.0}
    for (state, reacted), strength, counts in product(states.items(), (6.0, 0.5), (1.0, 0.15)):
        name = f"{state}, electrolyte {strength:g} times the reactor, {counts:.0%} of the counts"
        yield Situation(name=name, reacted=reacted, electrolyte=strength, counts=counts)
    for strength in (6.0, 0.5):
        name = f"reacted, electrolyte {strength:g} times the reactor"
        yield Situation(name=f"{name}, 5 % of Kβ", reacted=1.0, electrolyte=strength, k_beta_share=0.05)
        yield Situation(name=f"{name}, LiCl as plates", reacted=1.0, electrolyte=strength, plates=True)


def argyrodite(rng: np.random.Generator) -> Reference:
    """Lines of an argyrodite with a lattice, a sulfur site and an exchange of S and Cl of its own."""
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.core import Lattice, Structure

    sulfur, exchanged = 0.5 + rng.uniform(0.117, 0.122), rng.uniform(0.3, 0.7)
    structure = Structure.from_spacegroup(
        "F-43m",
        Lattice.cubic(rng.uniform(9.83, 9.87)),
        ["Li", "P", "S", {"S": exchanged, "Cl": 1 - exchanged}, {"Cl": exchanged, "S": 1 - exchanged}],
        [[0.25, 0.25, 0.02], [0.5, 0.5, 0.5], [sulfur] * 3, [0.25] * 3, [0.0] * 3],
    )
    found = XRDCalculator("CuKa").get_pattern(structure, two_theta_range=(9.0, 81.0))
    return Reference(ELECTROLYTE, np.array(found.d_hkls), np.array(found.y), 0.0)


def layer(rng: np.random.Generator, known: dict[str, Reference], situation: Situation) -> list[Content]:
    """Contents of one layer."""
    shares = {
        "LiAlCl4": 1.0 - situation.reacted,
        "LiCl": situation.reacted,
        "LiAl": 0.5 * situation.reacted,
        ELECTROLYTE: situation.electrolyte,
    }
    contents = []
    for name, share in shares.items():
        reference = argyrodite(rng) if name == ELECTROLYTE else known[name]
        if name == "LiCl" and situation.plates:
            factor = np.where(reference.intensity == reference.intensity.max(), rng.uniform(2.0, 10.0), 1.0)
            reference = replace(reference, intensity=reference.intensity * factor)
        height = REACTOR_COUNTS * situation.counts * share * rng.uniform(0.7, 1.4)
        grain, strain = rng.uniform(25.0, 80.0), rng.uniform(-0.002, 0.002)
        if share:
            contents.append(Content(reference, float(height), float(strain), float(grain)))
    return contents


def judge_layers(situation: Situation, patterns: int, *, with_electrolyte: bool) -> LayerRates:
    """Judge so many layers of one kind."""
    cells = [each for each in literature_cells() if with_electrolyte or each.formula.text != ELECTROLYTE]
    known = {each.name: each for each in references(LAYER, literature_cells(), BLANK).known}
    wrong: list[str] = []
    untold: list[str] = []
    looked_for = 0
    for seed in range(FIRST_SEED, FIRST_SEED + patterns):
        rng = np.random.default_rng(seed)
        contents = layer(rng, known, situation)
        scan = Scan(
            background_counts=200.0 * situation.counts**0.5,
            displacement_deg=float(rng.uniform(-0.08, 0.08)),
            k_beta_share=situation.k_beta_share,
        )
        there = {each.reference.name for each in contents}
        found = look_for(LAYER, cells, simulate_pattern(contents, scan, seed=seed)).phases
        looked_for += len(found)
        for each in found:
            if each.presence is Presence.CANNOT_TELL:
                untold.append(each.name)
            elif (each.presence is Presence.SEEN) != (each.name in there):
                wrong.append(each.name)
    deciding = {"LiAlCl4", "LiCl", "LiAl"}
    return LayerRates(
        situation.name,
        patterns,
        len(wrong),
        len(untold),
        sum(name in deciding for name in wrong),
        sum(name in deciding for name in untold),
        looked_for,
    )


def _rates(counts: Counter[tuple[str, Presence]], patterns: int, seconds: float) -> Rates:
    def total(kind: str) -> int:
        return sum(counts[kind, presence] for presence in Presence)

    def share(kind: str, presence: Presence) -> float:
        return counts[kind, presence] / max(total(kind), 1)

    return Rates(
        patterns,
        total("present"),
        share("present", Presence.SEEN),
        share("present", Presence.CANNOT_TELL),
        share("present", Presence.ABSENT),
        share("strong", Presence.SEEN),
        total("not there"),
        share("not there", Presence.ABSENT),
        share("not there", Presence.CANNOT_TELL),
        share("not there", Presence.SEEN),
        seconds / patterns,
    )


def main() -> None:
    """Print the rates as text or as JSON."""
    parser = argparse.ArgumentParser(description="Phases found in simulated powder patterns.")
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--layers", type=int, default=20, help="of each kind")
    parser.add_argument("--without-electrolyte", action="store_true", help="no cell of Li6PS5Cl is at hand")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    rates = measure(arguments.patterns) if arguments.patterns else None
    layers = [
        judge_layers(each, arguments.layers, with_electrolyte=not arguments.without_electrolyte)
        for each in situations()
        if arguments.layers
    ]
    if arguments.json:
        print(json.dumps({"mixtures": rates and asdict(rates), "layers": [asdict(each) for each in layers]}))
        return
    if rates is not None:
        _print_rates(rates)
    for each in layers:
        print(
            f"{each.situation}: {each.wrong} of {each.phases} wrong, {each.cannot_tell} cannot tell; of the "
            f"{3 * each.patterns} deciding {each.deciding_wrong} and {each.deciding_cannot_tell}"
        )


def _print_rates(rates: Rates) -> None:
    print(f"{rates.patterns} patterns, {rates.seconds_per_pattern:.2f} s each (8 phases looked for)")
    print(
        f"{rates.present} phases present: seen {rates.present_seen:.1%} ({rates.strong_seen:.1%} of those "
        f"from {STRONG_COUNTS:g} counts), cannot tell {rates.present_cannot_tell:.1%}, "
        f"called absent {rates.present_called_absent:.1%}"
    )
    print(
        f"{rates.not_there} not there: absent {rates.not_there_absent:.1%}, cannot tell "
        f"{rates.not_there_cannot_tell:.1%}, called seen {rates.not_there_called_seen:.1%}"
    )


if __name__ == "__main__":
    main()

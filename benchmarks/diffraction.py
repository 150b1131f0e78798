"""How often phases are seen, missed and seen in error in simulated powder patterns.

    python benchmarks/diffraction.py [--patterns 100] [--json]

Each pattern holds every one of eight phases (LiAlCl4, LiCl, LiAl, Li, Al, Li2S, MgF2, LiF) with a chance of
one half, its strongest line 200 to 5000 counts high before broadening over a background of 100 to 300 (log-
uniform), grains of 15 to 100 nm, a lattice off by up to 0.3 %, intensities changed by texture (30 %); a
sample up to 0.1° out of the focusing circle; the hump of a polymer film; and one line of a phase that
nobody names. All eight are looked for. Lines are Voigt functions and counts Poisson, which the fit does not
assume. No peer is compared. Seeds below 10,000 were used while thresholds were chosen; this script uses
none of them.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from screening.lab.diffraction.identify import Presence, identify
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.phases.structures import literature_cells
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.validation.diffraction import references

PHASES = ("LiAlCl4", "LiCl", "LiAl", "Li", "Al", "Li2S", "MgF2", "LiF")
FIRST_SEED = 10_000
STRONG_COUNTS = 1000.0
"""Phases whose strongest line is at least this high count as plain to see."""


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
    blank = PowderPattern(np.linspace(10.0, 80.0, 100), np.ones(100))
    known = references(PHASES, literature_cells(), blank).known
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
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    rates = measure(arguments.patterns)
    if arguments.json:
        print(json.dumps(asdict(rates)))
        return
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

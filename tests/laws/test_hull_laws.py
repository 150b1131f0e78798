"""Laws of the hull walk, on random systems with exact ties, duplicates and degenerate ends."""

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition

from screening.phases.composition import Formula, Part, Reactant, parse_reactant, symbol
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.hull import TieLine, walk
from screening.thermo.interface import react
from screening.thermo.lines import assemblages
from screening.thermo.lithiation import lithiate

EXACT = 1e-10
"""Rounding of O(10) eV energies through some tens of pivots."""

SCREENED = ("Li6PS5Cl", "LiAlCl4", "MgF2", "MgI2", "Li3YBr6", "Li10GeP2S12", "LiAl", "Li2S", "AlCl3", "S")
laws = settings(deadline=None, max_examples=150)
few = settings(deadline=None, max_examples=40)


@dataclass(frozen=True)
class System:
    """Phases of a made-up system, its elements first, and two ends of a line."""

    fractions: np.ndarray
    energies: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def line(self) -> TieLine:
        return walk(self.fractions, self.energies, self.start, self.end)


@st.composite
def systems(draw: st.DrawFn) -> System:
    """Two to five elements; coarse energies make planes through more phases than corners common."""
    d = draw(st.integers(2, 5))
    row = st.lists(st.integers(0, 4), min_size=d, max_size=d).filter(any)
    amounts = np.array(draw(st.lists(row, min_size=1, max_size=12)), dtype=float)
    fractions = np.vstack([np.eye(d), amounts / amounts.sum(axis=1, keepdims=True)])
    levels = draw(st.lists(st.integers(-4, 2), min_size=len(amounts), max_size=len(amounts)))
    coarse = np.append(np.zeros(d), np.array(levels) / 4)
    seed = draw(st.integers(0, 99))
    fine = np.append(np.zeros(d), np.random.default_rng(seed).normal(size=len(amounts)))
    energies = coarse if draw(st.booleans()) else fine
    free, member = row.map(np.array), st.sampled_from(list(fractions))
    start, end = (e / e.sum() for e in (draw(free | member), draw(free | member)))
    return System(fractions, energies, start, end)


def hull_at(line: TieLine, x: np.ndarray) -> np.ndarray:
    return np.interp(x, line.x, line.energy_ev_per_atom)


def same_curve(one: TieLine, two: TieLine) -> None:
    """Two lines are one function: each passes through the kinks of the other."""
    assert hull_at(two, one.x) == pytest.approx(one.energy_ev_per_atom, abs=EXACT)
    assert hull_at(one, two.x) == pytest.approx(two.energy_ev_per_atom, abs=EXACT)
    assert len(one.x) == len(two.x)
    assert one.x == pytest.approx(two.x, abs=1e-7)


@laws
@given(systems(), st.randoms(use_true_random=False))
def test_order_of_phases_and_of_elements_does_not_matter(system: System, random: Random) -> None:
    phases = np.array(random.sample(range(len(system.energies)), len(system.energies)))
    elements = np.array(random.sample(range(len(system.start)), len(system.start)))
    shuffled = System(
        system.fractions[phases][:, elements],
        system.energies[phases],
        system.start[elements],
        system.end[elements],
    )
    same_curve(system.line(), shuffled.line())


@laws
@given(systems())
def test_the_curve_is_convex(system: System) -> None:
    line = system.line()
    slopes = np.diff(line.energy_ev_per_atom) / np.diff(line.x)
    assert (np.diff(line.x) > 0).all()
    assert (np.diff(slopes) > 0).all()


@laws
@given(systems())
def test_every_kink_conserves_every_element_and_its_energy(system: System) -> None:
    line = system.line()
    mixed = (1 - line.x)[:, None] * system.start + line.x[:, None] * system.end
    assert (line.amounts >= 0).all()
    assert line.amounts @ system.fractions == pytest.approx(mixed, abs=EXACT)
    assert line.amounts @ system.energies == pytest.approx(line.energy_ev_per_atom, abs=EXACT)


@laws
@given(systems())
def test_nothing_lies_below_the_hull(system: System) -> None:
    line = system.line()
    for fraction, energy in zip(system.fractions, system.energies, strict=True):
        here = walk(system.fractions, system.energies, fraction, system.end)
        assert here.energy_ev_per_atom[0] <= energy + EXACT
    own = (1 - line.x) * line.energy_ev_per_atom[0] + line.x * line.energy_ev_per_atom[-1]
    assert (line.energy_ev_per_atom <= own + EXACT).all()


@laws
@given(systems(), st.data())
def test_an_added_phase_never_raises_the_hull(system: System, data: st.DataObject) -> None:
    d = len(system.start)
    row = st.lists(st.integers(0, 4), min_size=d, max_size=d).filter(any)
    amounts = np.array(data.draw(row), dtype=float)
    energy = data.draw(st.integers(-8, 4)) / 4
    richer = replace(
        system,
        fractions=np.vstack([system.fractions, amounts / amounts.sum()]),
        energies=np.append(system.energies, energy),
    )
    before, after = system.line(), richer.line()
    x = np.union1d(before.x, after.x)
    assert (hull_at(after, x) <= hull_at(before, x) + EXACT).all()


@laws
@given(systems(), st.integers(0, 20))
def test_a_duplicate_or_a_phase_on_the_hull_changes_nothing(system: System, which: int) -> None:
    k = which % len(system.energies)
    line = system.line()
    middle = (line.amounts[0] + line.amounts[-1]) / 2
    added = System(
        np.vstack([system.fractions, system.fractions[k], middle @ system.fractions]),
        np.append(system.energies, [system.energies[k] + 0.25, middle @ system.energies]),
        system.start,
        system.end,
    )
    same_curve(line, added.line())


@laws
@given(systems())
def test_swapping_the_ends_maps_x_to_1_minus_x(system: System) -> None:
    there = system.line()
    back = replace(system, start=system.end, end=system.start).line()
    same_curve(there, TieLine(1 - back.x[::-1], back.energy_ev_per_atom[::-1], back.amounts[::-1]))


@laws
@given(systems())
def test_a_part_of_a_line_is_that_part_of_the_curve(system: System) -> None:
    line = system.line()
    quarter = (3 * system.start + system.end) / 4
    part = replace(system, start=quarter).line()
    x = 0.25 + 0.75 * part.x
    assert part.energy_ev_per_atom == pytest.approx(hull_at(line, x), abs=EXACT)


@laws
@given(systems(), st.lists(st.integers(-8, 8), min_size=5, max_size=5))
def test_a_shift_of_the_elements_energies_shifts_the_hull(system: System, levels: list[int]) -> None:
    shift = np.array(levels[: len(system.start)]) / 4
    moved = replace(system, energies=system.energies + system.fractions @ shift).line()
    line = system.line()
    flat = (1 - moved.x) * (system.start @ shift) + moved.x * (system.end @ shift)
    assert moved.energy_ev_per_atom - flat == pytest.approx(hull_at(line, moved.x), abs=EXACT)


# ---------------------------------------------------------------- reactions of the embedded snapshot


@pytest.fixture(scope="module")
def mp2019() -> Snapshot:
    return open_snapshot()


PARTNERS = st.sampled_from(("Li", "Na", *SCREENED)).map(parse_reactant)
PHASES = st.integers(0, 10**9)
MULTIPLES = st.sampled_from([0.5, 2.0, 3.0, 7.0])


def compound(snapshot: Snapshot, number: int) -> Reactant:
    """One of the snapshot's compounds."""
    compounds = np.flatnonzero(snapshot.phases.n_elements > 1)
    return as_reactant(snapshot.formula(int(compounds[number % len(compounds)])))


def as_reactant(formula: Formula) -> Reactant:
    return Reactant(formula.text, (Part(formula, 1.0),))


def multiplied(reactant: Reactant, by: float) -> Reactant:
    unit = reactant.unit
    amounts = tuple(n * by for n in unit.amounts)
    text = "".join(f"{symbol(z)}{n:.12g}" for z, n in zip(unit.atomic_numbers, amounts, strict=True))
    return as_reactant(Formula(text, unit.atomic_numbers, amounts))


def distinct(one: Reactant, two: Reactant) -> bool:
    same_elements = one.unit.atomic_numbers == two.unit.atomic_numbers
    return not (same_elements and np.allclose(one.unit.fractions, two.unit.fractions))


def balance(side: str) -> dict[str, float]:
    """Atoms of each element on one side of a written reaction."""
    atoms: dict[str, float] = {}
    for term in side.split(" + "):
        number, _, formula = term.rpartition(" ")
        for element, n in Composition(formula).get_el_amt_dict().items():
            atoms[element] = atoms.get(element, 0.0) + float(number or 1) * n
    return atoms


def held(products: dict[str, float]) -> dict[str, float]:
    """Atoms of each element in moles of products."""
    total = sum((Composition(f) * n for f, n in products.items()), Composition())
    return total.get_el_amt_dict()


@few
@given(PARTNERS, PHASES)
def test_every_reaction_conserves_every_element(mp2019: Snapshot, a: Reactant, number: int) -> None:
    b = compound(mp2019, number)
    if not distinct(a, b):
        return
    for kink in react(mp2019, a, b).kinks[:-1]:
        moles_a = kink.x_molar / (1 - kink.x_molar)
        brought = held({a.text: moles_a, b.text: 1.0})
        assert held(kink.products) == pytest.approx(brought, rel=1e-9, abs=1e-7)
        left, right = kink.reaction.split(" -> ")
        written = 1e-12 if "." not in kink.reaction.replace("->", "") else 2e-3  # 4 digits where not integers
        assert balance(left) == pytest.approx(balance(right), rel=written)


@few
@given(PARTNERS, PHASES, MULTIPLES, MULTIPLES)
def test_scaling_a_formula_changes_nothing_per_atom(
    mp2019: Snapshot, a: Reactant, number: int, by_a: float, by_b: float
) -> None:
    b = compound(mp2019, number)
    if not distinct(a, b):
        return
    one = react(mp2019, a, b)
    two = react(mp2019, multiplied(a, by_a), multiplied(b, by_b))
    for small, large in zip(one.kinks, two.kinks, strict=True):
        for name in ("x_atomic", "x_mass", "total_ev_per_atom", "mutual_ev_per_atom"):
            assert getattr(large, name) == pytest.approx(getattr(small, name), abs=EXACT)
        moles = small.x_molar / by_a, (1 - small.x_molar) / by_b
        assert large.x_molar == pytest.approx(moles[0] / sum(moles), abs=EXACT)
        if small.kj_per_mol_b is not None:
            assert large.kj_per_mol_b == pytest.approx(small.kj_per_mol_b * by_b, abs=1e-6)


@few
@given(PARTNERS, PHASES)
def test_swapping_the_reactants_mirrors_every_axis(mp2019: Snapshot, a: Reactant, number: int) -> None:
    b = compound(mp2019, number)
    if not distinct(a, b):
        return
    one, two = react(mp2019, a, b), react(mp2019, b, a)
    for kink, mirrored in zip(one.kinks, two.kinks[::-1], strict=True):
        for axis in ("atomic", "molar", "mass"):
            assert mirrored.x(axis) == pytest.approx(1 - kink.x(axis), abs=EXACT)
        assert mirrored.total_ev_per_atom == pytest.approx(kink.total_ev_per_atom, abs=EXACT)
        assert mirrored.mutual_ev_per_atom == pytest.approx(kink.mutual_ev_per_atom, abs=EXACT)
        assert set(mirrored.products) == set(kink.products)


@few
@given(PARTNERS, PHASES)
def test_ends_are_zero_by_mutual_and_minus_the_energy_above_hull_by_total_energy(
    mp2019: Snapshot, a: Reactant, number: int
) -> None:
    b = compound(mp2019, number)
    if not distinct(a, b):
        return
    found = react(mp2019, a, b)
    first, last = found.kinks[0], found.kinks[-1]
    assert (first.mutual_ev_per_atom, last.mutual_ev_per_atom) == (0.0, 0.0)
    above = found.energy_above_hull_ev_per_atom
    assert (first.total_ev_per_atom, last.total_ev_per_atom) == pytest.approx((-above.b, -above.a), abs=1e-6)
    assert all(kink.mutual_ev_per_atom <= 0.0 for kink in found.kinks)
    assert all(kink.total_ev_per_atom <= kink.mutual_ev_per_atom + 1e-6 for kink in found.kinks)


@few
@given(PARTNERS, PHASES, st.floats(0.02, 0.98))
def test_a_mixture_is_a_point_of_the_line_between_its_parts(
    mp2019: Snapshot, a: Reactant, number: int, share: float
) -> None:
    b = compound(mp2019, number)
    if not distinct(a, b):
        return
    mixture = parse_reactant(f"{a.text}@{share:.6f}mol+{b.text}@{1 - share:.6f}mol")
    found, alone = react(mp2019, parse_reactant("Mg"), mixture), react(mp2019, a, b)
    x = mixture.parts[0].mole_fraction * a.unit.n_atoms / mixture.unit.n_atoms
    curve = np.array([(k.x_atomic, k.total_ev_per_atom) for k in alone.kinks])
    assert -found.energy_above_hull_ev_per_atom.b == pytest.approx(np.interp(x, *curve.T), abs=1e-6)


@few
@given(PHASES, st.sampled_from(["Li", "Na", "Mg"]))
def test_voltages_fall_and_uptake_rises(mp2019: Snapshot, number: int, element: str) -> None:
    b = compound(mp2019, number)
    found = lithiate(mp2019, b, element)
    for one, two in pairwise(found.steps):
        assert one.voltage_v > two.voltage_v > 0.0
        assert one.uptake_per_formula < two.uptake_per_formula
    if found.steps:
        assert found.cathodic_limit_v == found.steps[0].voltage_v
        assert found.decomposition_energy_0v_ev_per_atom < 0.0
    if found.cathodic_limit_v is not None and found.anodic_limit_v is not None:
        assert found.cathodic_limit_v <= found.anodic_limit_v + 1e-6


@few
@given(PHASES)
def test_the_staircase_and_the_reaction_with_lithium_are_one(mp2019: Snapshot, number: int) -> None:
    b = compound(mp2019, number)
    found, reaction = lithiate(mp2019, b), react(mp2019, parse_reactant("Li"), b)
    total = reaction.end_at_excess_a
    per_formula = total.total_ev_per_atom * b.unit.n_atoms / (1 - total.x_atomic)
    assert found.decomposition_energy_0v_ev_per_atom == pytest.approx(per_formula / b.unit.n_atoms, abs=1e-6)
    if found.steps:
        last = found.steps[-1]
        assert reaction.end_at_excess_a.products == pytest.approx(last.products, abs=1e-6)


@few
@given(PHASES)
def test_parts_of_an_assemblage_are_on_the_hull(mp2019: Snapshot, number: int) -> None:
    found = assemblages(mp2019, Compositions.of([compound(mp2019, number).unit]))
    parts = assemblages(mp2019, Compositions.of_phases(mp2019, found.phase))
    own = mp2019.phases.formation_energy_ev_per_atom[found.phase]
    assert parts.energy_ev_per_atom == pytest.approx(own, abs=EXACT)

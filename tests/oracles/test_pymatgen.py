"""The hull walk against pymatgen's convex hulls, on compounds drawn anew in every run.

Pairs are drawn from compounds of negative formation energy: for others pymatgen takes the hull energy in
place of the compound's own, even where it is told not to. `use_hull_energy` is set in every call, since its
default differs between closed and open interfaces. x is the atomic fraction of the first reactant in both.
"""

import os
import secrets
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
from pymatgen.analysis.interface_reactions import GrandPotentialInterfacialReactivity, InterfacialReactivity
from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram, PDEntry, PhaseDiagram
from pymatgen.core import Composition, Element

from screening.phases.chemsys import row_masks
from screening.phases.composition import Formula, Part, Reactant, parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import AddedPhase, Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.interface import react
from screening.thermo.lines import assemblages, tie_lines
from screening.thermo.lithiation import lithiate
from screening.thermo.open_system import OpenKink, OpenReaction, react_open
from screening.thermo.reservoir import Reservoir
from screening.thermo.staircases import PLATEAU_MERGE_V
from screening.thermo.titration import titrate

SEED_VARIABLE = "INTERPHASE_ORACLE_SEED"
SEED = int(os.environ.get(SEED_VARIABLE, "0")) or secrets.randbelow(2**31)

ENERGY_EV_PER_ATOM = 1e-6
X = 1e-6
VOLTAGE_V = 1e-6
AMOUNT = 1e-6
"""Agreement asked for: energies per atom, atomic fractions, voltages, amounts of products per atom."""

PAIRS_BY_ELEMENTS = {2: 35, 3: 50, 4: 65, 5: 70, 6: 60, 7: 18, 8: 5}
"""How many pairs of each size are drawn; a hull of eight elements takes pymatgen seconds."""

PROFILES = 40
OPEN_PAIRS, MOST_OPEN_ELEMENTS = 200, 6


@dataclass(frozen=True)
class System:
    """All phases of one chemical system, for both sides."""

    snapshot: Snapshot
    elements: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, snapshot: Snapshot, *formulas: Formula) -> "System":
        elements = np.unique(np.concatenate([f.atomic_numbers for f in formulas]))
        return cls(snapshot, elements, snapshot.index.within(elements))

    @cached_property
    def entries(self) -> list[PDEntry]:
        phases = self.snapshot.phases
        energies = phases.formation_energy_ev_per_atom[self.rows] * phases.atoms[self.rows]
        return [
            PDEntry(Composition(phases.formula[row]), energy, attribute=int(row))
            for row, energy in zip(self.rows, energies, strict=True)
        ]

    @cached_property
    def diagram(self) -> PhaseDiagram:
        return PhaseDiagram(self.entries)

    def at(self, formula: Formula) -> np.ndarray:
        return np.array([formula.amount_of(int(z)) for z in self.elements]) / formula.n_atoms


@pytest.fixture(scope="module")
def mp2019() -> Snapshot:
    return open_snapshot()


@pytest.fixture(scope="module", autouse=True)
def _announce(pytestconfig: pytest.Config) -> None:
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{SEED_VARIABLE}={SEED} draws these pairs again", flush=True)


def drawable(snapshot: Snapshot) -> np.ndarray:
    phases = snapshot.phases
    return np.flatnonzero(
        (phases.n_elements > 1) & (phases.formation_energy_ev_per_atom < 0.0) & ~phases.estimated
    )


def draw_pairs(snapshot: Snapshot, n_elements: int, count: int) -> Iterator[tuple[Formula, Formula]]:
    """Pairs of compounds that together hold so many elements."""
    rng = np.random.default_rng([SEED, n_elements])
    rows = drawable(snapshot)
    low, high = row_masks(snapshot.phases.row_start, snapshot.phases.atomic_number)
    while count:
        a = rng.choice(rows)
        together = np.bitwise_count(low[rows] | low[a]) + np.bitwise_count(high[rows] | high[a])
        partners = rows[(together == n_elements) & (rows != a)]
        if len(partners):
            yield snapshot.formula(int(a)), snapshot.formula(int(rng.choice(partners)))
            count -= 1


def as_reactant(formula: Formula) -> Reactant:
    return Reactant(formula.text, (Part(formula, 1.0),))


def mixed(a: Formula, b: Formula, x: float) -> Composition:
    one, two = (Composition(f.text).fractional_composition for f in (a, b))
    return one * x + two * (1.0 - x)


def decomposition(diagram: PhaseDiagram, composition: Composition) -> dict[int, float]:
    """Atomic fractions of pymatgen's products by phase number."""
    found = diagram.get_decomposition(composition)
    return {entry.attribute: amount for entry, amount in found.items() if amount > AMOUNT}


def same_products(ours: dict[int, float], theirs: dict[int, float]) -> bool:
    named = {row: amount for row, amount in ours.items() if amount > AMOUNT}
    return set(named) == set(theirs) and all(abs(named[row] - theirs[row]) < AMOUNT for row in theirs)


@dataclass(frozen=True)
class Curve:
    """Kinks of one side: atomic fractions, total and mutual energies (eV/atom)."""

    x: np.ndarray
    total: np.ndarray
    mutual: np.ndarray

    def at(self, x: np.ndarray) -> np.ndarray:
        return np.array([np.interp(x, self.x, self.total), np.interp(x, self.x, self.mutual)])


def our_curve(snapshot: Snapshot, a: Formula, b: Formula) -> Curve:
    kinks = react(snapshot, as_reactant(a), as_reactant(b)).kinks
    return Curve(
        np.array([k.x_atomic for k in kinks]),
        np.array([k.total_ev_per_atom for k in kinks]),
        np.array([k.mutual_ev_per_atom for k in kinks]),
    )


def their_curve(diagram: PhaseDiagram, a: Formula, b: Formula) -> Curve:
    reactants = Composition(a.text), Composition(b.text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no reactant is replaced by its hull energy
        total = InterfacialReactivity(*reactants, diagram, norm=True, use_hull_energy=False).get_kinks()
    mutual = InterfacialReactivity(*reactants, diagram, norm=True, use_hull_energy=True).get_kinks()
    return Curve(
        np.array([k[1] for k in total]), np.array([k[2] for k in total]), np.array([k[2] for k in mutual])
    )


def disagreement(system: System, a: Formula, b: Formula) -> str:
    """What differs between both sides for one pair; empty where nothing does."""
    ours, theirs = our_curve(system.snapshot, a, b), their_curve(system.diagram, a, b)
    if len(ours.x) != len(theirs.x):
        return disagreement_at_ties(system, a, b, ours, theirs)
    if np.abs(ours.x - theirs.x).max() > X:
        return f"kinks at {ours.x} and {theirs.x}"
    energies = np.abs([ours.total - theirs.total, ours.mutual - theirs.mutual]).max()
    if energies > ENERGY_EV_PER_ATOM:
        return f"energies by {energies} eV/atom"
    lines = tie_lines(system.snapshot, Compositions.of([a]), Compositions.of([b]))
    for kink, x in enumerate(ours.x):
        here = slice(lines.product_start[kink], lines.product_start[kink + 1])
        found = dict(zip(lines.phase[here].tolist(), lines.amount[here].tolist(), strict=True))
        expected = decomposition(system.diagram, mixed(a, b, x))
        if not same_products(found, expected):
            return f"products at x = {x}: {found} and {expected}"
    return ""


def disagreement_at_ties(system: System, a: Formula, b: Formula, ours: Curve, theirs: Curve) -> str:
    """The same where the numbers of kinks differ.

    pymatgen reports every crossing of the line with a face of its triangulation. Where more phases than
    elements lie on one plane, the triangulation is not unique, and a crossing inside that plane is no change
    of slope: a kink there is an artefact of how the plane was cut up, and here it is none. Then both curves
    must be one function, checked at the kinks of both, and both sets of products must be equally low there.
    """
    x = np.union1d(ours.x, theirs.x)
    energies = np.abs(ours.at(x) - theirs.at(x)).max()
    if energies > ENERGY_EV_PER_ATOM:
        return f"curves by {energies} eV/atom"
    energy = system.snapshot.phases.formation_energy_ev_per_atom
    for each in x:
        expected = decomposition(system.diagram, mixed(a, b, each))
        fractions = each * system.at(a) + (1.0 - each) * system.at(b)
        here = fractions > 0.0
        mixture = Formula("mixture", tuple(system.elements[here].tolist()), tuple(fractions[here].tolist()))
        found = assemblages(system.snapshot, Compositions.of([mixture]))
        products = dict(zip(found.phase.tolist(), found.amount.tolist(), strict=True))
        lowest = sum(amount * energy[row] for row, amount in expected.items())
        tied = abs(lowest - found.energy_ev_per_atom[0]) < ENERGY_EV_PER_ATOM
        if not (tied or same_products(products, expected)):
            return f"products at x = {each}: {products} and {expected}"
    return ""


@pytest.mark.parametrize("n_elements", PAIRS_BY_ELEMENTS)
def test_kinks_energies_and_products_of_random_pairs(mp2019: Snapshot, n_elements: int) -> None:
    compared = 0
    for a, b in draw_pairs(mp2019, n_elements, PAIRS_BY_ELEMENTS[n_elements]):
        found = disagreement(System.of(mp2019, a, b), a, b)
        assert not found, f"{a.text} | {b.text} ({SEED_VARIABLE}={SEED}): {found}"
        compared += 1
    assert compared == PAIRS_BY_ELEMENTS[n_elements]


def test_at_least_300_pairs_of_2_to_8_elements_are_drawn() -> None:
    assert sum(PAIRS_BY_ELEMENTS.values()) >= 300
    assert sorted(PAIRS_BY_ELEMENTS) == list(range(2, 9))


def tied(snapshot: Snapshot, odd_ev_per_atom: float = 0.0) -> tuple[System, Formula, Formula]:
    """Four made-up salts on one plane, and a line across it between two mixed salts on its edges."""
    energies = dict.fromkeys(("LiF", "LiCl", "NaF", "NaCl", "Li2FCl", "Na3FCl2"), -6.0)
    energies["NaCl"] += odd_ev_per_atom
    salts = [AddedPhase(parse_formula(text), energy, 0.0, "made up") for text, energy in energies.items()]
    a, b = parse_formula("Li2FCl"), parse_formula("Na3FCl2")
    return System.of(snapshot.joined(salts), a, b), a, b


def test_an_exact_tie_gives_one_curve(mp2019: Snapshot) -> None:
    system, a, b = tied(mp2019)
    assert len(our_curve(system.snapshot, a, b).x) == 2
    assert len(their_curve(system.diagram, a, b).x) > 2
    assert disagreement(system, a, b) == ""


def test_the_comparison_sees_a_wrong_energy_and_a_wrong_product(mp2019: Snapshot) -> None:
    right, a, b = tied(mp2019)
    other, _, _ = tied(mp2019, odd_ev_per_atom=-3e-5)
    wrong = System(other.snapshot, right.elements, right.rows)
    vars(wrong)["diagram"] = right.diagram
    assert disagreement(other, a, b) == ""
    assert "by" in disagreement(wrong, a, b)
    assert not same_products({1: 0.5, 2: 0.5}, {1: 0.5, 3: 0.5})
    assert not same_products({1: 0.5, 2: 0.5}, {1: 0.5 + 2 * AMOUNT, 2: 0.5 - 2 * AMOUNT})
    assert same_products({1: 0.5, 2: 0.5, 3: AMOUNT / 2}, {1: 0.5, 2: 0.5})


def test_staircases_of_random_compounds_are_the_element_profiles(mp2019: Snapshot) -> None:
    rng = np.random.default_rng([SEED, 100])
    rows = drawable(mp2019)
    rows = rows[mp2019.phases.n_elements[rows] <= 5]
    for row in rng.choice(rows, PROFILES, replace=False):
        formula = mp2019.formula(int(row))
        where = f"{formula.text} ({SEED_VARIABLE}={SEED})"
        system = System.of(mp2019, formula, parse_formula("Li"))
        profile = system.diagram.get_element_profile("Li", Composition(formula.text))
        uptake = np.array([p["evolution"] for p in profile])
        voltage = np.array([-p["chempot"] for p in profile])
        # each entry names the lithium content of a kink and the potential on its lithium-rich side
        taken = np.flatnonzero(uptake > AMOUNT)
        found = lithiate(mp2019, as_reactant(formula))
        taken = taken[voltage[taken + 1] > PLATEAU_MERGE_V]
        steps = found.steps[::-1]
        atoms = formula.n_atoms + uptake[taken]
        assert [s.li_per_formula / n for s, n in zip(steps, atoms, strict=True)] == pytest.approx(
            uptake[taken] / atoms, abs=X
        ), where
        assert [s.voltage_v for s in steps] == pytest.approx(voltage[taken + 1], abs=VOLTAGE_V), where
        given_off = np.flatnonzero(uptake < -AMOUNT)
        limit = voltage[given_off[0]] if len(given_off) else None
        assert found.anodic_limit_v == pytest.approx(limit, abs=VOLTAGE_V), where
        releases = titrate(mp2019, as_reactant(formula), to_v=6.0).releases
        below = given_off[voltage[given_off] <= 6.0]
        assert [s.voltage_v for s in releases] == pytest.approx(voltage[below], abs=VOLTAGE_V), where
        left = formula.n_atoms + uptake[below]
        assert [s.uptake_per_formula / n for s, n in zip(releases, left, strict=True)] == pytest.approx(
            uptake[below] / left, abs=X
        ), where


def potentials_of(symbol: str, rng: np.random.Generator) -> list[Reservoir]:
    """Three voltages, one of each third of 0 to 4.5 V; for oxygen three chemical potentials."""
    drawn = 1.5 * (np.arange(3) + rng.uniform(0.02, 0.98, 3))
    if symbol == "Li":
        return [Reservoir.at_voltage(v) for v in drawn]
    return [Reservoir.at_potential(symbol, -mu) for mu in drawn]


def draw_open_pairs(
    snapshot: Snapshot, z: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[Formula, Formula]]:
    """Pairs one of which holds the open element, in systems of up to six elements."""
    phases, rows = snapshot.phases, drawable(snapshot)
    holding = np.repeat(np.arange(len(phases)), phases.n_elements)[phases.atomic_number == z]
    holding, partners = np.intersect1d(rows, holding), rows[phases.n_elements[rows] <= 3]
    while count:
        a, b = (snapshot.formula(int(rng.choice(each))) for each in (holding, partners))
        elements = {*a.atomic_numbers, *b.atomic_numbers, z}
        if len(elements) <= MOST_OPEN_ELEMENTS and not same_without(a, b, z):
            yield a, b
            count -= 1


def same_without(a: Formula, b: Formula, z: int) -> bool:
    one, two = (without(Composition(f.text), Element.from_Z(z).symbol) for f in (a, b))
    return one.reduced_formula == two.reduced_formula


@pytest.mark.parametrize(("symbol", "z", "count"), [("Li", 3, OPEN_PAIRS), ("O", 8, 20)])
def test_open_interfaces_of_random_pairs(mp2019: Snapshot, symbol: str, z: int, count: int) -> None:
    rng = np.random.default_rng([SEED, z])
    for a, b in draw_open_pairs(mp2019, z, count, rng):
        system = System.of(mp2019, a, b, Formula(symbol, (z,), (1.0,)))
        at = potentials_of(symbol, rng)
        for found in react_open(mp2019, as_reactant(a), as_reactant(b), at):
            where = f"{found.title} ({SEED_VARIABLE}={SEED})"
            grand = GrandPotentialPhaseDiagram(system.entries, {Element(symbol): found.reservoir.mu_ev})
            assert disagreement_of_open(system, grand, found, a, b) == "", where


@pytest.mark.parametrize(
    "at",
    [*map(Reservoir.at_voltage, (0.5, 2.6, 4.2)), Reservoir.at_potential("Co", -1.0)],
    ids=lambda at: at.text,
)
def test_the_pair_of_the_documentation_open_to_lithium_and_to_cobalt(mp2019: Snapshot, at: Reservoir) -> None:
    """LiCoO2 | Li3PS4 of the Materials Project's notebook, both sides on the embedded energies."""
    a, b = parse_formula("LiCoO2"), parse_formula("Li3PS4")
    system = System.of(mp2019, a, b)
    grand = GrandPotentialPhaseDiagram(system.entries, {Element(at.element): at.mu_ev})
    (found,) = react_open(mp2019, as_reactant(a), as_reactant(b), [at])
    assert disagreement_of_open(system, grand, found, a, b) == ""


def disagreement_of_open(
    system: System, grand: GrandPotentialPhaseDiagram, found: OpenReaction, a: Formula, b: Formula
) -> str:
    """What differs between both sides for one pair at one potential; empty where nothing does."""
    z, symbol = found.reservoir.number, found.reservoir.element
    one, two = (without(Composition(f.text), symbol).fractional_composition for f in (a, b))
    ours = {
        "total": np.array([k.total_ev_per_atom for k in found.kinks]),
        "mutual": np.array([k.mutual_ev_per_atom for k in found.kinks]),
    }
    for name, energies in ours.items():
        kinks = GrandPotentialInterfacialReactivity(
            *(Composition(a.text), Composition(b.text), grand, system.diagram),
            include_no_mixing_energy=name == "total",
            norm=True,
            use_hull_energy=False,
        ).get_kinks()
        x, theirs = np.array([(k[1], k[2]) for k in kinks]).T
        atomic = np.array([k.x_atomic for k in found.kinks])
        everywhere = np.union1d(x, atomic)
        counted = [counted_fraction(each, a, b, z) for each in (everywhere, atomic, x)]
        curves = np.interp(counted[0], counted[1], energies), np.interp(counted[0], counted[2], theirs)
        if np.abs(curves[0] - curves[1]).max() > ENERGY_EV_PER_ATOM:
            return f"{name} energies by {np.abs(curves[0] - curves[1]).max()} eV"
        if len(x) == len(atomic) and np.abs(x - atomic).max() > X:
            return f"kinks at {atomic} and {x}"
    for kink in found.kinks:
        there = grand.get_decomposition(one * kink.x_counted + two * (1.0 - kink.x_counted))
        lowest = sum(n * entry.energy_per_atom for entry, n in there.items())
        mine = found_potential(system.snapshot, kink, found.reservoir)
        if abs(mine - lowest) > ENERGY_EV_PER_ATOM:
            return f"products at x = {kink.x_atomic}: {mine} instead of {lowest} eV"
    return ""


def found_potential(snapshot: Snapshot, kink: OpenKink, at: Reservoir) -> float:
    """Grand potential of the products that a kink names, per atom of the closed elements."""
    total, atoms = 0.0, 0.0
    for name, moles in kink.products.items():
        formula = parse_formula(name)
        energy = snapshot.phases.formation_energy_ev_per_atom[snapshot.find(formula)] * formula.n_atoms
        total += moles * (energy - at.mu_ev * formula.amount_of(at.number))
        atoms += moles * (formula.n_atoms - formula.amount_of(at.number))
    return total / atoms


def counted_fraction(x: np.ndarray, a: Formula, b: Formula, z: int) -> np.ndarray:
    """Fraction of A by atoms of the closed elements, for one by all atoms."""
    closed_a, closed_b = (1.0 - f.amount_of(z) / f.n_atoms for f in (a, b))
    return x * closed_a / (x * closed_a + (1.0 - x) * closed_b)


def without(composition: Composition, symbol: str) -> Composition:
    return composition - Composition({symbol: composition[symbol]})

"""Many lines through one snapshot: selection, batches, failures."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import linprog

from screening.phases.composition import Formula, parse_formula
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.hull import walk
from screening.thermo.lines import Assemblages, Lines, assemblages, tie_lines

ROUNDING = 1e-10
"""Amounts and energies of real systems are exact to 1e-12; the basis of two near-equal hydrates loses two
digits."""

LINPROG_EV = 1e-8
RADON = Formula("RnLi", (3, 86), (1.0, 1.0))


def of(*texts: str) -> Compositions:
    return Compositions.of([parse_formula(text) for text in texts])


def random_compounds(snapshot: Snapshot, count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.choice(np.flatnonzero(snapshot.phases.n_elements > 1), count, replace=False)


def dense(compositions: Compositions) -> np.ndarray:
    """Atomic fractions over all elements, (n, 119)."""
    full = np.zeros((len(compositions), 119))
    owner = np.repeat(np.arange(len(compositions)), np.diff(compositions.row_start))
    full[owner, compositions.atomic_number] = compositions.fraction
    return full


def summed(found: Lines | Assemblages, snapshot: Snapshot) -> np.ndarray:
    """Atomic fractions that the products of every kink or assemblage add up to, (n, 119)."""
    owner = np.repeat(np.arange(len(found.product_start) - 1), np.diff(found.product_start))
    total = np.zeros((len(found.product_start) - 1, 119))
    np.add.at(total, owner, found.amount[:, None] * dense(Compositions.of_phases(snapshot, found.phase)))
    return total


def test_columns_of_formulas_as_written() -> None:
    columns = of("Li6PS5Cl", "MgF2", "Li2Mg2F6")
    assert columns.atoms.tolist() == [13, 3, 10]
    assert columns.amount_of(3).tolist() == [6, 0, 2]
    assert columns.amount_of(9) == pytest.approx([0, 2, 6])
    assert dense(columns).sum(axis=1) == pytest.approx([1, 1, 1])


def test_a_formula_without_one_of_its_elements() -> None:
    rest = of("Li6PS5Cl", "MgF2").without(3)
    assert rest.atoms == pytest.approx([7, 3])
    assert rest.atomic_number.tolist() == [15, 16, 17, 9, 12]
    assert rest.fraction == pytest.approx([1 / 7, 5 / 7, 1 / 7, 2 / 3, 1 / 3])


def test_a_line_is_the_walk_over_all_phases_of_its_system(mp2019: Snapshot) -> None:
    ends = of("Li6PS5Cl", "MgF2")
    elements = np.unique(ends.atomic_number)
    rows = mp2019.index.within(elements)
    fractions = dense(Compositions.of_phases(mp2019, rows))[:, elements]
    a, b = dense(ends)[:, elements]
    walked = walk(fractions, mp2019.phases.formation_energy_ev_per_atom[rows], b, a)
    lines = tie_lines(mp2019, of("Li6PS5Cl"), of("MgF2"))
    assert lines.x == pytest.approx(walked.x, abs=ROUNDING)
    assert lines.energy_ev_per_atom == pytest.approx(walked.energy_ev_per_atom, abs=ROUNDING)
    for kink, amounts in enumerate(walked.amounts):
        here = slice(lines.product_start[kink], lines.product_start[kink + 1])
        assert set(lines.phase[here]) == set(rows[amounts > 0])


def test_a_batch_is_its_lines_one_by_one(mp2019: Snapshot) -> None:
    rows = random_compounds(mp2019, 30, seed=1)
    many = Compositions.of_phases(mp2019, rows)
    partners = Compositions.of_phases(mp2019, rows[::-1])
    batch = tie_lines(mp2019, partners, many)
    for i in range(len(rows)):
        one = Compositions.of_phases(mp2019, rows[i : i + 1])
        other = Compositions.of_phases(mp2019, rows[::-1][i : i + 1])
        alone = tie_lines(mp2019, other, one)
        here = slice(batch.kink_start[i], batch.kink_start[i + 1])
        assert (batch.x[here] == alone.x).all()
        assert (batch.energy_ev_per_atom[here] == alone.energy_ev_per_atom).all()
        products = batch.products_of(np.arange(batch.kink_start[i], batch.kink_start[i + 1]))
        assert (products.phase == alone.phase).all()
        assert (products.amount == alone.amount).all()


def test_one_partner_serves_all(mp2019: Snapshot) -> None:
    lithium, many = of("Li"), of("MgF2", "LiAlCl4", "Li6PS5Cl")
    one = tie_lines(mp2019, lithium, many)
    repeated = tie_lines(mp2019, of("Li", "Li", "Li"), many)
    assert (one.x == repeated.x).all()
    with pytest.raises(ValueError, match="2 end compositions for 3 lines"):
        tie_lines(mp2019, of("Li", "Na"), many)


def test_products_are_what_was_mixed(mp2019: Snapshot) -> None:
    rows = random_compounds(mp2019, 1500, seed=2)
    rows = np.append(rows, mp2019.find(parse_formula("MgAl2SiHO7")))  # two hydrates of nearly one composition
    for partner in ("Li", "Li6PS5Cl"):
        ends, many = of(partner), Compositions.of_phases(mp2019, rows)
        lines = tie_lines(mp2019, ends, many)
        assert not lines.failed.any()
        owner = np.repeat(np.arange(len(lines)), np.diff(lines.kink_start))
        x = lines.x[:, None]
        mixed = (1.0 - x) * dense(many)[owner] + x * dense(ends)
        assert np.abs(summed(lines, mp2019) - mixed).max() < ROUNDING
        energy = lines.amount * mp2019.phases.formation_energy_ev_per_atom[lines.phase]
        energy = np.add.reduceat(energy, lines.product_start[:-1])
        assert np.abs(energy - lines.energy_ev_per_atom).max() < ROUNDING


def test_kinks_rise_from_0_to_1(mp2019: Snapshot) -> None:
    many = Compositions.of_phases(mp2019, random_compounds(mp2019, 500, seed=3))
    lines = tie_lines(mp2019, of("LiAl"), many)
    inner = np.ones(len(lines.x), dtype=bool)
    inner[lines.kink_start[:-1]] = False
    assert (lines.x[lines.kink_start[:-1]] == 0.0).all()
    assert (lines.x[lines.kink_start[1:] - 1] == 1.0).all()
    assert (np.diff(lines.x)[inner[1:]] > 0.0).all()


def test_lowest_and_excess_kink_of_each_line(mp2019: Snapshot) -> None:
    lines = tie_lines(mp2019, of("Li"), of("LiAlCl4", "LiF", "MgF2"))
    assert (lines.mutual_ev_per_atom <= 0.0).all()
    for i in range(3):
        kinks = np.arange(lines.kink_start[i], lines.kink_start[i + 1])
        assert lines.mutual_ev_per_atom[lines.lowest_kink[i]] == lines.mutual_ev_per_atom[kinks].min()
        assert lines.excess_kink[i] == kinks[-2]
    assert lines.mutual_ev_per_atom[lines.lowest_kink[1]] == 0.0


def test_assemblages_agree_with_a_general_linear_programme(mp2019: Snapshot) -> None:
    many = Compositions.of_phases(mp2019, random_compounds(mp2019, 60, seed=4))
    found = assemblages(mp2019, many)
    assert np.abs(summed(found, mp2019) - dense(many)).max() < ROUNDING
    for i in range(len(many)):
        elements = many.atomic_number[many.row_start[i] : many.row_start[i + 1]]
        rows = mp2019.index.within(elements)
        energies = mp2019.phases.formation_energy_ev_per_atom[rows]
        columns = dense(Compositions.of_phases(mp2019, rows))[:, elements].T
        best = linprog(energies, A_eq=columns, b_eq=dense(many)[i, elements])
        assert found.energy_ev_per_atom[i] == pytest.approx(best.fun, abs=LINPROG_EV)


def test_a_banned_compound_is_done_without(mp2019: Snapshot) -> None:
    compound = of("LiAlCl4")
    own = mp2019.find(parse_formula("LiAlCl4"))
    with_it, without = assemblages(mp2019, compound), assemblages(mp2019, compound, np.array([own]))
    assert with_it.phase.tolist() == [own]
    names = set(mp2019.phases.formula[without.phase])
    assert names == {"LiCl", "AlCl3"}
    assert without.energy_ev_per_atom[0] > with_it.energy_ev_per_atom[0]


def test_an_element_without_a_phase_fails_its_own_lines_only(
    made_up: Callable[[dict[str, float]], Snapshot],
) -> None:
    snapshot = made_up({"LiF": -3.0})
    pair = Compositions.of([parse_formula("LiF"), RADON])
    lines = tie_lines(snapshot, of("Li"), pair)
    assert lines.failed.tolist() == [False, True]
    assert np.isnan(assemblages(snapshot, pair).energy_ev_per_atom).tolist() == [False, True]

"""Intervals of energies and voltages: the forms behind them, the digits they leave, how often they hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

import screening as scr
from screening.phases.composition import atomic_number, parse_reactant
from screening.phases.snapshot import Snapshot
from screening.reactors.conditions import Conditions
from screening.reactors.detail import detail
from screening.reactors.measured import measured_enthalpies, measured_salts
from screening.reactors.reduction import ScreeningContext
from screening.reactors.uncertainty import error_bars, error_models
from screening.thermo.interface import react
from screening.thermo.intervals import (
    OUTSIDE,
    ErrorBars,
    Forms,
    Interval,
    bounds,
    form,
    in_order,
    product,
    with_bounds,
    written,
)
from screening.thermo.lithiation import lithiate
from screening.thermo.sources import load_snapshot
from screening.thermo.uptake import anodic_limit

EXACT = 1e-9


def sparse(forms: Forms) -> csr_array:
    return csr_array((forms.data, forms.indices, forms.indptr), shape=forms.shape)


class Energies:
    """Errors that are the formation energies themselves: bounds are then twice the number itself."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.energies = snapshot.phases.formation_energy_ev_per_atom

    def bounds_95(self, forms: Forms) -> np.ndarray:
        energies = sparse(forms) @ self.energies
        return np.column_stack((energies, energies))


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return load_snapshot()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Li", "LiAlCl4"),
        ("LiAl", "Li6PS5Cl"),
        ("Li", "LiAlCl4@50wt+Li6PS5Cl@50wt"),
        ("Li", "Li5.5PS4.5Cl1.5"),
    ],
)
def test_the_form_of_a_kink_is_its_energy(snapshot: Snapshot, a: str, b: str) -> None:
    bars = ErrorBars(Energies(snapshot))
    found = react(snapshot, parse_reactant(a), parse_reactant(b), at_hull=True, error_bars=bars)
    for kink in found.kinks:
        for value, within in (
            (kink.total_ev_per_atom, kink.total_95_ev_per_atom),
            (kink.mutual_ev_per_atom, kink.mutual_95_ev_per_atom),
        ):
            assert within.low == within.high == pytest.approx(2.0 * value, abs=EXACT)


@pytest.mark.parametrize(
    ("compound", "element"), [("LiAlCl4", "Li"), ("Li6PS5Cl", "Li"), ("MgF2", "Mg"), ("LiCoO2", "Li")]
)
def test_the_forms_of_a_staircase_are_its_numbers(snapshot: Snapshot, compound: str, element: str) -> None:
    if element == "Mg":
        compound = "ZnCl2"
    found = lithiate(snapshot, parse_reactant(compound), element, error_bars=ErrorBars(Energies(snapshot)))
    assert found.steps
    for step in found.steps:
        assert step.voltage_95_v.low == pytest.approx(2.0 * step.voltage_v, abs=EXACT)
    assert found.decomposition_energy_0v_95_ev_per_atom.low == pytest.approx(
        2.0 * found.decomposition_energy_0v_ev_per_atom, abs=EXACT
    )
    assert found.energy_per_uptake_0v_95_ev.low == pytest.approx(
        2.0 * found.energy_per_uptake_0v_ev, abs=EXACT
    )
    if found.anodic_limit_v is not None:
        assert found.anodic_limit_95_v.low == pytest.approx(2.0 * found.anodic_limit_v, abs=EXACT)


@pytest.mark.parametrize("anode", ["Li", "LiAl"])
def test_the_form_of_a_plateau_in_a_study_is_its_voltage(snapshot: Snapshot, anode: str) -> None:
    context = ScreeningContext.of(snapshot, Conditions(anode=anode))
    phase = snapshot.find(parse_reactant("MgI2").unit)
    found = detail(context, phase, "MgI2", (50.0,), ErrorBars(Energies(snapshot)))
    assert found.plateaus
    for plateau in found.plateaus:
        assert plateau.voltage_95_v.low == pytest.approx(2.0 * plateau.voltage_v, abs=EXACT)


def test_a_voltage_holds_the_measured_one(snapshot: Snapshot) -> None:
    """AlCl3 -704.2, LiCl -408.6, MgI2 -364.0, LiI -270.4 kJ/mol (CRC Handbook): 1.81 and 0.92 V."""
    bars = error_bars(snapshot, "Li")
    for compound, measured_v in (
        ("AlCl3", (3 * 408.6 - 704.2) / 3 / 96.485),
        ("MgI2", (2 * 270.4 - 364.0) / 2 / 96.485),
    ):
        found = react(snapshot, parse_reactant("Li"), parse_reactant(compound), error_bars=bars)
        kink = next(
            k for k in found.kinks if set(k.products) == {"LiCl", "Al"} or set(k.products) == {"LiI", "Mg"}
        )
        uptake = kink.products.get("LiCl") or kink.products["LiI"]
        atoms_ev = 1.0 / (1.0 - kink.x_atomic) * parse_reactant(compound).unit.n_atoms / uptake
        low, high = (-each * atoms_ev for each in reversed(kink.total_95_ev_per_atom))
        assert low < measured_v < high
        assert high - low < 1.5


def test_kilojoules_carry_the_interval_of_their_energy(snapshot: Snapshot) -> None:
    bars = error_bars(snapshot, "Li")
    found = react(snapshot, parse_reactant("Li"), parse_reactant("Li2Al2Cl8"), error_bars=bars)
    low = found.minimum
    assert low.reaction == "6 Li + Li2Al2Cl8 -> 8 LiCl + 2 Al"
    # twice the -486.4 kJ (300 K) of 3 Li + LiAlCl4 -> 4 LiCl + Al (FREED 2019)
    for within in (low.kj_as_written_95, low.kj_per_mol_b_95):
        assert within.low < -972.8 < within.high
    assert low.columns()["kj_as_written_low"] == low.as_dict()["kj_as_written_95"][0]
    assert f"{low.kj_as_written:.0f} (" in found.display().text()
    assert all(kink.kj_per_mol_b_95 == (0.0, 0.0) for kink in found.kinks[:1])


def test_the_limit_of_samarium_holds_the_measured_one(snapshot: Snapshot) -> None:
    """2.05 V to SmCl2, which the hull lacks since Sm(II) comes out too weak: all salts of Sm are widened."""
    found = lithiate(snapshot, parse_reactant("SmCl3"), error_bars=error_bars(snapshot, "Li"))
    assert found.cathodic_limit_v < 1.0
    assert found.cathodic_limit_95_v.low < 2.05 < found.cathodic_limit_95_v.high


def test_oxidation_of_measured_salts_lies_within_its_intervals(snapshot: Snapshot) -> None:
    """Enthalpies of formation of the salts of Li, Na, K and Mg, as the anchors carry them.

    Those that are oxidised to the free anion at once, and not to a peroxide or a polysulfide; hydrides are
    not anchored, since hydrogen is also freed where it is no anion.
    """
    measured = measured_enthalpies(snapshot)
    inside, off = [], []
    for ion, model in error_models().items():
        bars = error_bars(snapshot, ion)
        for row in measured_salts(measured, ion).values():
            formula = measured.formula[row]
            electrons = formula.amount_of(atomic_number(ion)) * model.charge
            expected = -measured.measured_ev[row] / electrons
            found = lithiate(snapshot, parse_reactant(formula.text), ion, error_bars=bars)
            assert found.anodic_limit_v == anodic_limit(snapshot, formula, atomic_number(ion), model.charge)
            formation_v = -measured.calculated_ev[row] / electrons
            if (
                abs(found.anodic_limit_v - formation_v) < 1e-6
                and atomic_number("H") not in formula.atomic_numbers
            ):
                low, high = found.anodic_limit_95_v
                inside.append(low <= expected <= high)
                off.append(abs(expected - found.anodic_limit_v))
    assert len(inside) >= 18
    assert np.mean(inside) >= 0.9
    assert max(off) > 0.5  # bromides: without the anchor they would lie outside


def test_digits_follow_the_interval() -> None:
    assert written(1.5898, Interval(1.33, 2.24), None, 3) == "1.6"
    assert written(-0.5289, Interval(-0.75, -0.44), None, 3) == "-0.53"
    assert written(-457.3, Interval(-650.0, -380.0), None, 0) == "-457"
    assert written(1.5898, Interval(1.33, 2.24), 4, 3) == "1.5898"
    assert written(1.5898, None, None, 3) == "1.590"
    assert written(0.0, Interval(0.0, 0.0), None, 3) == "0.000"
    assert bounds(Interval(1.33, 2.24), None) == "1.3 to 2.2"
    assert (
        bounds(Interval(0.0, 0.0), None) == bounds(None, None) == bounds(Interval(-5e-17, 3e-17), None) == ""
    )
    assert written(1e-17, Interval(-5e-17, 3e-17), None, 3) == "0.000"
    assert with_bounds("1.6 V", Interval(1.33, 2.24), None) == "1.6 V (1.3 to 2.2)"


def test_a_value_outside_its_interval_is_told_wherever_it_stands() -> None:
    bromide = scr.titrate("LiBr")
    assert bromide.strict.high_v < bromide.strict.high_95_v.low
    told = (
        bromide.display().notes,
        scr.titrate("LiBr", "LiCl").display().notes,
        scr.lithiate("LiBr").display().notes,
        scr.react("LiBr", "Li3PO4", voltage=3.3).display().notes,
        scr.stack("Li | Li3PO4 | LiBr", "2.6-4.2").notes,
    )
    assert all(notes.count(OUTSIDE) == 1 for notes in told)
    assert OUTSIDE not in scr.titrate("LiCl").display().notes
    assert OUTSIDE not in scr.react("Li", "LiAlCl4").display().notes


def test_rounding_turns_no_two_plateaus_around() -> None:
    spinel = scr.titrate("LiMn2O4", host=True)
    volts = [float(row["V vs Li/Li+"]) for row in spinel.display().content]
    assert volts == sorted(volts, reverse=True)
    assert spinel.strict.text() == "2.8 (1.1 to 4.8) to 3.6 (-15 to 22) V"
    values = [(3.64, Interval(3.6, 3.7)), (3.54, Interval(1.0, 7.0)), (3.53, Interval(3.5, 3.6))]
    assert in_order(values, None, 2) == ["3.64", "3.54", "3.53"], "not 3.5 above 3.53"


@given(arrays(float, (3, 4), elements=st.integers(-2, 2)), arrays(float, (4, 5), elements=st.integers(-2, 2)))
def test_the_product_with_a_table_is_that_of_matrices(left: np.ndarray, right: np.ndarray) -> None:
    found = product(csr_array(left), csr_array(right))
    assert sparse(found).toarray().tolist() == (left @ right).tolist()
    assert found.data.all()


def test_a_form_adds_up_what_occurs_twice() -> None:
    found = form(4, (2.0, {1: 0.5, 3: 0.5}), (-1.0, {1: 1.0}))
    assert sparse(found).toarray().tolist() == [[0.0, 0.0, 0.0, 1.0]]


def test_a_source_that_is_wholly_wrong_gives_a_wide_interval(snapshot: Snapshot) -> None:
    """YbCl3 decays to YbCl2 in these data, whose errors cancel: measured are 2.57 V, and YbCl3 is stable."""
    bars = error_bars(snapshot, "Li")
    found = lithiate(snapshot, parse_reactant("YbCl3"), error_bars=bars)
    low, high = found.cathodic_limit_95_v or (0.0, 0.0)
    assert low < 2.57 < 4.26 < high and high - low > 5.0
    assert found.error_bars.endswith("widened: the stable phases are wrong by 1.15 eV/atom")
    assert lithiate(snapshot, parse_reactant("YCl3"), error_bars=bars).error_bars == bars.note


def test_an_ion_without_a_model_takes_the_general_one_and_says_so(snapshot: Snapshot) -> None:
    assert error_bars(snapshot, "Ca").note == "intervals: 95 %, error model of Li; none for Ca"
    reaction = scr.react("CaO", "CO2", snapshot=snapshot)
    assert reaction.error_bars == "intervals: 95 %, error model of Li"
    low, high = reaction.minimum.kj_as_written_95
    assert low < -179.0 < high, "measured"


def test_the_general_model_holds_reactions_of_metals_that_have_none(snapshot: Snapshot) -> None:
    """Exchange MX + M' -> M'X + M and formation M + X -> MX, against measured enthalpies."""
    measured, errors = measured_enthalpies(snapshot), error_bars(snapshot, "Ca").errors
    held: dict[int, list[tuple[int, float]]] = {}
    for i, formula in enumerate(measured.formula):
        anions = [z for z in formula.atomic_numbers if z in (8, 9, 16, 17, 34, 35, 52, 53)]
        with_model = {1, 3, 11, 12, 19, 70}.intersection(formula.atomic_numbers)  # and Yb, which is wrong
        if len(formula.atomic_numbers) == 2 and len(anions) == 1 and not with_model:
            held.setdefault(anions[0], []).append((i, formula.amount_of(anions[0])))
    rng, scores = np.random.default_rng(12), []
    for pairs in held.values():
        for left, right in (rng.choice(len(pairs), 2, replace=False) for _ in range(40)):
            (i, of_i), (k, of_k) = pairs[left], pairs[right]
            atoms = [measured.formula[each].n_atoms for each in (i, k)]
            moved = form(
                len(snapshot),
                (-1.0 / of_i, {int(measured.phase[i]): atoms[0]}),
                (1.0 / of_k, {int(measured.phase[k]): atoms[1]}),
            )
            error = measured.error_ev[k] / of_k - measured.error_ev[i] / of_i
            scores.append((error - errors.mean(moved)[0]) / errors.standard_deviation(moved)[0])
    inside = (np.abs(scores) < 1.96).mean()
    assert len(scores) == 320 and inside > 0.95


def test_the_descriptor_widens_intervals_and_is_named() -> None:
    cold, warm = (lithiate_li(temperature) for temperature in (None, 298.15))
    widths = [each.steps[0].voltage_95_v.high - each.steps[0].voltage_95_v.low for each in (cold, warm)]
    assert widths[1] > widths[0]
    assert "descriptor of Gibbs energies: 0.05 eV/atom" in warm.error_bars
    assert "descriptor" not in cold.error_bars


def lithiate_li(temperature_k: float | None):
    from screening.api.interfaces import lithiate

    return lithiate("LiAlCl4", temperature_k=temperature_k)


class Wide:
    """Errors of 0.3 in either direction."""

    def bounds_95(self, forms: csr_array) -> np.ndarray:
        return np.tile([-0.3, 0.3], (forms.shape[0], 1))


def test_a_limit_reaches_down_to_the_highest_of_its_own_voltages() -> None:
    bars, of_decay, none = ErrorBars(Wide()), Interval(0.7, 0.8), form(1, (1.0, {0: 1.0}))
    assert bars.or_stable(of_decay, [(0.76, none), (0.6, none)]) == pytest.approx((0.46, 0.8))
    assert bars.or_stable(of_decay, [(1.2, none)]) == of_decay
    assert bars.or_stable(None, [(1.2, none)]) is None


@pytest.mark.parametrize("formula", ["Li3HoCl6", "Li10GeP2S12", "Li3YBr6"])
def test_the_limit_of_a_phase_above_the_hull_is_that_of_its_own_reaction_at_worst(formula: str) -> None:
    snapshot = load_snapshot(energies="anchored")
    bars = error_bars(snapshot, "Li")
    found = lithiate(snapshot, parse_reactant(formula), error_bars=bars)
    assert found.energy_above_hull_ev_per_atom > 0.0
    row = snapshot.find(parse_reactant(formula).unit)
    energy, n = snapshot.phases.formation_energy_ev_per_atom, found.reactant.unit.n_atoms
    lows = []
    for step in found.steps:  # in formula units of compounds: phase + n Li -> products
        moles = {snapshot.find(parse_reactant(p).unit): (p, m) for p, m in step.products.items()}
        atoms = {i: m * parse_reactant(p).unit.n_atoms for i, (p, m) in moles.items()}
        form_ = np.zeros(len(snapshot))
        form_[row] = n / step.uptake_per_formula
        for i, amount in atoms.items():
            form_[i] -= amount / step.uptake_per_formula
        below, _ = bars.errors.bounds_95(csr_array(form_[None]))[0]
        lows.append(form_ @ energy + below)
    assert found.cathodic_limit_95_v.low <= max(lows) + EXACT
    told = detail(ScreeningContext.of(snapshot, Conditions()), row, formula, (50.0,), bars)
    assert told.plateaus[0].voltage_95_v == pytest.approx(found.cathodic_limit_95_v, abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "reaction", "measured_kj"),
    [  # CRC Handbook, sums of enthalpies of formation at 298 K
        ("Li", "H2", "2 Li + H2 -> 2 LiH", -181.0),
        ("Na", "H2", "2 Na + H2 -> 2 NaH", -112.6),
        ("K", "H2", "2 K + H2 -> 2 KH", -115.4),
        ("Mg", "H2", "Mg + H2 -> MgH2", -75.3),
        ("Ca", "H2", "Ca + H2 -> CaH2", -181.5),
        ("S", "O2", "S + O2 -> SO2", -296.8),
        ("Na", "H2O", "4 Na + H2O -> 2 NaH + Na2O", -285.0),
        ("Li", "NH3", "6 Li + NH3 -> 3 LiH + Li3N", -390.0),
        ("LiBr", "HCl", "LiBr + HCl -> HBr + LiCl", -1.4),
        ("CaO", "CO2", "CaO + CO2 -> CaCO3", -178.8),
        ("Li2O", "CO2", "Li2O + CO2 -> Li2CO3", -224.5),
    ],
)
def test_hydrides_and_molecules_hold_their_measured_energies(
    a: str, b: str, reaction: str, measured_kj: float
) -> None:
    found = scr.react(a, b)
    (kink,) = [each for each in found.kinks if each.reaction == reaction]
    assert kink.kj_as_written_95.low < measured_kj < kink.kj_as_written_95.high
    assert kink.kj_as_written_95.high - kink.kj_as_written_95.low < 310.0

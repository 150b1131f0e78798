"""Energies anchored to measurement: against handbook values, and blind against measured compounds."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import norm

from screening import lithiate
from screening.errors import InputError
from screening.phases.additions import AddedPhase
from screening.phases.anchored import BINARIES, ESTIMATED, MEASURED, Anchors, anchor_shift, with_anchored
from screening.phases.composition import parse_formula
from screening.phases.corrections import Energies, scheme_energies
from screening.phases.snapshot import Snapshot
from screening.reactors.uncertainty import find_error_model
from screening.thermo.sources import load_snapshot

EV_PER_KJ = 1.0 / 96.48533212
MEASURED_TABLES_DIFFER_V = 0.05

LICL, ALCL3, ZNCL2, MGCL2, CUCL = -408.6, -704.2, -415.1, -641.3, -137.2
"""Enthalpies of formation at 298 K, kJ/mol (CRC Handbook)."""


@pytest.fixture(scope="module")
def anchored() -> Snapshot:
    return load_snapshot(energies="anchored")


@pytest.fixture(scope="module")
def corrected() -> Snapshot:
    return load_snapshot()


def energy_ev(snapshot: Snapshot, text: str) -> float:
    """Formation energy per formula as written."""
    formula = parse_formula(text)
    return float(snapshot.phases.formation_energy_ev_per_atom[snapshot.find(formula)]) * formula.n_atoms


def first_plateau_v(text: str) -> float:
    return lithiate(text, energies="anchored").steps[0].voltage_v


@pytest.mark.parametrize(
    ("salt", "enthalpy_kj_per_mol", "electrons"),
    [("ZnCl2", ZNCL2, 2), ("CuCl", CUCL, 1), ("MgCl2", MGCL2, 2)],
)
def test_a_measured_salt_is_reduced_at_its_measured_voltage(
    salt: str, enthalpy_kj_per_mol: float, electrons: int
) -> None:
    measured_v = (enthalpy_kj_per_mol - electrons * LICL) * EV_PER_KJ / electrons
    steps = lithiate(salt, energies="anchored").steps
    to_metal = next(step for step in steps if step.uptake_per_formula == pytest.approx(electrons))
    assert to_metal.voltage_v == pytest.approx(measured_v, abs=MEASURED_TABLES_DIFFER_V)


def test_what_binaries_do_not_fix_stays_calculated(corrected: Snapshot) -> None:
    # LiAlCl4 = LiCl + AlCl3 + mixing: the binaries measured, the mixing energy calculated
    mixing = energy_ev(corrected, "LiAlCl4") - energy_ev(corrected, "LiCl") - energy_ev(corrected, "AlCl3")
    expected = (-(3 * LICL - ALCL3) * EV_PER_KJ + mixing) / 3
    assert first_plateau_v("LiAlCl4") == pytest.approx(expected, abs=MEASURED_TABLES_DIFFER_V)


@pytest.mark.parametrize(("salt", "measured_v"), [("YbCl3", 2.57), ("SmCl3", 2.05)])
def test_trivalent_chlorides_fall_to_the_divalent_ones_where_they_are_measured_to(
    salt: str, measured_v: float
) -> None:
    assert first_plateau_v(salt) == pytest.approx(measured_v, abs=MEASURED_TABLES_DIFFER_V)


def test_every_compound_has_an_anchored_energy_and_no_element_has(
    anchored: Snapshot, corrected: Snapshot
) -> None:
    compound = anchored.phases.n_elements > 1
    assert (anchored.phases.uncertainty_ev_per_atom[compound] > 0.0).all()
    assert (anchored.phases.uncertainty_ev_per_atom[~compound] == 0.0).all()
    np.testing.assert_array_equal(
        anchored.phases.formation_energy_ev_per_atom[~compound],
        corrected.phases.formation_energy_ev_per_atom[~compound],
    )


def test_the_table_of_the_snapshot_is_what_its_anchors_give(anchored: Snapshot, corrected: Snapshot) -> None:
    rows = np.random.default_rng(20230815).choice(np.flatnonzero(corrected.phases.n_elements > 1), 60)
    found = anchor_shift(corrected, Anchors.read(), rows)
    energies = (each.phases.formation_energy_ev_per_atom[rows] for each in (anchored, corrected))
    np.testing.assert_allclose(np.subtract(*energies), found.shift_ev_per_atom, atol=1e-5)


def test_every_measured_compound_has_its_measured_enthalpy(anchored: Snapshot) -> None:
    anchors = Anchors.read()
    measured = [
        (f, e)
        for f, e, own in zip(anchors.formula, anchors.ev_per_atom, anchors.measured, strict=True)
        if own
    ]
    phases = [anchored.find(formula) for formula, _ in measured]
    energies = anchored.phases.formation_energy_ev_per_atom[phases]
    np.testing.assert_allclose(energies, [energy for _, energy in measured], atol=2e-5)
    assert len(measured) > 1000


def test_compounds_of_three_elements_are_foretold_from_their_binaries(corrected: Snapshot) -> None:
    anchors = Anchors.read()
    large = [
        i
        for i, formula in enumerate(anchors.formula)
        if anchors.measured[i] and len(formula.atomic_numbers) > 2
    ]
    rows = np.array([corrected.find(anchors.formula[i]) for i in large])
    blind = anchor_shift(corrected, anchors, rows, own=False)
    whole = np.array([kind == BINARIES for kind in blind.kind])
    raw = anchors.shift_ev_per_atom[large]
    left, sd = raw - blind.shift_ev_per_atom, np.hypot(blind.sd_ev_per_atom, anchors.sd_ev_per_atom[large])
    assert whole.sum() >= 200
    assert np.sqrt(np.mean(left[whole] ** 2)) < 0.6 * np.sqrt(np.mean(raw[whole] ** 2))
    assert 0.90 <= np.mean(np.abs(left) < norm.ppf(0.975) * sd) <= 0.98
    assert 0.90 <= np.mean(np.abs(left[whole]) < norm.ppf(0.975) * sd[whole]) <= 0.98


def test_kinds_of_anchors() -> None:
    snapshot = load_snapshot()
    names = {"LiCl": MEASURED, "LiAlCl4": BINARIES, "YBr3": ESTIMATED, "Li3YBr6": ESTIMATED}
    rows = np.array([snapshot.find(parse_formula(name)) for name in names])
    assert list(anchor_shift(snapshot, Anchors.read(), rows).kind) == list(names.values())


def test_a_calculated_phase_that_joins_is_anchored_as_the_others(
    anchored: Snapshot, corrected: Snapshot
) -> None:
    # 10 meV/atom below LiCl + AlCl3 as calculated: as far below the measured ones
    mixed = (energy_ev(corrected, "LiCl") * 2 + energy_ev(corrected, "AlCl3")) / 8 - 0.01
    joined = anchored.joined([AddedPhase(parse_formula("Li2AlCl5"), mixed, 0.0, "own", as_source=True)])
    found = energy_ev(with_anchored(joined, np.array([len(anchored)])), "Li2AlCl5")
    assert found / 8 == pytest.approx((2 * LICL + ALCL3) * EV_PER_KJ / 8 - 0.01, abs=0.01)


def test_the_scheme_is_named_and_found_again(anchored: Snapshot) -> None:
    assert "anchored to measured enthalpies" in anchored.manifest.energy_scheme
    assert scheme_energies(anchored.manifest.energy_scheme) is Energies.ANCHORED


def test_a_snapshot_without_anchors_is_refused(corrected: Snapshot) -> None:
    from dataclasses import replace

    from screening.phases.anchored import anchored as anchor

    with pytest.raises(InputError, match="no energies anchored"):
        anchor(replace(corrected, directory=None))


def test_ranks_draw_anchored_energies_without_bias_and_with_their_own_spread(
    anchored: Snapshot, corrected: Snapshot
) -> None:
    model = find_error_model("Li")
    assert model is not None
    calculated, of_anchored = (
        model.of_phases(corrected.phases),
        model.of_anchored.of_phases(anchored.phases),
    )
    # AlCl3 + 3 Li -> 3 LiCl + Al, atoms formed and consumed per Li: a measured reaction
    licl, alcl3 = (anchored.find(parse_formula(text)) for text in ("LiCl", "AlCl3"))
    form = csr_array(([2.0, -4.0 / 3.0], ([0, 0], [licl, alcl3])), shape=(1, len(anchored)))
    assert calculated.mean(form)[0] != 0.0
    assert of_anchored.mean(form)[0] == 0.0
    sd = anchored.phases.uncertainty_ev_per_atom
    expected = np.hypot(2.0 * sd[licl], 4.0 / 3.0 * sd[alcl3])
    assert of_anchored.standard_deviation(form)[0] == pytest.approx(expected)
    assert expected < 0.03 < calculated.standard_deviation(form)[0]

"""Both sides of one compound: plateaus of release, strict and useful windows."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from screening.errors import InputError
from screening.phases.composition import parse_reactant
from screening.phases.snapshot import Snapshot
from screening.thermo.sources import load_snapshot
from screening.thermo.titration import Titration, titrate

MakeUp = Callable[[dict[str, float]], Snapshot]


def of(snapshot: Snapshot, text: str, **options: object) -> Titration:
    return titrate(snapshot, parse_reactant(text), **options)


def test_release_by_hand(made_up: MakeUp) -> None:
    # Li2MgCl4 (-14.7 eV) -> 2 Li + MgCl4 (-6.9 eV): both Li leave at 7.8 V / 2
    snapshot = made_up({"Li2MgCl4": -2.1, "MgCl2": -2.0, "LiCl": -2.0, "MgCl4": -1.38})
    found = of(snapshot, "Li2MgCl4")
    assert [s.voltage_v for s in found.releases] == pytest.approx([3.9])
    assert [s.uptake_per_formula for s in found.releases] == pytest.approx([-2.0])
    assert found.releases[0].reaction == "Li2MgCl4 -> 2 Li + MgCl4"
    assert found.releases[0].capacity_mah_per_g == pytest.approx(-2 * 26801.5 / 179.995, rel=1e-4)
    assert [found.strict.high_v, found.useful.high_v] == pytest.approx([3.9, 3.9])


def test_li3ps4_gives_off_almost_all_its_lithium_at_once(mp2019: Snapshot) -> None:
    first = of(mp2019, "Li3PS4").releases[0]
    assert first.voltage_v == pytest.approx(2.361, abs=5e-4)
    assert first.uptake_per_formula == pytest.approx(-2.875)
    assert dict(first.products) == pytest.approx({"P2S7": 0.5, "LiS4": 0.125})


def test_the_useful_window_of_lipon_passes_over_what_a_trace_of_lithium_does(mp2019: Snapshot) -> None:
    found = of(mp2019, "Li2.88PO3.73N0.14", at_hull=True)
    assert found.strict.high_v == pytest.approx(1.071, abs=5e-4)
    assert found.releases[0].uptake_per_formula == pytest.approx(-0.0133, abs=1e-4)
    assert found.useful.high_v == pytest.approx(2.60, abs=0.01), "Zhu, He, Mo 2015"
    assert of(mp2019, "Li2.88PO3.73N0.14", at_hull=True, share=0.004).useful.high_v < 1.08


def test_a_share_is_of_the_formulas_own_lithium_on_both_sides(mp2019: Snapshot) -> None:
    # Li6PS5Cl gives off 1.75 of 6 Li at 2.139 V and 4.625 at 2.361 V; it takes up 5 at 1.721 V
    window = of(mp2019, "Li6PS5Cl", share=0.3).useful
    assert window.high_v == pytest.approx(2.3607, abs=5e-4)
    assert window.low_v == pytest.approx(1.7207, abs=5e-4)
    assert of(mp2019, "Li6PS5Cl", share=0.9).useful.low_v == pytest.approx(1.1695, abs=5e-4)


def test_an_energy_is_what_the_electrode_pays(mp2019: Snapshot) -> None:
    # 8 atoms x 0.05 eV: 2.875 Li leave at 2.3607 V, 5 Li come at 1.7207 V
    window = of(mp2019, "Li3PS4", energy_ev_per_atom=0.05).useful
    assert window.high_v == pytest.approx(2.3607 + 0.4 / 2.875, abs=1e-3)
    assert window.low_v == pytest.approx(1.7207 - 0.4 / 5, abs=1e-3)
    # Li6PS5Cl passes a second plateau before 13 x 0.1 eV are spent
    high = of(mp2019, "Li6PS5Cl", energy_ev_per_atom=0.1).useful.high_v
    assert 1.75 * (high - 2.1385) + 2.875 * (high - 2.3607) == pytest.approx(1.3, abs=1e-3)
    assert 2.3607 < high < 2.8886


def test_all_of_0_v_is_the_decomposition_energy_of_a_stable_phase(mp2019: Snapshot) -> None:
    found = of(mp2019, "LiAlCl4")
    spent = -found.lithiation.decomposition_energy_0v_ev_per_atom
    near = of(mp2019, "LiAlCl4", energy_ev_per_atom=spent * (1 - 1e-6)).useful.low_v
    assert near == pytest.approx(0.0, abs=1e-4)
    assert of(mp2019, "LiAlCl4", energy_ev_per_atom=spent * 1.01).useful.low_v is None


def test_a_compound_without_the_element_gives_none_off(mp2019: Snapshot) -> None:
    found = of(mp2019, "AlCl3")
    assert (found.releases, found.strict.high_v, found.useful.high_v) == ((), None, None)
    assert found.useful.low_v == found.strict.low_v


def test_plateaus_above_the_voltage_are_not_told_but_counted(mp2019: Snapshot) -> None:
    low, high = of(mp2019, "LiCoO2", to_v=3.6), of(mp2019, "LiCoO2")
    assert [len(each.releases) for each in (low, high)] == [1, 2]
    assert of(mp2019, "LiCoO2", to_v=3.6, share=0.6).useful.high_v == pytest.approx(
        high.releases[1].voltage_v
    )


def test_a_mixture_with_free_lithium_gives_it_off_at_0_v(mp2019: Snapshot) -> None:
    found = of(mp2019, "Li3Cl", at_hull=True)
    assert [s.voltage_v for s in found.releases] == pytest.approx([0.0, 4.2552], abs=1e-3)
    assert found.releases[0].reaction == "Li3Cl -> 2 Li + LiCl"


def test_all_is_told(mp2019: Snapshot) -> None:
    found = of(mp2019, "Li6PS5Cl")
    frame = found.to_frame()
    assert list(frame.li_held_per_formula[:4]) == pytest.approx([0, 0.125, 1.375, 4.25])
    assert (np.diff(frame.voltage_v) < 0).all()
    content = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert content["releases"][0]["li_given_off_per_formula"] == pytest.approx(1.75)
    assert content["window_v"]["high_v"] == pytest.approx(content["anodic_limit_v"])
    told = str(of(load_snapshot(mp2019), "Li2.88PO3.73N0.14", at_hull=True))
    assert "useful window 0.69 to 2.61 V (5 % of the formula's Li taken up or given off)" in told
    assert "† taken at its hull energy" in told
    assert "N2O5: bonds" in told, "phases of the oxidised side bring their cautions"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"to_v": 9.0}, "--to: 9 V is out of range"),
        ({"to_v": float("nan")}, "--to: nan V is out of range"),
        ({"to_v": "5"}, "--to: '5' is no number"),
        ({"share": 0.0}, "--share"),
        ({"energy_ev_per_atom": -1.0}, "--energy"),
        ({"element": "S"}, "S forms no common cation"),
    ],
)
def test_what_cannot_be_is_refused(mp2019: Snapshot, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        of(mp2019, "Li3PS4", **options)

"""Reactions at a potential of one element: kinks, energies, what comes and goes, and what is refused."""

import json
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.text import Text

import screening as scr
from screening.errors import InputError
from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.snapshot import Snapshot
from screening.thermo.open_system import OpenReaction, react_open
from screening.thermo.reservoir import Reservoir, reservoirs, voltages
from screening.thermo.sources import load_snapshot

MakeUp = Callable[[dict[str, float]], Snapshot]


def of(snapshot: Snapshot, a: str, b: str, *at: Reservoir, at_hull: bool = False) -> tuple[OpenReaction, ...]:
    return react_open(snapshot, parse_reactant(a), parse_reactant(b), at, at_hull=at_hull)


def volts(*given: float) -> tuple[Reservoir, ...]:
    return tuple(Reservoir.at_voltage(v) for v in given)


def test_energies_by_hand(made_up: MakeUp) -> None:
    # MgF2 (-10.5 eV) + 2 Li -> 2 LiF + Mg (-12 eV) costs 2 eV more at 1 V: nothing happens
    # at 0.5 V it gives -1.5 + 1 = -0.5 eV for the 3 atoms of MgF2; MgO stays
    snapshot = made_up({"LiF": -3.0, "MgF2": -3.5, "MgO": -3.0})
    at_1, at_half = of(snapshot, "MgO", "MgF2", *volts(1.0, 0.5))
    assert [k.total_ev_per_atom for k in at_1.kinks] == [0.0, 0.0]
    start = at_half.kinks[0]
    assert start.total_ev_per_atom == pytest.approx(-0.5 / 3)
    assert start.taken_up == pytest.approx(2.0)
    assert start.reaction == "2 Li + MgF2 -> 2 LiF + Mg"
    assert start.kj_per_mol_b == pytest.approx(-0.5 * 96.485, rel=1e-4)
    assert at_half.minimum_mutual.mutual_ev_per_atom == 0.0
    assert not at_half.reacts


def test_the_documented_pair_open_to_cobalt(mp2019: Snapshot) -> None:
    """LiCoO2 | Li3PS4 at mu(Co) = -1 eV, as the Materials Project's notebook has it, of energies of 2018."""
    (found,) = of(mp2019, "LiCoO2", "Li3PS4", Reservoir.at_potential("Co", -1.0))
    at = {round(k.x_atomic, 3): k.mutual_ev_per_atom for k in found.kinks}
    assert at[0.5] == pytest.approx(-0.4624, abs=0.008)
    assert at[0.8] == pytest.approx(-0.5781, abs=0.008)
    assert found.minimum.x_atomic == pytest.approx(0.8)


@pytest.mark.parametrize("voltage", [0.5, 2.6, 4.2])
def test_what_comes_and_goes_balances_every_reaction(mp2019: Snapshot, voltage: float) -> None:
    (found,) = of(mp2019, "LiCoO2", "Li6PS5Cl", *volts(voltage))
    a, b = parse_formula("LiCoO2"), parse_formula("Li6PS5Cl")
    for kink in found.kinks:
        moles_a = kink.x_molar / (1 - kink.x_molar) if kink.x_molar < 1 else 1.0
        moles_b = 1.0 if kink.x_molar < 1 else 0.0
        before = moles_a * a.amount_of(3) + moles_b * b.amount_of(3) + kink.taken_up
        after = sum(n * parse_formula(name).amount_of(3) for name, n in kink.products.items())
        assert after == pytest.approx(before, abs=1e-9), kink.reaction
        assert kink.x_atomic == pytest.approx(moles_a * 4 / (moles_a * 4 + moles_b * 13))
        assert kink.x_counted == pytest.approx(moles_a * 3 / (moles_a * 3 + moles_b * 7))


def test_an_element_that_nothing_exchanges_leaves_the_closed_reaction(mp2019: Snapshot) -> None:
    """At a nitrogen potential so low that no nitride forms, closed energies come back atom for atom."""
    (found,) = of(mp2019, "LiCoO2", "Li3PS4", Reservoir.at_potential("N", -15.0))
    closed = scr.react("LiCoO2", "Li3PS4", snapshot=mp2019, energies="as-published")
    assert found.minimum.total_ev_per_atom == pytest.approx(closed.minimum.total_ev_per_atom, abs=1e-12)
    assert [k.reaction for k in found.kinks] == [k.reaction for k in closed.kinks]


def test_a_gas_by_pressure_is_its_potential_at_that_temperature(mp2019: Snapshot) -> None:
    warm = load_snapshot(mp2019, temperature_k=1000.0)
    gas = Reservoir.of_gas("O2", 0.2, 1000.0)
    assert gas.mu_ev == pytest.approx(8.617333e-5 * 1000 * math.log(0.2) / 2)
    (found,) = of(warm, "Li6PS5Cl", "LiCoO2", gas)
    (same,) = of(warm, "Li6PS5Cl", "LiCoO2", Reservoir.at_potential("O", gas.mu_ev))
    assert found.minimum.total_ev_per_atom == same.minimum.total_ev_per_atom
    assert " O2 + " in found.minimum.reaction, "as the molecule"


def test_a_charge_of_two_counts_twice() -> None:
    assert Reservoir.at_voltage(1.5, "Mg").mu_ev == -3.0


def test_energies_name_what_they_are_divided_by(mp2019: Snapshot) -> None:
    found = scr.react("LiCoO2", "Li6PS5Cl", voltage=4.2, snapshot=mp2019)
    assert "total (eV/non-Li atom)" in str(found)
    assert "4.2 V vs Li" in str(found)
    frame = found.to_frame()
    assert {"total_ev_per_closed_atom", "mutual_ev_per_closed_atom", "taken_up", "voltage_v"} <= set(frame)
    assert not {"total_ev_per_atom", "mutual_ev_per_atom"} & set(frame)
    content = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert content["open"]["energies_per"] == "non-Li atom"
    assert "total_ev_per_closed_atom" in content["minimum"]
    assert "total_ev_per_atom" not in content["kinks"][0]


def test_a_minimum_is_named_by_what_it_is_the_lowest_of(mp2019: Snapshot) -> None:
    decays = scr.react("LiCoO2", "Li6PS5Cl", voltage=4.2, snapshot=mp2019)
    assert decays.minimum.total_ev_per_atom > decays.kinks[0].total_ev_per_atom
    assert "<- lowest mutual" in str(decays.display().content) and decays.minimum is decays.minimum_mutual
    stays = scr.react("Li3PO4", "Li2CO3", voltage=2.6, snapshot=mp2019)
    assert stays.told_minimum == scr.react("LiCoO2", "Li6PS5Cl", snapshot=mp2019).told_minimum == "minimum"
    several = scr.react("LiCoO2", "Li6PS5Cl", voltage=(2.6, 4.2), snapshot=mp2019)
    assert several.display().notes[0] == "minimum: lowest mutual energy where a reactant decays by itself"
    drawn = [text.get_text() for text in several.plot().texts]
    assert not any(text.startswith("minimum") for text in drawn)
    map_key = [t.get_text() for t in scr.react("LiCoO2", "Li6PS5Cl", voltage="2.6-4.2").plot().texts]
    assert any("white: the lowest mutual energy" in text for text in map_key)


@pytest.mark.parametrize("given", [{"mu": {"Co": -1.0}}, {}])
def test_an_element_without_a_voltage_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InputError, match="--element: Na is what voltages are against"):
        scr.react("LiCoO2", "Li3PS4", element="Na", **given)


def test_of_one_voltage_one_of_several_a_group(mp2019: Snapshot) -> None:
    assert isinstance(scr.react("LiCoO2", "Li3PS4", voltage=4.2, snapshot=mp2019), OpenReaction)
    three = scr.react("LiCoO2", "Li3PS4", voltage=(2.6, 3.4, 4.2), snapshot=mp2019)
    assert [each.reservoir.voltage_v for each in three] == [2.6, 3.4, 4.2]
    assert len(scr.react("LiCoO2", "Li3PS4", voltage="2.6-4.2", snapshot=mp2019)) == 41


def test_the_fraction_of_a_follows_the_closed_atoms(mp2019: Snapshot) -> None:
    (found,) = of(mp2019, "LiCoO2", "Li6PS5Cl", *volts(4.2))
    for axis in ("atomic", "molar", "mass"):
        at_kinks = found.fraction_of_a(axis, found.x_counted)
        assert at_kinks == pytest.approx(np.array([k.x(axis) for k in found.kinks])), axis


@pytest.mark.parametrize(
    ("a", "b", "options", "said"),
    [
        (
            "Li",
            "LiCl",
            {"voltage": 1.0},
            "open; Li is the open element: give what meets the other one, as the cathode",
        ),
        ("Li@50mol+LiCl@50mol", "Li", {"voltage": 1.0}, "nothing of Li is left"),
        ("LiCoO2", "CoO2", {"voltage": 1.0}, "differ by Li alone"),
        ("LiCoO2", "Li3PS4", {"voltage": 9.0}, "9 V is out of range"),
        ("LiCoO2", "Li3PS4", {"voltage": float("nan")}, "nan V is out of range"),
        ("LiCoO2", "Li3PS4", {"voltage": (4.2, 4.2)}, "give each once"),
        ("LiCoO2", "Li3PS4", {"voltage": "4.2-2.6"}, "is no range"),
        ("LiCoO2", "Li3PS4", {"voltage": "high"}, "'high' is no voltage"),
        ("LiCoO2", "Li3PS4", {"voltage": 3.0, "element": "Xx"}, "--element: no element 'Xx'; X begins Xe"),
        ("LiCoO2", "Li3PS4", {"voltage": 3.0, "element": "O"}, "--element: O forms no common cation"),
        ("LiCoO2", "Li3PS4", {"voltage": 4.2, "mu": {"Co": -1.0}}, "one element can be open"),
        ("LiCoO2", "Li3PS4", {"mu": {"Co": -1.0, "O": -1.0}}, "one element can be open"),
        ("LiCoO2", "Li3PS4", {"voltage": [2.6, "a"]}, "are no voltages"),
        ("LiCoO2", "Li3PS4", {"mu": {"Co": "a"}}, "write it as Co=-1"),
        ("LiCoO2", "Li3PS4", {"mu": -1}, "--mu: '-1'; write it as Co=-1"),
        ("LiCoO2", "Li3PS4", {"mu": "Co"}, "--mu: 'Co'; write it as Co=-1"),
        ("LiCoO2", "Li3PS4", {"mu": {"Co": 0.5}}, "0.5 eV is out of range"),
        ("LiCoO2", "Li3PS4", {"mu": {"Po": -0.5}}, "has no Po"),
        ("LiCoO2", "Li3PS4", {"open_to": "O2"}, "needs a pressure and a temperature"),
        ("LiCoO2", "Li3PS4", {"pressure_bar": 1.0}, "a pressure of no gas"),
        (
            "LiCoO2",
            "Li3PS4",
            {"open_to": "CO2", "pressure_bar": 1.0, "temperature_k": 300.0},
            "no gas of one",
        ),
        ("LiCoO2", "Li3PS4", {"open_to": "O2", "pressure_bar": 0.0, "temperature_k": 300.0}, "0 bar is out"),
    ],
)
def test_what_cannot_be_is_refused(a: str, b: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        scr.react(a, b, **options)


def test_an_open_element_that_nobody_holds_is_told() -> None:
    absent = scr.react("LiCoO2", "Li3PS4", mu={"Fe": -1.0})
    assert "neither LiCoO2 nor Li3PS4 holds Fe: all of it comes from outside" in absent.cautions
    assert not any("outside" in each for each in scr.react("LiCoO2", "P2S5", voltage=3.0).cautions)


def test_voltages_as_they_are_written() -> None:
    assert voltages("2.6, 3.4 ,4.2 V") == (2.6, 3.4, 4.2)
    assert voltages("2.6 V; 4.2") == voltages("2.6 4.2") == voltages("2.6,4.2") == (2.6, 4.2)
    assert voltages("3, 4") == (3.0, 4.0)
    for unclear in ("2,6", "2,6; 4,2", "2,6 V"):
        with pytest.raises(InputError, match=r"no voltage.*with a point"):
            voltages(unclear)
    assert voltages(3) == (3.0,)
    assert (voltages("2.6-4.2")[0], voltages("2.6 to 4.2 V")[-1]) == (2.6, 4.2)
    assert reservoirs() == ()


def test_a_potential_is_read_as_the_command_line_writes_it() -> None:
    texts, numbers = (
        scr.react("LiCoO2", "Li3PS4", mu=mu, energies="as-published") for mu in ("Co=-1", {"Co": -1.0})
    )
    assert [k.total_ev_per_atom for k in texts.kinks] == [k.total_ev_per_atom for k in numbers.kinks]
    assert texts.minimum_mutual.x_atomic == pytest.approx(0.8)


def test_a_map_tells_once_what_is_far_from_measurement() -> None:
    """Each voltage has cautions of its own, which name some of the same phases."""
    drawn = scr.react("LiCoO2", "Li6PS5Cl", voltage="2.6-4.2").plot().figure
    told = " ".join(text.get_text() for text in drawn.findobj(Text))
    assert told.count("far from measurement") == 1
    assert all(told.count(f"{name} -") == 1 for name in ("CoS2", "Co3S4"))
    assert all(name in told for name in ("SCl", "Cl2O"))

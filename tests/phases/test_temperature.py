"""Gibbs energies from volumes, against pymatgen's class."""

import json
from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition, Lattice, Structure
from pymatgen.entries.computed_entries import G_ELEMS, GibbsComputedStructureEntry

from screening.errors import InputError
from screening.phases.composition import parse_formula, symbol
from screening.phases.library import open_snapshot
from screening.phases.snapshot import AddedPhase, Snapshot
from screening.phases.temperature import SISSO_ERROR_EV_PER_ATOM, at_temperature, reduced_mass_g

SINGLE_PRECISION_EV = 1e-6
"""Volumes are stored in single precision; at 2000 K that is worth 1e-7 eV/atom."""


@pytest.fixture(scope="module")
def at_0_k() -> Snapshot:
    return open_snapshot()


def pymatgen_energy_per_atom(snapshot: Snapshot, phase: int, temperature_k: float) -> float:
    formula = snapshot.formula(phase)
    composition = Composition(formula.text)
    species = [e for e, n in composition.items() for _ in range(round(n))]
    edge = (float(snapshot.phases.volume_per_atom_a3[phase]) * len(species)) ** (1 / 3)
    places = [[(i + 0.5) / len(species), 0.5, 0.5] for i in range(len(species))]
    return GibbsComputedStructureEntry(
        Structure(Lattice.cubic(edge), species, places),
        float(snapshot.phases.formation_energy_ev_per_atom[phase]),
        temp=temperature_k,
    ).energy_per_atom


@settings(max_examples=8, deadline=None)
@given(temperature_k=st.integers(300, 2000), seed=st.integers(0, 2**32 - 1))
def test_energies_are_those_of_pymatgen(at_0_k: Snapshot, temperature_k: int, seed: int) -> None:
    warm = at_temperature(at_0_k, temperature_k)
    for phase in np.random.default_rng(seed).integers(0, len(warm), 25):
        original = at_0_k.find(warm.formula(int(phase)))
        if original is None:
            pytest.fail(f"{warm.formula(int(phase)).text} appeared from nowhere")
        if at_0_k.phases.atoms[original] > 400:
            continue  # pymatgen writes out every atom
        ours = warm.phases.formation_energy_ev_per_atom[phase]
        theirs = pymatgen_energy_per_atom(at_0_k, original, temperature_k)
        assert ours == pytest.approx(theirs, abs=SINGLE_PRECISION_EV)


@pytest.mark.parametrize("gas", ["CO2", "H2O", "NH3", "HCl"])
def test_gases_take_the_measured_values_that_pymatgen_gives_them(at_0_k: Snapshot, gas: str) -> None:
    phase = at_0_k.find(parse_formula(gas))
    assert phase is not None
    warm = at_temperature(at_0_k, 850.0)
    found = warm.find(parse_formula(gas))
    ours = warm.phases.formation_energy_ev_per_atom[found]
    assert ours == pytest.approx(pymatgen_energy_per_atom(at_0_k, phase, 850.0), abs=SINGLE_PRECISION_EV)
    assert warm.phases.uncertainty_ev_per_atom[found] == 0.0


def test_lithium_chloride_by_hand(at_0_k: Snapshot) -> None:
    phase = at_0_k.find(parse_formula("LiCl"))
    volume = float(at_0_k.phases.volume_per_atom_a3[phase])
    mass = 6.94 * 35.453 / (6.94 + 35.453)
    descriptor = (-2.48e-4 * log(volume) - 8.94e-5 * mass / volume) * 600 + 0.181 * log(600) - 0.882
    elements = (G_ELEMS["600"]["Li"] + G_ELEMS["600"]["Cl"]) / 2
    expected = float(at_0_k.phases.formation_energy_ev_per_atom[phase]) + descriptor - elements
    warm = at_temperature(at_0_k, 600)
    ours = warm.phases.formation_energy_ev_per_atom[warm.find(parse_formula("LiCl"))]
    assert ours == pytest.approx(expected, abs=2e-5)  # atomic masses rounded above


def test_measured_energy_of_lithium_chloride_lies_within_twice_the_stated_error(
    at_0_k: Snapshot,
) -> None:
    """ΔG_f(LiCl, 298 K) = −384.4 kJ/mol (CRC Handbook); part of the difference is PBE's own."""
    warm = at_temperature(at_0_k, 300)
    ours = warm.phases.formation_energy_ev_per_atom[warm.find(parse_formula("LiCl"))]
    assert ours == pytest.approx(-384.4 / 96.485 / 2, abs=2 * SISSO_ERROR_EV_PER_ATOM)


def test_reduced_mass_of_a_binary_is_the_textbook_one(at_0_k: Snapshot) -> None:
    phase = at_0_k.find(parse_formula("Al2O3"))
    mass = reduced_mass_g(at_0_k.phases.take(np.array([phase])))
    assert mass == pytest.approx(26.98154 * 15.9994 / (26.98154 + 15.9994), rel=1e-5)


def test_elements_stay_at_zero_and_compounds_carry_the_error(at_0_k: Snapshot) -> None:
    warm = at_temperature(at_0_k, 700.0)
    elements = warm.phases.n_elements == 1
    assert (warm.phases.formation_energy_ev_per_atom[elements] == 0.0).all()
    assert (warm.phases.uncertainty_ev_per_atom[elements] == 0.0).all()
    lithium_chloride = warm.find(parse_formula("LiCl"))
    assert warm.phases.uncertainty_ev_per_atom[lithium_chloride] == SISSO_ERROR_EV_PER_ATOM
    estimated = warm.find(parse_formula("Li3HoCl6"))
    own = at_0_k.phases.uncertainty_ev_per_atom[at_0_k.find(parse_formula("Li3HoCl6"))]
    assert warm.phases.uncertainty_ev_per_atom[estimated] == pytest.approx(np.hypot(own, 0.05))
    assert warm.phases.estimated[estimated]


def test_what_was_left_out_is_named_and_the_scheme_tells_the_temperature(at_0_k: Snapshot) -> None:
    warm = at_temperature(at_0_k, 700.0)
    told = json.loads(warm.manifest.details)["temperature"]
    lacking = {symbol(z) for z in at_0_k.elements} - set(G_ELEMS["700"])
    assert set(told["elements_left_out"]) == lacking == {symbol(z) for z in at_0_k.elements - warm.elements}
    assert told["phases_left_out"] == len(at_0_k) - len(warm) > 0
    assert warm.manifest.energy_scheme.endswith("Gibbs energies at 700 K (SISSO)")
    assert warm.manifest.checksum == at_0_k.manifest.checksum
    assert "10.1038/s41467-018-06682-4" in warm.manifest.cite[-1]


@pytest.mark.parametrize("temperature_k", [0.0, 297.9, 2000.1, float("nan"), -5.0])
def test_temperatures_out_of_range_are_refused(at_0_k: Snapshot, temperature_k: float) -> None:
    with pytest.raises(InputError, match="out of range"):
        at_temperature(at_0_k, temperature_k)


def test_room_temperature_is_the_lowest_and_degrees_celsius_are_told(at_0_k: Snapshot) -> None:
    for room in (298.0, 298.15, 299.0):
        assert at_temperature(at_0_k, room).manifest.energy_scheme.endswith("at 300 K (SISSO)")
    with pytest.raises(InputError, match=r"25 K is out of range; 25 °C are 298.15 K"):
        at_temperature(at_0_k, 25.0)


def test_a_phase_without_volume_is_refused_by_name(at_0_k: Snapshot) -> None:
    added = AddedPhase(parse_formula("Li3YCl6"), -2.4, 0.02, "made up for this test")
    with pytest.raises(InputError, match="no volume for Li3YCl6"):
        at_temperature(at_0_k.joined([added]), 500.0)
    with_volume = replace(added, volume_per_atom_a3=19.5)
    warm = at_temperature(at_0_k.joined([with_volume]), 500.0)
    assert warm.find(parse_formula("Li3YCl6")) is not None


def test_a_snapshot_is_warmed_only_once(at_0_k: Snapshot) -> None:
    with pytest.raises(InputError, match="not at 0 K"):
        at_temperature(at_temperature(at_0_k, 500.0), 500.0)

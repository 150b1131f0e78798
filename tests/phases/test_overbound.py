"""What the source has too stable: chains of sulfur, molecules that nobody measured, acids beside halides."""

import numpy as np
import pytest

import screening as scr
from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.molecular_units import UNITS, molecular_units
from screening.phases.overbound import excess_sulfur
from screening.phases.snapshot import Snapshot
from screening.thermo.sources import load_snapshot
from screening.units import EV_TO_KJ_PER_MOL


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return load_snapshot()


def phase_of(snapshot: Snapshot, text: str) -> np.ndarray:
    phase = snapshot.find(parse_formula(text))
    assert phase is not None
    return np.array([phase])


@pytest.mark.parametrize(
    ("text", "chains"),
    [
        *(("S7N", 7.0), ("SN", 1.0), ("CS14", 14.0), ("SeS7", 7.0), ("KSCN", 0.5), ("C2S9N2", 9.0)),
        *(("P2S7", 0.0), ("P4S3", 0.0), ("B2S3", 0.0), ("VS4", 0.0), ("Li3PS4", 0.0), ("K2S5", 4.0)),
    ],
)
def test_sulfur_on_sulfur_carbon_nitrogen_and_selenium_is_recognised(text: str, chains: float) -> None:
    published = open_snapshot()
    found = molecular_units(published.phases.take(phase_of(published, text)))
    assert found.count[0, UNITS.index("S-S")] == pytest.approx(chains)


@pytest.mark.parametrize(
    ("text", "measured_kj", "within_kj"),
    [("KSCN", -200.2, 40.0), ("SN", 460.0 / 4.0, 60.0)],  # CRC Handbook; S4N4
)
def test_corrected_energies_are_nearer_to_measurement(
    text: str, measured_kj: float, within_kj: float
) -> None:
    def off(energies: str) -> float:
        (priced,) = scr.hull_energy(text, energies=energies).items
        atoms = parse_formula(text).n_atoms
        return abs(priced.formation_energy_ev_per_atom * atoms * EV_TO_KJ_PER_MOL - measured_kj)

    assert off("corrected") < within_kj < off("as-published")


@pytest.mark.parametrize(("a", "b"), [("C", "S"), ("N2", "S"), ("S", "Se")])
@pytest.mark.parametrize("energies", ["corrected", "anchored"])
def test_sulfur_does_not_react_with_what_it_does_not_react_with(a: str, b: str, energies: str) -> None:
    found = scr.react(a, b, energies=energies)
    assert found.minimum.total_ev_per_atom > -1e-3


@pytest.mark.parametrize("voltage", [2.5, 4.0])
def test_carbon_in_a_cathode_binds_no_sulfur(voltage: float) -> None:
    assert not scr.react("C", "Li6PS5Cl", voltage=voltage).reacts


@pytest.mark.parametrize(
    ("text", "excess"),
    [
        *(("VS4", 1.5), ("TiS3", 1.0), ("NbS3", 0.5), ("FeS2", 0.5), ("CoS2", 0.5)),
        *(("TiS2", 0.0), ("P2S7", 0.0), ("K2S5", 0.0), ("Li2S", 0.0), ("Li3PS4", 0.0), ("MoS2", 0.0)),
    ],
)
def test_sulfur_beyond_the_highest_charge_of_the_metals(snapshot: Snapshot, text: str, excess: float) -> None:
    assert excess_sulfur(snapshot.phases.take(phase_of(snapshot, text))) == pytest.approx([excess])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("VS4", "too stable in this source by about 0.19 eV/atom or more"),
        ("TiS3", "too stable in this source by about 0.16 eV/atom or more"),
        ("IN4", "0.25 to 0.64 eV/atom too stable"),
        ("NF2", "0.25 to 0.64 eV/atom too stable"),
        ("FeS2", "far from measurement"),
        ("SCl", "far from measurement"),
    ],
)
def test_what_is_not_corrected_is_named_once_with_its_size(text: str, told: str) -> None:
    (caution,) = scr.hull_energy(text)[0].cautions
    assert told in caution


@pytest.mark.parametrize("text", ["TiS2", "P2S7", "Li2S", "Li3N", "P2S5", "LiCl", "CS2", "H2S"])
def test_what_is_right_is_not_named(text: str) -> None:
    assert not [told for told in scr.hull_energy(text)[0].cautions if "too stable" in told]


@pytest.mark.parametrize(
    ("salt", "acid", "measured_kj", "told"),  # CRC Handbook: LiBr -351.2, LiCl -408.6, HBr -36.3, HCl -92.3
    [("LiBr", "HCl", -1.4, "about 52 kJ per mole of Br"), ("NaBr", "HCl", 5.9, "about 52 kJ per mole of Br")],
)
def test_acids_beside_bromides_are_told_with_the_size(
    salt: str, acid: str, measured_kj: float, told: str
) -> None:
    found = scr.react(salt, acid)
    (caution,) = (each for each in found.cautions if "is measured, salts of" in each)
    assert told in caution
    size = float(caution.split("about ")[1].split()[0])
    wrong = found.minimum.kj_as_written - measured_kj
    assert size == pytest.approx(-wrong, abs=15.0)
    mended = scr.react(salt, acid, energies="anchored")
    assert not [each for each in mended.cautions if "is measured, salts of" in each]


def test_chlorides_beside_their_acid_are_not_named() -> None:
    assert not [each for each in scr.react("Li2O", "HCl").cautions if "is measured, salts of" in each]

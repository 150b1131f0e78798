"""Charged cathodes: default states by name, and titration along one host."""

from pathlib import Path

import pytest

import screening as scr
from screening.errors import InputError
from screening.phases.cathodes import charged_state, charged_states, is_cathode, keeps_host
from screening.phases.composition import parse_formula

CATHODES = ("LCO", "NMC622", "NMC811", "NCA", "LFP", "LMO", "Li2S")


@pytest.mark.parametrize("name", CATHODES)
def test_a_charged_state_is_its_cathode_with_less_lithium(name: str) -> None:
    cathode = parse_formula(name)
    charged = charged_state(cathode)
    assert charged.amount_of(3) < cathode.amount_of(3)
    for z in set(cathode.atomic_numbers) - {3}:
        ratio = charged.amount_of(z) / cathode.amount_of(z)
        first = next(z for z in cathode.atomic_numbers if z != 3)
        assert ratio == pytest.approx(charged.amount_of(first) / cathode.amount_of(first))
    assert parse_formula(f"charged {name}").amounts == charged.amounts


def test_another_charged_state_is_told_which_are_known() -> None:
    assert parse_formula("charged S").text == "S"
    with pytest.raises(
        InputError, match=r"no default state of 'charged LNMO'; .* charged NMC622, .* charged S$"
    ):
        parse_formula("charged LNMO")


def test_an_electrode_keeps_its_host() -> None:
    for cathode, products, kept in (
        ("LiTiS2", ["TiS2"], True),
        ("Li2S", ["S"], True),
        ("LiCoO2", ["Co3O4", "O2"], False),
        ("LiBr", ["Br"], False),
        ("Li3PS4", ["P2S7", "S"], False),
    ):
        assert keeps_host(parse_formula(cathode), products, 3) is kept
    assert [is_cathode(parse_formula(name)) for name in ("FePO4", "S", "Li3PO4")] == [True, True, False]


def test_a_cathode_is_known_however_it_is_written() -> None:
    assert charged_state(parse_formula("Li2Co2O4")) == charged_state(parse_formula("LCO"))
    assert charged_state(parse_formula("Li3PS4")) is None
    assert {discharged.text for discharged, _ in charged_states()} >= {"LiCoO2", "LiFePO4", "Li2S"}


@pytest.mark.parametrize(
    ("cathode", "volts", "held"),
    [
        # measured: LFP 3.45 V, LNMO 4.7 V, LCO about 3.9 V
        ("LiFePO4", [3.295], [0.0]),
        ("LiNi0.5Mn1.5O4", [4.647], [0.0]),
        ("LiCoO2", [3.392, 4.097], [0.5, 0.0]),
    ],
)
def test_a_host_keeps_its_composition_but_for_lithium(
    cathode: str, volts: list[float], held: list[float]
) -> None:
    found = scr.titrate(cathode, host=True, energies="as-published")
    assert [s.voltage_v for s in found.releases] == pytest.approx(volts, abs=2e-3)
    assert [1.0 + s.uptake_per_formula for s in found.releases] == pytest.approx(held, abs=1e-9)
    others = set(parse_formula(cathode).atomic_numbers) - {3}
    assert all(
        set(parse_formula(name).atomic_numbers) - {3} == others
        for step in found.steps
        for name in step.products
    )
    assert "host of" in found.provenance.line()


@pytest.mark.parametrize("cathode", ["NMC811", "Li", "LiCoO2@50wt+LiFePO4@50wt"])
def test_what_has_no_host_is_refused(cathode: str) -> None:
    with pytest.raises(InputError, match="host"):
        scr.titrate(cathode, host=True)


NMC = """formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,volume_per_atom_a3,note
LiNi0.8Mn0.1Co0.1O2,-1.70,0.02,8.3,x
Li0.25Ni0.8Mn0.1Co0.1O2,-1.10,0.02,9.3,x
"""


@pytest.fixture
def nmc(tmp_path: Path) -> Path:
    """Two states: 0.75 Li leave at (4 x 1.70 - 3.25 x 1.10) / 0.75 = 4.3 V."""
    file = tmp_path / "nmc.csv"
    file.write_text(NMC, "utf-8")
    return file


def test_beyond_its_last_state_a_host_has_no_voltage(nmc: Path) -> None:
    """It is not stripped into its elements, which would need 14 V."""
    charged = scr.titrate("charged NMC811", host=True, phases=nmc)
    assert charged.releases == ()
    assert (charged.strict.high_v, charged.useful.high_v, charged.lithiation.anodic_limit_v) == (None,) * 3
    assert charged.strict.low_v == pytest.approx(4.3)
    assert "beyond Li0.25Ni0.8Mn0.1Co0.1O2, the last known state of the host" in str(charged)
    discharged = scr.titrate("NMC811", host=True, phases=nmc, share=0.9)
    assert [step.voltage_v for step in discharged.releases] == pytest.approx([4.3])
    assert discharged.strict.high_v == pytest.approx(4.3)
    assert discharged.useful.high_v is None, "no state holds less than a quarter"
    assert not any("beyond" in told for told in scr.titrate("LiCoO2", host=True).lithiation.cautions)


def test_a_content_beyond_the_last_state_is_refused(nmc: Path) -> None:
    with pytest.raises(InputError, match=r"Li0\.1Ni.* lies beyond the known states of its host"):
        scr.titrate("Li0.1Ni0.8Mn0.1Co0.1O2", host=True, at_hull=True, phases=nmc)


def test_hull_energies_make_no_host() -> None:
    with pytest.raises(InputError, match="no two states") as refused:
        scr.titrate("NMC811", host=True, at_hull=True)
    assert "only tell where the host falls apart" in refused.value.remedy

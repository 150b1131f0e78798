"""Elements whose energies a source has wrong: named, marked, widened, left out."""

import json
from pathlib import Path

import numpy as np
import pytest

import screening as scr
from screening.campaign.candidates import query
from screening.campaign.sections import Query
from screening.phases.atlas import read_atlas
from screening.phases.composition import parse_formula
from screening.phases.distrust import cautions, distrusted, distrusted_sd, formula_cautions, widened
from screening.phases.library import locate, open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.sources import load_snapshot


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return load_snapshot()


def test_each_is_named_with_its_evidence(snapshot: Snapshot) -> None:
    named = {f"{each.element}{each.valence}": each for each in distrusted(snapshot.manifest.energy_scheme)}
    assert set(named) == {"Yb3", "Sm2", "Eu3"}
    assert named["Yb3"].off_by_up_to_ev_per_atom == pytest.approx(1.16)
    assert [each["element"] for each in json.loads(snapshot.manifest.details)["distrusted"]] == [
        "Eu",
        "Sm",
        "Yb",
    ]


def test_the_snapshot_shows_them() -> None:
    shown = str(widened(open_snapshot()).display())
    assert all(f"distrusted {each}" in shown for each in ("Yb(3)", "Sm(2)", "Eu(3)"))
    assert "off by up to 1.16 eV/atom (measured: Yb2O3 YbCl3 YbN)" in shown


def test_only_the_scheme_that_they_were_found_in() -> None:
    assert distrusted("r2SCAN, 0 K") == ()


@pytest.mark.parametrize("formula", ["YbCl3", "SmCl3", "Li3YbCl6"])
def test_tables_json_and_figures_say_so(snapshot: Snapshot, formula: str, tmp_path: Path) -> None:
    element = "Yb" if "Yb" in formula else "Sm(II)"
    staircase = scr.lithiate(formula, snapshot=snapshot)
    told = [
        note
        for note in staircase.display().notes
        if note.startswith(f"{element}: this source's energies are off")
    ]
    assert len(told) == 1
    assert staircase.as_dict()["cautions"] == told
    assert staircase.to_frame()["cautions"].str.contains("off by up to").all()
    figure = staircase.plot().get_figure()
    assert any(
        "off by up to" in text.get_text().replace("\n", " ")
        for text in figure.findobj(lambda a: hasattr(a, "get_text"))
    )
    reaction = scr.react(formula, "Li6PS5Cl", snapshot=snapshot)
    assert reaction.as_dict()["cautions"][0] == told[0]
    assert told[0] in reaction.display().notes


def test_other_results_say_nothing(snapshot: Snapshot) -> None:
    assert scr.react("LiAlCl4", "Li6PS5Cl", snapshot=snapshot).cautions == ()
    assert cautions(snapshot, [parse_formula("SmAl2")]) == ()


def test_unrecognised_units_are_named_with_their_size(snapshot: Snapshot) -> None:
    phase = snapshot.find(parse_formula("K2C2O4"))
    assert phase is not None
    (told,) = cautions(snapshot, [parse_formula("K2C2O4")], [phase])
    assert told.startswith("KCO2: bonds of C, N, S or O") and "eV/atom" in told


def test_uncertainty_is_widened_and_energies_stay(snapshot: Snapshot) -> None:
    raw = open_snapshot()
    sd = distrusted_sd(raw)
    oxide, metallic = raw.find(parse_formula("Yb2O3")), raw.find(parse_formula("SmAl2"))
    assert sd[oxide] == pytest.approx(1.15) and sd[metallic] == 0.0
    assert snapshot.phases.uncertainty_ev_per_atom[oxide] == pytest.approx(1.15)
    assert (
        snapshot.phases.formation_energy_ev_per_atom[oxide] == raw.phases.formation_energy_ev_per_atom[oxide]
    )
    assert (sd > 0.0).sum() > 1606


def test_queries_leave_them_out_unless_asked(snapshot: Snapshot) -> None:
    rule = Query(anions=("Cl",))
    rows, left_out = query(snapshot, rule)
    formulas = snapshot.phases.formula[rows]
    assert not any("Yb" in each or "Sm" in each or "Eu" in each for each in formulas)
    counts = {each.reason: each.count for each in left_out}
    assert counts["element of distrusted energies"] > 20
    more, _ = query(snapshot, rule.model_copy(update={"distrusted": True}))
    assert len(more) == len(rows) + counts["element of distrusted energies"]


def test_a_campaign_says_so(tmp_path: Path) -> None:
    ranking = scr.screen(["YbCl3", "MgCl2"], electrolyte="Li6PS5Cl", jobs=1, draws=0)
    assert any(note.startswith("Yb: this source's") for note in ranking.display().notes)
    assert formula_cautions(ranking.provenance.energy_scheme, ["MgCl2", "SmAl2"]) == ()


def test_li3hocl6_does_not_rest_on_ytterbium() -> None:
    known = read_atlas(locate()).query("snapshot_ev_per_atom.notna()")
    assert not any("Yb" in formula for formula in known["formula"])  # none that its width comes from
    snapshot = open_snapshot()
    phase = snapshot.find(parse_formula("Li3HoCl6"))
    assert phase is not None
    assert "3 LiCl + HoCl3" in snapshot.phases.note[phase]


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        *(("LiS4", False), ("K2S5", False), ("H3S", True), ("H18SO12", True), ("YbCl3", True)),
        *(("H13ClO6", True), ("H5ClO6", True), ("HClO4", False), ("H2SeO4", False), ("NH4Cl", False)),
        *(
            ("Li2S", False),
            ("FeS2", True),
            ("SCl", True),
            ("NaBr", False),
            ("H2SO4", False),
            ("H2S", False),
            ("Li3PS4", False),
        ),
    ],
)
def test_doubtful_products_are_known(snapshot: Snapshot, formula: str, told: bool) -> None:
    from screening.phases.distrust import doubtful

    phase = snapshot.find(parse_formula(formula))
    assert doubtful(snapshot, np.array([phase])).tolist() == [told]


@pytest.mark.parametrize(
    ("formula", "measured", "anchored"),  # of the liquids, kJ/mol (CRC Handbook)
    [
        ("S2Cl2", -59.4 / 4, False),
        ("PCl3", -319.7 / 4, False),
        ("SiCl4", -687.0 / 5, False),
        ("TiCl4", -804.2 / 5, True),
    ],
)
def test_what_is_far_from_measurement_is_told_and_held(
    snapshot: Snapshot, formula: str, measured: float, anchored: bool
) -> None:
    (priced,) = scr.hull_energy(formula, snapshot=snapshot).items
    off = measured / 96.485 - priced.formation_energy_ev_per_atom
    assert priced.uncertainty_ev_per_atom >= abs(off) - 0.03 > 0.25
    (told,) = priced.cautions
    assert float(told.split(" calculated, ")[1].split()[0]) == pytest.approx(measured / 96.485, abs=0.03)
    assert ("--energies anchored" in told) is anchored
    (priced,) = scr.hull_energy(formula, energies="anchored").items
    assert bool(priced.cautions) is not anchored


def test_products_far_from_measurement_are_told_once() -> None:
    (told,) = (t for t in scr.react("Li3PS4", "Cl2").cautions if t.startswith("far from"))
    assert [name for name in ("SCl ", "PCl3 ", "PCl5 ") if name in told] == ["SCl ", "PCl3 ", "PCl5 "]
    scheme = load_snapshot().manifest.energy_scheme
    (told,) = formula_cautions(scheme, ["LiCl", "SCl", "PCl3", "SiCl4", "TiCl4", "BCl3", "ICl"])
    assert told.count("measured;") == 4 and "and 2 more" in told


def test_what_anchoring_leaves_calculated_is_told() -> None:
    (told,) = scr.lithiate("Li3YbCl6", energies="anchored").cautions
    assert told.startswith("Li3YbCl6 not measured, hence partly calculated. Yb: ") and "1.2 eV/atom" in told
    assert scr.lithiate("YbCl3", energies="anchored").cautions == ()


def test_a_result_names_them_with_the_size(snapshot: Snapshot) -> None:
    taken = [snapshot.find(parse_formula(each)) for each in ("LiS4", "H18SO12")]
    (told,) = cautions(snapshot, [parse_formula("Li3PS4")], taken)
    assert told.startswith("H18SO12: more hydrogen than its acid binds") and "0.02 eV/atom" in told
    raw = load_snapshot(energies="as-published")
    acid, chain = cautions(raw, [parse_formula("Li3PS4")], taken)
    # 3.5 S beyond Li2S, 0.66 eV each (correction of sulfides in the legacy scheme), over five atoms
    assert chain.startswith("LiS4: too stable in this source by about 0.4 eV/atom")
    assert acid.startswith("H18SO12: too stable in this source by about 0.4 eV/atom")


def test_an_anchored_compound_that_was_not_measured_keeps_the_doubt_about_its_element() -> None:
    known, unknown = (scr.lithiate(each, energies="anchored").steps[0] for each in ("YbCl3", "Li3YbCl6"))
    assert known.voltage_95_v is not None and unknown.voltage_95_v is not None
    low, high = known.voltage_95_v
    assert low < 2.57 < high < low + 0.5  # measured
    low, high = unknown.voltage_95_v
    assert low < 2.57 < high and high - low > 4.0

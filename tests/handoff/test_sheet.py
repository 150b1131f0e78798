"""The sheet: masses and thickness by hand, factors that multiply to the score, text that is escaped."""

import json
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from reportlab.graphics.shapes import Line, PolyLine, Rect, String

from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import Document, Flags, Reactor, Screened
from screening.campaign.study import Study
from screening.errors import InputError
from screening.handoff.drawings import staircase, sticks
from screening.handoff.layout import blocks
from screening.handoff.pages import sheet_html, write_sheets
from screening.handoff.plan import Plan
from screening.handoff.schema import schema
from screening.handoff.sheet import bench_sheet
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.reactors.criteria import CRITERIA

LITHIUM_G_PER_MOL, LITHIUM_G_PER_CM3, LAC_G_PER_MOL = 6.94, 0.534, 175.73


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return open_snapshot()


def results(
    folder: Path, checksum: str, study: str = "a-study", unit: str = "eV/Li", phases: str = ""
) -> ResultsDirectory:
    """Results of one reactor whose score is the weighted geometric mean by hand: (0.5²·0.8)^(1/3)."""
    criteria = {
        "driving_force_ev_per_ion": {"value": -0.7, "unit": unit, "desirability": 0.5, "weight": 2.0},
        "alloys_with_anode": {"value": 1.0, "unit": "1", "desirability": 0.8, "weight": 1.0},
        "abundance_ppm": {"value": None, "unit": "ppm", "desirability": None, "weight": 1.0},
        "cost_usd_per_kg": {"value": 3.0, "unit": "USD/kg", "desirability": 0.1, "weight": 0.0},
    }
    scheme = open_snapshot().manifest.energy_scheme
    key = {"formula": "LiAlCl4", "anode": "Li", "electrolyte": "Li6PS5Cl"}
    told = key | {"rank": 2, "score": 0.2 ** (1.0 / 3.0), "estimated": False, "pareto": False}
    reactor = Reactor(
        **told,
        passes_filters=True,
        filters={"reacts": True},
        flags=Flags(toxic=False, moisture_hazard="HCl"),
        rank_probability=(0.3, 0.6, 0.1),
        criteria=criteria,
        alloy="Li9Al4",
        energy_above_hull_ev_per_atom=0.0,
        plateaus=(),
        curves=(),
    )
    Document(
        study=Study.of(["LiAlCl4"], plateau_floor_v=0.1, wt_percent=10.0),
        provenance=Provenance.now(f"mp2019{phases}", checksum, energy_scheme=scheme, study=study),
        selection=Screened(candidates=1),
        reactors=(reactor,),
    ).write(folder / "ranking.json")
    row = told | {"passes": True} | dict.fromkeys((c.name for c in CRITERIA), 0.0)
    pd.DataFrame([row]).to_parquet(folder / "ranking.parquet")
    return ResultsDirectory(folder)


def test_layer_of_the_paper(snapshot: Snapshot) -> None:
    sheet = bench_sheet(snapshot, "LiAlCl4", Plan())
    assert sheet.layer.area_cm2 == pytest.approx(0.7853982)
    assert (sheet.layer.reactor_mg, sheet.layer.electrolyte_mg) == pytest.approx((5.0, 5.0))
    # the paper reports about 63 µm for this layer
    assert sheet.layer.thickness_um == pytest.approx(63.0, rel=0.08)
    end = sheet.at_excess
    assert end is not None
    moles = 5e-3 / LAC_G_PER_MOL
    thickness = moles * end.uptake_per_formula * LITHIUM_G_PER_MOL / LITHIUM_G_PER_CM3 / 0.7853982 * 1e4
    assert end.layers[0].anode_consumed_um == pytest.approx(thickness, rel=1e-3)
    assert sheet.alloy == "Li9Al4"
    assert [p.formula for p in sheet.patterns if p.role.startswith("product")][:2] == ["Al", "LiAl"]


def test_roles_of_products_have_the_digits_of_their_plateau(snapshot: Snapshot) -> None:
    found = bench_sheet(snapshot, "LiAlCl4", Plan())
    roles = {each.role for each in found.patterns if each.role.startswith("product from")}
    first = found.plateaus[0]
    assert first.voltage_v == pytest.approx(1.59, abs=0.005)
    assert first.voltage_95_v is not None
    assert first.voltage_95_v.high - first.voltage_95_v.low > 0.4  # no hundredths of a volt
    assert "product from 1.6 V" in roles


def test_a_wider_die_spreads_the_same_mass(snapshot: Snapshot) -> None:
    narrow = bench_sheet(snapshot, "MgI2", Plan(die_mm=10.0))
    wide = bench_sheet(snapshot, "MgI2", Plan(die_mm=20.0))
    assert narrow.layer.thickness_um == pytest.approx(4.0 * wide.layer.thickness_um)
    for step, wider in zip(narrow.protocol.steps, wide.protocol.steps, strict=True):
        assert step.pressure_mpa == wider.pressure_mpa
        if step.load_t is not None:
            assert wider.load_on_this_die_t == pytest.approx(4.0 * step.load_t)


def test_quoted_pressure_is_that_of_the_paper(snapshot: Snapshot) -> None:
    steps = bench_sheet(snapshot, "LiF", Plan()).protocol.steps
    pellet = next(step for step in steps if step.load_t == 3.0)
    assert pellet.pressure_mpa == pytest.approx(375.0, abs=1.0)  # 3 t (375 MPa) on 10 mm


def test_a_control_takes_nothing_up(snapshot: Snapshot) -> None:
    sheet = bench_sheet(snapshot, "LiF", Plan())
    assert sheet.at_excess is None
    assert "no reactor, but a control" in sheet_html(sheet)
    assert "fades while" not in sheet_html(sheet)


def test_factors_multiply_to_the_score(snapshot: Snapshot, tmp_path: Path) -> None:
    ranked = results(tmp_path, snapshot.manifest.checksum)
    sheet = bench_sheet(snapshot, "LiAlCl4", Plan(), ranked)
    standing = sheet.standing
    assert standing is not None
    assert prod(part.factor for part in standing.parts) == pytest.approx(standing.score)
    assert [part.criterion for part in standing.parts] == ["driving_force_ev_per_ion", "alloys_with_anode"]
    assert (standing.rank, standing.probability_of_rank, sheet.standing_note) == (2, 0.6, "")
    # the floor is the study's, the content of the layer the sheet's own
    assert (sheet.conditions.plateau_floor_v, sheet.conditions.wt_percent) == (0.1, 50.0)
    assert all(p.voltage_v > 0.1 for p in sheet.plateaus if p.above_floor)


def test_a_ranking_of_other_data_is_told(snapshot: Snapshot, tmp_path: Path) -> None:
    ranked = results(tmp_path, "0" * 64)
    assert "another snapshot" in bench_sheet(snapshot, "LiAlCl4", Plan(), ranked).standing_note
    others = results(tmp_path, snapshot.manifest.checksum, phases=" + own.csv (sha256:0)")
    assert "own phases" in bench_sheet(snapshot, "LiAlCl4", Plan(), others).standing_note
    assert "nothing of this reactor" in bench_sheet(snapshot, "MgI2", Plan(), ranked).standing_note


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"study": 1}', '{"study": {}, "provenance": {}, "reactors": []}']
)
def test_a_damaged_ranking_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "ranking.json").write_text(content, "utf-8")
    with pytest.raises(InputError, match=r"ranking\.json"):
        bench_sheet(open_snapshot(), "MgF2", Plan(), ResultsDirectory(tmp_path))


def test_text_of_a_file_is_escaped(snapshot: Snapshot, tmp_path: Path) -> None:
    name = "<script>alert(1)</script> & <b>"
    ranked = results(tmp_path, snapshot.manifest.checksum, study=name, unit=name)
    sheet = bench_sheet(snapshot, "LiAlCl4", Plan(), ranked)
    page = sheet_html(sheet)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")  # nothing to fetch
    written = write_sheets(tmp_path / "out", (sheet,))
    assert written[1].read_bytes().startswith(b"%PDF")


def test_sheets_are_whole_and_repeatable(snapshot: Snapshot, tmp_path: Path) -> None:
    sheet = bench_sheet(snapshot, "Li10GeP2S12", Plan())
    first = write_sheets(tmp_path / "one", (sheet,))
    second = write_sheets(tmp_path / "two", (sheet,))
    assert [path.name for path in first] == [f"Li10GeP2S12.{kind}" for kind in ("html", "pdf", "json")]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert b"/Count 2" in first[1].read_bytes()  # two pages in 9 pt, the bench on the first
    robot = json.loads(first[2].read_text("utf-8"))
    assert sum(p["mass_g"] for p in robot["recipe"]["precursors"]) == pytest.approx(1.0)
    assert robot["provenance"]["source_checksum"] == snapshot.manifest.checksum


@pytest.mark.parametrize(
    "plan", [{"wt_percent": 0.0}, {"wt_percent": 101.0}, {"die_mm": -1.0}, {"layer_mg": float("nan")}]
)
def test_impossible_plans_are_refused(plan: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(plan))):
        Plan(**plan)


def test_what_the_snapshot_lacks_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(InputError, match="reactor: snapshot mp2019 has no Li7AlCl9"):
        bench_sheet(snapshot, "Li7AlCl9", Plan())
    with pytest.raises(InputError, match="electrolyte: snapshot mp2019 has no Li9P9S9"):
        bench_sheet(snapshot, "LiAlCl4", Plan(electrolyte="Li9P9S9"))


def test_the_full_cell_is_pressed_as_the_paper_pressed_it(snapshot: Snapshot) -> None:
    steps = bench_sheet(snapshot, "LiAlCl4", Plan(die_mm=20.0)).protocol.steps
    full = [(step.load_t, step.load_on_this_die_t) for step in steps if "full cell" in step.name]
    assert full == [(2.0, pytest.approx(8.0)), (3.0, pytest.approx(12.0))]  # 2, 2, 2 and 3 t on 10 mm
    assert any(step.load_t == 1.5 for step in steps)  # the stack


@pytest.mark.parametrize(
    ("reactor", "told"),
    [
        ("PbI2", "Compounds of Pb are toxic as a class: PbI₂."),
        ("CdCl2", "Compounds of Cd are toxic as a class: CdCl₂."),
        ("U3O8", "Compounds of U are radioactive as a class: U₃O₈."),
    ],
)
def test_toxic_and_radioactive_elements_are_named(snapshot: Snapshot, reactor: str, told: str) -> None:
    assert told in sheet_html(bench_sheet(snapshot, reactor, Plan()))
    assert "as a class" not in sheet_html(bench_sheet(snapshot, "MgF2", Plan()))


def test_a_binary_off_the_list_is_to_be_looked_up(snapshot: Snapshot) -> None:
    unlisted = sheet_html(bench_sheet(snapshot, "SnF2", Plan()))
    assert "not on the list of stocked powders" in unlisted
    assert "whether anyone sells it is to be looked up" in unlisted
    assert "bought as such" not in unlisted
    assert "A binary: bought as such." in sheet_html(bench_sheet(snapshot, "MgF2", Plan()))


@pytest.mark.parametrize(("anode", "metal"), [("Na", "Na"), ("LiAl", "Li"), ("Li", "Li")])
def test_the_window_of_plating_is_of_the_anodes_metal(snapshot: Snapshot, anode: str, metal: str) -> None:
    page = sheet_html(bench_sheet(snapshot, "MgF2", Plan(anode=anode)))
    assert f"{metal} plating and stripping" in page
    assert ("a first guess" in page) == (metal != "Li")


@pytest.mark.parametrize(
    ("reactor", "plan", "told"),
    [
        ("Li", {}, "reactor: Li is the anode itself"),
        ("LiAlCl4", {"electrolyte": "LiAlCl4"}, "electrolyte: LiAlCl4 is the reactor itself"),
        ("LiAlCl4", {"electrolyte": "Li2Al2Cl8"}, "electrolyte: Li2Al2Cl8 is the reactor itself"),
    ],
)
def test_what_is_two_things_at_once_is_refused(
    snapshot: Snapshot, reactor: str, plan: dict[str, str], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        bench_sheet(snapshot, reactor, Plan(**plan))


def test_no_sheet_bears_the_recipe_or_amounts_of_another(snapshot: Snapshot) -> None:
    page = sheet_html(bench_sheet(snapshot, "MgF2", Plan(wt_percent=30.0, layer_mg=25.0)))
    assert "30 wt% MgF₂, 70 wt% Li₆PS₅Cl" in page
    assert "25 mg of layer a side" in page
    for wrong in ("AlCl₃", "50 wt% each", "10 mg", "500 rpm", "Li₃InCl₆", "LiCoO"):
        assert wrong not in page, wrong
    for reactor in ("Li10GeP2S12", "Li3YBr6", "Li3InCl6", "SnBr4"):
        page = sheet_html(bench_sheet(snapshot, reactor, Plan()))
        assert "AlCl₃" not in page
        assert "500 rpm" not in page


@pytest.mark.parametrize(
    ("reactor", "said"),
    [
        ("Cl4LiAl", "mill LiCl + AlCl₃"),
        ("Li3InCl6", "doi:10.3390/batteries10010021"),
        ("Li3YBr6", "To make Li₃YBr₆: mill LiBr and YBr₃ (3:1 by moles), then anneal at 550 °C"),
        ("Li10GeP2S12", "To make Li₁₀GeP₂S₁₂: press Li₂S, GeS₂ and P₂S₅ (5:1:1 by moles)"),
        ("Li3HoCl6", "To make Li₃HoCl₆: no published recipe known here."),
        ("MgI2", "MgI₂ is bought, not made."),
    ],
)
def test_a_reactor_is_made_by_its_own_route_or_by_none(snapshot: Snapshot, reactor: str, said: str) -> None:
    assert said in sheet_html(bench_sheet(snapshot, reactor, Plan()))


def test_the_electrolyte_of_the_plan_is_on_every_step(snapshot: Snapshot) -> None:
    sheet = bench_sheet(snapshot, "MgF2", Plan(electrolyte="Li3PS4"))
    assert "Li6PS5Cl" not in " ".join(step.text for step in sheet.protocol.steps)
    assert "on Li3PS4" in sheet.protocol.steps[2].text
    alone = bench_sheet(snapshot, "MgF2", Plan(wt_percent=100.0)).protocol.steps[0]
    assert alone.text == "100 wt% MgF2, 100 rpm, 2 h"


def test_the_paper_s_thickness_stands_beside_its_own_layer_only(snapshot: Snapshot) -> None:
    assert "the paper reports 63" in sheet_html(bench_sheet(snapshot, "LiAlCl4", Plan()))
    for plan in (Plan(layer_mg=20.0), Plan(wt_percent=30.0), Plan(die_mm=13.0)):
        assert "the paper reports" not in sheet_html(bench_sheet(snapshot, "LiAlCl4", plan))


def test_what_is_no_powder_stands_in_red(snapshot: Snapshot, tmp_path: Path) -> None:
    sheet = bench_sheet(snapshot, "SnCl4", Plan())
    assert sheet.red_lines[0].startswith("LIQUID at 25 °C: SnCl4")
    page = sheet_html(sheet)
    assert '<p class="red" role="alert">LIQUID at 25 °C: SnCl₄' in page
    assert "liquid (melts at −34 °C, boils at 114 °C" in page
    assert write_sheets(tmp_path, (sheet,))[1].read_bytes().startswith(b"%PDF")
    content = json.loads((tmp_path / "SnCl4.json").read_text("utf-8"))
    assert (content["state"]["melts_c"], content["red_lines"]) == (-34.1, list(sheet.red_lines))
    assert "red" not in sheet_html(bench_sheet(snapshot, "MgF2", Plan())).split("<main>")[1]
    unknown = sheet_html(bench_sheet(snapshot, "Li10GeP2S12", Plan()))
    assert "not measured here: look up its melting point" in unknown


@pytest.mark.parametrize("reactor", ["LiAlCl4", "SnCl4", "LiF", "Li3HoCl6"])
def test_a_robot_s_sheet_keeps_its_schema(snapshot: Snapshot, reactor: str) -> None:
    content = bench_sheet(snapshot, reactor, Plan()).as_dict()
    validator = Draft202012Validator(schema())
    assert [error.message for error in validator.iter_errors(content)] == []
    for key in ("layer", "format_version"):
        assert [*validator.iter_errors({**content, key: "much"})]
    del content["recipe"]
    assert [error.message for error in validator.iter_errors(content)] == ["'recipe' is a required property"]


def test_a_number_that_is_not_known_is_null(snapshot: Snapshot) -> None:
    content = bench_sheet(snapshot, "LiAlCl4", Plan()).as_dict()
    unknown = {key: None if isinstance(value, float) else value for key, value in content["layer"].items()}
    assert None in unknown.values()
    content["layer"] = unknown
    assert [error.message for error in Draft202012Validator(schema()).iter_errors(content)] == []


@pytest.mark.parametrize("reactor", ["LiAlCl4", "Li10GeP2S12"])
def test_every_statement_of_a_substance_stands_on_the_page(snapshot: Snapshot, reactor: str) -> None:
    sheet = bench_sheet(snapshot, reactor, Plan())
    codes = [told.split()[0] for each in (*sheet.hazards, *sheet.gases) for told in each.statements]
    assert {"H260", "H314"} & set(codes)  # lithium, aluminium chloride
    page = sheet_html(sheet).split("Hazards")[-1]
    assert [code for code in codes if code not in page] == []


def test_the_bench_reads_the_amounts_of_its_own_plan(snapshot: Snapshot) -> None:
    plan = Plan(wt_percent=30.0, layer_mg=25.0, cells=4, batch_g=0.5)
    parts = {block.title: block for block in blocks(bench_sheet(snapshot, "MgF2", plan))}
    assert next(iter(parts)) == "Before you begin"
    assert [*parts][-1] == "Hazards"  # its place in a ranking follows where a campaign is given
    mixed = parts["Mix for 4 cells"]
    reactor_mg = 0.3 * 25.0
    for row, one in zip(mixed.table.rows, (reactor_mg, 17.5), strict=True):
        assert [float(text) for text in row[1:3]] == pytest.approx([one, one * 8 * 1.1], rel=1e-3)
    assert f"0.5 g of reactor makes {int(500.0 / (2 * reactor_mg * 1.1))} such cells" in mixed.sentences[0]
    assert all(row[0].startswith("☐") for row in parts["Make, mill and press"].table.rows)


def test_the_drawings_show_the_plateaus_and_the_lines_of_the_sheet(snapshot: Snapshot) -> None:
    sheet = bench_sheet(snapshot, "LiAlCl4", Plan())
    stairs, lines = staircase(sheet), sticks(sheet.patterns)
    texts = {each.text for each in stairs.contents if isinstance(each, String)}
    assert {"1.6 (1.4 to 2.1)", "0.4 (0.1 to 0.6)", "3", "5.25"} <= texts
    bands = [each for each in stairs.contents if isinstance(each, Rect)]
    above = [plateau for plateau in sheet.plateaus if plateau.above_floor]
    (zero,) = {each.y1 for each in stairs.contents if isinstance(each, Line) and each.y1 == each.y2}
    per_volt = (bands[0].y + bands[0].height - zero) / above[0].voltage_95_v.high
    assert [each.height / per_volt for each in bands] == pytest.approx(
        [each.voltage_95_v.high - max(each.voltage_95_v.low, 0.0) for each in above]
    )
    (course,) = (each for each in stairs.contents if isinstance(each, PolyLine))
    heights = np.array(course.points[1:-1:4])
    volts = np.array([plateau.voltage_v for plateau in sheet.plateaus if plateau.above_floor])
    np.testing.assert_allclose((heights - 24.0) / (heights[0] - 24.0), volts / volts[0])
    drawn = [each for each in lines.contents if isinstance(each, PolyLine)]
    assert len(drawn) == sum(len(each.lines) for each in sheet.patterns)
    assert staircase(bench_sheet(snapshot, "LiF", Plan())) is None


@pytest.mark.parametrize(("reactor", "told"), [("YbCl3", True), ("MgF2", False)])
def test_energies_that_are_known_to_be_wrong_are_told_on_the_sheet(
    snapshot: Snapshot, reactor: str, told: bool
) -> None:
    sheet = bench_sheet(snapshot, reactor, Plan())
    assert ("off by up to 1.2 eV/atom" in sheet_html(sheet)) is told
    assert bool(sheet.cautions) is told


@pytest.mark.parametrize("reactor", ["AgN3", "KClO4", "TiCl4", "KMnO4", "NH4NO3"])
def test_a_sheet_of_what_is_not_milled_has_no_steps_and_no_masses(
    snapshot: Snapshot, tmp_path: Path, reactor: str
) -> None:
    sheet = bench_sheet(snapshot, reactor, Plan())
    write_sheets(tmp_path, (sheet,))
    robot = json.loads((tmp_path / f"{sheet.formula}.json").read_text())
    Draft202012Validator(schema()).validate(robot)
    assert robot["protocol"]["steps"] == [] and robot["recipe"]["precursors"] == []
    assert robot["protocol"]["route"] is None and robot["layer"] is None and robot["recipe"]["reaction"] == ""
    assert robot["withheld"] and robot["red_lines"]
    page = sheet_html(sheet)
    assert "no masses, no steps and no programs" in page
    assert not [word for word in ("rpm", "MPa", "Weighed", "cells (mg)") if word in page]


def test_no_recipe_weighs_a_peroxide(snapshot: Snapshot) -> None:
    """Permanganate is no mixture of a superoxide and pyrolusite."""
    assert bench_sheet(snapshot, "KMnO4", Plan(electrolyte="Li3InCl6")).recipe.route == "none"

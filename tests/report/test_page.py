"""The page as text: self-contained, escaped, true to its files, and nothing shown where nothing is."""

import base64
import gzip
import hashlib
import json
import math
import re
import shutil
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import screening as scr
from screening.campaign.directory import ResultsDirectory
from screening.cli import app
from screening.display import subscripted
from screening.errors import InputError
from screening.lab.cycling.symmetric import assess_symmetric
from screening.lab.cycling.table import Flag, FlagKind, SourceFile
from screening.provenance import Provenance
from screening.reactors.criteria import CRITERIA
from screening.report.citing import citation
from screening.report.columns import ranking_columns
from screening.report.comparison import validation_section
from screening.report.cycling import cycling_summary, provenance_of
from screening.report.measured import PICTURE_BYTES, measured_sections
from screening.report.page import report_page, write_report
from screening.report.parts import ROWS_SHOWN, head
from screening.report.payload import NEGLIGIBLE, SIGNIFICANT_DIGITS, _rounded, payload
from screening.simulate.symmetric import Scenario, simulate
from screening.validation.example_study import write_example

SIX_BYTES = 8_000_000
"""Largest page of the six reactors, plotting library included."""

HALF = 0.5 * (1.0 + 1e-9)
"""Half a unit of the last digit, with room for the rounding of a double."""

STAMP = "interphase-screening 0.1.0 | bench"


@dataclass
class Parsed(HTMLParser):
    """Elements of a page as a browser's parser meets them."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script" and self.cdata_elem == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def parsed(page: str) -> Parsed:
    parser = Parsed()
    parser.feed(page)
    parser.close()
    return parser


@pytest.fixture(scope="module")
def page(six: Path) -> str:
    return report_page(ResultsDirectory(six))


@pytest.fixture(scope="module")
def tree(page: str) -> Parsed:
    return parsed(page)


def unpacked(results: Path) -> dict:
    read = ResultsDirectory(results)
    packed = payload(read, ranking_columns(read.table, read.study.ranking))
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_the_page_of_the_six_is_one_file_below_eight_megabytes(page: str, tree: Parsed) -> None:
    assert len(page.encode()) < SIX_BYTES
    assert any("plotly.js v" in script for script in tree.scripts)


def fetched(tree: Parsed) -> list[str]:
    """Addresses that a browser would load with the page: everything but links that a reader must follow."""
    found = []
    for tag, attributes in tree.elements:
        names = ["src", "srcset", "data", "poster", "action", "background"] + (["href"] if tag != "a" else [])
        found += [str(attributes[name]) for name in names if attributes.get(name)]
    return [address for address in found if not address.startswith("data:")]


def test_no_element_loads_anything(tree: Parsed) -> None:
    assert fetched(tree) == []
    links = [str(attributes["href"]) for attributes in tree.of("a")]
    assert all(link.startswith(("#", "https://doi.org/")) for link in links)


def test_the_style_loads_nothing(page: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page.partition("<body>")[0], re.S)
    assert "--ink" in style
    assert "url(" not in style
    assert "@import" not in style


def test_the_check_for_loaded_addresses_can_fail() -> None:
    spoilt = '<script src="a.js"></script><link href="b.css"><img src="data:,">'
    assert fetched(parsed(spoilt)) == ["a.js", "b.css"]


def test_the_policy_lets_exactly_the_two_packaged_scripts_run(tree: Parsed) -> None:
    policy = next(str(a["content"]) for a in tree.of("meta") if a.get("http-equiv"))
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    run = [s for s, a in zip(tree.scripts, tree.of("script"), strict=True) if a.get("type") != "text/plain"]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run]
    assert digests == allowed
    assert policy.startswith("default-src 'none'")


def test_every_criterion_has_a_sorting_head_that_points_to_its_definition(page: str, tree: Parsed) -> None:
    heads = {a["data-column"]: a["aria-describedby"] for a in tree.of("button") if "data-column" in a}
    for criterion in CRITERIA:
        cell = re.search(rf'id="{heads[criterion.name]}">(.*?)</td>', page)
        assert cell is not None
        assert cell[1].replace("&#39;", "'") == criterion.meaning
    assert {a["aria-sort"] for a in tree.of("th") if "aria-sort" in a} == {"none"}


def test_the_table_travels_whole_and_ranks_exactly(six: Path) -> None:
    table, sent = pd.read_parquet(six / "ranking.parquet"), unpacked(six)
    assert sent["data"]["formula"] == table["formula"].tolist()
    assert sent["data"]["rank"] == [None if pd.isna(v) else int(v) for v in table["rank"]]
    assert sent["data"]["origin"] == table["origin"].tolist()
    for criterion in CRITERIA:
        got = np.array(sent["data"][criterion.name], dtype=float)
        tolerance = 0.5001 * 10.0 ** (1 - SIGNIFICANT_DIGITS)
        np.testing.assert_allclose(got, table[criterion.name].to_numpy(float), rtol=tolerance)


def test_estimates_are_marked_where_they_stand(six: Path, page: str) -> None:
    sent = unpacked(six)
    marked = [f for f, e in zip(sent["data"]["formula"], sent["data"]["origin"], strict=True) if e]
    assert marked == ["Li3HoCl6"]
    assert [r["formula"] for r in sent["reactors"] if r["origin"] == "machine-learned"] == ["Li3HoCl6"]
    assert "rests on a phase whose energy is machine-learned" in page


def test_pairs_of_anode_and_electrolyte_are_told_apart(own_six: Path) -> None:
    table = pd.read_parquet(own_six / "ranking.parquet")
    both = pd.concat([table, table.assign(anode="Na")], ignore_index=True)
    both.to_parquet(own_six / "ranking.parquet")
    sent = unpacked(own_six)
    assert sent["pairs"] == [["Li", "Li6PS5Cl"], ["Na", "Li6PS5Cl"]]
    assert sent["pair"] == [0] * len(table) + [1] * len(table)
    assert "anode" in sent["data"]


@given(st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")) | st.floats(-1e-3, 1e-3), min_size=1))
def test_numbers_are_rounded_to_the_digits_that_are_sent(values: list[float]) -> None:
    for value, got in zip(values, _rounded(np.array(values), whole=False), strict=True):
        if np.isnan(value):
            assert got is None
        elif abs(value) < NEGLIGIBLE:
            assert got == 0
        else:
            unit = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - SIGNIFICANT_DIGITS)
            assert abs(got - value) <= HALF * unit
            digits = re.sub(r"e.*$|[-.]", "", repr(got)).strip("0")
            assert len(digits) <= SIGNIFICANT_DIGITS or f"{value:.4e}".lstrip("-")[5] == "5"


def test_a_number_is_not_rounded_twice() -> None:
    """The page shows four digits of five: 0.122549 is 0.1225, and not 0.1226 by way of 0.12255."""
    values = [0.122549, -1.29849, 12.3449999, 0.122551, 7.0]
    sent = _rounded(np.array(values), whole=False)
    assert [f"{each:.4g}" for each in sent] == [f"{each:.4g}" for each in values]
    assert sent[0] != 0.12255


def test_words_from_outside_stay_words(hostile: Path) -> None:
    sections = [validation_section(hostile), *measured_sections(hostile / "experiments")]
    page = report_page(ResultsDirectory(hostile), tuple(s for s in sections if s))
    tree = parsed(page)
    assert len(tree.of("script")) == 3
    assert tree.of("img") == []
    assert tree.of("b") == []
    assert not [a for _, attributes in tree.elements for a in attributes if a.startswith("on")]
    shown = "".join(tree.texts)
    assert shown.count("onerror=") >= 8
    assert "<b>cell" in shown


def test_a_curve_of_no_formula_is_refused(own_six: Path) -> None:
    path = own_six / "ranking.json"
    content = json.loads(path.read_text("utf-8"))
    content["reactors"][0]["curves"][0]["b"] = "<b>LiCl"
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError, match="<b>LiCl"):
        _ = ResultsDirectory(own_six).document


def test_nothing_measured_means_no_such_section(six: Path, page: str, tmp_path: Path) -> None:
    assert "none on this page is measured" in page
    assert validation_section(six) is None
    (tmp_path / "raw.csv").write_text("time,voltage\n0,1\n", "utf-8")
    assert measured_sections(tmp_path) == ()


def bench_output(folder: Path, name: str, frame: pd.DataFrame) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    frame.assign(provenance=STAMP).to_csv(folder / name, index=False)


def test_stamped_tables_and_figures_of_the_bench_are_shown(tmp_path: Path) -> None:
    processes = pd.DataFrame({"tau_s": [1e-5], "resistance_ohm": [-12.5]})
    bench_output(tmp_path / "rest", "processes.csv", processes)
    (tmp_path / "rest" / "drt.json").write_text("{}", "utf-8")
    (tmp_path / "rest" / "drt.png").write_bytes(b"\x89PNG small")
    (tmp_path / "rest" / "vast.png").write_bytes(bytes(PICTURE_BYTES))
    bench_output(tmp_path / "cell", "cycles.csv", pd.DataFrame({"cycle": range(ROWS_SHOWN + 5)}))
    drt, cycling = measured_sections(tmp_path)
    assert (drt.key, cycling.key) == ("drt", "cycling")
    (block,) = drt.blocks
    assert block.title == "rest"
    assert block.tables[0].columns == ("tau (s)", "resistance (Ω)")
    assert block.tables[0].rows == (("1e−05", "−12.5"),)
    assert block.tables[0].stamp == STAMP
    assert [bool(picture.uri) for picture in block.pictures] == [True, False]
    assert cycling.blocks[0].tables[0].cut
    assert len(cycling.blocks[0].tables[0].rows) == ROWS_SHOWN


def contradiction(**changes: object) -> dict[str, object]:
    return {
        "reactor": "LiAlCl4",
        "wt_percent": 50.0,
        "question": "the metal percolates",
        "predicted": "no (-0.2)",
        "measured": "the cell ran",
        "reason": "both paths",
        "cells": "six-LiAlCl4, other",
        "origin": "literature",
        "predicted_value": -0.125,
        "predicted_sd": 0.026,
        "measured_value": 1.0,
        "measured_sd": None,
        "unit": "V; yes or no",
        "new_column": 7,
    } | changes


def test_a_comparison_shows_contradictions_first_and_whole(own_six: Path) -> None:
    content = {
        "cells": 4,
        "notes": ["too few to tell"],
        "ranking": [{"formula": "MgI2", "rank_before": k, "rank_after": k} for k in range(30)],
        "contradictions": [contradiction(), *[contradiction(unit="V", measured_sd=0.5)] * 20],
        "settings": {"draws": 100},
    }
    (own_six / "validation.json").write_text(json.dumps(content), "utf-8")
    section = validation_section(own_six)
    assert section is not None
    first, notes, ranking, *others = section.blocks
    assert first.title == "Contradictions: 21"
    (table,) = first.tables
    assert (len(table.rows), table.cut, table.folded, table.stacked) == (21, False, False, True)
    shown = dict(zip(table.columns, table.rows[0], strict=True))
    assert shown["layer"] == "LiAlCl₄, 50 wt%"
    assert shown["predicted"] == "no (−0.2)\nnumber compared: −0.125 ± 0.026 V"
    assert shown["measured"] == "the cell ran"
    assert shown["why"] == "both paths"
    assert shown["cells"] == "six-LiAlCl4\nother"
    assert shown["new column"] == "7"
    second = dict(zip(table.columns, table.rows[1], strict=True))
    assert second["measured"] == "the cell ran\nnumber compared: 1 ± 0.5 V"
    assert notes.sentences == ("too few to tell",)
    assert [(len(each.rows), each.folded) for each in ranking.tables] == [(30, True)]
    assert "leave ranks and scores as they were" in ranking.sentences[0]
    assert [block.title for block in others] == ["Cells", "Settings"]


def test_a_comparison_of_unknown_shape_is_still_shown(own_six: Path) -> None:
    content = {"contradictions": {"a": {"b": 1.5}}, "agreement": "none", "checks": [1, 2], "notes": "few"}
    (own_six / "validation.json").write_text(json.dumps(content), "utf-8")
    section = validation_section(own_six)
    assert section is not None
    assert [block.title for block in section.blocks] == ["Contradictions", "Agreement", "Checks", "Notes"]
    assert section.blocks[0].tables[0].rows == (("a", "1.5"),)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.36 V (Li10GeP2S12), not Li2S.", "0.36 V (Li₁₀GeP₂S₁₂), not Li₂S."),
        ("duan-2023-six-LiAlCl4", "duan-2023-six-LiAlCl4"),
        ("raw/Li2S.csv and P2", "raw/Li2S.csv and P2"),
        ("Mg(ClO4)2", "Mg(ClO₄)₂"),
    ],
)
def test_formulas_in_a_text_get_subscripts_and_names_do_not(text: str, shown: str) -> None:
    assert subscripted(text) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("completion_h", "completion (h)"),
        ("wt_percent", "reactor content (wt%)"),
        ("asr_ohm_cm2", "asr (Ω·cm²)"),
        ("charge_c_rate_per_h", "charge c rate (1/h)"),
        ("diameter_mm", "diameter (mm)"),
        ("temperature_c", "temperature (°C)"),
        ("cycle", "cycle"),
    ],
)
def test_heads_are_words_with_units(name: str, shown: str) -> None:
    assert head(name) == shown


def test_predictions_are_no_measurements(six: Path, tmp_path: Path) -> None:
    shutil.copytree(six, tmp_path / "results")
    bench_output(tmp_path / "results" / "validation", "checks.csv", pd.DataFrame({"cell": ["a"]}))
    told = pd.DataFrame({"x": [1], "provenance": [f"{STAMP} | study six sha256:0 | 2026-01-01"]})
    (tmp_path / "elsewhere").mkdir()
    told.to_csv(tmp_path / "elsewhere" / "products.csv", index=False)
    bench_output(tmp_path / "raw", "rest.csv", pd.DataFrame({"frequency_hz": [1], "z_real_ohm": [2]}))
    assert measured_sections(tmp_path) == ()


def test_verdicts_stand_first_in_words(tmp_path: Path) -> None:
    for name in ("elements", "series"):
        bench_output(tmp_path / "rest", f"{name}.csv", pd.DataFrame({"window": ["tau2"]}))
    series = {"window": "tau2", "process": "fast", "trend": "fades", "first_ohm": 25.4, "final_ohm": 0.02}
    series |= {"settled": True, "completion_h": 18.0, "low_h": 17.0, "high_h": 19.0}
    drt = {"simulated": True, "short": {"verdict": "no short"}, "series": [series]}
    (tmp_path / "rest" / "drt.json").write_text(json.dumps(drt), "utf-8")
    bench_output(tmp_path / "cell", "cycles.csv", pd.DataFrame({"cycle": [1]}))
    cell = {"life": {"hours": 20.1, "end": "short circuit"}}
    cell["short"] = {"verdict": "hard", "time_h": 20.1, "half_cycle": 41, "evidence": [{"statement": "fell"}]}
    (tmp_path / "cell" / "cell.json").write_text(json.dumps(cell), "utf-8")
    rest, cycling = (section.blocks[0] for section in measured_sections(tmp_path))
    assert rest.sentences == (
        "Simulated spectra: no measurement.",
        "Short circuit: no short.",
        "τ2 (fast) fades: 25.4 to 0.02 Ω, settled at 18.0 h (17.0 to 19.0 h).",
    )
    assert [(table.title, table.folded) for table in rest.tables] == [
        ("series.csv", False),
        ("elements.csv", True),
    ]
    assert rest.tables[0].rows == (("τ2",),)
    assert cycling.sentences == (
        "Life: 20.1 h (short circuit).",
        "Short circuit: hard at 20.1 h, half-cycle 41: fell.",
    )


def test_what_a_program_made_is_named_so_in_verdict_and_stamp(tmp_path: Path) -> None:
    made = simulate(Scenario.IMPROVING, 5).data
    record = made.with_flags([Flag(FlagKind.SIMULATED, "made by a program", file="cell.csv")])
    source = SourceFile(name="cell.csv", sha256="0" * 64, format="csv", start=0, stop=len(made))
    content = cycling_summary(assess_symmetric(replace(record, sources=(source,))))
    assert "cell.csv (simulated)" in content["provenance"]["source"]
    assert "cell.csv (simulated)" not in str(provenance_of(replace(record, sources=(source,), flags=())))
    bench_output(tmp_path / "cell", "cycles.csv", pd.DataFrame({"cycle": [1]}))
    (tmp_path / "cell" / "cell.json").write_text(json.dumps(content), "utf-8")
    ((cycling,),) = (section.blocks for section in measured_sections(tmp_path))
    assert cycling.sentences[0] == "Simulated, not measured."


def test_a_folder_of_cell_sheets_shows_its_cells(six: Path, tmp_path: Path) -> None:
    cells = tmp_path / "cells"
    write_example(cells)
    for sheet in (*cells.glob("simulated-full*"), *cells.glob("simulated-symmetric*")):
        sheet.unlink()
    told: list[str] = []
    path = tmp_path / "page.html"
    sections = write_report(path, six, cells, told.append)
    assert [section.key for section in sections] == ["cells"]
    overview, rest, sources = sections[0].blocks
    rows = {row[0]: row for row in overview.tables[0].rows}
    assert any(told.startswith("Simulated: made by a program") for told in overview.sentences)
    assert any(told.startswith("Literature: figures quoted") for told in overview.sentences)
    assert rows["simulated-rest"][1] == "simulated"
    assert "reacted within 18 h; no reactor line left; lines of the salt" in rows["simulated-rest"][3]
    figures = {(row[0], row[1]): row[2] for row in sources.tables[0].rows}
    salt = "lines of the lithium salt stand in the pattern after rest"
    assert figures["simulated-rest", salt] == "yes"
    assert rows["duan-2023-rest-10wt"][1] == "literature"
    assert rows["duan-2023-rest-10wt"][2:] == ("LiAlCl₄, 10 wt%; rest", "no short at rest")
    assert [picture.title for picture in rest.pictures] == [
        "simulated-rest: relaxation times; simulated",
        "simulated-rest: powder pattern; simulated",
    ]
    assert all(picture.uri for picture in rest.pictures)
    assert told == ["analysing simulated-rest (raw/simulated-rest.csv, raw/simulated-rest-xrd.csv)"]
    assert path.stat().st_size < 8e6


def test_only_the_very_snapshot_of_the_stamp_is_cited(six: Path) -> None:
    stamp = ResultsDirectory(six).provenance
    assert any("Jain" in reference for reference in citation(stamp).data)
    other = Provenance(stamp.package_version, stamp.date, stamp.source, "0" * 64)
    assert citation(other).data == ()
    assert "another checksum" in citation(other).remark
    absent = Provenance(stamp.package_version, stamp.date, "nowhere", "0" * 64)
    assert "not on the machine" in citation(absent).remark


def spoil_json(directory: Path) -> None:
    (directory / "ranking.json").write_text('{"study": ', "utf-8")


def drop_key(directory: Path) -> None:
    content = json.loads((directory / "ranking.json").read_text("utf-8"))
    del content["reactors"][2]["plateaus"]
    (directory / "ranking.json").write_text(json.dumps(content), "utf-8")


def drop_stamp(directory: Path) -> None:
    content = json.loads((directory / "ranking.json").read_text("utf-8"))
    del content["provenance"]["source"]
    (directory / "ranking.json").write_text(json.dumps(content), "utf-8")


def drop_column(directory: Path) -> None:
    table = pd.read_parquet(directory / "ranking.parquet")
    table.drop(columns="score").to_parquet(directory / "ranking.parquet")


def spoil_parquet(directory: Path) -> None:
    (directory / "ranking.parquet").write_bytes(b"PAR1 not")


def spoil_validation(directory: Path) -> None:
    (directory / "validation.json").write_text("[1, 2", "utf-8")


def drop_json(directory: Path) -> None:
    (directory / "ranking.json").unlink()


def drop_parquet(directory: Path) -> None:
    (directory / "ranking.parquet").unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (drop_json, "ranking.json: no results there"),
        (drop_parquet, "ranking.parquet: cannot be read"),
        (spoil_json, "ranking.json: damaged"),
        (drop_key, "reactors.2.plateaus"),
        (drop_stamp, "provenance.source"),
        (drop_column, "lacks score"),
        (spoil_parquet, "ranking.parquet: "),
        (spoil_validation, "validation.json: damaged"),
    ],
)
def test_damaged_results_end_in_one_line_and_no_page(own_six: Path, spoil, words: str) -> None:
    spoil(own_six)
    with pytest.raises(InputError) as caught:
        write_report(own_six / "report.html", own_six)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(own_six.glob("*.html")) == []


def test_the_command_writes_beside_the_results_or_where_it_is_told(own_six: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(own_six)])
    assert done.exit_code == 0, done.output
    assert (own_six / "report.html").is_file()
    empty = tmp_path / "empty"
    empty.mkdir()
    out = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["report", str(own_six), "--experiments", str(empty), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "no tables of the bench verbs there" in done.output
    assert out.is_file()


def test_an_absent_directory_of_experiments_is_told(own_six: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        write_report(own_six / "report.html", own_six, own_six / "nowhere")
    assert not (own_six / "report.html").exists()


def test_a_stack_beside_the_results_is_on_the_page(own_six: Path) -> None:
    scr.stack("Li | LiAlCl4@50wt+Li6PS5Cl@50wt | Li6PS5Cl", "2.6-4.2").write(own_six)
    sections = write_report(own_six / "page.html", own_six)
    assert [section.key for section in sections] == ["stack"]
    page = (own_six / "page.html").read_text("utf-8")
    assert "The cell, contact by contact" in page
    assert "LiAlCl₄@50wt+Li₆PS₅Cl@50wt | Li₆PS₅Cl, 2.6 to 4.2 V vs Li" in page

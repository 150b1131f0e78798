"""``screening run``, ``studies``, ``top`` and ``cite`` as a user meets them."""

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from screening.campaign.document import failing_words
from screening.cli import main, options
from screening.reactors.criteria import CRITERIA

SIX = ["LiAlCl4", "MgI2", "MgF2", "Li3HoCl6", "Li3YBr6", "Li10GeP2S12"]
CONTROLS = ["LiF", "LiCl", "LiBr", "LiI", "Li2S", "Li3P", "Li2O", "Li3N"]
FIGURES = ("campaign.png", "campaign.svg")


def call(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["screening", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
    return int(leaving.value.code or 0)


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main job, with figures of the campaign only where they are asked for."""
    out = tmp_path_factory.mktemp("six")
    assert call("run", "--out", str(out), "--no-figures") == 0
    return out


@pytest.fixture(scope="module")
def ranking(six: Path) -> dict[str, dict]:
    content = json.loads((six / "ranking.json").read_text("utf-8"))
    assert set(content) == {"format_version", "study", "provenance", "selection", "reactors"}
    return {one["formula"]: one for one in content["reactors"]}


class TestMainJob:
    def test_leaves_whole_files_only(self, six: Path) -> None:
        names = {path.name for path in six.iterdir()}
        assert {"ranking.csv", "ranking.json", "ranking.parquet", "kinks.csv"} <= names
        assert {"products.xlsx", "products.tex", "backtest.json", "backtest.csv", "manifest.json"} <= names
        assert {path.name for path in six.rglob(".*") if path.is_file()} == {".lock"}

    def test_the_schema_is_the_promised_one(self, ranking: dict[str, dict]) -> None:
        assert list(ranking)[:6] == sorted(SIX, key=lambda f: ranking[f]["rank"])
        for one in ranking.values():
            assert {
                *("formula", "rank", "score", "estimated", "pareto", "passes_filters", "filters"),
                *("rank_probability", "criteria", "products_li_excess", "plateaus"),
            } <= set(one)
            assert set(one["criteria"]) == {criterion.name for criterion in CRITERIA}
            for entry in one["criteria"].values():
                assert {"value", "unit", "desirability", "weight"} <= set(entry)
            assert all(value in (True, False, None) for value in one["filters"].values())

    def test_ranks_are_sure_or_said_not_to_be(self, ranking: dict[str, dict]) -> None:
        assert sorted(ranking[f]["rank"] for f in SIX) == [1, 2, 3, 4, 5, 6]
        for place in range(6):
            assert sum(ranking[f]["rank_probability"][place] for f in SIX) == pytest.approx(1.0)
        for formula in SIX:
            assert sum(ranking[formula]["rank_probability"]) == pytest.approx(1.0)
        assert ranking["LiAlCl4"]["products_li_excess"] == pytest.approx({"LiCl": 4.0, "Li9Al4": 0.25})

    def test_negative_controls_have_no_rank(self, ranking: dict[str, dict]) -> None:
        for formula in CONTROLS:
            one = ranking[formula]
            assert one["rank"] is None
            assert one["score"] == 0.0
            assert not one["filters"]["reacts"]
            assert one["alloy"] is None
            assert one["plateaus"] == []

    def test_the_estimated_mark_follows_the_phase(self, six: Path, ranking: dict[str, dict]) -> None:
        assert [f for f, one in ranking.items() if one["estimated"]] == ["Li3HoCl6"]
        table = pd.read_csv(six / "ranking.csv").set_index("formula")
        assert table["estimated"].sum() == 1
        assert table.loc["Li3HoCl6", "estimated"]
        kinks = pd.read_csv(six / "kinks.csv")
        assert kinks.loc[kinks["b"] == "Li3HoCl6", "estimated"].all()
        products = pd.read_excel(six / "products.xlsx")
        assert products.loc[products["reactor"] == "Li3HoCl6", "estimated"].all()

    def test_every_file_carries_the_stamp(self, six: Path) -> None:
        for name in ("ranking.csv", "kinks.csv", "backtest.csv"):
            assert pd.read_csv(six / name)["provenance"].str.contains("study six-reactors").all()
        assert (six / "products.tex").read_text("utf-8").startswith("% interphase-screening")
        assert json.loads((six / "backtest.json").read_text("utf-8"))["provenance"]["source"] == "mp2019"
        ranking = json.loads((six / "ranking.json").read_text("utf-8"))
        stamps = [curve["provenance"] for one in ranking["reactors"] for curve in one["curves"]]
        assert stamps
        assert all(stamp == ranking["provenance"] for stamp in stamps)

    def test_the_back_test_prints_contradictions(self, six: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("run", "--out", str(six), "--no-figures") == 0
        printed = capsys.readouterr()
        assert "contradiction" in printed.out
        assert "Li3HoCl6 (Ho), Li3YBr6 (Y)" in " ".join(printed.out.split())
        assert "14 candidates" in printed.err
        assert "14 of 14 shown; all in ranking.csv" in printed.out

    def test_json_is_a_list_and_nothing_else(self, six: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("run", "--out", str(six), "--no-figures", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert [one["formula"] for one in told][:2] == ["LiAlCl4", "MgI2"]

    def test_figures_of_one_reactor_and_of_the_campaign(self, tmp_path: Path) -> None:
        study = tmp_path / "one.toml"
        study.write_text('name = "one"\n[candidates]\nformulas = ["LiAlCl4"]\n[uncertainty]\ndraws = 0\n')
        out = tmp_path / "out"
        assert call("run", str(study), "--out", str(out)) == 0
        drawn = {path.name for path in out.iterdir() if path.suffix in (".png", ".svg")}
        reactor = {f"figure_{k}_LiAlCl4.{suffix}" for k in ("1a", "1f", "layer") for suffix in ("png", "svg")}
        assert drawn == reactor  # a map of one candidate says nothing
        study.write_text(study.read_text().replace('"LiAlCl4"', '"LiAlCl4", "LiF"'))
        assert call("run", str(study), "--out", str(out), "--fresh") == 0
        assert not {path.name for path in out.iterdir()} & {*FIGURES}  # nor does one that alone is ranked


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 80 columns shows."""
    shown = io.StringIO()
    monkeypatch.setattr(options, "console", lambda: Console(width=80, file=shown))
    return shown


FAILING = """name = "failing"
[candidates]
formulas = ["LiAlCl4", "PbCl2", "Li2UCl6", "Li6PS5Cl", "As", "SiCl4", "S"]
controls = ["LiF"]
[conditions]
percolation_threshold = 0.2
[filters]
forbid_moisture_hazard = true
forbid_toxic = true
[uncertainty]
draws = 0
"""


class TestTerminal:
    def test_80_columns_cut_nothing(self, six: Path, narrow: io.StringIO, ranking: dict[str, dict]) -> None:
        assert call("run", "--out", str(six), "--no-figures") == 0
        lines = narrow.getvalue().splitlines()
        assert max(map(len, lines)) <= 80
        assert "…" not in narrow.getvalue()
        for formula in SIX:
            mark = "*" if formula == "Li3HoCl6" else ""
            row = next(line.split() for line in lines if formula + mark in line.split())
            values = {name: entry["value"] for name, entry in ranking[formula]["criteria"].items()}
            assert row[0] == str(ranking[formula]["rank"])
            assert row[2] == f"{ranking[formula]['score']:.3f}"
            told = (
                values["driving_force_ev_per_ion"],
                values["uptake_mah_per_g"],
                values["electrolyte_relief_ev_per_atom"],
                100 * values["metal_volume_fraction"],
            )
            for text, value in zip(row[4:8], told, strict=True):  # digits that the interval leaves
                assert text == f"{value:.{len(text.partition('.')[2])}f}"
            assert "." in row[4]
            assert "." in row[6]
        assert any(line.startswith("10.1002/aenm.202300815: LiAlCl4, ") for line in lines)

    def test_estimates_are_marked_in_the_back_test(self, six: Path, narrow: io.StringIO) -> None:
        assert call("run", "--out", str(six), "--no-figures") == 0
        back_test = narrow.getvalue().split("Back-test")[1]
        assert "Li3HoCl6* " in back_test
        assert back_test.count("*") == 2
        table = pd.read_csv(six / "backtest.csv").set_index("formula")
        assert table.index[table["estimated"]].tolist() == ["Li3HoCl6"]

    def test_the_threshold_of_networks_is_printed_with_its_interval(
        self, tmp_path: Path, narrow: io.StringIO
    ) -> None:
        for equal, words in ((0.16, "14 (9 to 19)"), (0.1, "9 (7 to 12)")):
            study = tmp_path / "dense.toml"
            study.write_text(
                'name = "dense"\n[candidates]\nformulas = ["LiAlCl4"]\n[conditions]\n'
                f"percolation_threshold = {equal}\n[uncertainty]\ndraws = 0\n"
            )
            narrow.truncate(0)
            assert call("run", str(study), "--out", str(tmp_path / "out"), "--no-figures", "--fresh") == 0
            told = " ".join(narrow.getvalue().split())
            assert f"vol% metal at 50 wt% reactor (connects from {words} vol% on)" in told
            assert "although the published layer" not in told

    def test_the_filter_that_fails_is_said_in_words(self, tmp_path: Path, narrow: io.StringIO) -> None:
        study = tmp_path / "failing.toml"
        study.write_text(FAILING)
        assert call("run", str(study), "--out", str(tmp_path / "out"), "--no-figures") == 0
        told = narrow.getvalue()
        assert told.split("8 of 8 shown")[0].count("does not react") == 1
        rows = " ".join(told.split("vol%", 1)[1].split("8 of 8 shown")[0].split())
        for formula, words in (
            ("LiAlCl4", "Li9Al4; gives off HCl in moist air"),
            ("PbCl2", "Li17Pb4; toxic; gives off HCl in moist air"),
            ("Li2UCl6", "U; radioactive or noble gas; gives off HCl in moist air"),
            ("S", "leaves no conducting phase"),
            ("Li6PS5Cl", "too far above the hull; gives off H2S in moist air"),
            ("As", "toxic"),
            ("LiF", "does not react"),
        ):
            after = re.split(rf" {formula}‡? ", rows, maxsplit=1)[1]
            assert re.match(rf"[-\d. ]+ {re.escape(words)}( -|$| \*| ‡)", after), (formula, after)

    def test_what_conducts_nothing_is_said_unless_nothing_reacts(self) -> None:
        assert failing_words(["metallic_product", "near_hull"], "").startswith("leaves no conducting phase; ")
        assert failing_words(["reacts", "metallic_product"], "") == "does not react"

    def test_top_fits_and_shows_what_has_no_rank(self, six: Path, narrow: io.StringIO) -> None:
        assert call("top", str(six)) == 0
        lines = narrow.getvalue().splitlines()
        assert max(map(len, lines)) <= 80
        assert "…" not in narrow.getvalue()
        assert {"LiAlCl4", *CONTROLS} <= {word for line in lines for word in line.split()}


class TestTop:
    @pytest.mark.parametrize("form", ["table", "csv", "json"])
    def test_prints(self, six: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("top", str(six), "--n", "2", "--where", "n_elements == 2", "--format", form) == 0
        printed = capsys.readouterr().out
        assert "MgI2" in printed
        assert "MgF2" in printed
        if form == "json":
            assert [one["formula"] for one in json.loads(printed)] == ["MgI2", "MgF2"]
        if form == "csv":
            assert len(printed.splitlines()) == 3

    def test_shows_candidates_without_a_rank(self, six: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("top", str(six), "--n", "14") == 0
        assert re.search(r"^ +- +-  LiCl ", capsys.readouterr().out, flags=re.MULTILINE)

    def test_the_driving_force_has_its_interval_and_only_its_digits(
        self, six: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rows = pd.read_csv(six / "ranking.csv").set_index("formula")
        low, high = rows.loc["MgI2", ["driving_force_from_95", "driving_force_to_95"]].astype(float)
        # -0.92 eV for two Li each by enthalpies of MgI2 and LiI (CRC), -0.09 for the third, to LiMg
        assert low < (2.0 * -0.92 - 0.09) / 3.0 < high < low + 1.0
        assert call("top", str(six), "--n", "14", "--every") == 0
        printed = capsys.readouterr().out
        assert f"{rows.loc['MgI2', 'driving_force_ev_per_ion']:.1f} ({low:.1f} to {high:.1f})" in printed
        assert call("top", str(six), "--n", "14", "--every", "--digits", "4") == 0
        assert f"{rows.loc['MgI2', 'driving_force_ev_per_ion']:.4f}" in capsys.readouterr().out

    def test_doubts_about_a_candidate_stand_below(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        study = tmp_path / "s.toml"
        study.write_text('name = "s"\n[candidates]\nformulas = ["SmCl3", "LiBr", "MgBr2"]\n', "utf-8")
        assert call("run", str(study), "--out", str(tmp_path / "out"), "--no-figures") == 0
        ranked = capsys.readouterr().out
        assert "SmCl3‡" in ranked and "MgBr2‡" not in ranked
        assert "‡ doubtful energies in it or in what it forms" in ranked
        listed = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["files"]
        assert all((tmp_path / "out" / name).exists() for name in listed)
        assert call("top", str(tmp_path / "out")) == 0
        listed = capsys.readouterr().out
        assert "SmCl3: doubtful energies: SmCl3" in listed and "SmCl3‡" in listed
        study.write_text('name = "s"\n[candidates]\nformulas = ["LiF"]\n', "utf-8")
        assert call("run", str(study), "--out", str(tmp_path / "one"), "--no-figures") == 0
        assert "1 candidate\n" in capsys.readouterr().err
        listed = json.loads((tmp_path / "one" / "manifest.json").read_text("utf-8"))["files"]
        assert "failures.csv" not in listed and all((tmp_path / "one" / name).exists() for name in listed)

    def test_writes_a_spreadsheet(self, six: Path, tmp_path: Path) -> None:
        assert call("top", str(six), "--n", "3", "--format", "xlsx", "--out", str(tmp_path / "t.xlsx")) == 0
        assert pd.read_excel(tmp_path / "t.xlsx")["rank"].tolist() == [1, 2, 3]

    def test_a_bad_condition_is_one_line_and_status_2(
        self, six: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert call("top", str(six), "--where", "1 = 1; drop table rows") == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert len(printed.err.splitlines()) == 1


STATE = 'name = "a"\n[candidates]\nformulas = ["LiAlCl4"]\n[conditions]\n{}\n'


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("name = ", "malformed TOML"),
            ('name = "a"\n[candidates]\nformulas = ["LiAlCl4"]\ncolour = 1\n', "unknown key"),
            ('name = "a"\n[candidates]\nformulas = ["LiAlCl9"]\n', "has no LiAlCl9"),
            ('name = "a"\n[candidates]\nformulas = ["LiAlCl4", "Li2Al2Cl8"]\n', "stands twice"),
            ('name = "a"\n[candidates]\nformulas = ["LiAlX4"]\n', "LiAlX4"),
            ('name = "a"\n[candidates]\nformulas = ["MgF2"]\n[conditions]\nanodes = ["LiCl"]\n', "neither"),
            (
                'name = "a"\n[candidates]\nformulas = ["MgF2", "LiAl"]\n[conditions]\nanodes = ["LiAl"]\n',
                "both",
            ),
            (
                'name = "a"\n[candidates]\nformulas = ["MgF2"]\n[conditions]\nelectrolytes = ["Li7PS7"]\n',
                "a.toml: conditions.electrolytes: snapshot mp2019 has no Li7PS7; Li-P-S holds Li7PS6,",
            ),
            (
                'name = "a"\n[candidates]\nformulas = ["MgF2"]\ncontrols = ["LiCl3"]\n',
                "a.toml: candidates.controls: 1 candidate cannot be used: snapshot mp2019 has no LiCl3; "
                "Cl-Li holds LiCl; mend them, or",
            ),
            (STATE.format('alloy = "richest"'), "a.toml: unknown key 'conditions.alloy'"),
            (STATE.format("anode_um = 20.0\npotential_v = 0.5"), "a cell fixes the one or the other"),
            (STATE.format("anode_um = 0.0"), "conditions"),
        ],
    )
    def test_is_one_line_and_leaves_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
    ) -> None:
        study, out = tmp_path / "a.toml", tmp_path / "out"
        study.write_text(text)
        assert call("run", str(study), "--out", str(out)) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        (line,) = [line for line in printed.err.splitlines() if line.startswith("screening:")]
        assert told in line
        assert "--at-hull" not in line
        assert [said for said in printed.err.splitlines() if not said.startswith("first run")] == [line]
        assert not out.exists()

    def test_an_unwritable_directory(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "file").write_text("")
        assert call("run", "--out", str(tmp_path / "file" / "out"), "--no-figures") == 2
        told = capsys.readouterr().err
        assert "cannot write there" in told
        assert "candidates" not in told

    def test_no_directory(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("run", "--out", "") == 2
        assert "--out: no directory given" in capsys.readouterr().err

    def test_another_study_in_the_directory(
        self, six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        study = tmp_path / "a.toml"
        study.write_text('name = "a"\n[candidates]\nformulas = ["MgF2"]\n')
        before = (six / "ranking.json").read_bytes()
        assert call("run", str(study), "--out", str(six)) == 2
        told = capsys.readouterr().err
        assert "holds results of another campaign" in told
        assert "1 candidates" not in told
        assert (six / "ranking.json").read_bytes() == before

    @pytest.mark.parametrize(
        "arguments",
        [
            ["run", "--backend", "moon"],
            ["run", "--jobs", "-1"],
            ["run", "--backend", "dask"],
            ["run", "no-such-study"],
            ["top", "nowhere"],
            ["top", "nowhere", "--format", "pdf"],
        ],
    )
    def test_usage(self, tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        out = ["--out", str(tmp_path / "out")] if arguments[0] == "run" else []
        assert call(*arguments, *out) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert len([line for line in printed.err.splitlines() if line.startswith("screening:")]) == 1


def test_studies_and_citations(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("studies", "--json") == 0
    assert {one["name"] for one in json.loads(capsys.readouterr().out)} >= {"everything", "six-reactors"}
    assert call("cite", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["method"].endswith("doi:10.1002/aenm.202300815")
    assert told["cite"]

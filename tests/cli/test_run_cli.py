"""``screening run``, ``studies``, ``top`` and ``cite`` as a user meets them."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from screening.cli import main
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
    assert set(content) == {"study", "provenance", "selection", "reactors"}
    return {one["formula"]: one for one in content["reactors"]}


class TestMainJob:
    def test_leaves_whole_files_only(self, six: Path) -> None:
        names = {path.name for path in six.iterdir()}
        assert {"ranking.csv", "ranking.json", "ranking.parquet", "kinks.csv"} <= names
        assert {"products.xlsx", "products.tex", "backtest.json", "backtest.csv", "manifest.json"} <= names
        assert not [path for path in six.rglob(".*") if path.is_file()]

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

    def test_the_back_test_prints_contradictions(self, six: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("run", "--out", str(six), "--no-figures") == 0
        printed = capsys.readouterr()
        assert "contradiction" in printed.out
        assert "Li3HoCl6 (Ho), Li3YBr6 (Y)" in " ".join(printed.out.split())
        assert "14 candidates" in printed.err

    def test_json_is_a_list_and_nothing_else(self, six: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert call("run", "--out", str(six), "--no-figures", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert [one["formula"] for one in told][:2] == ["LiAlCl4", "Li10GeP2S12"]

    def test_figures_of_one_reactor_and_of_the_campaign(self, tmp_path: Path) -> None:
        study = tmp_path / "one.toml"
        study.write_text('name = "one"\n[candidates]\nformulas = ["LiAlCl4"]\n[uncertainty]\ndraws = 0\n')
        out = tmp_path / "out"
        assert call("run", str(study), "--out", str(out)) == 0
        drawn = {path.name for path in out.iterdir() if path.suffix in (".png", ".svg")}
        reactor = {f"figure_{k}_LiAlCl4.{suffix}" for k in ("1a", "1f") for suffix in ("png", "svg")}
        assert drawn == {*FIGURES, *reactor}
        assert "<text" in (out / "campaign.svg").read_text("utf-8")


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
        assert re.search(r"^ +-  LiCl ", capsys.readouterr().out, flags=re.MULTILINE)

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
                'name = "a"\n[candidates]\nformulas = ["MgF2"]\n[conditions]\nsulfides = ["Li7PS7"]\n',
                "has no",
            ),
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
        assert "Traceback" not in printed.err
        assert not out.exists()

    def test_an_unwritable_directory(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "file").write_text("")
        assert call("run", "--out", str(tmp_path / "file" / "out"), "--no-figures") == 2
        assert "cannot write there" in capsys.readouterr().err

    def test_another_study_in_the_directory(
        self, six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        study = tmp_path / "a.toml"
        study.write_text('name = "a"\n[candidates]\nformulas = ["MgF2"]\n')
        before = (six / "ranking.json").read_bytes()
        assert call("run", str(study), "--out", str(six)) == 2
        assert "holds results of another campaign" in capsys.readouterr().err
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

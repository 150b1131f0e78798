"""Screening from Python: one call, the same numbers as the command line, and results that show themselves."""

import errno
import gc
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from typer.testing import CliRunner

from screening.api.campaigns import Ranking, load_study, read_results, screen
from screening.api.interfaces import react
from screening.campaign.study import Study, find_study
from screening.cli import app
from screening.errors import IncompleteError, InputError
from screening.phases.library import open_snapshot

FEW = ["LiAlCl4", "MgF2", "ZnCl2"]


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    return screen(FEW, electrolyte="Li3PS4", anode="Li", weights={"relay": 0}, draws=20, jobs=1)


def test_a_packaged_study_is_what_the_command_runs(tmp_path: Path) -> None:
    command = ["run", "six-reactors", "--jobs", "1", "--no-figures", "--out", str(tmp_path / "cli")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    ours, theirs = screen("six-reactors", jobs=1), read_results(tmp_path / "cli")
    pd.testing.assert_frame_equal(ours.table, theirs.table)
    for name in ("ranking.json", "ranking.csv", "kinks.csv", "products.tex", "backtest.json"):
        assert (ours.directory / name).read_bytes() == (theirs.directory / name).read_bytes(), name


def test_formulas_meet_what_was_asked(ranking: Ranking) -> None:
    study = ranking.results.study
    assert study.conditions.electrolytes == ("Li3PS4",)
    assert study.ranking.criteria["relay_ev_per_atom"].weight == 0.0
    assert ranking.results.pairs == (("Li", "Li3PS4"),)
    assert ranking.table["formula"].tolist() == ["ZnCl2", "LiAlCl4", "MgF2"]


@pytest.mark.parametrize("kind", ["frame", "csv", "toml", "study", "path"])
def test_candidates_come_as_a_user_has_them(tmp_path: Path, kind: str) -> None:
    (tmp_path / "few.csv").write_text("formula\nMgF2\nZnCl2\n", "utf-8")
    (tmp_path / "few.toml").write_text('name = "few"\n[candidates]\nformulas = ["MgF2", "ZnCl2"]\n', "utf-8")
    given = {
        "frame": pd.DataFrame({"formula": ["MgF2", "ZnCl2", "MgF2"]}),
        "csv": str(tmp_path / "few.csv"),
        "toml": str(tmp_path / "few.toml"),
        "study": Study.of(["MgF2", "ZnCl2"]),
        "path": tmp_path / "few.toml",
    }[kind]
    assert screen(given, draws=0, jobs=1).table["formula"].tolist() == ["ZnCl2", "MgF2"]


def test_a_candidate_is_explained_by_factors_that_multiply_to_its_score(ranking: Ranking) -> None:
    place = ranking.explain("F2Mg")
    assert (place.formula, place.rank) == ("MgF2", 3)
    assert np.prod([part.factor for part in place.parts]) == pytest.approx(place.score)
    assert "relay_ev_per_atom" not in [part.criterion for part in place.parts]
    assert "MgF₂ in candidates: rank 3" in place._repr_html_()
    with pytest.raises(InputError, match="holds no MgI2"):
        ranking.explain("MgI2")


def test_it_shows_itself_with_units_and_stamp(ranking: Ranking) -> None:
    page = ranking._repr_html_()
    assert "LiAlCl₄" in page
    assert "(mAh/g)" in page
    assert ranking.provenance.line() in page


def test_it_draws_the_campaign_map(ranking: Ranking) -> None:
    axes = ranking.plot()
    assert "eV" in axes.get_xlabel()
    other = ranking.plot(plt.figure().add_subplot(), criteria=("cost", "volume"))
    assert "USD/kg" in other.get_xlabel()
    with pytest.raises(InputError, match="no criterion 'taste'"):
        ranking.plot(criteria=("taste", "cost"))
    plt.close("all")


def test_curves_are_those_of_the_document(ranking: Ranking) -> None:
    curves = ranking.curves("MgF2")
    assert {(curve.a, curve.b) for curve in curves} >= {("Li", "MgF2"), ("Li", "Li3PS4")}
    assert curves[0].minimum.total_ev_per_atom < 0.0


def test_it_goes_to_the_page_and_to_the_bench(ranking: Ranking, tmp_path: Path) -> None:
    page = ranking.report(tmp_path / "out.html")
    assert page.stat().st_size > 1e6
    written = ranking.handoff("MgF2", tmp_path / "sheets")
    assert [path.name for path in written] == ["MgF2.html", "MgF2.pdf", "MgF2.json"]
    sheet = json.loads(written[2].read_text("utf-8"))
    assert sheet["plan"]["electrolyte"] == "Li3PS4"
    assert sheet["standing"]["rank"] == 3


def test_conditions_narrow_the_table(ranking: Ranking) -> None:
    assert ranking.top(where="n_elements == 2")["formula"].tolist() == ["ZnCl2", "MgF2"]


def test_a_temporary_place_goes_with_the_ranking(tmp_path: Path) -> None:
    gone = screen(["MgF2"], draws=0, jobs=1)
    place = gone.directory
    assert place.is_dir()
    del gone
    gc.collect()
    assert not place.exists()
    kept = screen(["MgF2", "ZnCl2"], draws=0, jobs=1, out=tmp_path / "kept", figures=True)
    assert kept.directory == tmp_path / "kept"
    assert (tmp_path / "kept" / "campaign.png").is_file()
    assert (tmp_path / "kept" / "figure_1a_MgF2.svg").is_file()
    screen(["MgI2"], draws=0, jobs=1, out=tmp_path / "kept", fresh=True, figures=True)
    assert not (tmp_path / "kept" / "campaign.png").exists()  # a map of one candidate says nothing
    kept = screen(["MgF2"], draws=0, jobs=1, out=tmp_path / "kept", fresh=True)
    assert read_results(str(kept.directory)).table.equals(kept.table)


@pytest.mark.parametrize(
    ("arguments", "options", "told"),
    [
        ((["LiAlCl9"],), {}, "has no LiAlCl9"),
        (([],), {}, "no candidates"),
        ((["MgF2"],), {"weights": {"smell": 1}}, "weights: no criterion 'smell'"),
        ((["MgF2"],), {"weights": {"relay": -1}}, "criteria.relay_ev_per_atom.weight = -1"),
        ((["MgF2"],), {"wt_percent": 130}, "conditions.wt_percent = 130"),
        ((["MgF2"],), {"colour": "red"}, "'colour' is no key of a study"),
        ((["MgF2"],), {"criteria": {}}, "'criteria' belongs to several sections"),
        ((["MgF2"],), {"snapshot": open_snapshot}, "give its name or directory"),
        ((pd.DataFrame({"reactor": ["MgF2"]}),), {}, "has no column 'formula'"),
        (("no-such-study",), {}, "no study 'no-such-study'"),
    ],
)
def test_mistakes_are_one_line(arguments: tuple, options: dict, told: str) -> None:
    with pytest.raises(InputError) as fault:
        screen(*arguments, **options, jobs=1)
    assert told in str(fault.value)
    assert "\n" not in str(fault.value)


class TestStudy:
    def test_changes_are_checked_as_a_file_is(self) -> None:
        study = load_study("six-reactors")
        assert study == find_study("six-reactors")
        changed = study.with_changes(
            electrolytes=["Li3PS4"],
            weights={"relay": 0, "cost": 2},
            ranking={"criteria": {"lithiophilic": {"weight": 3}}},
        )
        weights = {name: rule.weight for name, rule in changed.ranking.criteria.items()}
        before = {name: rule.weight for name, rule in study.ranking.criteria.items()}
        expected = {"relay_ev_per_atom": 0.0, "cost_usd_per_kg": 2.0, "alloys_with_anode": 3.0}
        assert weights == before | expected
        assert changed.conditions.electrolytes == ("Li3PS4",)
        assert changed.checksum != study.checksum
        assert study.with_changes() is study
        assert study.with_changes(title="Other").checksum == study.checksum

    def test_a_change_leaves_earlier_changes(self) -> None:
        once = load_study("six-reactors").with_changes(weights={"relay": 0})
        twice = once.with_changes(weights={"cost": 2}, figures={"top": 3})
        assert twice.ranking.criteria["relay_ev_per_atom"].weight == 0.0
        assert twice.figures.top == 3
        assert twice.figures.x_axis == once.figures.x_axis


def test_figures_that_a_full_disk_lacks_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def savefig(figure: Figure, path: Path, **_: object) -> None:
        if path.suffix == ".png":
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_text("<svg/>")

    monkeypatch.setattr(Figure, "savefig", savefig)
    out = tmp_path / "out"
    given = {"electrolyte": "Li3PS4", "draws": 0, "jobs": 1, "out": out, "figures": True}
    with pytest.raises(IncompleteError, match=r"figures missing: .*campaign\.png.*No space left") as told:
        screen(["LiAlCl4", "MgF2"], **given)
    assert told.value.exit_status == 1
    assert ".svg" not in str(told.value)
    assert {path.name for path in out.glob("*.svg")} >= {"campaign.svg"}
    assert not list(out.glob("*.png"))
    assert read_results(out).table["rank"].tolist() == [1, 2]


@pytest.fixture(scope="module")
def doped() -> Ranking:
    """A doped electrolyte that no snapshot holds, and a candidate likewise."""
    return screen(
        ["LiAlCl4", "Li3.25Al0.25Cl4"], electrolyte="Li5.5PS4.5Cl1.5", at_hull=True, draws=50, jobs=1
    )


class TestFromTheHull:
    """Compositions that are taken from the hull."""

    def test_they_are_taken_and_marked(self, doped: Ranking) -> None:
        table = doped.table.set_index("formula")
        assert table.loc["LiAlCl4", "origin"] == ""
        assert table.loc["Li3.25Al0.25Cl4", "origin"] == "taken from the hull"
        assert table["electrolyte_relief_ev_per_atom"].notna().all()
        assert "Li5.5PS4.5Cl1.5 taken from the hull" in doped.provenance.line()
        assert "* rests on a phase whose energy is taken from the hull" in doped.summary()[0].notes

    def test_reactions_are_those_of_the_hull(self, doped: Ranking) -> None:
        curve = next(c for c in doped.curves("LiAlCl4") if c.b == "Li5.5PS4.5Cl1.5")
        alone = react("Li", "Li5.5PS4.5Cl1.5", at_hull=True)
        assert curve.at_hull == ("Li5.5PS4.5Cl1.5",)
        assert [k.total_ev_per_atom for k in curve.kinks] == pytest.approx(
            [k.total_ev_per_atom for k in alone.kinks]
        )

    def test_results_read_later_know_them_too(self, doped: Ranking, tmp_path: Path) -> None:
        written = read_results(doped.directory).handoff("LiAlCl4", tmp_path)
        sheet = json.loads(next(path for path in written if path.suffix == ".json").read_text("utf-8"))
        assert sheet["plan"]["electrolyte"] == "Li5.5PS4.5Cl1.5"
        assert sheet["standing_note"] == ""

    def test_without_at_hull_the_electrolyte_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"has no Li5\.5PS4\.5Cl1\.5"):
            screen(["LiAlCl4"], electrolyte="Li5.5PS4.5Cl1.5", draws=0, jobs=1)

    def test_every_plateau_carries_its_interval(self, doped: Ranking) -> None:
        reactor = doped.results.reactor("LiAlCl4")
        assert all(plateau.voltage_95_v is not None for plateau in reactor.plateaus)
        assert reactor.cathodic_limit_95_v == reactor.plateaus[0].voltage_95_v
        first = doped.products.iloc[0]
        assert first["voltage_low_v"] < first["voltage_v"] < first["voltage_high_v"]


def test_a_rank_does_not_stand_beside_other_energies(tmp_path: Path) -> None:
    screen("six-reactors", temperature_k=600.0, out=tmp_path / "warm")
    with pytest.raises(InputError, match=r"ranked with mp2019 .*600 K .*, not with these energies"):
        read_results(tmp_path / "warm").handoff("LiAlCl4", tmp_path / "sheets")
    assert not (tmp_path / "sheets").exists()
    written = read_results(tmp_path / "warm", temperature_k=600.0).handoff("LiAlCl4", tmp_path / "sheets")
    assert written

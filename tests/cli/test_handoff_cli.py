"""``screening handoff``: what it prints, writes and refuses."""

import json
import sys

import pytest

from screening.api.campaigns import read_results
from screening.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    def _run(*arguments):
        monkeypatch.setattr(sys, "argv", ["screening", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        return int(leaving.value.code or 0), out, err

    return _run


def test_one_sheet_per_reactor(run, tmp_path):
    status, out, err = run("handoff", "LiAlCl4", "MgI2", "LiAlCl4", "--out", tmp_path / "bench")
    assert (status, err) == (0, "")
    names = [f"{reactor}.{kind}" for reactor in ("LiAlCl4", "MgI2") for kind in ("html", "pdf", "json")]
    assert out.split() == [str(tmp_path / "bench" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "bench").iterdir()) == sorted(names)


def test_json_goes_to_stdout_alone(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("handoff", "LiAlCl4", "--wt", 30, "--die-mm", 13, "--layer-mg", 20, "--json")
    assert (status, err) == (0, "")
    (sheet,) = json.loads(out)
    assert sheet["layer"]["reactor_mg"] == pytest.approx(6.0)
    assert sheet["layer"]["area_cm2"] == pytest.approx(1.3273229)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_milled_gets_no_programs(run, tmp_path):
    status, _, err = run("handoff", "AgN3", "--programs", "--out", tmp_path / "bench")
    assert status == 0 and "AgN3: no steps, no masses, no programs: AgN3 may explode." in err
    assert {path.suffix for path in (tmp_path / "bench").iterdir()} == {".html", ".pdf", ".json"}


def test_anode_electrolyte_and_content_are_those_of_the_campaign(run, tmp_path):
    study = tmp_path / "other.toml"
    study.write_text(
        'name = "other"\n[candidates]\nformulas = ["MgF2"]\n[conditions]\nelectrolytes = ["Li3PS4"]\n'
        "wt_percent = 30.0\n[uncertainty]\ndraws = 0\n"
    )
    results = tmp_path / "results"
    assert run("run", study, "--out", results, "--no-figures")[0] == 0
    status, out, err = run("handoff", "MgF2", "--results", results, "--json")
    assert (status, err) == (0, "")
    (sheet,) = json.loads(out)
    assert (sheet["plan"]["electrolyte"], sheet["plan"]["wt_percent"]) == ("Li3PS4", 30.0)
    assert sheet["standing"]["rank"] == 1
    (sheet,) = json.loads(run("handoff", "MgF2", "--results", results, "--wt", 40, "--json")[1])
    assert sheet["plan"]["wt_percent"] == 40.0
    status, out, err = run("handoff", "MgF2", "--results", results, "--electrolyte", "Li6PS5Cl", "--json")
    assert (status, out) == (2, "")
    assert "name one pair of Li with Li3PS4" in err
    assert run("handoff", "MgF2", "--wt", 0, "--json")[0] == 2


@pytest.mark.parametrize(
    ("options", "reactor"),
    [(("--snapshot", "mp2019+atlas"), "Li2ZrCl6"), (("--energies", "anchored"), "LiAlCl4")],
)
def test_snapshot_and_energies_are_those_of_the_campaign(run, tmp_path, options, reactor):
    study, results = tmp_path / "other.toml", tmp_path / "results"
    study.write_text(f'name = "o"\n[candidates]\nformulas = ["{reactor}"]\n[uncertainty]\ndraws = 0\n')
    assert run("run", study, *options, "--out", results, "--no-figures")[0] == 0
    status, out, err = run("handoff", reactor, "--results", results, "--json")
    assert (status, err) == (0, "")
    ranked = json.loads((results / "ranking.json").read_text("utf-8"))["provenance"]
    (sheet,) = json.loads(out)
    assert [sheet["provenance"][key] for key in ("source", "source_checksum")] == [
        ranked[key] for key in ("source", "source_checksum")
    ]
    assert read_results(results).handoff(reactor, tmp_path / "sheets")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Xx",), "no element 'Xx'"),
        (("LiAlCl4", "--wt", 130), "wt_percent: 130 % is more than all"),
        (("LiAlCl4", "Li7AlCl9"), "has no Li7AlCl9"),
        (("LiAlCl4", "--results", "nowhere"), "ranking.json: no results there"),
        (("LiAlCl4", "--cif", "nothing.cif"), "nothing.cif: cannot be read"),
    ],
)
def test_mistakes_end_in_one_line_and_write_nothing(run, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("handoff", *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_that_cannot_be_written_leaves_none(run, tmp_path):
    (tmp_path / "MgI2.pdf").mkdir()
    status, out, err = run("handoff", "LiAlCl4", "MgI2", "--out", tmp_path)
    assert (status, out) == (2, "")
    assert "MgI2.pdf: is a directory" in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["MgI2.pdf"]

"""A criterion that is registered in one place goes through every verb; short names are names."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from screening.cli import main
from screening.reactors.conditions import Desirability
from screening.reactors.criteria import CRITERIA, Criterion, criterion
from screening.reactors.linear_forms import driving_force_form

Run = Callable[..., tuple[int, str, str]]

LABEL = "toy energy"

STUDY = """
name = "toy"

[candidates]
formulas = ["LiAlCl4", "MgF2", "ZnCl2"]
controls = ["LiF"]

[conditions]
electrolytes = ["Li6PS5Cl", "Li3PS4"]

[ranking.criteria]
toy = { weight = 3.0 }
relay = { weight = 0.0 }

[ranking]
pareto = ["toy", "relief"]

[uncertainty]
draws = 100

[figures]
criteria = ["toy", "driving_force"]
"""


TOY = Criterion(  # the driving force under another name, so that its values are known
    name="toy_ev_per_ion",
    key="toy",
    label=LABEL,
    unit="eV/ion",
    default=Desirability(weight=1.0, worst=0.0, best=-2.0),
    meaning="The driving force under another name.",
    compute=criterion("driving_force").compute,
    linear_form=driving_force_form,
    source="doi:10.1002/aenm.202300815",
)


@pytest.fixture
def toy() -> Iterator[Criterion]:
    with CRITERIA.register(TOY):
        yield TOY
    assert "toy" not in [each.key for each in CRITERIA]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["screening", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        return int(leaving.value.code or 0), out, err

    return _run


def study_file(folder: Path, text: str) -> Path:
    file = folder / "study.toml"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_entry_is_enough(run: Run, tmp_path: Path, toy: Criterion, jobs: int) -> None:
    results = tmp_path / "results"
    status, _, said = run("run", study_file(tmp_path, STUDY), "--out", results, "--jobs", jobs)
    assert status == 0, said
    document = json.loads((results / "ranking.json").read_text("utf-8"))
    assert document["study"]["ranking"]["criteria"][toy.name]["weight"] == 3.0
    assert document["study"]["ranking"]["pareto"] == [toy.name, "electrolyte_relief_ev_per_atom"]
    for one in document["reactors"]:
        mine, like = one["criteria"][toy.name], one["criteria"]["driving_force_ev_per_ion"]
        assert mine["unit"] == "eV/Li"
        for key in ("value", "standard_deviation", "expected_error"):
            assert mine[key] == like[key]
        assert set(one["rank_if_weight"][toy.name]) == {"halved", "doubled"}
    table = pd.read_parquet(results / "ranking.parquet")
    assert table[toy.name].equals(table["driving_force_ev_per_ion"])
    figures = [path.read_text("utf-8") for path in results.glob("campaign*.svg")]
    assert len(figures) == 2
    assert all("Toy energy (eV/Li)" in figure for figure in figures)

    assert run("top", results, "--where", "toy_ev_per_ion < 0")[0] == 0
    assert run("report", results, "--out", tmp_path / "page.html")[0] == 0
    assert LABEL in (tmp_path / "page.html").read_text("utf-8")
    bench = ("handoff", "LiAlCl4", "--results", results, "--out", tmp_path / "bench")
    assert "several anodes or electrolytes" in run(*bench)[2]
    assert run(*bench, "--electrolyte", "Li6PS5Cl")[0] == 0
    assert LABEL in (tmp_path / "bench" / "LiAlCl4.html").read_text("utf-8")


class TestRegistry:
    def test_names_and_keys_lead_to_one_entry(self) -> None:
        assert criterion("relay") is criterion("relay_ev_per_atom")
        assert criterion("sulfide_relief_ev_per_mol") is criterion("relief")
        words = [word for each in CRITERIA for word in {each.name, each.key}]
        assert len(set(words)) == len(words)

    def test_a_name_is_taken_once(self) -> None:
        before = list(CRITERIA)
        with pytest.raises(ValueError, match="inside"), CRITERIA.register(TOY):
            raise ValueError("inside")
        assert list(CRITERIA) == before
        undo = CRITERIA.register(TOY)
        with undo, pytest.raises(Exception, match="there is a criterion 'toy_ev_per_ion' already"):
            CRITERIA.register(TOY)
        assert list(CRITERIA) == before

    def test_units_carry_the_ion(self) -> None:
        driving = criterion("driving_force")
        assert [driving.unit_for(ion) for ion in ("Li", "Na", "")] == ["eV/Li", "eV/Na", "eV/ion"]
        assert driving.axis_label("Mg") == "Driving force (eV/Mg)"
        assert criterion("volume").axis_label("Li") == "Volume change"


WEIGHTLESS = "\n".join(f"{each.key} = {{ weight = {float(bool(each.needs))} }}" for each in CRITERIA)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "[ranking.criteria]\nrelais = { weight = 1.0 }",
            "choose from driving_force, uptake, relief, relay",
        ),
        ('[ranking]\npareto = ["relais"]', "ranking.pareto: no criterion 'relais'"),
        ('[figures]\ncriteria = ["relais", "relay"]', "figures.criteria: no criterion 'relais'"),
        (
            f"[conditions]\ncontacts = false\n[ranking.criteria]\n{WEIGHTLESS}",
            "conditions.contacts: all weight lies on relief, relay, mixing, alloy_potential, alloying, which "
            "this study does not compute",
        ),
        (
            '[conditions]\nanodes = ["Ca"]\n[uncertainty]\nbias_ev_per_ion = { Cl = -0.1 }',
            "uncertainty: no calibrated error model for Ca, only for Li, Na, K, Mg",
        ),
        (
            '[conditions]\nanodes = ["Li", "Na"]\n[uncertainty]\nreduction_sd_ev_per_atom = 0.1',
            "uncertainty: the error model is changed for one mobile ion, and the anodes give up Li and Na",
        ),
    ],
)
def test_what_would_say_nothing_is_refused_before_the_run(
    run: Run, tmp_path: Path, given: str, said: str
) -> None:
    file = study_file(tmp_path, f'name = "x"\n[candidates]\nformulas = ["LiAlCl4", "MgF2"]\n{given}\n')
    status, out, err = run("run", file, "--out", tmp_path / "results")
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "results").exists()

"""A list's own columns count as criteria and in conditions; a ranking can be made anew without a new run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from screening.api.campaigns import Ranking, screen
from screening.campaign.candidate_files import read_candidates
from screening.campaign.expressions import holds
from screening.cli import app
from screening.errors import InputError

LIST = """formula;price_eur_per_g;supplier;score
LiAlCl4;2,5;Alfa;9
MgF2;0,3;Sigma;9
ZnCl2;;Sigma;9
AlF3;12;;9
InCl3;30;Ghost;9
"""

PRICE = {"weight": 2.0, "worst": 20.0, "best": 0.2, "scale": "log"}


def study(folder: Path, *, where: str = "", price: dict[str, object] | None = PRICE, rest: str = "") -> Path:
    file = folder / "own.toml"
    column = "".join(f"{key} = {json.dumps(value)}\n" for key, value in (price or {}).items())
    text = f'name = "own"\n[candidates]\nfile = "list.csv"\n[filters]\nwhere = "{where}"\n'
    text += "[uncertainty]\ndraws = 100\n" + rest
    file.write_text(text + (f"[ranking.columns.price_eur_per_g]\n{column}" if price else ""), "utf-8")
    return file


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    (tmp_path / "list.csv").write_text(LIST, "utf-8")
    return tmp_path


def by_formula(ranking: Ranking) -> pd.DataFrame:
    return ranking.table.set_index("formula")


def test_a_column_multiplies_the_score_by_its_desirability(listed: Path) -> None:
    without, priced = by_formula(screen(study(listed, price=None))), by_formula(screen(study(listed)))
    explained = screen(study(listed)).explain("LiAlCl4")
    total = sum(part.weight for part in explained.parts)
    told = screen(study(listed)).results.cautions
    assert [each for each in told if each.startswith("unknown")] == [
        "unknown and left out of the score: price eur per g of ZnCl2"
    ]
    own = next(part for part in explained.parts if part.criterion == "price_eur_per_g")
    wanted = np.log(20.0 / 2.5) / np.log(20.0 / 0.2)  # on the logarithmic way from worst to best
    assert (own.value, own.weight) == (2.5, 2.0)
    assert own.desirability == pytest.approx(wanted)
    raised = without.loc["LiAlCl4", "score"] ** ((total - 2.0) / total) * wanted ** (2.0 / total)
    assert priced.loc["LiAlCl4", "score"] == pytest.approx(raised)
    assert priced.loc["ZnCl2", "score"] == pytest.approx(
        without.loc["ZnCl2", "score"]
    )  # its price is unknown
    assert priced.loc["MgF2", "price_eur_per_g"] == 0.3
    assert priced.loc["AlF3", "supplier"] is None or pd.isna(priced.loc["AlF3", "supplier"])
    assert priced["score"].max() < 1.0  # the list's own column of this name is passed over


def test_what_a_condition_does_not_know_does_not_hold(listed: Path) -> None:
    ranking = screen(study(listed, where="price_eur_per_g < 20 and cost_usd_per_kg < 1000 and not toxic"))
    table = by_formula(ranking)
    assert set(table.index[table["passes"]]) == {"LiAlCl4", "MgF2", "AlF3"}
    why = pd.read_csv(ranking.directory / "ranking.csv").set_index("formula")["why_no_rank"]
    assert why["ZnCl2"] == why["InCl3"] == "does not meet the study's condition"
    assert set(ranking.top(9, "price_eur_per_g > 1")["formula"]) == {"LiAlCl4", "AlF3", "InCl3"}


def test_a_ranking_made_anew_is_that_of_a_new_run(listed: Path) -> None:
    first = screen(study(listed))
    other = study(
        listed, price={**PRICE, "weight": 9.0}, rest="[ranking.criteria]\nrelief = { weight = 0.0 }\n"
    )
    again, new = first.top(again=other), screen(other).top()
    for column in ("formula", "rank", "score", "pareto"):
        assert again[column].tolist() == new[column].tolist()
    assert again["score"].tolist() != first.top()["score"].tolist()
    assert again["top_1"].isna().all()
    with pytest.raises(InputError, match=r"\[filters\] differs from that of the campaign own"):
        first.top(again=study(listed, where="not toxic"))


def test_not_a_number_is_not_larger_than_any() -> None:
    table = pa.table({'a "b"': [1.0, np.nan, None, 3.0], "list": [[1.0], [], None, [2.0]]})
    assert holds(table, '"a ""b""" > 2', "here").tolist() == [False, False, False, True]
    assert holds(table, 'not "a ""b""" > 2 -- as said', "here").tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("column", "where", "said"),
    [
        ("supplier", "", "'supplier' holds '\\w+' of \\w+, no number; there are price_eur_per_g, supplier"),
        ("prise", "", "'prise' is no column of the list of candidates"),
        ("score", "", "'score' is no column of the list of candidates"),
        ("relay", "", "columns.relay: there is a criterion of this name"),
        ("price_eur_per_g", "price < 3", "filters.where .*unknown column 'price'; write .*price_eur_per_g"),
        ("price_eur_per_g", "1; drop table x", "filters.where .*cannot be read as a condition"),
        (
            "price_eur_per_g",
            "supplier in (select content from read_text('/etc/hostname'))",
            "cannot be read as a condition",
        ),
    ],
)
def test_what_does_not_fit_is_told_before_any_work(listed: Path, column: str, where: str, said: str) -> None:
    file = study(listed, where=where)
    file.write_text(file.read_text("utf-8").replace("columns.price_eur_per_g", f"columns.{column}"), "utf-8")
    with pytest.raises(InputError, match=said):
        screen(file, out=listed / "results")
    assert not (listed / "results").exists()


def test_a_list_that_changed_is_another_campaign(listed: Path) -> None:
    screen(study(listed), out=listed / "results")
    (listed / "list.csv").write_text(LIST.replace("0,3", "0,4"), "utf-8")
    with pytest.raises(InputError, match="another campaign"):
        screen(study(listed), out=listed / "results")


def test_numbers_of_a_list(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("formula;a;b;c;d\nMgF2;1,250;0,125;1e3;inf\nAlF3;2;-,5;;1\n", "utf-8")
    columns = read_candidates(file).columns
    assert columns["b"].tolist() == [0.125, -0.5]
    assert columns["c"].tolist()[0] == 1000.0
    assert np.isnan(columns["c"].tolist()[1])
    assert columns["a"].tolist() == ["1,250", "2"]  # a thousand and more, or 1.25
    assert columns["d"].tolist() == ["inf", "1"]


def test_a_column_says_itself_what_its_marks_part(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "formula;german;english;mixed;odd\nMgF2;12,5;12.5;1.234,5;3\nAlF3;1.234,5;1,234.5;1.5;4,5\n"
        "ZnCl2;2.500;2,500;;n/a\nLiCl;3;;2;7\n",
        "utf-8",
    )
    listed = read_candidates(file)
    for head, last in (("german", 3.0), ("english", np.nan)):
        np.testing.assert_array_equal(listed.columns[head], [12.5, 1234.5, 2500.0, last])
    assert listed.columns["mixed"].tolist() == ["1.234,5", "1.5", None, "2"]
    assert [note.partition(",")[0] for note in listed.notes] == [
        "row 3: mixed '1.5' is no number",
        "row 4: odd 'n/a' is no number",
    ]


def test_a_word_among_numbers_is_named_by_its_row(listed: Path) -> None:
    (listed / "list.csv").write_text(LIST.replace("AlF3;12", "AlF3;dear"), "utf-8")
    with pytest.raises(InputError, match="'price_eur_per_g' holds 'dear' of AlF3, no number"):
        screen(study(listed))


def test_what_melts_in_the_mill_says_so_wherever_the_ranking_is_shown(tmp_path: Path) -> None:
    ranking = screen(["SnBr4", "MgF2"], out=tmp_path / "out", draws=0)
    (line,) = [each for each in ranking.results.cautions if "SnBr4" in each]
    assert (
        line == "LOW MELTING: SnBr4 (Tin(IV) bromide melts at 29 °C, boils at 205 °C) may melt in the mill."
    )
    assert line in ranking.summary()[0].notes
    assert line in ranking.display().notes


def test_what_the_energies_cannot_say_stands_below_a_ranking(tmp_path: Path) -> None:
    """Copper is the anode of no calibrated reaction and counts as Cu2+; Gibbs energies have an error."""
    copper = screen(["AlCl3"], anodes=("Cu",), electrolytes=("CuCl",), out=tmp_path / "cu", draws=0)
    told = [each for each in copper.summary()[0].notes if each.startswith("Cu counts as Cu2+; no intervals")]
    assert told
    assert not any("95 % intervals leave" in each for each in copper.summary()[0].notes)
    warm = screen(["MgF2"], out=tmp_path / "warm", draws=0, temperature_k=298.15)
    said = "descriptor of Gibbs energies: 0.05 eV/atom of each compound, in the intervals"
    assert said in warm.summary()[0].notes
    assert said in CliRunner().invoke(app, ["top", str(tmp_path / "warm")]).output

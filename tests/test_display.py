"""What notebooks show: escaped tables, subscripts only in formulas, figures on the axes that are given."""

import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from screening.display import Displayed, Group, Table, subscripted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("LiAlCl4 + 4 Li -> LiAl + 4 LiCl", "LiAlCl₄ + 4 Li -> LiAl + 4 LiCl"),
        ("(NH4)2SO4, Li6.5La3Zr1.5Ta0.5O12.", "(NH₄)₂SO₄, Li₆.₅La₃Zr₁.₅Ta₀.₅O₁₂."),
        ("Li6PS5Cl@50wt", "Li₆PS₅Cl@50wt"),
        ("P4 and S8 in 1999", "P4 and S8 in 1999"),
        ("raw/Li3PS4.csv, figure_1a_LiAlCl4.svg, duan-2023-six-MgF2", None),
    ],
)
def test_subscripts_stand_in_formulas_of_two_elements_only(text: str, shown: str | None) -> None:
    assert subscripted(text) == (text if shown is None else shown)


def test_nothing_from_outside_reaches_the_page_unescaped() -> None:
    hostile = "<script>alert(1)</script>"
    html = Table(hostile, pd.DataFrame({hostile: [hostile]}), (hostile,)).html()
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 4


def test_a_result_is_drawn_by_the_function_that_it_names() -> None:
    class Result(Displayed):
        plotter = "tests_display_plotter:draw"

    module = types.ModuleType("tests_display_plotter")
    module.draw = lambda result, ax, **options: (result, ax, options)  # type: ignore[attr-defined]
    sys.modules["tests_display_plotter"] = module
    result = Result()
    assert result.plot("axes", colour="red") == (result, "axes", {"colour": "red"})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Weighed(Displayed):
    """A result of one number."""

    mass_mg: float

    def display(self) -> Table:
        return Table("Weighed", self.to_frame(), ("a note",))

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame({"mass_mg": [self.mass_mg]})

    def contents(self) -> dict[str, object]:
        return {"mass.csv": self.to_frame(), "mass.json": {"mass_mg": self.mass_mg}}


def test_a_result_prints_and_writes_itself(tmp_path: Path) -> None:
    found = Weighed(2.5)
    assert str(found).splitlines() == ["Weighed", " mass_mg", "     2.5", "a note"]
    found.write(tmp_path / "new" / "folder")
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == {"mass.csv", "mass.json"}
    found.save(tmp_path / "one.parquet")
    assert pd.read_parquet(tmp_path / "one.parquet")["mass_mg"].tolist() == [2.5]


def test_a_group_is_a_sequence_with_one_table() -> None:
    group = Group((Weighed(1.0), Weighed(2.0), Weighed(3.0)))
    assert group[0] == Weighed(1.0)
    assert group[1:] == Group((Weighed(2.0), Weighed(3.0)))
    assert [each.mass_mg for each in group] == group.to_frame()["mass_mg"].tolist()
    assert repr(group) == "Group of 3"

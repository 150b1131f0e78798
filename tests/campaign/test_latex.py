"""The product table in LaTeX: set for print, and sound without an engine at hand."""

import re

import pandas as pd
import pytest

from screening.campaign.latex import MARK, chemical, equation, escaped, products_latex

COLUMNS = (
    *("reactor", "voltage_v", "uptake_per_formula", "capacity_mah_per_g", "reaction", "product"),
    *("electronic_class", "conduction", "origin"),
)
ROWS = [
    ("LiAlCl4", 1.5, 3.0, 457.0, "LiAlCl4 + 3 Li -> Al + 4 LiCl", "Al", "metallic", 1.0, ""),
    ("LiAlCl4", 1.5, 3.0, 457.0, "LiAlCl4 + 3 Li -> Al + 4 LiCl", "LiCl", "insulating", 0.0, ""),
    ("LiAlCl4", 0.4, 4.0, 610.0, "LiAlCl4 + 4 Li -> LiAl + 4 LiCl", "LiAl", "metallic", 1.0, ""),
    ("Li3HoCl6", 0.7, 3.0, 202.0, "Li3HoCl6 + 3 Li -> Ho + 6 LiCl", "Ho", "metallic", 1.0, "estimated"),
]


@pytest.fixture
def text() -> str:
    return products_latex(pd.DataFrame(ROWS, columns=COLUMNS))


def _unescaped(text: str) -> str:
    """Without escaped characters and comments, what is left are LaTeX's own signs."""
    return re.sub(r"(?m)%.*$", "", re.sub(r"\\[&%$#_{}\\]", "", text))


def test_braces_and_maths_close(text: str) -> None:
    for line in _unescaped(text).splitlines():
        depth = 0
        for character in line:
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0
        assert depth == 0, line
        assert line.count("$") % 2 == 0, line
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1


def test_nothing_prints_wrongly_in_the_old_encoding(text: str) -> None:
    assert text.isascii()
    outside = re.sub(r"\$[^$]*\$", "", _unescaped(text))
    body = outside.split(r"\begin{longtable}")[1].split("\n", 1)[1]
    assert not re.search(r"[<>_^#]", body)


def test_each_plateau_is_one_row_of_six_cells(text: str) -> None:
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and "&" in line][2:]
    assert [row.count("&") for row in rows] == [5, 5, 5]
    assert rows[0] == (
        r"LiAlCl$_{4}$ & 1.500 & 3.000 & 457 & LiAlCl$_{4}$ + 3 Li $\rightarrow$ Al + 4 LiCl & "
        r"Al (metallic), LiCl (insulating) \\"
    )


def test_headers_are_words_with_units_and_wide_columns_break(text: str) -> None:
    assert r"Potential\,/\,V" in text
    assert r"Capacity\,/\,mAh\,g$^{-1}$" in text
    assert r"voltage\_v" not in text
    assert text.count(r"p{0.") == 2


def test_estimates_are_marked_and_explained(text: str) -> None:
    assert f"Li$_{{3}}$HoCl$_{{6}}${MARK}" in text
    assert text.count(MARK) == 2
    assert "rests on a phase whose energy is estimated" in text
    assert MARK not in products_latex(pd.DataFrame(ROWS[:3], columns=COLUMNS))


def test_words_are_set_as_they_are() -> None:
    assert chemical("Li10Ge(PS6)2") == "Li$_{10}$Ge(PS$_{6}$)$_{2}$"
    assert chemical("Li3.25Ge0.25S4") == "Li$_{3.25}$Ge$_{0.25}$S$_{4}$"
    assert equation("0.5 Li2S -> Li + 0.25 S2") == r"0.5 Li$_{2}$S $\rightarrow$ Li + 0.25 S$_{2}$"
    assert escaped("a_b 50% {x} \\ ~") == r"a\_b 50\% \{x\} \textbackslash{} \textasciitilde{}"


def test_a_table_without_rows_is_still_a_table() -> None:
    assert r"\end{longtable}" in products_latex(pd.DataFrame())


def test_a_voltage_has_the_digits_that_its_interval_leaves() -> None:
    row = ("LiAlCl4", 1.5898, 3.0, 457.0, "LiAlCl4 + 3 Li -> Al + 4 LiCl", "Al", "metallic", 1.0, "")
    frame = pd.DataFrame([row], columns=COLUMNS)
    assert "& 1.590 &" in products_latex(frame)
    assert "& 1.6 &" in products_latex(frame.assign(voltage_low_v=1.33, voltage_high_v=2.24))


def test_a_degree_of_conduction_stands_beside_the_word() -> None:
    row = ("SbF3", 0.9, 6.0, 900.0, "SbF3 + 6 Li -> Li3Sb + 3 LiF", "Li3Sb", "semiconducting", 0.284, "")
    assert "(semiconducting 0.28)" in products_latex(pd.DataFrame([row], columns=COLUMNS))

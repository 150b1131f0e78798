"""The product table as LaTeX: one row per plateau, formulas set as chemists set them.

The text needs the packages ``longtable``, ``booktabs`` and ``array``, and compiles in any font encoding.
"""

import re

import pandas as pd

from screening.display import rests_on
from screening.reactors.detail import electronic_words
from screening.thermo.intervals import Interval, written

_ESCAPES = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
}

COLUMNS = (
    ("l", "Reactor"),
    ("r", r"Potential\,/\,V"),
    ("r", "Uptake per formula"),
    ("r", r"Capacity\,/\,mAh\,g$^{-1}$"),
    (r">{\raggedright\arraybackslash}p{0.34\linewidth}", "Reaction"),
    (r">{\raggedright\arraybackslash}p{0.24\linewidth}", "Products (electronic class)"),
)
"""Kind and header of each column."""

MARK = r"\textsuperscript{*}"
"""Mark of what rests on a phase that is none of the source's own."""

CLOSING = rf"\multicolumn{{{len(COLUMNS)}}}{{l}}"


def escaped(text: str) -> str:
    """Text with LaTeX's special characters written out."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def chemical(formula: str) -> str:
    """A formula with its amounts as subscripts: ``LiAlCl$_{4}$``."""
    return re.sub(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)", r"$_{\1}$", escaped(formula))


def equation(reaction: str) -> str:
    """A reaction with its arrow, and with subscripts; what stands before a formula stays on the line."""
    words = {"->": r"$\rightarrow$", "+": "+"}
    return " ".join(words.get(word) or chemical(word) for word in reaction.split())


def products_latex(products: pd.DataFrame) -> str:
    """The product table as a longtable.

    Parameters
    ----------
    products : DataFrame
        From `results.product_table`, one row per product; the rows of a plateau follow each other.

    Returns
    -------
    str
        One row per plateau; rows that rest on a phase that is none of the source's own carry `MARK`.
    """
    rows = _rows(products) if len(products) else []
    header = " & ".join(name for _, name in COLUMNS) + r" \\"
    origins = products["origin"] if len(products) else ()
    lines = [
        r"% needs \usepackage{longtable,booktabs,array}",
        rf"\begin{{longtable}}{{{''.join(kind for kind, _ in COLUMNS)}}}",
        *(r"\toprule", header, r"\midrule", r"\endfirsthead"),
        *(r"\toprule", header, r"\midrule", r"\endhead"),
        *(r"\midrule", rf"{CLOSING}{{Continued on next page}} \\", r"\endfoot"),
        r"\bottomrule",
        *(rf"{CLOSING}{{{MARK} {told.removeprefix('* ')}}} \\" for told in rests_on(origins)),
        r"\endlastfoot",
        *rows,
        r"\end{longtable}",
    ]
    return "\n".join(lines) + "\n"


def _rows(products: pd.DataFrame) -> list[str]:
    plateau = ["reactor", "voltage_v", "uptake_per_formula", "capacity_mah_per_g", "reaction"]
    groups = products.groupby(plateau, sort=False, dropna=False)
    return list(dict.fromkeys(_row(rows) for _, rows in groups))


def _within(row: pd.Series) -> Interval | None:
    """Where the true voltage of a plateau lies; None in tables from before it was told."""
    low, high = (row.get(f"voltage_{end}_v") for end in ("low", "high"))
    return None if pd.isna(low) or pd.isna(high) else Interval(float(low), float(high))


def _row(rows: pd.DataFrame) -> str:
    """One plateau, from the rows of its products."""
    first = rows.iloc[0]
    told = zip(rows["product"], rows["electronic_class"], rows["conduction"], strict=True)
    phases = dict.fromkeys(
        f"{chemical(str(formula))} ({escaped(electronic_words(str(kind), degree))})"
        for formula, kind, degree in told
    )
    cells = (
        chemical(str(first["reactor"])) + (MARK if rows["origin"].any() else ""),
        written(first["voltage_v"], _within(first), None, 3),
        f"{first['uptake_per_formula']:.3f}",
        f"{first['capacity_mah_per_g']:.0f}",
        equation(str(first["reaction"])),
        ", ".join(phases),
    )
    return " & ".join(cells) + r" \\"

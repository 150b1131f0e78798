"""A workbook for people: what a figure or a campaign shows, as a spreadsheet opens it."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from screening.display import subscripted
from screening.files import atomic_write, json_ready
from screening.provenance import Provenance
from screening.report.citing import citation
from screening.thermo.interface import InterfaceReaction

WIDEST, NARROWEST, HEAD_LINES = 60, 8, 2
"""Widths of columns in characters, and lines that a head may take."""

DIGITS, MOST_DECIMALS = 4, 4
"""Digits of the largest number of a column that are shown; the number itself stays whole."""

MARKS = "* rests on an estimated phase; † not in the snapshot, taken at its hull energy"


def write_book(path: Path, sheets: Mapping[str, pd.DataFrame], provenance: Provenance) -> None:
    """Write tables as sheets with bold frozen heads, subscripts and widths; the last names the sources.

    Parameters
    ----------
    path : Path
    sheets : mapping of str to DataFrame
        By the name of the sheet, units in the heads.
    provenance : Provenance
        Stands in the properties of the file too.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    book.properties.description = provenance.line()
    for name, frame in {**sheets, "Sources": _sources(provenance)}.items():
        _fill(book.create_sheet(name), frame)
    packed = BytesIO()
    book.save(packed)
    with atomic_write(path) as draft:
        draft.write_bytes(packed.getvalue())


def _fill(sheet: Any, frame: pd.DataFrame) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    sheet.append([subscripted(str(head)) for head in frame.columns])
    for row in frame.to_numpy(dtype=object).tolist():
        sheet.append([subscripted(cell) if isinstance(cell, str) else cell for cell in json_ready(row)])
    for head, *cells in sheet.iter_cols():
        shown = _number_format([cell.value for cell in cells])
        for cell in cells:
            if cell.data_type == "f":  # text from outside that begins as a formula does
                cell.data_type = "s"
            if isinstance(cell.value, float):
                cell.number_format = shown
        texts = [len(cell.value) for cell in cells if isinstance(cell.value, str)]
        width = max(min(max(texts, default=0), WIDEST), len(head.value) / HEAD_LINES, NARROWEST)
        sheet.column_dimensions[get_column_letter(head.column)].width = width + 2
        head.font, head.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"


def _number_format(column: Sequence[Any]) -> str:
    """How a spreadsheet shows the numbers of a column."""
    largest = max((abs(value) for value in column if isinstance(value, float)), default=0.0)
    if largest == 0.0:
        return "0"
    decimals = DIGITS - 1 - floor(log10(largest))
    return (
        "0.00E+00" if decimals > 2 * MOST_DECIMALS else f"0.{'0' * min(decimals, MOST_DECIMALS)}".rstrip(".")
    )


def _sources(provenance: Provenance) -> pd.DataFrame:
    """Stamp, references and marks."""
    cited = citation(provenance)
    rows = [
        *(
            (key.replace("_", " ").capitalize(), value)
            for key, value in provenance.as_dict().items()
            if value
        ),
        ("Cite the package", cited.package),
        ("Cite the method", cited.method),
        *(("Cite the data", each) for each in cited.data),
        ("Licence of the data", cited.licence or cited.remark),
        ("Marks", MARKS),
    ]
    return pd.DataFrame(rows, columns=["What", "Source"])


def pair_name(curve: InterfaceReaction) -> str:
    """A pair of reactants with its marks."""
    return f"{curve.a} | {curve.b}" + "*" * curve.estimated + "†" * bool(curve.at_hull)


def curve_table(curves: Sequence[InterfaceReaction], points: int = 101) -> pd.DataFrame:
    """Curves as they are drawn, with their kinks among the rows.

    Energies are linear between kinks in the atomic fraction only; the rows between let other axes bend.
    """
    return pd.DataFrame([row for curve in curves for row in _curve_rows(curve, points)])


def _curve_rows(curve: InterfaceReaction, points: int) -> Iterator[dict[str, Any]]:
    kinks = {kink.x_atomic: kink for kink in curve.kinks}
    x = np.union1d([*kinks], np.linspace(0.0, 1.0, points))
    energies = {
        name: np.interp(x, [*kinks], [getattr(kink, f"{name}_ev_per_atom") for kink in kinks.values()])
        for name in ("total", "mutual")
    }
    axes = {axis: curve.fraction_of_a(axis, x) for axis in ("molar", "atomic", "mass")}
    for k, atomic in enumerate(x.tolist()):
        yield {
            "Pair": pair_name(curve),
            **{f"x ({axis})": float(values[k]) for axis, values in axes.items()},
            **{f"Reaction energy, {name} (eV/atom)": float(each[k]) for name, each in energies.items()},
            "Reaction at the kink": kinks[atomic].reaction if atomic in kinks else "",
        }

"""A workbook for people: what a figure or a campaign shows, as a spreadsheet opens it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from screening.campaign.directory import ResultsDirectory
from screening.campaign.results import layer_table
from screening.display import subscripted
from screening.files import XLSX, atomic_write, json_ready
from screening.phases.additions import Origin
from screening.provenance import Provenance
from screening.reactors.settings import Ranking
from screening.report.citing import citation
from screening.report.columns import ranking_columns
from screening.report.parts import capital, head
from screening.thermo.interface import InterfaceReaction
from screening.thermo.intervals import Interval

WIDEST, NARROWEST, HEAD_LINES, LINE_PT = 60, 8, 3, 15.0
"""Widths of columns in characters, lines that a head takes, and their height in points."""

DIGITS, MOST_DECIMALS = 4, 4
"""Digits of the largest number of a column that are shown; the number itself stays whole."""

STEP_COLUMNS = ("voltage_v", "uptake_per_formula", "capacity_mah_per_g", "reaction", "above_floor")

MOST_RANKED = 1000
"""Ranked candidates of the workbook; files hold all."""

CURVE_POINTS = 101
"""Rows of a curve besides its kinks."""

MARKS = (
    "* rests on an estimated, given or machine-learned phase; † not in the snapshot, taken at its hull energy"
)


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
    from xlsxwriter import Workbook

    packed = BytesIO()
    with Workbook(packed, XLSX) as book:
        book.set_properties({"comments": provenance.line()})
        filled = {name: frame for name, frame in sheets.items() if frame.shape[1]}
        for name, frame in {**filled, "Sources": _sources(provenance)}.items():
            _fill(book, name, frame)
    with atomic_write(path) as draft:
        draft.write_bytes(packed.getvalue())


def _fill(book: Any, name: str, frame: pd.DataFrame) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    for k, top in enumerate(frame.columns):
        cells = [
            subscripted(cell) if isinstance(cell, str) else cell for cell in json_ready([*frame.iloc[:, k]])
        ]
        texts = [len(cell) for cell in cells if isinstance(cell, str)]
        width = max(min(max(texts, default=0), WIDEST), len(top) / (HEAD_LINES - 1), NARROWEST)
        looks = {
            str: book.add_format({"indent": 1}),
            float: book.add_format({"num_format": _number_format(cells)}),
        }
        sheet.set_column(k, k, width + 2)
        sheet.write(0, k, subscripted(str(top)), bold)
        for row, cell in enumerate(cells, start=1):
            if cell is not None:
                sheet.write(row, k, cell, looks.get(type(cell)))
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, HEAD_LINES * LINE_PT)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)  # one page wide on paper


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


def write_campaign_book(path: Path, results: ResultsDirectory) -> None:
    """Write a campaign as a workbook: summary, Figures 1A and 1F, staircases, ranking, layers, sources."""
    reactors = results.document.reactors
    curves = {
        name: [curve for each in reactors for curve in each.against(getattr(each, other))]
        for name, other in (("Figure 1A data", "formula"), ("Figure 1F data", "electrolyte"))
    }
    plateaus = [
        {
            "reactor": each.formula + _marks(each.origin),
            **{n: getattr(step, n) for n in STEP_COLUMNS},
            **ends("voltage (V)", step.voltage_95_v),
        }
        for each in reactors
        for step in each.plateaus
    ]
    sheets = {
        "Summary": _campaign_summary(results),
        **{name: curve_table([*{(c.a, c.b): c for c in drawn}.values()]) for name, drawn in curves.items()},
        "Staircase": pd.DataFrame(plateaus).rename(columns=heading),
        "Ranking": _ranking(results.table, results.study.ranking),
        "Layer": layer_table(reactors)
        .rename(columns={"wt_percent": "Reactor (wt%)"})
        .rename(columns=heading),
    }
    write_book(path, sheets, results.provenance)


def _ranking(table: pd.DataFrame, ranking: Ranking) -> pd.DataFrame:
    keys = {each.name: each.key for each in ranking.every}
    columns = [
        replace(
            each,
            within=tuple(
                name for name in (f"{keys[each.name]}_from_95", f"{keys[each.name]}_to_95") if name in table
            ),
        )
        if each.name in keys
        else each
        for each in ranking_columns(table, ranking)
    ]
    best = table[table["passes"]].head(MOST_RANKED)
    frame = best[[name for column in columns for name in (column.name, *column.within)]].assign(
        formula=best["formula"] + best["origin"].fillna("").map(_marks)
    )
    named = {c.name: capital(c.label) + (f" ({c.unit})" if c.unit else "") for c in columns}
    bounds = {
        name: each
        for c in columns
        if c.within
        for name, each in zip(c.within, ends(named[c.name]), strict=True)
    }
    return frame.rename(columns=named | bounds)


def _campaign_summary(results: ResultsDirectory) -> pd.DataFrame:
    table = results.table
    passing = table[table["passes"]]
    rows: list[tuple[str, Any]] = [
        ("Study", results.title),
        ("Ranked", len(passing)),
        ("Candidates", len(table)),
    ]
    for (anode, electrolyte), group in passing.groupby(["anode", "electrolyte"], sort=False):
        best = group.iloc[0]
        name = best["formula"] + _marks(best["origin"] or "")
        rows.append((f"Best with {anode} and {electrolyte}", f"{name}, score {best['score']:.3f}"))
    if len(passing) > MOST_RANKED:
        rows.append(("Ranking", f"the first {MOST_RANKED}; all in ranking.csv"))
    rows += [(f"No probabilities for {anode}", why) for anode, why in results.no_probabilities.items()]
    rows += [("Note", caution) for caution in results.cautions]
    return pd.DataFrame(rows, columns=["What", "Value"])


def heading(name: str) -> str:
    """Name of a column as the head of a sheet: words with a capital, and the unit in brackets.

    Examples
    --------
    >>> heading("capacity_mah_per_g"), heading("salt_fraction")
    ('Capacity (mAh/g)', 'Salt fraction')
    """
    return capital(head(name))


def ends(quantity: str, within: Interval | None = None) -> dict[str, float | None]:
    """Bounds of 95 % under their heads, empty cells where there are none."""
    low, high = within or (None, None)
    return {f"{quantity}, 95 % from": low, f"{quantity}, 95 % to": high}


def pair_name(curve: InterfaceReaction) -> str:
    """A pair of reactants with its marks."""
    origins = [*curve.origins.values(), *([Origin.AT_HULL] if curve.at_hull else ())]
    return f"{curve.a} | {curve.b}" + _marks(", ".join(origins))


def _marks(origin: str) -> str:
    """The marks of `MARKS` for what rests on phases of these origins, in words with commas."""
    origins = {*origin.split(", ")} - {""}
    return "*" * bool(origins - {Origin.AT_HULL}) + "†" * (Origin.AT_HULL in origins)


def curve_table(curves: Sequence[InterfaceReaction]) -> pd.DataFrame:
    """Curves as they are drawn, with their kinks among the rows.

    Energies are linear between kinks in the atomic fraction only; the rows between let other axes bend.
    """
    return pd.DataFrame([row for curve in curves for row in _curve_rows(curve)])


def _curve_rows(curve: InterfaceReaction) -> Iterator[dict[str, Any]]:
    kinks = {kink.x_atomic: kink for kink in curve.kinks}
    x = np.union1d([*kinks], np.linspace(0.0, 1.0, CURVE_POINTS))
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
            **ends("At the kink, total", kinks[atomic].total_95_ev_per_atom if atomic in kinks else None),
            "Reaction at the kink": kinks[atomic].reaction if atomic in kinks else "",
        }

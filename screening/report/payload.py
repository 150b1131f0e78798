"""The page's data: columns, not rows, rounded to what can be read, compressed into the page."""

import base64
import gzip
import json
from typing import Any

import numpy as np
import pandas as pd

from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import FAILING, FILTER_PREFIX, Reactor
from screening.layer.network import Threshold
from screening.report.columns import COUNT, TEXT, Column

SIGNIFICANT_DIGITS = 5
"""Digits of a number in the ranking: one more than is shown, so that a filter at a shown bound holds."""

TELLING_DIGITS = 9
"""Digits of a number whose last significant one is a 5."""

NEGLIGIBLE = 1e-15
"""Smaller numbers are 0, rounding of sums of O(1): and doubles hold powers of ten exactly up to 1e22 only."""

CHANCE_DECIMALS = 3
"""Of the chance that a phase connects; the page shows percent."""

FLAGS = ("passes", "pareto", "origin", "toxic", "moisture_hazard")
"""Columns that the page shows as words beside the candidate."""


UNDECIDED_WORDS = {
    "metallic_product": "whether a product conducts is not sure",
    "conducts_ion": "nobody measured here whether it conducts the ion",
    "solid": "melting point not known here",
}
"""What is said where a filter cannot decide."""


def payload(results: ResultsDirectory, columns: tuple[Column, ...]) -> str:
    """Everything the page's script works on, as base64 of gzipped JSON.

    Base64 also means that no text from outside can end the script element that carries it.

    Parameters
    ----------
    results : ResultsDirectory
    columns : tuple of Column
        Columns of the ranking.
    """
    text = json.dumps(content(results, columns), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode("ascii")


def content(results: ResultsDirectory, columns: tuple[Column, ...]) -> dict[str, Any]:
    """The same before compression."""
    table = results.table
    filters = [name for name in table.columns if name.startswith(FILTER_PREFIX)]
    hidden = [name for name in (*FLAGS, *filters) if name in table]
    shown = {name: _values(table[name], c.kind) for c in columns for name in (c.name, *c.within)}
    return {
        "n": len(table),
        "columns": [
            {
                "name": c.name,
                "label": c.label,
                "unit": c.unit,
                "kind": c.kind,
                "criterion": c.criterion,
                "better": c.better,
                "within": c.within,
            }
            for c in columns
        ],
        "data": {**{name: _hidden(table[name]) for name in hidden}, **shown},
        "pairs": results.pairs,
        "pair": _pair_of(table),
        "filters": filters,
        "words": {
            kind: {f"{FILTER_PREFIX}{name}": words for name, words in told.items()}
            for kind, told in (("fails", FAILING), ("undecided", UNDECIDED_WORDS))
        },
        "pareto": [name for name in results.study.ranking.pareto if name in shown],
        "no_probabilities": results.no_probabilities,
        "floor_v": results.study.conditions.plateau_floor_v,
        "reactors": [
            _reactor(each, Threshold.of(equal_spheres=results.study.conditions.percolation_threshold))
            for each in results.document.reactors
        ],
    }


def _reactor(reactor: Reactor, threshold: Threshold) -> dict[str, Any]:
    """A reactor without what the page does not draw: the stamp is one, and minima stand among the kinks.

    Whether metal and electrolyte connect is a chance, as in the opening of the page and on bench sheets.
    """
    content = reactor.as_dict()
    for curve in content["curves"]:
        for key in ("provenance", "minimum", "minimum_mutual"):
            del curve[key]
    for layer in (layer for plateau in content["plateaus"] for layer in plateau["layers"]):
        for part in ("metal", "electrolyte"):
            fraction = layer[f"{part}_fraction"]
            known = fraction is not None and fraction == fraction
            layer[f"{part}_chance"] = round(threshold.chance(fraction), CHANCE_DECIMALS) if known else None
            del layer[f"{part}_percolates"]
    return content


def _pair_of(table: pd.DataFrame) -> list[int]:
    """Number of the pair of anode and electrolyte that each row belongs to; empty where there is only one."""
    group = table.groupby(["anode", "electrolyte"], sort=False).ngroup().to_numpy()
    return [int(k) for k in group] if group.size and group.max() > 0 else []


def _hidden(values: pd.Series) -> list[Any]:
    if values.dtype == bool or pd.api.types.is_integer_dtype(values):
        return list(values.to_numpy(dtype=int).tolist())
    return _texts(values)


def _values(values: pd.Series, kind: str) -> list[Any]:
    if kind == TEXT:
        return _texts(values)
    return _rounded(values.to_numpy(dtype=float, na_value=np.nan), whole=kind == COUNT)


def _texts(values: pd.Series) -> list[Any]:
    return list(values.astype(object).where(values.notna(), "").map(str).tolist())


def _rounded(values: np.ndarray, *, whole: bool) -> list[Any]:
    """Numbers to `SIGNIFICANT_DIGITS` (counts as they are), whole ones without a point; None for NaN.

    Where the last of these digits is a 5, rounding once more would not give what rounding once does: such
    numbers keep `TELLING_DIGITS`.
    """
    finite = np.isfinite(values)
    known = np.where(finite & (np.abs(values) >= NEGLIGIBLE), values, 0.0)
    if not whole:
        short, place = _to_digits(known, SIGNIFICANT_DIGITS)
        known = np.where(
            np.round(np.abs(short) / place) % 10 == 5, _to_digits(known, TELLING_DIGITS)[0], short
        )
    integral = known == np.round(known)
    return [
        (int(value) if plain else value) if there else None
        for value, plain, there in zip(known.tolist(), integral.tolist(), finite.tolist(), strict=True)
    ]


def _to_digits(values: np.ndarray, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers rounded to so many digits, and the place of the last one; two arrays of the same shape."""
    size = np.where(values == 0.0, 1.0, np.abs(values))
    decimals = digits - 1 - np.floor(np.log10(size)).astype(int)
    # powers of ten are exact upwards only: divide by one for large numbers, multiply for small ones
    up, down = 10.0 ** np.maximum(decimals, 0), 10.0 ** np.maximum(-decimals, 0)
    return np.round(values * up / down) / up * down, down / up

"""What a finished campaign predicts, looked up by anode, reactor, reactor content and electrolyte."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

from screening.campaign.study import Study
from screening.errors import InputError
from screening.lab.cell import Cell
from screening.phases.composition import Formula, parse_formula
from screening.provenance import Provenance
from screening.reactors.criteria import CRITERIA

RANKING_JSON, RANKING_PARQUET = "ranking.json", "ranking.parquet"
REMEDY = "run the study again with this version"


class LayerState(BaseModel):
    """Volume fractions of the reacted layer at one reactor content."""

    wt_percent: float
    metal_fraction: float | None
    electrolyte_fraction: float | None


class Product(BaseModel):
    """One product of a plateau."""

    formula: str
    electronic_class: str


class Plateau(BaseModel):
    """One plateau of the staircase."""

    voltage_v: float
    capacity_mah_per_g: float
    above_floor: bool
    holds_alloy: bool
    products: list[Product]
    layers: list[LayerState]


class Spread(BaseModel):
    """Uncertainty of a criterion; None where the study gives none."""

    standard_deviation: float | None = None
    expected_error: float | None = None


class Detail(BaseModel):
    """What ``ranking.json`` spells out about a reactor, as far as it is compared."""

    formula: str
    anode: str
    electrolyte: str
    criteria: dict[str, Spread]
    plateaus: list[Plateau]


class _Document(BaseModel):
    study: Study
    provenance: dict[str, str]
    reactors: list[Detail]


@dataclass(frozen=True)
class Span:
    """Lowest and highest value that a prediction allows."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the campaign says about the layer of one cell.

    Attributes
    ----------
    row : Series
        The reactor's row of the ranking.
    wt_percent : float
        Reactor in the cell's layer.
    detail : Detail or None
        None where the campaign ranks the reactor without spelling it out.
    """

    row: pd.Series
    wt_percent: float
    detail: Detail | None

    @property
    def reactor(self) -> str:
        """Formula as the campaign writes it."""
        return str(self.row["formula"])

    @property
    def alloy(self) -> str:
        """Formula of the alloy, empty where no product is one."""
        return str(self.row["alloy"]) if pd.notna(self.row["alloy"]) else ""

    def value(self, column: str) -> float:
        """A number of the ranking, NaN where it is unknown."""
        return float(self.row[column]) if column in self.row and pd.notna(self.row[column]) else np.nan

    def standard_deviation(self, criterion: str) -> float | None:
        """Spread of a criterion by the study's error model."""
        return self.detail.criteria[criterion].standard_deviation if self.detail else None

    @property
    def stages(self) -> list[Plateau]:
        """Plateaus from the first that holds the alloy to the last above the floor: how far it may go."""
        if self.detail is None:
            return []
        above = [plateau for plateau in self.detail.plateaus if plateau.above_floor]
        first = next((k for k, plateau in enumerate(above) if plateau.holds_alloy), len(above) - 1)
        return above[first:] if above else []

    @property
    def lithium_mah_per_g(self) -> Span | None:
        """Charge of anode metal per gram of reactor, from the first alloy to the floor."""
        if self.stages:
            return Span(self.stages[0].capacity_mah_per_g, self.stages[-1].capacity_mah_per_g)
        known = self.value("uptake_mah_per_g")
        return None if np.isnan(known) else Span(known, known)

    def fraction(self, name: str) -> Span | None:
        """Volume fraction ``metal_fraction`` or ``electrolyte_fraction`` at the first alloy and at excess.

        Of the cell's own reactor content. Stages between are left out: a phase of unknown electronic class
        counts as no metal there.
        """
        layers = [stage.layers for stage in self.stages[:1] + self.stages[-1:]] + [self._row_layers]
        values = [_fraction_at(name, known, self.wt_percent) for known in layers]
        found = [value for value in values if value is not None]
        return Span(min(found), max(found)) if found else None

    @property
    def _row_layers(self) -> list[LayerState]:
        """Layers of the ranking's columns, at excess."""
        head, tail = "metal_fraction_", "wt"
        contents = [
            column.removeprefix(head).removesuffix(tail)
            for column in map(str, self.row.index)
            if column.startswith(head) and column.endswith(tail)
        ]
        states = []
        for content in contents:
            metal, electrolyte = (
                self.value(f"{name}_{content}wt") for name in ("metal_fraction", "electrolyte_fraction")
            )
            if not np.isnan(metal + electrolyte):
                states.append(
                    LayerState(
                        wt_percent=float(content), metal_fraction=metal, electrolyte_fraction=electrolyte
                    )
                )
        return states

    @property
    def metals(self) -> tuple[str, ...]:
        """The alloy and the metallic products of any stage from its first plateau on, the anode left out."""
        found = [
            p.formula for stage in self.stages for p in stage.products if p.electronic_class == "metallic"
        ]
        anode = self.detail.anode if self.detail else ""
        return tuple(dict.fromkeys(name for name in (self.alloy, *found) if name and name != anode))

    @property
    def salts(self) -> tuple[str, ...]:
        """Insulating binary products of the anode metal at its excess."""
        if not self.stages or self.detail is None:
            return ()
        metal = parse_formula(self.detail.anode).atomic_numbers
        return tuple(
            product.formula
            for product in self.stages[-1].products
            if product.electronic_class == "insulating"
            and len(numbers := parse_formula(product.formula).atomic_numbers) == 2
            and set(metal) <= set(numbers)
        )


@dataclass(frozen=True, eq=False)
class Predictions:
    """A finished campaign.

    Attributes
    ----------
    directory : Path
    study : Study
    provenance : Provenance
    table : DataFrame
        All candidates by rank, scalar columns.
    details : mapping
        Those that are spelled out, by (formula, anode, electrolyte).
    """

    directory: Path
    study: Study
    provenance: Provenance
    table: pd.DataFrame
    details: Mapping[tuple[str, str, str], Detail] = field(default_factory=dict)

    @cached_property
    def _by_composition(self) -> dict[tuple[object, ...], str]:
        return {_key(parse_formula(text)): text for text in self.table["formula"].unique()}

    def candidate(self, text: str) -> str | None:
        """A candidate as the campaign writes it, None where it holds no such composition.

        Raises
        ------
        InputError
            If the text is no formula.
        """
        return self._as_written(text, "formula")

    def _as_written(self, text: str, column: str) -> str | None:
        """The campaign's own way of writing a formula, None where it knows no such composition."""
        if (self.table[column] == text).any():
            return text
        if column == "formula":
            return self._by_composition.get(_key(parse_formula(text)))
        known = {_key(parse_formula(name)): name for name in self.table[column].unique() if "@" not in name}
        return known.get(_key(parse_formula(text)))

    def of(self, cell: Cell) -> Prediction | None:
        """Prediction for the layer of a cell; None where the campaign does not hold it.

        Raises
        ------
        InputError
            If the sheet's reactor, electrolyte or anode is no formula; `where` is the key.
        """
        if cell.wt_percent is None:
            return None
        names = []
        for key, column in (("reactor", "formula"), ("anode", "anode"), ("electrolyte", "electrolyte")):
            try:
                names.append(self._as_written(getattr(cell, key), column))
            except InputError as error:
                raise InputError(error.message, where=key, remedy=error.remedy) from None
        if None in names:
            return None
        formula, anode, electrolyte = (str(name) for name in names)
        table = self.table
        mine = (
            (table["formula"] == formula) & (table["anode"] == anode) & (table["electrolyte"] == electrolyte)
        )
        if not mine.any():
            return None
        row = table[mine].iloc[0]
        return Prediction(row, cell.wt_percent, self.details.get((formula, anode, electrolyte)))


def _fraction_at(name: str, layers: Sequence[LayerState], wt_percent: float) -> float | None:
    """Volume fraction at any reactor content, from a layer of the same products at another one.

    Each layer tells the volumes of metal and salt per gram of reactor, and that of the electrolyte per gram
    of electrolyte, up to one factor; none of them depends on the content.
    """
    for known in sorted(layers, key=lambda layer: abs(layer.wt_percent - wt_percent)):
        metal, electrolyte = known.metal_fraction, known.electrolyte_fraction
        if metal is None or electrolyte is None:
            continue
        reactor, rest = wt_percent / known.wt_percent, 1.0
        if known.wt_percent < 100.0:
            rest = (100.0 - wt_percent) / (100.0 - known.wt_percent)
        elif wt_percent < 100.0:
            continue
        parts = {
            "metal_fraction": reactor * metal,
            "salt": reactor * (1.0 - metal - electrolyte),
            "electrolyte_fraction": rest * electrolyte,
        }
        return parts[name] / sum(parts.values())
    return None


def _key(formula: Formula) -> tuple[object, ...]:
    """What two ways of writing a composition share."""
    return formula.atomic_numbers, tuple(np.round(formula.fractions, 6).tolist())


def read_predictions(directory: Path) -> Predictions:
    """Read what ``screening run`` left in a directory.

    Raises
    ------
    InputError
        If a file is missing, damaged, or of another version.
    """
    path = directory / RANKING_JSON
    try:
        document = _Document.model_validate(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InputError(
            f"no results there ({error.strerror})", where=str(path), remedy="give the --out of screening run"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{place}: {first['msg']}", where=str(path), remedy=REMEDY) from None
    except ValueError as error:
        raise InputError(f"damaged ({error})", where=str(path), remedy=REMEDY) from None
    try:
        provenance = Provenance(**document.provenance)
    except TypeError:
        raise InputError("provenance is incomplete", where=str(path), remedy=REMEDY) from None
    details = {(one.formula, one.anode, one.electrolyte): one for one in document.reactors}
    return Predictions(directory, document.study, provenance, _table(directory / RANKING_PARQUET), details)


def _table(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        table = pd.read_parquet(path)
    except OSError as error:
        reason = error.strerror or "damaged"
        raise InputError(f"cannot be read ({reason})", where=str(path), remedy=REMEDY) from None
    except pa.ArrowInvalid:
        raise InputError("not a parquet file", where=str(path), remedy=REMEDY) from None
    needed = ("formula", "anode", "electrolyte", "rank", "score", "passes", *(c.name for c in CRITERIA))
    missing = [name for name in needed if name not in table]
    if missing:
        raise InputError(f"lacks {', '.join(missing)}", where=str(path), remedy=REMEDY)
    return table

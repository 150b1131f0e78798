"""What a results directory holds, validated before a page is built from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, Field, ValidationError

from screening.errors import InputError
from screening.provenance import Provenance

RANKING_JSON, RANKING_PARQUET = "ranking.json", "ranking.parquet"

NEEDED_COLUMNS = ("formula", "anode", "electrolyte", "rank", "score", "pareto", "passes", "estimated")
"""Columns of the ranking without which there is no page."""


class Kink(BaseModel):
    """One corner of a reaction-energy curve; fields as `screening.thermo.interface.Kink`."""

    x_atomic: float
    x_molar: float
    x_mass: float
    total_ev_per_atom: float
    mutual_ev_per_atom: float
    kj_per_mol_b: float | None
    reaction: str


class Curve(BaseModel):
    """All kinks between two reactants."""

    a: str
    b: str
    kinks: list[Kink] = Field(min_length=2)
    estimated: bool = False
    estimated_phases: list[str] = []


class Product(BaseModel):
    """One product of a plateau."""

    formula: str
    moles: float
    electronic_class: str
    gap_source: str = ""
    estimated: bool = False


class LayerState(BaseModel):
    """Volume fractions of the reacted layer at one reactor content."""

    wt_percent: float
    metal_fraction: float | None
    salt_fraction: float | None
    electrolyte_fraction: float | None
    metal_percolates: bool
    electrolyte_percolates: bool
    volume_change: float | None
    volume_change_with_anode: float | None


class Plateau(BaseModel):
    """One plateau of the staircase."""

    voltage_v: float
    uptake_per_formula: float
    capacity_mah_per_g: float
    reaction: str
    above_floor: bool
    products: list[Product]
    layers: list[LayerState]


class CriterionValue(BaseModel):
    """One criterion of one reactor."""

    value: float | None
    unit: str
    desirability: float | None
    weight: float
    standard_deviation: float | None = None
    expected_error: float | None = None


class WeightChange(BaseModel):
    """Rank when one weight is halved or doubled; None without a rank."""

    halved: int | None
    doubled: int | None


class Reactor(BaseModel):
    """One reactor that the campaign spelled out."""

    formula: str
    anode: str
    electrolyte: str
    rank: int | None
    score: float
    estimated: bool
    filters: dict[str, bool | None]
    rank_probability: list[float] = []
    criteria: dict[str, CriterionValue]
    rank_if_weight: dict[str, WeightChange] = {}
    alloy: str | None
    richest_alloy: str | None = None
    cathodic_limit_v: float | None = None
    plateaus: list[Plateau]
    curves: list[Curve]


class Selection(BaseModel):
    """How the candidates came about."""

    candidates: int
    left_out: dict[str, int] = {}


class Document(BaseModel):
    """``ranking.json``; keys that a page does not need are passed over."""

    study: dict[str, Any]
    provenance: dict[str, str]
    selection: Selection
    reactors: list[Reactor]


@dataclass(frozen=True, eq=False)
class Results:
    """A finished campaign as its directory tells it.

    Attributes
    ----------
    directory : Path
    study : mapping
        Settings of the study, as JSON holds them.
    provenance : Provenance
    selection : Selection
    reactors : tuple of Reactor
        Those that were spelled out, by rank.
    table : DataFrame
        All candidates, by rank; the scalar columns of ``ranking.parquet``.
    """

    directory: Path
    study: Mapping[str, Any]
    provenance: Provenance
    selection: Selection
    reactors: tuple[Reactor, ...]
    table: pd.DataFrame

    @property
    def title(self) -> str:
        """Title of the study, else its name."""
        return str(self.study.get("title") or self.study.get("name") or "Screening")

    @property
    def conditions(self) -> Mapping[str, Any]:
        """Conditions of the study: floor, threshold, reactor content."""
        given = self.study.get("conditions")
        return given if isinstance(given, dict) else {}


def read_results(directory: Path) -> Results:
    """Read what ``screening run`` left in a directory.

    Parameters
    ----------
    directory : Path

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If a file is missing, damaged, or lacks what the page needs.
    """
    path = directory / RANKING_JSON
    document = _document(path)
    names = Provenance.__dataclass_fields__
    try:
        provenance = Provenance(**{k: v for k, v in document.provenance.items() if k in names})
    except TypeError:
        raise InputError("provenance is incomplete", where=str(path), remedy="run the study again") from None
    return Results(
        directory,
        document.study,
        provenance,
        document.selection,
        tuple(document.reactors),
        _table(directory / RANKING_PARQUET),
    )


def _document(path: Path) -> Document:
    try:
        return Document.model_validate(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InputError(
            f"no results there ({error.strerror})", where=str(path), remedy="give the --out of screening run"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{place}: {first['msg']}", where=str(path), remedy="run the study again with this version"
        ) from None
    except ValueError as error:
        raise InputError(
            f"damaged ({error})", where=str(path), remedy="run the study again into the same directory"
        ) from None


def _table(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    remedy = "run the study again into the same directory"
    try:
        table = pd.read_parquet(path)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or 'damaged'})", where=str(path), remedy=remedy
        ) from None
    except pa.ArrowInvalid:
        raise InputError("not a parquet file", where=str(path), remedy=remedy) from None
    missing = [name for name in NEEDED_COLUMNS if name not in table]
    if missing:
        raise InputError(f"lacks {', '.join(missing)}", where=str(path), remedy=remedy)
    return table

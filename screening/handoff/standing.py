"""Why a reactor ranks where it does: its part of a finished campaign."""

import json
from dataclasses import dataclass
from functools import cached_property
from math import isnan, log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula, symbol
from screening.reactors.anode import mobile_ion
from screening.reactors.criteria import CRITERIA
from screening.reactors.ranking import UNDECIDED, desirabilities
from screening.reactors.settings import Conditions, Ranking

if TYPE_CHECKING:
    import pandas as pd

RANKING_JSON, RANKING_PARQUET = "ranking.json", "ranking.parquet"
FILTER_PREFIX = "filter_"
REMEDY = "run the study again with this version"

KEPT_CONDITIONS = ("plateau_floor_v", "percolation_threshold", "no_reaction_ev_per_atom", "alloy", "alloys")
"""Conditions of a study that a sheet takes over; contents of the layer are the sheet's own."""


class _Value(BaseModel):
    value: float | None
    unit: str
    desirability: float | None
    weight: float


class _Reactor(BaseModel):
    formula: str
    anode: str
    electrolyte: str
    rank: int | None
    score: float
    filters: dict[str, bool | None] = {}
    rank_probability: list[float] = []
    criteria: dict[str, _Value]


class _Document(BaseModel):
    study: dict[str, Any]
    provenance: dict[str, str]
    reactors: list[_Reactor] = Field(min_length=1)


@dataclass(frozen=True)
class Part:
    """What one criterion does to the score.

    Attributes
    ----------
    criterion : str
    value : float or None
    unit : str
    desirability, weight : float
    factor : float
        Desirability to the power of its share of the weights; the score is the product of all factors.
    """

    criterion: str
    value: float | None
    unit: str
    desirability: float
    weight: float
    factor: float


@dataclass(frozen=True)
class Standing:
    """Place of one reactor in a campaign.

    Attributes
    ----------
    study : str
    rank : int or None
        None where a filter was failed.
    score : float
    failed_filters : tuple of str
    probability_of_rank : float or None
        That this rank is its own when energies carry their uncertainty.
    parts : tuple of Part
        From the one that costs most to the one that costs least.
    """

    study: str
    rank: int | None
    score: float
    failed_filters: tuple[str, ...]
    probability_of_rank: float | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Campaign:
    """What a results directory says of its candidates.

    ``ranking.json`` spells out the best and the named ones; ``ranking.parquet`` has a row for each of all.
    """

    path: Path
    document: _Document

    @classmethod
    def read(cls, results: Path) -> "Campaign":
        """Read the ranking of a results directory.

        Raises
        ------
        InputError
            If there is none, or it cannot be used.
        """
        path = results / RANKING_JSON
        try:
            return cls(path, _Document.model_validate(json.loads(path.read_text("utf-8"))))
        except OSError as error:
            raise InputError(
                f"no results there ({error.strerror})",
                where=str(path),
                remedy="give the --out of screening run",
            ) from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{place}: {first['msg']}", where=str(path), remedy=REMEDY) from None
        except ValueError as error:
            raise InputError(
                f"damaged ({error})", where=str(path), remedy="run the study again into the same directory"
            ) from None

    @property
    def source_checksum(self) -> str:
        """Content checksum of the snapshot that was ranked."""
        return self.document.provenance.get("source_checksum", "")

    @property
    def study_stamp(self) -> dict[str, str]:
        """What a provenance stamp says of the study: ``study`` and ``study_checksum``."""
        return {name: self.document.provenance.get(name, "") for name in ("study", "study_checksum")}

    def conditions(self, changes: dict[str, Any]) -> Conditions:
        """Conditions of the study, with what the sheet sets itself."""
        given = self.document.study.get("conditions")
        kept = {k: given[k] for k in KEPT_CONDITIONS if k in given} if isinstance(given, dict) else {}
        try:
            return Conditions(**kept, **changes)
        except ValidationError as error:
            raise InputError(
                f"study.conditions: {error.errors()[0]['msg']}",
                where=str(self.path),
                remedy=REMEDY,
            ) from None

    def standing(self, reactor: Formula, anode: str, electrolyte: str) -> Standing | None:
        """Place of one reactor against one anode and electrolyte; None where the campaign does not hold it.

        Raises
        ------
        InputError
            If the table of all candidates cannot be used.
        """
        found = self._spelled_out(reactor, anode, electrolyte) or self._tabled(reactor, anode, electrolyte)
        return None if found is None else _standing(str(self.document.study.get("name", "")), found)

    def _spelled_out(self, reactor: Formula, anode: str, electrolyte: str) -> _Reactor | None:
        for each in self.document.reactors:
            if (each.anode, each.electrolyte) == (anode, electrolyte) and same_composition(
                parse_formula(each.formula), reactor
            ):
                return each
        return None

    def _tabled(self, reactor: Formula, anode: str, electrolyte: str) -> _Reactor | None:
        """A candidate that is ranked without being spelled out, valued by the study's own rules."""
        if not self._table_path.exists():
            return None
        table = self._table
        mine = (table["anode"] == anode) & (table["electrolyte"] == electrolyte)
        for z in reactor.atomic_numbers:  # few are left to be parsed
            mine &= table["formula"].str.contains(symbol(z), regex=False)
        for _, row in table[mine].iterrows():
            if same_composition(parse_formula(str(row["formula"])), reactor):
                return _of_row(row, self._ranking)
        return None

    @property
    def _table_path(self) -> Path:
        return self.path.with_name(RANKING_PARQUET)

    @cached_property
    def _table(self) -> "pd.DataFrame":
        import pandas as pd
        import pyarrow as pa

        path = self._table_path
        try:
            table = pd.read_parquet(path)
        except (OSError, pa.ArrowInvalid):
            raise InputError("damaged", where=str(path), remedy=REMEDY) from None
        needed = ("formula", "anode", "electrolyte", "rank", "score", "passes", *(c.name for c in CRITERIA))
        missing = [name for name in needed if name not in table]
        if missing:
            raise InputError(f"lacks {', '.join(missing)}", where=str(path), remedy=REMEDY)
        return table

    @cached_property
    def _ranking(self) -> Ranking:
        """Weights and bounds of the study."""
        try:
            return Ranking.model_validate(self.document.study.get("ranking"))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(("study", "ranking", *map(str, first["loc"])))
            raise InputError(f"{place}: {first['msg']}", where=str(self.path), remedy=REMEDY) from None


def _of_row(row: "pd.Series", ranking: Ranking) -> _Reactor:
    """A row of the table as ``ranking.json`` would spell it out."""
    values = row[[criterion.name for criterion in CRITERIA]].to_numpy(float)
    valued = desirabilities(values, ranking)
    criteria = {
        criterion.name: _Value(
            value=_known(value),
            unit=criterion.unit_for(mobile_ion(str(row["anode"]))),
            desirability=_known(desirability),
            weight=ranking.criteria[criterion.name].weight,
        )
        for criterion, value, desirability in zip(CRITERIA, values.tolist(), valued.tolist(), strict=True)
    }
    filters = {
        str(name).removeprefix(FILTER_PREFIX): None if row[name] == UNDECIDED else bool(row[name])
        for name in row.index
        if str(name).startswith(FILTER_PREFIX)
    }
    return _Reactor(
        formula=row["formula"],
        anode=row["anode"],
        electrolyte=row["electrolyte"],
        rank=int(row["rank"]) if row["passes"] else None,
        score=float(row["score"]),
        filters=filters,
        criteria=criteria,
    )


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def same_composition(left: Formula, right: Formula) -> bool:
    """Whether two formulas name one composition, however they are written."""
    return left.atomic_numbers == right.atomic_numbers and np.allclose(left.fractions, right.fractions)


def _standing(study: str, reactor: _Reactor) -> Standing:
    counted = {k: v for k, v in reactor.criteria.items() if v.weight > 0.0 and v.desirability is not None}
    total = sum(v.weight for v in counted.values())
    parts = [
        Part(name, v.value, v.unit, v.desirability, v.weight, v.desirability ** (v.weight / total))
        for name, v in counted.items()
        if v.desirability is not None
    ]
    ranked = reactor.rank is not None and reactor.rank <= len(reactor.rank_probability)
    return Standing(
        study,
        reactor.rank,
        reactor.score,
        tuple(name for name, passed in reactor.filters.items() if passed is False),
        reactor.rank_probability[(reactor.rank or 1) - 1] if ranked else None,
        tuple(sorted(parts, key=lambda part: part.weight * log(max(part.desirability, 1e-300)))),
    )

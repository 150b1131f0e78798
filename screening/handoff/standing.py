"""Why a reactor ranks where it does: its part of a finished campaign."""

import json
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula
from screening.reactors.settings import Conditions

RANKING_JSON = "ranking.json"

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
    sulfide: str
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
    """A ``ranking.json``, validated."""

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
            raise InputError(
                f"{place}: {first['msg']}", where=str(path), remedy="run the study again with this version"
            ) from None
        except ValueError as error:
            raise InputError(
                f"damaged ({error})", where=str(path), remedy="run the study again into the same directory"
            ) from None

    @property
    def source_checksum(self) -> str:
        """Content checksum of the snapshot that was ranked."""
        return self.document.provenance.get("source_checksum", "")

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
                remedy="run the study again with this version",
            ) from None

    def standing(self, reactor: Formula, anode: str, sulfide: str) -> Standing | None:
        """Place of one reactor against one anode and sulfide; None where it was not spelled out."""
        for each in self.document.reactors:
            if (each.anode, each.sulfide) == (anode, sulfide) and _same(parse_formula(each.formula), reactor):
                return _standing(str(self.document.study.get("name", "")), each)
        return None


def _same(left: Formula, right: Formula) -> bool:
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

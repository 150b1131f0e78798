"""The results document: what a campaign writes, and what everything after it reads.

``ranking.json`` is one `Document`; beside it, ``ranking.parquet`` holds a row for each candidate. A document
names its format; the one before is read with the names of today.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from screening.campaign.former import of_one_state, reactor_per_atom
from screening.campaign.study import Study
from screening.errors import InputError, expected
from screening.files import atomic_write, from_json, json_ready
from screening.names import with_present_names
from screening.phases.additions import Origin
from screening.phases.composition import parse_reactant
from screening.provenance import Provenance
from screening.reactors.anode import mobile_ion
from screening.reactors.detail import LayerAt, Plateau
from screening.reactors.ranking import UNDECIDED, desirabilities
from screening.thermo.interface import InterfaceReaction
from screening.thermo.intervals import Z_95, Interval

if TYPE_CHECKING:
    import pandas as pd

FORMAT_VERSION = 2
FORMAT_KEY = "format_version"
"""Key of the format's number in ``ranking.json`` and ``manifest.json``; version 1 has none."""

ESTIMATED = str(Origin.ESTIMATED)

FILTER_PREFIX = "filter_"
FAILING = {
    "reacts": "does not react",
    "metallic_product": "leaves no conducting phase",
    "holds_ion": "does not hold the ion",
    "blocks_electrons": "conducts electrons, or no gap is known",
    "conducts_ion": "measured to insulate the ion",
    "stays": "does not stay over the window",
    "allowed_elements": "radioactive or noble gas",
    "near_hull": "too far above the hull",
    "salt": "no salt",
    "solid": "not solid at 25 °C",
    "no_molecular_anion": "molecular C-N anion",
    "not_toxic": "toxic",
    "not_explosive": "explosive",
    "moisture_safe": "gives off toxic or flammable gas in moist air",
    "where": "does not meet the study's condition",
}
"""What is said of a candidate that fails a filter."""

REMEDY = "run the study again with this version"


def require_readable(version: object, where: Path) -> None:
    """Refuse a format that is neither today's nor the one before, by an InputError."""
    if version not in (1, FORMAT_VERSION):
        raise InputError(
            f"results of format {version!r}; this version reads formats 1 and {FORMAT_VERSION}",
            where=str(where),
            remedy="read them with the version of the package that wrote them, or run the study again",
        )


def _nan_for_none(plateaus: Any) -> Any:
    """Plateaus or potentials of a JSON file, which has null for the volumes of layers that nobody knows."""
    if not isinstance(plateaus, list):
        return plateaus
    read = (plateau for plateau in plateaus if isinstance(plateau, dict))
    for layer in (layer for each in read for layer in (*each.get("layers", ()), each.get("layer", {}))):
        layer.update({name: float("nan") for name, value in layer.items() if value is None})
    return plateaus


def _with_reactants(curve: Any) -> Any:
    """A curve of a JSON file, which has its reactants as text."""
    if not isinstance(curve, dict):
        return curve
    texts = {key: curve.get(key) for key in ("a", "b")}
    read = {f"reactant_{key}": parse_reactant(text) for key, text in texts.items() if isinstance(text, str)}
    return {"origins": dict.fromkeys(curve.get("estimated_phases", ()), ESTIMATED), **curve, **read}


def _has_ends(curve: InterfaceReaction) -> InterfaceReaction:
    if len(curve.kinks) < 2:
        raise ValueError("a curve needs both of its ends")
    return curve


Curve = Annotated[
    InterfaceReaction,
    BeforeValidator(_with_reactants),
    AfterValidator(_has_ends),
    PlainSerializer(InterfaceReaction.as_dict),
]
Plateaus = Annotated[tuple[Plateau, ...], BeforeValidator(_nan_for_none)]
LayersAt = Annotated[tuple[LayerAt, ...], BeforeValidator(_nan_for_none)]


class Record(BaseModel):
    """Base of all parts of the document: frozen; keys of later additions are passed over."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")

    @model_validator(mode="before")
    @classmethod
    def _numbers_or_none(cls, given: object) -> object:
        """Take None for NaN: what is unknown."""
        return json_ready(given)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON; NaN as null."""
        return dict(json.loads(self.model_dump_json()))


def failing_words(failing: Collection[str], moisture_hazard: str = "") -> str:
    """Filters that a candidate fails, in words; what does not react is not blamed for leaving no metal."""
    gas = {"moisture_safe": f"gives off {moisture_hazard} in moist air"} if moisture_hazard else {}
    words = FAILING | gas
    told = [name for name in failing if name != "metallic_product" or "reacts" not in failing]
    return "; ".join(words.get(name, f"fails {name}") for name in told)


class CriterionValue(Record):
    """One criterion of one reactor.

    Attributes
    ----------
    value : float or None
        In `unit`; None where it is unknown or was not asked for.
    unit : str
    desirability : float or None
        0 to 1.
    weight : float
    source : str
        Where the quantity is defined.
    standard_deviation, expected_error : float or None
        By the study's error model: spread of the true value, and true minus calculated.
    """

    value: float | None
    unit: str
    desirability: float | None
    weight: float
    source: str = ""
    standard_deviation: float | None = None
    expected_error: float | None = None

    @property
    def within_95(self) -> Interval | None:
        """Where the true value lies; None without an error model."""
        if self.value is None or self.standard_deviation is None:
            return None
        middle, half = self.value + (self.expected_error or 0.0), Z_95 * self.standard_deviation
        return Interval(middle - half, middle + half)


class WeightChange(Record):
    """Rank when one weight is halved or doubled; None without a rank."""

    halved: int | None
    doubled: int | None


class Flags(Record):
    """Hazards of a reactor; `moisture_hazard` names the gas that it gives off in moist air, or is empty."""

    toxic: bool
    moisture_hazard: str


class Reactor(Record):
    """One candidate against one anode and one electrolyte.

    Attributes
    ----------
    formula, anode, electrolyte : str
        As the campaign writes them.
    rank, rank_anchored : int or None
        None where a filter fails; the second by energies anchored to measurement.
    score, score_anchored : float
        The second None without such energies.
    estimated : bool
        Whether the reactor or a product rests on an estimated phase.
    origin : str
        Where energies of the reactor and its products come from, if not from the source.
    pareto, passes_filters : bool
    filters : dict of str to bool or None
        None where a filter is undecided.
    flags : Flags
    rank_probability : tuple of float
        Of the ranks 1, 2, …; empty where the study draws nothing, or has too many candidates.
    top_probability : dict of str to float or None
        To be the first, among the first 1 % and 5 %, when energies carry their errors.
    rank_acceptability, acceptability : as the two above
        The same with weights and bounds drawn besides (SMAA-2).
    criteria : dict of str to CriterionValue
    rank_if_weight : dict of str to WeightChange
    alloy : str or None
    energy_above_hull_ev_per_atom, cathodic_limit_v : float or None
    cathodic_limit_95_v : Interval or None
    products_li_excess : dict of str to float
        Moles per mole of reactor at the last plateau above the floor.
    plateaus, at_potential : tuples of Plateau and LayerAt
        The layer and its attack on the electrolyte, at each potential where one of them turns.
    curves : tuple of InterfaceReaction
        Anode and alloy against reactor and electrolyte.
    """

    formula: str
    anode: str
    electrolyte: str
    rank: int | None
    score: float
    rank_anchored: int | None = None
    score_anchored: float | None = None
    estimated: bool
    origin: str = ""
    pareto: bool
    passes_filters: bool
    filters: dict[str, bool | None]
    flags: Flags
    rank_probability: tuple[float, ...] = ()
    top_probability: dict[str, float | None] = {}
    rank_acceptability: tuple[float, ...] = ()
    acceptability: dict[str, float | None] = {}
    criteria: dict[str, CriterionValue]
    rank_if_weight: dict[str, WeightChange] = {}
    alloy: str | None = None
    energy_above_hull_ev_per_atom: float | None
    cathodic_limit_v: float | None = None
    cathodic_limit_95_v: Interval | None = None
    products_li_excess: dict[str, float] = {}
    plateaus: Plateaus
    at_potential: LayersAt = ()
    curves: tuple[Curve, ...]

    @model_validator(mode="before")
    @classmethod
    def _told_origin(cls, given: object) -> object:
        """In results from before origins were told, all that was added was an estimate."""
        told = isinstance(given, dict) and not given.get("origin") and given.get("estimated")
        return {**given, "origin": ESTIMATED} if isinstance(given, dict) and told else given

    @property
    def failed_filters(self) -> tuple[str, ...]:
        """Names of the filters that it fails."""
        return tuple(name for name, passed in self.filters.items() if passed is False)

    def against(self, other: str) -> tuple[InterfaceReaction, ...]:
        """Curves of anode and alloy against the reactor itself, or against the electrolyte."""
        return tuple({(curve.a, curve.b): curve for curve in self.curves if curve.b == other}.values())

    @classmethod
    def of_row(
        cls,
        row: "pd.Series",
        study: Study,
        errors: Mapping[str, Mapping[str, float]] = {},
        **spelled_out: Any,
    ) -> Self:
        """A candidate as its row of the table tells it, valued by the study's own rules.

        Parameters
        ----------
        row : Series
        study : Study
        errors : mapping
            ``standard_deviation`` and ``expected_error`` by criterion.
        **spelled_out
            Further attributes, or better ones than the row has.
        """
        values = row[study.ranking.every.names].to_numpy(float)
        valued = desirabilities(values, study.ranking)
        filters = {str(name): row[name] for name in row.index if str(name).startswith(FILTER_PREFIX)}
        told: dict[str, Any] = {
            **{name: row[name] for name in cls.model_fields if name in row},
            **dict.fromkeys(("plateaus", "curves"), ()),
            **{name: bool(row[name]) for name in ("estimated", "pareto")},
            "passes_filters": bool(row["passes"]),
            "rank": int(row["rank"]) if row["passes"] else None,
            "rank_anchored": int(row["rank_anchored"]) if row.get("score_anchored", 0.0) > 0.0 else None,
            "filters": {
                name.removeprefix(FILTER_PREFIX): None if value == UNDECIDED else bool(value)
                for name, value in filters.items()
            },
            "flags": {
                "toxic": bool(row.get("toxic")),
                "moisture_hazard": str(row.get("moisture_hazard", "")),
            },
            "top_probability": {name: row[name] for name in map(str, row.index) if name.startswith("top_")},
            "acceptability": {name: row[name] for name in map(str, row.index) if name.startswith("accept_")},
            "criteria": {
                criterion.name: {
                    "value": value,
                    "unit": criterion.unit_for(mobile_ion(str(row["anode"]))),
                    "desirability": desirability,
                    "weight": study.ranking.rules[criterion.name].weight,
                    "source": criterion.source,
                    **errors.get(criterion.name, {}),
                }
                for criterion, value, desirability in zip(
                    study.ranking.every, values.tolist(), valued.tolist(), strict=True
                )
            },
        }
        return cls.model_validate(told | spelled_out)


class Screened(Record):
    """What became of the candidates.

    Attributes
    ----------
    candidates : int
    left_out : dict of str to int
        By the reason why a query left compounds out.
    failed : int
        Candidates that could not be assessed.
    """

    candidates: int
    left_out: dict[str, int] = {}
    failed: int = 0


def _whole(study: object) -> object:
    """Refuse a study that lacks a section: defaults would stand for what was really asked."""
    needed = [name for name in Study.model_fields if name != "notes"]
    missing = [name for name in needed if isinstance(study, Mapping) and name not in study]
    if missing:
        raise ValueError(f"lacks {', '.join(missing)}")
    return study


def _of_today(content: dict[str, Any], version: object) -> dict[str, Any]:
    """Content of a former document by the names and units of today; a study reads its own."""
    present = {**content, "study": of_one_state(content.get("study"))}
    if isinstance(reactors := content.get("reactors"), list):
        present["reactors"] = [reactor_per_atom(each) for each in reactors]
    if version == 1:
        present |= {key: with_present_names(value) for key, value in present.items() if key != "study"}
    return present


class Document(Record):
    """``ranking.json``: a finished campaign with its named and its best candidates spelled out, by rank."""

    format_version: Literal[2] = 2
    study: Annotated[Study, BeforeValidator(_whole)]
    provenance: Provenance
    selection: Screened
    reactors: tuple[Reactor, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and validate a document of this or the former format.

        Raises
        ------
        InputError
            If it is missing, damaged, or of another format.
        """
        try:
            content = from_json(path.read_text("utf-8"))
            if not isinstance(content, dict):
                raise ValueError("no table of keys")
        except OSError as error:
            raise InputError(
                f"no results there ({error.strerror})",
                where=str(path),
                remedy="give the --out of screening run",
            ) from None
        except ValueError as error:
            raise InputError(f"damaged ({error})", where=str(path), remedy=REMEDY) from None
        version = content.pop(FORMAT_KEY, 1)
        require_readable(version, path)
        try:
            return cls.model_validate(_of_today(content, version))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{place}: {expected(first)}", where=str(path), remedy=REMEDY) from None

    def write(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        with atomic_write(path) as draft:
            draft.write_text(self.model_dump_json(indent=1) + "\n", "utf-8")

"""What the ranking on the page shows: each column with its label, unit and definition."""

from dataclasses import dataclass, replace

import pandas as pd

from screening.reactors.anode import shared_ion
from screening.reactors.criteria import Criterion
from screening.reactors.settings import Desirability, Ranking

NUMBER, COUNT, TEXT, YES_NO = "number", "count", "text", "yes_no"


@dataclass(frozen=True)
class Column:
    """One column of the ranking.

    Attributes
    ----------
    name : str
        As in ``ranking.parquet``.
    label, unit : str
        Head of the column; the unit is empty for words and pure numbers.
    meaning : str
        Its definition in a sentence.
    kind : {"number", "count", "text", "yes_no"}
    source : str
        Where the quantity is defined; empty where the definition says it all.
    criterion : bool
        Whether the score weighs it.
    better : str
        ``smaller``, ``larger`` or ``target``; empty where that is no question.
    within : tuple of str
        Columns of the bounds that hold the true value in 95 % of all cases.
    """

    name: str
    label: str
    unit: str
    meaning: str
    kind: str = NUMBER
    source: str = ""
    criterion: bool = False
    better: str = ""
    within: tuple[str, ...] = ()

    @property
    def doi_url(self) -> str:
        """Address of the source, empty where it has no DOI."""
        doi = self.source.partition("doi:")[2].rstrip(")")
        return f"https://doi.org/{doi}" if doi else ""


_FIRST = (
    Column("rank", "rank", "", "Place by score among the candidates that pass all filters.", COUNT),
    Column(
        "rank_anchored",
        "rank, anchored",
        "",
        "Place by energies anchored to measured enthalpies; the probabilities are by these energies, too.",
        COUNT,
    ),
    Column("formula", "reactor", "", "Formula as the study or the snapshot writes it.", TEXT),
    Column(
        "score",
        "score",
        "",
        "Weighted geometric mean of the desirabilities of all criteria, 0 to 1; 0 where a filter fails.",
        source="doi:10.1080/00224065.1980.11980968",
    ),
    Column(
        "top_1",
        "P(first)",
        "",
        "Probability to be the first when energies vary within their uncertainty, at the study's weights.",
    ),
    Column(
        "accept_1",
        "A(first)",
        "",
        "Rank acceptability: the same with the weights and bounds of all criteria drawn besides.",
        source="doi:10.1287/opre.49.3.444.11220",
    ),
    Column(
        "top_1_percent",
        "P(top 1 %)",
        "",
        "Probability to be among the first 1 % (at least one candidate) of those that pass.",
    ),
)

ALWAYS = ("rank", "formula", "score")
"""Columns that stand even where no candidate has a value, as where none passes the filters."""

_LAST = (
    Column(
        "alloy", "alloy", "", "Most abundant compound of anode and metal in the layer, else the metal.", TEXT
    ),
    Column(
        "cathodic_limit_v",
        "cathodic limit",
        "V",
        "Highest voltage against the anode at which the reactor, on the hull, takes up anode metal; 95 % of "
        "true values lie within the bounds in brackets.",
        within=("cathodic_limit_low_v", "cathodic_limit_high_v"),
    ),
    Column(
        "energy_above_hull_ev_per_atom",
        "above hull",
        "eV/atom",
        "Energy of the reactor above the most stable mixture of phases at its composition.",
    ),
)

PAIR = (
    Column("anode", "anode", "", "Metal that the reactor meets.", TEXT),
    Column("electrolyte", "electrolyte", "", "Electrolyte that the reactor is milled with.", TEXT),
)


def criterion_column(criterion: Criterion, ion: str) -> Column:
    """A criterion as a column; `ion` is the mobile ion of all anodes, empty where they differ."""
    return Column(
        criterion.name,
        criterion.label,
        "" if criterion.unit == "1" else criterion.unit_for(ion),
        criterion.meaning,
        YES_NO if criterion.yes_no else NUMBER,
        criterion.source,
        True,
        criterion.sense,
    )


def ranking_columns(table: pd.DataFrame, ranking: Ranking) -> tuple[Column, ...]:
    """The columns that this table has and that say something; those of the pair only where pairs differ."""
    several = table[["anode", "electrolyte"]].drop_duplicates().shape[0] > 1
    ion = shared_ion(table["anode"].unique())
    criteria = [criterion_column(criterion, ion) for criterion in ranking.every]
    first = [replace(each, label=ranking.role) if each.name == "formula" else each for each in _FIRST]
    last = [replace(each, meaning=each.meaning.replace("reactor", ranking.role)) for each in _LAST]
    every = (*first, *(PAIR if several else ()), *criteria, *last)
    small = table["passes"].sum() < 100
    return tuple(
        replace(column, within=tuple(name for name in column.within if name in table))
        for column in every
        if column.name in table
        and (column.name in ALWAYS or not table[column.name].isna().all())
        and not (small and column.name == "top_1_percent")
    )


@dataclass(frozen=True)
class Definition:
    """A column with what the study made of it: weight and bounds, empty where it is no criterion."""

    column: Column
    weight: str
    bounds: str


def definitions(columns: tuple[Column, ...], settings: Ranking) -> tuple[Definition, ...]:
    """Definitions of all columns, with weight and bounds from the study's settings."""
    return tuple(
        _definition(column, settings.rules[column.name]) if column.criterion else Definition(column, "", "")
        for column in columns
    )


def _definition(column: Column, rule: Desirability) -> Definition:
    worst, best, weight = (f"{value:g}".replace("-", "−") for value in (rule.worst, rule.best, rule.weight))
    words = f"1 at {best}, 0 at {worst}"
    if rule.target:
        words = f"1 at {best}, 0 at the distance of {worst} on either side"
    if rule.scale == "log":
        words += ", logarithmic"
    return Definition(column, weight, words)

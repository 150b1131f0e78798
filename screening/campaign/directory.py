"""A directory that a finished campaign left: its document, its table, and candidates looked up in both."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from screening.campaign.document import FILTER_PREFIX, REMEDY, Document, Reactor
from screening.campaign.former import table_per_atom
from screening.campaign.study import Study
from screening.errors import InputError, ScreeningError
from screening.phases.composition import parse_reactant, symbol
from screening.phases.distrust import formula_cautions
from screening.phases.library import locate
from screening.phases.melting import state_lines
from screening.phases.temperature import GIBBS_ENERGIES
from screening.provenance import Provenance
from screening.reactors.anode import mobile_ion
from screening.reactors.conditions import REACTOR
from screening.reactors.ranking import UNDECIDED
from screening.reactors.uncertainty import descriptor_told, find_error_model, why_no_error_model
from screening.thermo.intervals import BESIDE, OUTSIDE
from screening.thermo.uptake import cation_charge

if TYPE_CHECKING:
    import pandas as pd

RANKING_JSON = "ranking.json"
RANKING_PARQUET = "ranking.parquet"

KEY = ("formula", "anode", "electrolyte")
"""Columns that tell the rows of a table apart."""

CONDUCTS_ION = f"{FILTER_PREFIX}conducts_ion"

TOP_SHOWN = 20
"""Ranked candidates shown besides the named ones; files hold the others."""

NEEDED_COLUMNS = (*KEY, "rank", "score", "pareto", "passes", "estimated")
"""Columns without which there is no ranking, besides one for each criterion."""


@dataclass(frozen=True, eq=False)
class ResultsDirectory:
    """A directory that a finished campaign left; read when it is first asked.

    Attributes
    ----------
    path : Path
    """

    path: Path

    def checked(self) -> Self:
        """The same once both files are read.

        Raises
        ------
        InputError
            If one is missing, damaged, or of another format, or they are of different runs.
        """
        import pyarrow.parquet as pq

        _ = self.document, self.table
        stamp = (pq.read_schema(self.path / RANKING_PARQUET).metadata or {}).get(b"provenance")
        if stamp and json.loads(stamp) != self.provenance.as_dict():
            fault = f"{RANKING_JSON} and {RANKING_PARQUET} are of different runs"
            raise InputError(fault, where=str(self.path), remedy=REMEDY)
        return self

    @cached_property
    def document(self) -> Document:
        """Study, provenance, and the reactors that are spelled out."""
        return Document.read(self.path / RANKING_JSON)

    @cached_property
    def table(self) -> "pd.DataFrame":
        """All candidates by rank, scalar columns."""
        import pandas as pd
        import pyarrow as pa

        path = self.path / RANKING_PARQUET
        try:
            table = table_per_atom(pd.read_parquet(path))
        except OSError as error:
            reason = error.strerror or "damaged"
            raise InputError(f"cannot be read ({reason})", where=str(path), remedy=REMEDY) from None
        except pa.ArrowInvalid:
            raise InputError("damaged (no parquet file)", where=str(path), remedy=REMEDY) from None
        missing = [name for name in (*NEEDED_COLUMNS, *self.study.ranking.every.names) if name not in table]
        if missing:
            raise InputError(f"lacks {', '.join(missing)}", where=str(path), remedy=REMEDY)
        return table

    @property
    def no_probabilities(self) -> dict[str, str]:
        """Anodes whose mobile ion has no error model, and why, though the study draws."""
        if not self.study.uncertainty.draws:
            return {}
        ions = {anode: mobile_ion(anode) for anode, _ in self.pairs}
        return {
            anode: why_no_error_model(ion) for anode, ion in ions.items() if find_error_model(ion) is None
        }

    @property
    def study(self) -> Study:
        """The study, in full."""
        return self.document.study

    def of_reactors(self) -> Self:
        """The same; refuses a campaign whose candidates are no reactors, where only these make sense.

        Raises
        ------
        InputError
        """
        role = self.study.conditions.role
        if role != REACTOR:
            fault = f"its candidates are {role}s, which no anode reduces to a layer"
            raise InputError(fault, where=str(self.path), remedy="give the results of a study of reactors")
        return self

    @property
    def provenance(self) -> Provenance:
        """Stamp of the campaign."""
        return self.document.provenance

    @property
    def snapshot(self) -> str:
        """Snapshot that it was ranked with: the one in its stamp, or where that is not found the study's."""
        try:
            locate(self.provenance.source)
        except ScreeningError:
            return self.study.snapshot
        return self.provenance.source

    @cached_property
    def cautions(self) -> tuple[str, ...]:
        """Elements whose energies are known to be wrong; which of the best melt, or lack a criterion."""
        names = [*self.table["formula"].astype(str), *(part for pair in self.pairs for part in pair)]
        scheme = self.provenance.energy_scheme
        return (*formula_cautions(scheme, names), *self.of_energies(), *self._of_the_best())

    def of_energies(self) -> Iterator[str]:
        """Error of Gibbs energies, and ions for which no error model holds, with their charge."""
        ions = dict.fromkeys(mobile_ion(anode) for anode, _ in self.pairs)
        without = [ion for ion in ions if find_error_model(ion) is None]
        if GIBBS_ENERGIES in self.provenance.energy_scheme:
            yield descriptor_told() + ", in the intervals" * (len(without) < len(ions))
        for ion in without:
            charge = cation_charge(ion, self.study.conditions.anode_charge)
            yield f"{ion} counts as {ion}{charge}+; no intervals: {why_no_error_model(ion)}"

    def _of_the_best(self) -> Iterator[str]:
        """Of the first `TOP_SHOWN`: no powder to mill, a criterion unknown, a value outside its interval."""
        best, ranking = self.table[(self.table["rank"] <= TOP_SHOWN).fillna(False)], self.study.ranking
        for name in best["formula"].unique():
            with suppress(InputError):  # a table from elsewhere may hold what is no formula
                yield from state_lines(name, parse_reactant(name).unit)
        for each in ranking.every:
            unknown = best.loc[best[each.name].isna(), "formula"].unique()
            if len(unknown) and ranking.rules[each.name].weight > 0.0:
                counted = "counted as the worst" if each.must_be_known else "left out of the score"
                yield f"unknown and {counted}: {each.label} of {', '.join(unknown)}"
        if CONDUCTS_ION in self.table:
            ranked = self.table.loc[self.table["passes"].eq(True), CONDUCTS_ION]
            share = f"{int((ranked == UNDECIDED).sum())} of {len(ranked)}"
            yield f"whether they conduct the ion, nobody measured here of {share} with a rank"
        if "cautions" in best and best["cautions"].astype(str).str.contains(BESIDE, regex=False).any():
            yield OUTSIDE

    @property
    def title(self) -> str:
        """Title of the study, else its name."""
        return self.study.title or self.study.name

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each anode with each electrolyte, as the campaign met them."""
        unique = self.table[["anode", "electrolyte"]].drop_duplicates()
        return tuple((str(a), str(s)) for a, s in unique.itertuples(index=False))

    def pair(self, anode: str = "", electrolyte: str = "") -> tuple[str, str]:
        """The campaign's pair of these names, however written; without them its only one.

        Raises
        ------
        InputError
            If it has none, or more than one.
        """
        given = [
            self.as_written(text, column) if text else ""
            for column, text in (("anode", anode), ("electrolyte", electrolyte))
        ]
        found = [p for p in self.pairs if all(name in ("", own) for name, own in zip(given, p, strict=True))]
        if len(found) != 1:
            choice = "; ".join(" with ".join(pair) for pair in self.pairs)
            fault = "several anodes or electrolytes" if found else "no such anode and electrolyte"
            raise InputError(f"the campaign has {fault}", remedy=f"name one pair of {choice}")
        return found[0]

    def as_written(self, text: str, column: str = "formula") -> str | None:
        """How the campaign writes a compound of a column of `KEY`; None where it knows no such composition.

        Raises
        ------
        InputError
            If the text is no formula.
        """
        names = self.table[column]
        if (names == text).any():
            return text
        wanted = parse_reactant(text)
        alike = names.drop_duplicates()
        for z in wanted.unit.atomic_numbers:  # few are left to be parsed
            alike = alike[alike.str.contains(symbol(z), regex=False)]
        return next((str(name) for name in alike if parse_reactant(str(name)).is_same_as(wanted)), None)

    def row(self, formula: str, anode: str = "", electrolyte: str = "") -> "pd.Series | None":
        """The row of a candidate, however its names are written; None where the campaign holds none.

        Parameters
        ----------
        formula : str
        anode, electrolyte : str
            May be left out where the campaign has only one.

        Raises
        ------
        InputError
            If a text is no formula (`where` says which), or more than one pair would do.
        """
        mine = self.table
        for column, text in zip(KEY, (formula, anode, electrolyte), strict=True):
            if text:
                mine = mine[mine[column] == self._as_written_or_told(text, column)]
        if len(mine) > 1:
            self.pair(anode, electrolyte)  # says that there are several
        return None if mine.empty else mine.iloc[0]

    def _as_written_or_told(self, text: str, column: str) -> str | None:
        try:
            return self.as_written(text, column)
        except InputError as error:
            where = "reactor" if column == "formula" else column
            raise InputError(error.message, where=where, remedy=error.remedy) from None

    def reactor(self, formula: str, anode: str = "", electrolyte: str = "") -> Reactor | None:
        """A candidate, spelled out or as its row tells it; arguments and errors as of `row`."""
        row = self.row(formula, anode, electrolyte)
        if row is None:
            return None
        return self.detail(row) or Reactor.of_row(row, self.study)

    def detail(self, row: "pd.Series") -> Reactor | None:
        """The reactor of a row where the document spells it out, else None."""
        return self._spelled_out.get(tuple(row[list(KEY)]))

    def spelled_out(self, pair: tuple[str, str]) -> list[Reactor]:
        """Reactors of the document that met this anode and electrolyte, by rank."""
        return [each for each in self.document.reactors if (each.anode, each.electrolyte) == pair]

    @cached_property
    def _spelled_out(self) -> dict[tuple[str, ...], Reactor]:
        return {(each.formula, each.anode, each.electrolyte): each for each in self.document.reactors}

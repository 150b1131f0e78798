"""The whole comparison of a campaign with a folder of experiments, and what it leaves on disk."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain
from math import floor, log10
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from screening.campaign.directory import ResultsDirectory
from screening.display import Displayed, Table
from screening.errors import InputError
from screening.files import output_directory, records, write_csv, write_json
from screening.lab.analysis import CellAnalysis, analyse_cell, outcomes_frame
from screening.lab.briefs import brief
from screening.lab.cell import Experiment, Origin
from screening.lab.quantities import QUANTITIES
from screening.lab.readers.stamp import stamp
from screening.lab.sheets import hints
from screening.phases.structures import Cell as UnitCell
from screening.phases.structures import literature_cells
from screening.provenance import Provenance
from screening.validation import layers
from screening.validation.agreement import FEWEST_REACTORS, Agreement, agreement_frame, agreements
from screening.validation.expected_phases import ExpectedPhases
from screening.validation.groups import OutcomeGroup, outcome_groups
from screening.validation.joining import Check, Joined, Pair, Verdict, checks_frame, join, prediction_of
from screening.validation.next_cells import Plan, Shopping, next_cells
from screening.validation.prior import Prior
from screening.validation.questions import ask
from screening.validation.update import Update, update

VALIDATION_JSON = "validation.json"
TABLES = "validation"
RANKS_IN_JSON = 200

SETTLED_DIGITS = 3
"""Decimals of a number without any sampling error."""

SHOWN = 10
"""Rows of the longer tables in the summary; the files hold them all."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Validation(Displayed):
    """Prediction against measurement.

    Attributes
    ----------
    predictions : ResultsDirectory
    cells : tuple of CellAnalysis
    joined : Joined
    checks : tuple of Check
    groups : tuple of OutcomeGroup
        Outcomes that agreement and update were read from.
    agreements : tuple of Agreement
    learnt : Update
    plan : Plan
    simulated_count : bool
        Whether simulated cells counted in agreement, update and contradictions.
    """

    plotter: ClassVar[str] = "screening.plots.validation:plot_validation"

    predictions: ResultsDirectory
    cells: tuple[CellAnalysis, ...]
    joined: Joined
    checks: tuple[Check, ...]
    groups: tuple[OutcomeGroup, ...]
    agreements: tuple[Agreement, ...]
    learnt: Update
    plan: Plan
    simulated_count: bool

    @property
    def contradictions(self) -> tuple[Check, ...]:
        """Checks of cells that count, which speak against a prediction."""
        return tuple(
            check
            for check in self.checks
            if check.verdict is Verdict.CONTRADICTS
            and (self.simulated_count or check.origin != Origin.SIMULATED)
        )

    @property
    def _counted(self) -> tuple[Pair, ...]:
        """Pairs that count: simulated cells only in a rehearsal."""
        return tuple(
            pair
            for pair in self.joined.pairs
            if self.simulated_count or pair.cell.sheet.origin is not Origin.SIMULATED
        )

    def contradictions_frame(self) -> pd.DataFrame:
        """Contradictions, one row per reactor, content, origin and question, with the cells that speak."""
        frame = checks_frame(self.contradictions).drop(columns="verdict")
        shared = ["reactor", "wt_percent", "electrolyte", "origin", "question", "predicted"]
        first = frame.drop_duplicates(shared).set_index(shared)
        cells = frame.groupby(shared, sort=False)["cell"].agg(", ".join).rename("cells")
        table = first.drop(columns="cell").join(cells).reset_index()
        words = [*shared, "measured", "reason", "cells"]
        return table[[*words, *(name for name in table if name not in words)]]

    def ranking_frame(self) -> pd.DataFrame:
        """Ranks and scores before and after, side by side."""
        return self.learnt.ranking_frame(self.predictions.table, self.predictions.study.ranking)

    def to_frame(self) -> pd.DataFrame:
        """One row per check."""
        return checks_frame(self.checks)

    def display(self) -> Table:
        """Checks of all cells."""
        shown = ["cell", "origin", "question", "predicted", "measured", "verdict", "reason"]
        study = self.predictions.study
        caption = f"{len(self.cells)} cells against {study.title or study.name}"
        return Table(caption, self.to_frame()[shown], tuple(self.notes()))

    def summary(self) -> str:
        """What to read first: cells, notes, agreement, contradictions, checks, update, what to measure."""
        update_lines = () if self.learnt.reason else _update_lines(self)
        return "\n".join(
            chain(
                ["What happened to each cell"],
                (f"  {cell.name:32} {brief(cell)}" for cell in self.cells),
                [""],
                (f"* {note}" for note in self.notes()),
                _agreement_lines(self),
                _contradiction_lines(self.contradictions_frame()),
                _check_lines(self),
                update_lines,
                _next_lines(self.plan),
            )
        )

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON; of the ranking the first `RANKS_IN_JSON` before or after, its csv holds all."""
        plan, every = self.plan, tables(self)
        ranking = every["ranking"]
        first = ranking[["rank_before", "rank_after"]].min(axis=1) <= RANKS_IN_JSON
        return {
            "notes": self.notes(),
            **{name: records(table[first] if name == "ranking" else table) for name, table in every.items()},
            "measure_next_compared_by": {
                "quantity": plan.quantity,
                "protocol": plan.protocol,
                "references": ", ".join(plan.references),
            },
            **_evidence(self.learnt),
            "provenance": self.provenance.as_dict(),
        }

    def write(self, directory: str | Path) -> list[Path]:
        """Write ``validation.json`` and the tables as csv; the files that were written.

        Raises
        ------
        InputError
            If the directory cannot be written.
        """
        target = output_directory(Path(directory))
        folder = output_directory(target / TABLES)
        written = [target / VALIDATION_JSON]
        write_json(written[0], self.as_dict())
        for name, table in tables(self).items():
            written.append(folder / f"{name}.csv")
            write_csv(written[-1], table, self.provenance)
        return written

    @cached_property
    def provenance(self) -> Provenance:
        """The campaign's stamp, with the sheets and raw files beside its snapshot."""
        sheets = [cell.sheet for cell in self.cells]
        measured = stamp([path for sheet in sheets for path in (sheet.path, *sheet.located("all"))])
        predicted = self.predictions.provenance
        return Provenance.now(
            f"{predicted.source} sha256:{predicted.source_checksum[:12]} against {len(sheets)} cells",
            measured.source_checksum,
            energy_scheme=predicted.energy_scheme,
            study=predicted.study,
            study_checksum=predicted.study_checksum,
        )

    def notes(self) -> list[str]:
        """What a reader must know before the numbers."""
        origins = [cell.sheet.origin for cell in self.cells]
        counts = {origin: origins.count(origin) for origin in Origin}
        found = [", ".join(f"{number} {origin} cells" for origin, number in counts.items() if number)]
        if counts[Origin.SIMULATED]:
            found.append(
                "simulated cells count here: this is a rehearsal and tells nothing about any reactor"
                if self.simulated_count
                else "simulated cells are shown, and count in no agreement, contradiction or update"
            )
        if self.joined.unjoined:
            names = ", ".join(cell.name for cell in self.joined.unjoined)
            found.append(f"not among the campaign's candidates: {names}")
        if all(one.kendall is None for one in self.agreements):
            found.append(
                f"agreement: too few to tell; a correlation needs {FEWEST_REACTORS} reactors measured by one "
                "protocol, each with a value rather than a bound"
            )
        network = layers.learnt(self._counted)
        if network is not None:
            before, after = network
            found.append(
                f"threshold of the metal network: {before.words} before these cells, {after.words} after"
            )
        learnt = self.learnt
        if learnt.evidence is not None:
            found.append(f"the measured order of {learnt.quantity} is {learnt.evidence.words}")
        found.append(
            f"weights and ranking not updated: {learnt.reason}"
            if learnt.reason
            else f"weights and ranking updated by {learnt.quantity}"
        )
        if self.plan.unknown:
            found.append(
                f"on the shelf, and not among the campaign's candidates: {', '.join(self.plan.unknown)}"
            )
        found += [f"{cell.name}: {remark}" for cell in self.cells for remark in cell.remarks]
        found += hints(cell.sheet for cell in self.cells)
        return found


def validate(
    predictions: ResultsDirectory,
    experiments: Sequence[Experiment],
    *,
    quantity: str = "",
    simulated: bool = False,
    prior: Prior | None = None,
    shopping: Shopping | None = None,
    structures: Sequence[UnitCell] = (),
) -> Validation:
    """Compare a campaign with a folder of experiments.

    Parameters
    ----------
    predictions : ResultsDirectory
    experiments : sequence of Experiment
    quantity : str
        Outcome that weights are updated by; by default that with most reactors.
    simulated : bool
        Whether simulated cells count: a rehearsal.
    prior : Prior, optional
    shopping : Shopping, optional
        Filters on what to measure next.
    structures : sequence of Cell
        Unit cells for powder patterns that come before those of the literature.

    Raises
    ------
    InputError
        If `quantity` is unknown, or a cell quotes a figure that its raw files give.
    """
    if quantity and quantity not in QUANTITIES:
        raise InputError(
            f"no quantity {quantity!r}", where="outcome", remedy=f"choose from {', '.join(QUANTITIES)}"
        )
    known = (*structures, *literature_cells())
    joined = join(predictions, [_analysed(each, predictions, known) for each in experiments])
    groups = outcome_groups(joined.pairs, simulated=simulated)
    table, settings = predictions.table, predictions.study.ranking
    learnt = update(groups, table, settings, quantity=quantity, prior=prior)
    plan = next_cells(learnt, groups, table, settings, shopping, deviation_sd=(prior or Prior()).deviation_sd)
    return Validation(
        predictions=predictions,
        cells=joined.cells,
        joined=joined,
        checks=ask(joined.pairs),
        groups=groups,
        agreements=agreements(groups, table, settings),
        learnt=learnt,
        plan=plan,
        simulated_count=simulated,
    )


def _analysed(
    sheet: Experiment, predictions: ResultsDirectory, structures: Sequence[UnitCell]
) -> CellAnalysis:
    """What a cell showed; a powder pattern is searched for the phases that the campaign predicts."""
    search = None
    if sheet.files.diffraction and (prediction := prediction_of(predictions, sheet)) is not None:
        search = ExpectedPhases.of(sheet, prediction, structures)
    return analyse_cell(sheet, search).figures_only()


def tables(found: Validation) -> dict[str, pd.DataFrame]:
    """All tables by name, as they are written."""
    return {
        "contradictions": found.contradictions_frame(),
        "agreement": agreement_frame(found.agreements),
        "weights": found.learnt.weights_frame(found.predictions.study.ranking),
        "ranking": found.ranking_frame(),
        "measure_next": found.plan.table,
        "checks": checks_frame(found.checks),
        "cells": outcomes_frame(found.cells),
    }


def _evidence(learnt: Update) -> dict[str, Any]:
    """The marginal likelihood that the update rests on; empty where no order was measured."""
    evidence = learnt.evidence
    if evidence is None:
        return {}
    order = {"quantity": learnt.quantity, "likelihood_over_chance": evidence.ratio, **asdict(evidence)}
    return {"evidence_of_the_measured_order": order}


def with_error(value: float, error: float) -> str:
    """A number to the digits that its error leaves: the first one of the error."""
    digits = max(0, -floor(log10(error))) if error > 0.0 else SETTLED_DIGITS
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _check_lines(found: Validation) -> Iterator[str]:
    yield "\nChecks by cell: agrees / contradicts / cannot tell / no prediction"
    for pair in found.joined.pairs:
        mine = [str(check.verdict) for check in found.checks if check.cell == pair.cell.name]
        counts = " / ".join(
            str(mine.count(verdict)) for verdict in ("agrees", "contradicts", "cannot tell", "no prediction")
        )
        sheet = pair.cell.sheet
        layer = f"{pair.prediction.reactor} {pair.prediction.wt_percent:g} wt%"
        yield f"  {pair.cell.name:30} {sheet.origin:10}  {layer:22}  {counts}"


def _contradiction_lines(table: pd.DataFrame) -> Iterator[str]:
    yield f"\nContradictions: {len(table)}"
    for row in table.itertuples():
        yield f"  {row.reactor} {row.wt_percent:g} wt%: {row.question}"
        yield f"    predicted {row.predicted}; measured {row.measured} [{row.cells}]"
        yield f"    {row.reason}"


def _agreement_lines(found: Validation) -> Iterator[str]:
    yield "\nAgreement (Kendall's tau-b, 95 % interval; + speaks for the prediction)"
    for group in found.groups:
        mine = [
            one
            for one in found.agreements
            if (one.quantity, one.protocol) == (group.quantity, group.protocol)
        ]
        counts = f"reactors: {len(group.reactors)}, cells: {group.n_cells.sum()}"
        known = [one for one in mine if one.kendall is not None]
        yield f"  {group.quantity} ({group.protocol}; {counts})" + ("" if known else f": {mine[0].verdict}")
        for one in known:
            interval = f"{one.kendall:+.2f} ({one.kendall_low:+.2f} … {one.kendall_high:+.2f})"
            yield f"    {one.predictor:26} {interval}  {one.verdict}"


def _update_lines(found: Validation) -> Iterator[str]:
    yield "\nWeights, share before → after"
    table = found.learnt.weights_frame(found.predictions.study.ranking)
    shares = zip(table["criterion"], table["share_before"], table["share_after"], strict=True)
    for name, before, after in shares:
        if before:
            yield f"  {name:26} {before:.3f} → {after:.3f}"
    yield "\nRank before → after (score before → after)"
    for row in found.ranking_frame().head(SHOWN).itertuples():
        scores = f"({row.score_before:.3f} → {row.score_after:.3f})"
        yield f"  {row.formula:16} {row.rank_before:4} → {row.rank_after:4}  {scores}"


def _next_lines(plan: Plan) -> Iterator[str]:
    compared = ", ".join(plan.references) or "nothing yet"
    yield f"\nMeasure next: {plan.quantity} in {plan.protocol}, beside {compared}"
    yield "(places that a candidate is expected to move, on average, once the cell is measured; ± sampling)"
    for row in plan.table.head(SHOWN).to_dict("records"):
        cost = f"elements {row['cost_usd_per_kg']:.3g} USD/kg"
        change = with_error(float(row["expected_rank_change"]), float(row["standard_error"]))
        yield f"  {row['formula']:16} rank {row['rank']:4}  {change:>14} places  {cost}"
    if plan.table.empty:
        yield "  no candidate is left under these filters"

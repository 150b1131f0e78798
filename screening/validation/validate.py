"""The whole comparison of a campaign with a folder of experiments, and what it leaves on disk."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.files import output_directory, records, write_csv, write_json
from screening.lab.analysis import CellAnalysis, analyse_cell, outcomes_frame
from screening.lab.cell import Experiment, Origin
from screening.lab.quantities import QUANTITIES
from screening.lab.readers.stamp import stamp
from screening.lab.sheets import hints
from screening.phases.structures import Cell as UnitCell
from screening.phases.structures import literature_cells
from screening.provenance import Provenance
from screening.validation.agreement import FEWEST_REACTORS, Agreement, agreement_frame, agreements
from screening.validation.expected_phases import ExpectedPhases
from screening.validation.groups import OutcomeGroup, outcome_groups
from screening.validation.joining import Check, Joined, Verdict, checks_frame, join, prediction_of
from screening.validation.next_cells import Plan, Shopping, next_cells
from screening.validation.predictions import Predictions
from screening.validation.prior import Prior
from screening.validation.questions import ask
from screening.validation.update import Update, update

VALIDATION_JSON = "validation.json"
TABLES = "validation"
RANKS_IN_JSON = 200


@dataclass(frozen=True, eq=False, kw_only=True)
class Validation(Displayed):
    """Prediction against measurement.

    Attributes
    ----------
    predictions : Predictions
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

    predictions: Predictions
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

    def display(self) -> Table:
        """Checks of all cells."""
        shown = ["cell", "origin", "question", "predicted", "measured", "verdict", "reason"]
        caption = f"{len(self.cells)} cells against {self.predictions.path}"
        return Table(caption, checks_frame(self.checks)[shown], tuple(self.notes()))

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
                f"agreement: too few to tell; a correlation needs {FEWEST_REACTORS} reactors with a figure "
                "that is no bound, in one protocol"
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
    predictions: Predictions,
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
    predictions : Predictions
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

    Returns
    -------
    Validation

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


def _analysed(sheet: Experiment, predictions: Predictions, structures: Sequence[UnitCell]) -> CellAnalysis:
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


def content(found: Validation, provenance: Provenance) -> dict[str, Any]:
    """Everything as JSON holds it; numbers that do not exist are null.

    Of the ranking only what is among the first `RANKS_IN_JSON` before or after; its csv holds all.
    """
    plan, every = found.plan, tables(found)
    ranking = every["ranking"]
    first = ranking[["rank_before", "rank_after"]].min(axis=1) <= RANKS_IN_JSON
    return {
        "notes": found.notes(),
        **{name: records(table[first] if name == "ranking" else table) for name, table in every.items()},
        "measure_next_compared_by": {
            "quantity": plan.quantity,
            "protocol": plan.protocol,
            "references": ", ".join(plan.references),
        },
        **_evidence(found.learnt),
        "provenance": provenance.as_dict(),
    }


def _evidence(learnt: Update) -> dict[str, Any]:
    """The marginal likelihood that the update rests on; empty where no order was measured."""
    evidence = learnt.evidence
    if evidence is None:
        return {}
    order = {"quantity": learnt.quantity, "likelihood_over_chance": evidence.ratio, **asdict(evidence)}
    return {"evidence_of_the_measured_order": order}


def validation_stamp(found: Validation) -> Provenance:
    """The campaign's stamp, with the sheets and raw files beside its snapshot."""
    paths = [
        path
        for cell in found.cells
        for path in (
            cell.sheet.path,
            *cell.sheet.located("all"),
        )
    ]
    measured, predicted = stamp(paths), found.predictions.provenance
    return Provenance.now(
        f"{predicted.source} sha256:{predicted.source_checksum[:12]} against {len(found.cells)} cells",
        measured.source_checksum,
        energy_scheme=predicted.energy_scheme,
        study=predicted.study,
        study_checksum=predicted.study_checksum,
    )


def write_validation(found: Validation, directory: Path) -> list[Path]:
    """Write ``validation.json`` and the tables as csv.

    Raises
    ------
    InputError
        If the directory cannot be written.
    """
    output_directory(directory)
    provenance, folder = validation_stamp(found), output_directory(directory / TABLES)
    written = [directory / VALIDATION_JSON]
    write_json(written[0], content(found, provenance))
    for name, table in tables(found).items():
        written.append(folder / f"{name}.csv")
        write_csv(written[-1], table, provenance)
    return written

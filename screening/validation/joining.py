"""Cells joined to predictions, and what a comparison of the two consists of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import pandas as pd

from screening.campaign.directory import ResultsDirectory
from screening.lab.analysis import CellAnalysis
from screening.reactors.settings import Conditions
from screening.validation.predictions import Prediction, Span, prediction_of


class Verdict(StrEnum):
    """What a measurement says about a prediction."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    CANNOT_TELL = "cannot tell"
    NO_PREDICTION = "no prediction"


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The numbers that a check compares.

    Attributes
    ----------
    predicted_value, predicted_sd, measured_value, measured_sd : float or None
        None where there is none or its uncertainty is not known.
    predicted_low, predicted_high : float or None
        Where the prediction is a span, from the first alloy to the excess of anode metal: its ends, with
        `predicted_value` in the middle. A span is no uncertainty.
    unit : str
    """

    predicted_value: float | None = None
    predicted_sd: float | None = None
    predicted_low: float | None = None
    predicted_high: float | None = None
    measured_value: float | None = None
    measured_sd: float | None = None
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Check(Numbers):
    """One question, asked of one cell.

    Attributes
    ----------
    cell, origin, reactor : str
    wt_percent : float
    electrolyte : str
    question : str
    predicted, measured : str
        In words, with numbers and units.
    verdict : Verdict
    reason : str
        What the verdict rests on.
    """

    cell: str
    origin: str
    reactor: str
    wt_percent: float
    electrolyte: str
    question: str
    predicted: str
    measured: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, eq=False)
class Pair:
    """A cell with its prediction, and the cells without a layer that it may be compared with.

    Attributes
    ----------
    cell : CellAnalysis
    prediction : Prediction
    conditions : Conditions
        Of the study that predicts.
    controls : tuple of CellAnalysis
    """

    cell: CellAnalysis
    prediction: Prediction
    conditions: Conditions
    controls: tuple[CellAnalysis, ...]

    def check(
        self,
        question: str,
        predicted: str,
        measured: str,
        verdict: Verdict,
        reason: str,
        *,
        numbers: Numbers | None = None,
    ) -> Check:
        """Fill in what every check of this cell shares."""
        sheet, found = self.cell.sheet, numbers or Numbers()
        return Check(
            cell=self.cell.name,
            origin=str(sheet.origin),
            reactor=self.prediction.reactor,
            wt_percent=self.prediction.wt_percent,
            electrolyte=sheet.electrolyte,
            question=question,
            predicted=predicted,
            measured=measured,
            verdict=verdict,
            reason=reason,
            **asdict(found),
        )


@dataclass(frozen=True, eq=False)
class Joined:
    """Cells joined to predictions.

    Attributes
    ----------
    pairs : tuple of Pair
    unjoined : tuple of CellAnalysis
        Cells with a layer that the campaign does not hold.
    cells : tuple of CellAnalysis
        All cells, controls among them.
    """

    pairs: tuple[Pair, ...]
    unjoined: tuple[CellAnalysis, ...]
    cells: tuple[CellAnalysis, ...]


def join(predictions: ResultsDirectory, cells: Sequence[CellAnalysis]) -> Joined:
    """Join on anode, reactor and electrolyte; volumes are those of the cell's own reactor content.

    Raises
    ------
    InputError
        If a sheet's reactor, anode or electrolyte is no formula.
    """
    grid = {(c.anode, c.electrolyte): c for c in predictions.study.conditions.grid()}
    pairs, unjoined = [], []
    for cell in cells:
        if not cell.sheet.reactor:
            continue
        prediction = prediction_of(predictions, cell.sheet)
        if prediction is None:
            unjoined.append(cell)
            continue
        conditions = grid[str(prediction.row["anode"]), str(prediction.row["electrolyte"])]
        pairs.append(Pair(cell, prediction, conditions, _controls(cell, cells)))
    return Joined(tuple(pairs), tuple(unjoined), tuple(cells))


def _controls(cell: CellAnalysis, cells: Sequence[CellAnalysis]) -> tuple[CellAnalysis, ...]:
    """Cells without a layer that differ from a cell in nothing else that is stated."""
    sheet = cell.sheet
    return tuple(
        other
        for other in cells
        if not (own := other.sheet).reactor
        and sheet.protocol.words
        and (own.kind, own.origin, own.protocol, own.electrolyte, own.anode)
        == (sheet.kind, sheet.origin, sheet.protocol, sheet.electrolyte, sheet.anode)
    )


def checks_frame(checks: Sequence[Check]) -> pd.DataFrame:
    """One row per check."""
    words = list(Check.__annotations__)
    numbers_stand = words.index("verdict")
    columns = [*words[:numbers_stand], *Numbers.__annotations__, *words[numbers_stand:]]
    frame = pd.DataFrame([asdict(check) for check in checks], columns=columns)
    return frame.assign(verdict=frame["verdict"].astype(str))


def agrees_if(same: bool) -> Verdict:
    """Agreement or contradiction."""
    return Verdict.AGREES if same else Verdict.CONTRADICTS


def yes_or_no(value: float) -> str:
    """1 and 0 in words."""
    return "yes" if value else "no"


NO_VOLUMES = "the campaign knows no volumes of this reactor's products: name a layers_wt_percent in its study"
OPEN = "the threshold is not known well enough"


def spanning(span: Span, measured: float, measured_sd: float | None, unit: str) -> Numbers:
    """Ends and middle of a predicted span beside a measurement."""
    return Numbers(
        predicted_value=(span.low + span.high) / 2.0,
        measured_value=measured,
        measured_sd=measured_sd,
        unit=unit,
        predicted_low=span.low,
        predicted_high=span.high,
    )

"""What a finished campaign predicts for the layer of a cell: charge, volumes, products."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import Reactor
from screening.errors import InputError
from screening.lab.cell import Cell
from screening.phases.composition import parse_formula
from screening.reactors.detail import Plateau

Volumes = Mapping[float, tuple[float, float]]
"""Volume fractions of metal and electrolyte in a reacted layer by its content of reactor, wt%."""


@dataclass(frozen=True)
class Span:
    """Lowest and highest value that a prediction allows."""

    low: float
    high: float


def stages(plateaus: Iterable[Plateau]) -> list[Plateau]:
    """Plateaus from the first that holds the alloy to the last above the floor."""
    above = [plateau for plateau in plateaus if plateau.above_floor]
    first = next((k for k, plateau in enumerate(above) if plateau.holds_alloy), len(above) - 1)
    return above[max(first, 0) :]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the campaign says about the layer of one cell.

    Attributes
    ----------
    row : Series
        The reactor's row of the ranking.
    wt_percent : float
        Reactor in the cell's layer.
    detail : Reactor or None
        None where the campaign ranks the reactor without spelling it out.
    """

    row: pd.Series
    wt_percent: float
    detail: Reactor | None

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
        return stages(self.detail.plateaus if self.detail else ())

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
        layers = [stage.layers for stage in self.stages[:1] + self.stages[-1:]]
        states = [
            {each.wt_percent: (each.metal_fraction, each.electrolyte_fraction) for each in of}
            for of in layers
        ]
        values = [_fraction_at(name, known, self.wt_percent) for known in (*states, self._row_layers)]
        found = [value for value in values if value is not None]
        return Span(min(found), max(found)) if found else None

    @property
    def _row_layers(self) -> Volumes:
        """Layers of the ranking's columns, at excess."""
        contents = (re.fullmatch("metal_fraction_(.+)wt", str(column)) for column in self.row.index)
        return {
            float(of[1]): (self.value(of[0]), self.value(f"electrolyte_fraction_{of[1]}wt"))
            for of in contents
            if of
        }

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


def prediction_of(results: ResultsDirectory, sheet: Cell) -> Prediction | None:
    """Prediction for the layer of a cell; None where it has none, or the campaign does not hold it.

    Raises
    ------
    InputError
        If the sheet's reactor, anode or electrolyte is no formula.
    """
    if sheet.wt_percent is None or not sheet.reactor:
        return None
    try:
        row = results.row(sheet.reactor, sheet.anode, sheet.electrolyte)
    except InputError as error:
        raise InputError(error.message, where=f"{sheet.path}, {error.where}", remedy=error.remedy) from None
    return None if row is None else Prediction(row, sheet.wt_percent, results.detail(row))


def _fraction_at(name: str, layers: Volumes, wt_percent: float) -> float | None:
    """Volume fraction at any reactor content, from a layer of the same products at another one.

    Each layer tells the volumes of metal and salt per gram of reactor, and that of the electrolyte per gram
    of electrolyte, up to one factor; none of them depends on the content.
    """
    for known in sorted(layers, key=lambda content: abs(content - wt_percent)):
        metal, electrolyte = layers[known]
        if np.isnan(metal + electrolyte):
            continue
        reactor, rest = wt_percent / known, 1.0
        if known < 100.0:
            rest = (100.0 - wt_percent) / (100.0 - known)
        elif wt_percent < 100.0:
            continue
        parts = {
            "metal_fraction": reactor * metal,
            "salt": reactor * (1.0 - metal - electrolyte),
            "electrolyte_fraction": rest * electrolyte,
        }
        return parts[name] / sum(parts.values())
    return None

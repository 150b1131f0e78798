"""Measured outcomes side by side: one figure per reactor, from cells that differ in nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from screening.lab.cell import Origin
from screening.lab.quantities import QUANTITIES, Better
from screening.validation.joining import Pair


@dataclass(frozen=True, eq=False)
class OutcomeGroup:
    """One quantity in cells of one kind, protocol, reactor content, electrolyte and anode.

    Attributes
    ----------
    quantity : str
    protocol : str
        What the cells share, in words.
    anode, electrolyte : str
        As the campaign writes them.
    reactors : tuple of str
        As the campaign writes them, each once.
    value : (n,) float array
        Of each reactor: the lower median of its cells, which is one of them.
    is_open : (n,) bool array
        Whether that value is a lower bound.
    n_cells : (n,) int array
    """

    quantity: str
    protocol: str
    anode: str
    electrolyte: str
    reactors: tuple[str, ...]
    value: np.ndarray
    is_open: np.ndarray
    n_cells: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        """Value with the sign that makes larger better, (n,) float array."""
        return self.value if QUANTITIES[self.quantity].better is Better.LARGER else -self.value

    @property
    def n_closed(self) -> int:
        """Reactors whose value is known, not only a bound of it."""
        return int((~self.is_open).sum())


def outcome_groups(pairs: Sequence[Pair], *, simulated: bool = False) -> tuple[OutcomeGroup, ...]:
    """Group the outcomes of ranked reactors that have a better end, the largest group first.

    Parameters
    ----------
    pairs : sequence of Pair
    simulated : bool
        Whether simulated cells count.
    """
    found: dict[tuple[str, ...], dict[str, list[tuple[float, bool]]]] = {}
    for pair in pairs:
        sheet = pair.cell.sheet
        if sheet.origin is Origin.SIMULATED and not simulated:
            continue
        row = pair.prediction.row
        if not row["passes"]:
            continue
        shared = ", ".join(
            part for part in (str(sheet.kind), f"{sheet.wt_percent:g} wt%", sheet.protocol.words) if part
        )
        for outcome in pair.cell.outcomes.values():
            if QUANTITIES[outcome.quantity].better is not Better.NEITHER:
                key = (outcome.quantity, shared, str(row["anode"]), str(row["electrolyte"]))
                cells = found.setdefault(key, {}).setdefault(pair.prediction.reactor, [])
                cells.append((outcome.value, outcome.at_least))
    groups = [_group(key, reactors) for key, reactors in found.items()]
    return tuple(sorted(groups, key=lambda g: (-g.n_closed, -len(g.reactors), g.quantity, g.protocol)))


def _group(key: tuple[str, ...], reactors: dict[str, list[tuple[float, bool]]]) -> OutcomeGroup:
    typical = [sorted(cells)[(len(cells) - 1) // 2] for cells in reactors.values()]
    quantity, protocol, anode, electrolyte = key
    return OutcomeGroup(
        quantity,
        protocol,
        anode,
        electrolyte,
        tuple(reactors),
        np.array([value for value, _ in typical]),
        np.array([bound for _, bound in typical]),
        np.array([len(cells) for cells in reactors.values()]),
    )

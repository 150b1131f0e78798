"""Several cells side by side: replicates, their spread, and whether two groups differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from screening.errors import InputError
from screening.lab.cycling.fullcell import FullCellResult

CONFIDENCE = 0.95

QUANTITIES = (
    "discharge_capacity_mah",
    "discharge_capacity_mah_per_g",
    "discharge_capacity_mah_per_cm2",
    "coulombic_efficiency",
    "energy_efficiency",
    "retention",
    "hysteresis_v",
)
"""Columns of a full cell's table that replicates are averaged over, where every replicate has them."""


@dataclass(frozen=True)
class GroupedCells:
    """Cells of the same make.

    Attributes
    ----------
    label : str
        What they have in common.
    cells : tuple of FullCellResult
        The replicates.
    """

    label: str
    cells: tuple[FullCellResult, ...]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Difference of two groups' means at one cycle, by Welch's t-test.

    Attributes
    ----------
    first, second : str
        Labels of the groups.
    quantity : str
        Column compared.
    cycle : int
        Cycle compared.
    difference : float
        Mean of the second group less that of the first.
    low, high : float
        95 % interval of the difference.
    p_value : float
        Two-sided.
    n_first, n_second : int
        Cells that reached the cycle.
    """

    first: str
    second: str
    quantity: str
    cycle: int
    difference: float
    low: float
    high: float
    p_value: float
    n_first: int
    n_second: int


def compare_cells(groups: Sequence[GroupedCells]) -> pd.DataFrame:
    """Average replicates cycle by cycle.

    Parameters
    ----------
    groups : sequence of GroupedCells
        With different labels; all cells paired in the same order.

    Returns
    -------
    pandas.DataFrame
        Columns group, cycle, quantity, n, mean, standard_deviation, low, high: mean of the complete cycles of
        n cells, their standard deviation (n - 1) and the 95 % interval of the mean (Student's t). A single
        cell has no spread: its standard deviation and interval are missing.

    Raises
    ------
    InputError
        If there is no cell, labels repeat, a cell stands twice, or the orders differ (their efficiencies do
        not mean the same).
    """
    labels = [group.label for group in groups]
    cells = [cell for group in groups for cell in group.cells]
    if not cells or not all(group.cells for group in groups):
        raise _refused("a group without cells", "give at least one cell per group")
    if len(set(labels)) < len(labels):
        raise _refused("two groups share one label", "rename one")
    names = [cell.cell for cell in cells]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _refused(f"cell {twice!r} is given twice", "give each cell once")
    if len({cell.order for cell in cells}) > 1:
        raise _refused("charge-first and discharge-first cells cannot be compared", "pair all in one order")
    return pd.concat([_group_table(group) for group in groups], ignore_index=True)


def _refused(message: str, remedy: str) -> InputError:
    return InputError(message, where="comparison", remedy=remedy)


def _complete(cell: FullCellResult) -> pd.DataFrame:
    frame = cell.to_frame()
    return frame[frame["complete"]]


def _group_table(group: GroupedCells) -> pd.DataFrame:
    frames = [_complete(cell) for cell in group.cells]
    quantities = [name for name in QUANTITIES if all(name in frame for frame in frames)]
    long = (
        pd.concat([frame[["cycle", *quantities]] for frame in frames])
        .melt("cycle", var_name="quantity")
        .dropna()
    )
    grouped = long.groupby(["cycle", "quantity"], sort=True)["value"]
    table = grouped.agg(n="size", mean="mean", standard_deviation="std").reset_index()
    half = stdtrit(np.maximum(table["n"] - 1, 1), 0.5 + CONFIDENCE / 2) * table["standard_deviation"]
    half = half / np.sqrt(table["n"])
    return table.assign(low=table["mean"] - half, high=table["mean"] + half).assign(group=group.label)[
        ["group", "cycle", "quantity", "n", "mean", "standard_deviation", "low", "high"]
    ]


def difference(first: GroupedCells, second: GroupedCells, quantity: str, cycle: int) -> Difference:
    """Test whether two groups differ in one quantity at one cycle.

    Parameters
    ----------
    first, second : GroupedCells
        The groups.
    quantity : str
        One of `QUANTITIES`.
    cycle : int
        Cycle number.

    Raises
    ------
    InputError
        If either group has fewer than two cells with a complete cycle of that number: one cell has no spread.
    """
    samples = []
    for group in (first, second):
        values = []
        for cell in group.cells:
            frame = _complete(cell)
            if quantity in frame:
                values += frame.loc[frame["cycle"] == cycle, quantity].dropna().tolist()
        if len(values) < 2:
            raise InputError(
                f"{len(values)} cells with {quantity} at cycle {cycle}",
                where=group.label,
                remedy="a test needs at least two replicates; choose another cycle or add cells",
            )
        samples.append(np.array(values))
    if all(np.ptp(sample) == 0 for sample in samples):
        raise InputError(
            f"{quantity} does not vary among the replicates",
            where=first.label,
            remedy="check that they are not copies of one record",
        )
    from scipy.stats import ttest_ind

    test = ttest_ind(samples[1], samples[0], equal_var=False)
    interval = test.confidence_interval(CONFIDENCE)
    return Difference(
        first=first.label,
        second=second.label,
        quantity=quantity,
        cycle=cycle,
        difference=float(samples[1].mean() - samples[0].mean()),
        low=float(interval.low),
        high=float(interval.high),
        p_value=float(test.pvalue),
        n_first=len(samples[0]),
        n_second=len(samples[1]),
    )

"""Efficiency of plating lithium on a side that holds none (Li | Cu) or on a reacted layer, and its shorts.

Charge plated on the bare side and stripped again, until the voltage rises because nothing is left there,
makes a *block*; its efficiency is what was stripped over what was plated. Two protocols are told apart by
what lies inside a block:

plain
    One plating, one stripping to the end: Q_s / Q_p. The first block forms the side and is kept out of the
    mean.
Aurbach
    A reservoir Q_T is plated, n times Q_c is stripped and plated, and all is stripped, Q_S. The mean
    efficiency of a cycle is (n Q_c + Q_S) / (n Q_c + Q_T), what was stripped over what was plated in all.

The first counts lithium lost on the bare side in every cycle; the second, lithium lost from a reservoir.

References
----------
Adams, Zheng, Ren, Xu, Zhang, "Accurate determination of Coulombic efficiency for lithium metal anodes and
lithium metal batteries", Adv. Energy Mater. 8 (2018) 1702097, doi 10.1002/aenm.201702097, after Aurbach,
Gofer, Langzam, J. Electrochem. Soc. 136 (1989) 3198 (page not verified).
"""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.lab.cell import Cell
from screening.lab.cycling.charge_shorts import OVERCHARGE, sudden_falls
from screening.lab.cycling.charges import half_cycle_charges
from screening.lab.cycling.halfcycles import HalfCycles, half_cycles
from screening.lab.cycling.short_signals import crowded
from screening.lab.cycling.table import CyclingData, Flag, FlagKind
from screening.lab.short import Evidence, Short, ShortVerdict, Signal

END_V = 0.1
"""A stripping that ends above this voltage, and above `END_RISE` times its mean, has stripped all."""

END_RISE = 1.5

CUT_OFF_V = 0.4
"""Strippings are stopped at 0.5 V or more; no healthy symmetric cell polarises so far in one direction."""

MORE_OUT = 1.05
"""More stripped than plated, by more than currents are measured wrong: a side that held none cannot."""

FALL_SHARE = 0.15
"""Smallest sudden fall of the polarisation, as for symmetric cells."""


@dataclass(frozen=True, kw_only=True)
class PlatingBlocks:
    """One value per block; each attribute is an array of shape (n_blocks,).

    Attributes
    ----------
    block : int64
        From 1.
    time_h : float64
        End of the block, h of total time.
    plated_mah, stripped_mah : float64
        In all.
    inner_cycles : int64
        n: strippings before the last; 0 in a plain block.
    ended : bool
        Whether the last stripping took all.
    efficiency : float64
        Stripped over plated; NaN where it did not.
    """

    block: np.ndarray
    time_h: np.ndarray
    plated_mah: np.ndarray
    stripped_mah: np.ndarray
    inner_cycles: np.ndarray
    ended: np.ndarray
    efficiency: np.ndarray

    def __len__(self) -> int:
        return len(self.block)

    def to_frame(self) -> pd.DataFrame:
        """One row per block."""
        return pd.DataFrame({item.name: getattr(self, item.name) for item in fields(self)})


@dataclass(frozen=True, kw_only=True)
class PlatingReport:
    """A cell that plates on a bare side, assessed.

    Attributes
    ----------
    data : CyclingData
    half_cycles : HalfCycles
    blocks : PlatingBlocks
    verdict : ShortVerdict
        Is there a short, by the cycling alone?
    """

    data: CyclingData
    half_cycles: HalfCycles
    blocks: PlatingBlocks
    verdict: ShortVerdict

    @property
    def plain_efficiency(self) -> float | None:
        """Mean of the plain blocks after the first block; None where there is none."""
        return _mean(self.blocks.efficiency[1:][self.blocks.inner_cycles[1:] == 0])

    @property
    def aurbach_efficiency(self) -> float | None:
        """Mean of the blocks with inner cycles; None where there is none."""
        return _mean(self.blocks.efficiency[self.blocks.inner_cycles > 0])


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _stripped(halves: HalfCycles, end_v: float = END_V) -> np.ndarray:
    """Half-cycles whose voltage rose at the end, as where no lithium is left."""
    least = np.maximum(end_v, END_RISE * np.abs(halves.voltage_mean_v))
    return np.asarray(halves.voltage_last_v * halves.sign > least)


def looks_like_plating(data: CyclingData) -> bool:
    """Whether one direction strips to an end again and again, and the other never does."""
    halves = half_cycles(data)
    signs = halves.sign[_stripped(halves, CUT_OFF_V)]
    return len(signs) > 1 and bool((signs == signs[0]).all()) and 4 * len(signs) > len(halves)


def assess_plating(data: CyclingData, sheet: Cell | None = None) -> PlatingReport:
    """Assess a cell that plates lithium on a bare or reacted side.

    Parameters
    ----------
    data : CyclingData
        The record.
    sheet : Cell, optional
        Label and area.

    Raises
    ------
    InputError
        If no current flows, lithium is never stripped, or no stripping ever takes all: then charges are what
        the protocol says, and so is their ratio.
    """
    stated = sheet or Cell()
    record = data.of_cell(label=stated.label or None, area_cm2=stated.electrode_area_cm2)
    halves = half_cycles(record)
    end_v, ended = halves.voltage_last_v * halves.sign, _stripped(halves)
    if not ended.any():
        raise InputError(
            "no stripping ever takes all lithium: its efficiency is what the protocol says",
            where=record.cell,
            remedy="strip to a cut-off voltage, or analyse the record as a symmetric cell",
        )
    strips = int(halves.sign[np.argmax(np.where(ended, end_v, -np.inf))])
    charges = half_cycle_charges(record, halves)
    begins = np.flatnonzero(halves.sign == -strips)
    first = int(begins[0]) if len(begins) else len(halves)
    blocks = _blocks(halves, 1e3 * charges.charge_ah, first, ended & (halves.sign == strips))
    if not len(blocks):
        raise InputError(
            "no plating followed by stripping", where=record.cell, remedy="give the whole record of the cell"
        )
    told = [*charges.flags]
    if not blocks.ended[-1]:
        told.append(Flag(FlagKind.INCOMPLETE, "the last stripping did not take all; no efficiency from it"))
    return PlatingReport(
        data=record.with_flags(told),
        half_cycles=halves,
        blocks=blocks,
        verdict=_judged(record, halves, blocks),
    )


def _blocks(halves: HalfCycles, charge_mah: np.ndarray, first: int, ends: np.ndarray) -> PlatingBlocks:
    """Blocks from the first plating on; half-cycles alternate, so a plating is every other one from there."""
    stops = [int(index) + 1 for index in np.flatnonzero(ends) if index > first]
    last = len(halves) - (len(halves) - first) % 2  # a last plating that is never stripped belongs to none
    if last > (stops[-1] if stops else first):
        stops.append(last)
    edges = np.array([first, *stops])
    sums = np.concatenate([[0.0], np.cumsum(charge_mah)])
    plating = np.zeros(len(halves), dtype=bool)
    plating[first::2] = True
    plated_sums = np.concatenate([[0.0], np.cumsum(np.where(plating, charge_mah, 0.0))])
    plated = np.diff(plated_sums[edges])
    stripped = np.diff(sums[edges]) - plated
    ended = ends[edges[1:] - 1]
    return PlatingBlocks(
        block=np.arange(1, len(edges)),
        time_h=halves.time_stop_s[edges[1:] - 1] / 3600.0,
        plated_mah=plated,
        stripped_mah=stripped,
        inner_cycles=np.diff(edges) // 2 - 1,
        ended=ended,
        efficiency=np.where(ended, stripped / plated, np.nan),
    )


def _judged(data: CyclingData, halves: HalfCycles, blocks: PlatingBlocks) -> ShortVerdict:
    """Verdict on shorts: more out than in, no end to a stripping, sudden falls of the polarisation."""
    found: list[Evidence] = []
    ratio = blocks.stripped_mah / blocks.plated_mah
    endless = np.flatnonzero(~blocks.ended & (ratio > OVERCHARGE))
    if len(endless):
        words = "a stripping passed {:.0%} of what was plated and found no end"
        found.append(_of_block(blocks, int(endless[0]), Signal.UNENDED, Short.HARD, words))
    over = np.flatnonzero(blocks.ended & (ratio > MORE_OUT))
    each = [sudden_falls(data, halves, index, FALL_SHARE) for index in range(len(halves))]
    count, when = np.array([item[0] for item in each]), np.array([item[1] for item in each])
    first = crowded(count > 0, 3, 2)
    if len(over):
        level = Short.SUSPECTED if first is None else Short.SOFT
        words = "{:.1%} of what was plated was stripped again: a side that held no lithium cannot give more"
        found.append(_of_block(blocks, int(over[0]), Signal.EXCESS, level, words))
    if first is not None:
        statement = f"the polarisation falls suddenly in {int((count > 0).sum())} half-cycles at one current"
        found.append(
            Evidence(
                signal=Signal.SAG,
                verdict=Short.SOFT,
                statement=statement,
                time_h=float(when[first]),
                half_cycle=first + 1,
                value=float(count.sum()),
                threshold=2.0,
            )
        )
    if found:
        order = list(Short)
        found.sort(key=lambda item: (order.index(item.verdict), item.time_h))
        return ShortVerdict(found[0].verdict, tuple(found))
    calm = Short.NONE if blocks.ended.sum() > 1 or blocks.inner_cycles.any() else Short.INDETERMINATE
    words = f"{len(blocks)} blocks, none with more out than in, without end or with sudden falls"
    return ShortVerdict(calm, (Evidence(signal=Signal.COVERAGE, verdict=calm, statement=words),))


def _of_block(blocks: PlatingBlocks, index: int, signal: Signal, level: Short, words: str) -> Evidence:
    ratio = float(blocks.stripped_mah[index] / blocks.plated_mah[index])
    return Evidence(
        signal=signal,
        verdict=level,
        statement=f"block {index + 1}: {words.format(ratio)}",
        time_h=float(blocks.time_h[index]),
        half_cycle=2 * int((blocks.inner_cycles[: index + 1] + 1).sum()),
        value=ratio,
        threshold=OVERCHARGE if signal is Signal.UNENDED else MORE_OUT,
    )

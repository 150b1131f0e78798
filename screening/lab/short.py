"""A verdict on a short circuit, from cycling, from impedance, or from both together."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import isnan, nan
from typing import Any

import pandas as pd

from screening.display import hours


class Short(StrEnum):
    """Is there a short circuit? From the strongest answer to none at all."""

    HARD = "hard"
    SOFT = "soft"
    HEALED = "healed"
    SUSPECTED = "suspected"
    NONE = "none"
    INDETERMINATE = "indeterminate"

    @property
    def is_alarm(self) -> bool:
        """Hard, soft, healed or suspected."""
        return self not in (Short.NONE, Short.INDETERMINATE)


class Signal(StrEnum):
    """What the evidence is."""

    COLLAPSE = "resistance collapse"
    SAG = "sags inside half-cycles"
    HEALED = "collapse that healed"
    FLOOR = "resistance below the electrolyte's own"
    SLOW = "slow fall of the resistance"
    EXCESS = "charge in excess"
    DROPOUT = "drop-outs on charge"
    UNENDED = "charge without its end"
    COVERAGE = "half-cycles that could be judged"
    PATH = "electronic path in parallel"
    TOTAL = "total resistance against the electrolyte's own"
    DROP = "total resistance against its earlier median"
    PLATING = "plating process"
    SOUND = "Kramers–Kronig test of the last spectrum"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One signal that speaks for or against a short, or says why nothing can be said.

    Attributes
    ----------
    signal : Signal
    source : str
        ``cycling`` or ``impedance``.
    verdict : Short
        What it contributes: "indeterminate" where it alone proves nothing, or could not be looked at.
    statement : str
        One sentence.
    time_h : float
        When it was first seen, h of the record's total time; NaN if it has no time.
    half_cycle : int
        Half-cycle (from 1) in which it was first seen; 0 if it belongs to none.
    value, threshold : float
        The figure and the limit it was held against; NaN where there is none.
    bound : str
        How large a leak the data leave room for, where none was found; empty where that is not known.
    """

    signal: Signal
    source: str = "cycling"
    verdict: Short
    statement: str
    time_h: float = nan
    half_cycle: int = 0
    value: float = nan
    threshold: float = nan
    bound: str = ""


@dataclass(frozen=True)
class ShortVerdict:
    """The verdict on one cell.

    Attributes
    ----------
    verdict : Short
        The strongest that the evidence allows.
    evidence : tuple of Evidence
        Everything looked at, the deciding one first.
    """

    verdict: Short
    evidence: tuple[Evidence, ...]

    @property
    def time_h(self) -> float:
        """When the signal that decides was first seen, h of total time; NaN without an alarm or a time."""
        return self.evidence[0].time_h if self.verdict.is_alarm else nan

    @property
    def half_cycle(self) -> int:
        """Its half-cycle, from 1; 0 where there is none."""
        return self.evidence[0].half_cycle if self.verdict.is_alarm else 0

    @property
    def bound(self) -> str:
        """Upper bound on a leak where none was found; empty where no measurement gives one."""
        bounds = (item.bound for item in self.evidence if item.bound)
        return "" if self.verdict.is_alarm else next(bounds, "")

    @property
    def open_path(self) -> bool:
        """Whether spectra leave open if an electronic path came."""
        return any(e.signal is Signal.PATH and e.verdict is Short.INDETERMINATE for e in self.evidence)

    @property
    def words(self) -> str:
        """The verdict with its time, where it has one, or the bound on a leak."""
        when = "" if isnan(self.time_h) else f" at {hours(self.time_h)} h"
        when += f", leak {self.bound}" if self.bound else ""
        return f"{self.verdict}{when}" + (f", half-cycle {self.half_cycle}" if self.half_cycle else "")

    def undated(self) -> "ShortVerdict":
        """The same without times, which are of a clock of their own."""
        return ShortVerdict(self.verdict, tuple(replace(item, time_h=nan) for item in self.evidence))

    def lines(self) -> list[str]:
        """The verdict and the evidence that decides it."""
        return [f"short circuit: {self.words}", f"{self.evidence[0].signal}: {self.evidence[0].statement}"]

    def evidence_frame(self) -> pd.DataFrame:
        """Evidence as a table."""
        frame = pd.DataFrame([asdict(item) for item in self.evidence])
        return frame.assign(signal=frame.signal.astype(str), verdict=frame.verdict.astype(str))

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON; what is not known is None."""
        evidence = [
            {key: None if value != value else value for key, value in asdict(item).items()}
            for item in self.evidence
        ]
        when = None if isnan(self.time_h) else self.time_h
        return {
            "verdict": self.verdict,
            "time_h": when,
            "half_cycle": self.half_cycle,
            "bound": self.bound,
            "evidence": evidence,
        }


def join_verdicts(*verdicts: ShortVerdict | None) -> ShortVerdict | None:
    """One verdict from several measurements of a cell: the strongest alarm; without one, "none" if any tells.

    Parameters
    ----------
    *verdicts : ShortVerdict or None
        From cycling and impedance; None where there is no such measurement.

    Returns
    -------
    ShortVerdict or None
        With all evidence, that of the deciding measurement first; None where nothing was measured.
    """
    strength = list(Short).index
    found = sorted((each for each in verdicts if each is not None), key=lambda each: strength(each.verdict))
    if not found:
        return None
    return ShortVerdict(found[0].verdict, tuple(item for each in found for item in each.evidence))

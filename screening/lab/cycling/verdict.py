"""Thresholds of the verdict on shorts of a cycled cell, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShortSettings:
    """Thresholds of the verdict, each with its reason.

    Attributes
    ----------
    collapse_ratio : float
        Resistance over baseline below which a half-cycle has collapsed, the daily wave taken out; a drop
        of 30 % leaves 0.70.
    stays_ratio : float
        Level below which a half-cycle after a collapse counts as still low: half-way back (in ln R) from
        the collapse ratio.
    stays_half_cycles : int
        How many half-cycles after a collapse are looked at: two cycles, so that both polarities count twice.
    sag_ratio : float
        Level after a sudden fall over the level before. Arcs change by less than 5 % over six samples.
    sag_window, sag_count : int
        A soft short shows a sag in `sag_count` of `sag_window` successive half-cycles; a single one may be a
        knock.
    wide_sag_window, wide_sag_count : int
        The same for falls that recur more seldom.
    flickers : int
        Single low samples that count as a sag: one or two may be the instrument.
    opposed_share : float
        Share of half-cycles whose voltage opposes the current by more than half the typical polarisation,
        above which this is no symmetric cell.
    floor_ratio : float
        Resistance over the electrolyte's own. The conductivity is known to about 10 %, and 2 K change it
        by 12 % where the temperature is not recorded; the interfaces, which are left out, are on the safe
        side.
    floor_cycles : int
        Successive cycles that must lie below the floor.
    formation_cycles : int
        Cycles in which a slow fall is improvement whatever its shape: good cells improve for about eight.
    abrupt_contrast : float
        A collapse that no sag shows must be this many times the changes on either side of it. An
        improvement of logistic shape within two cycles reaches 2.8; a drop of 30 % against a daily wave of
        2 K, half-cycles of two hours, 5.
    slow_ratio : float
        Level to which the resistance must fall below its earlier course, the daily wave apart, before a
        slow fall counts: drifts of the room by 1 K either way over days leave 0.89.
    slow_evidence : float
        Logarithm of the likelihood ratio that a change of the course needs (`changepoints`).
    activation_energy_ev : float
        Of the whole resistance, to correct for a recorded temperature (sigma T form): that of Li6PS5Cl;
        interfaces are near it.
    reference_c : float
        Temperature the resistance is corrected to.
    fewest_judged : int
        Fewer half-cycles with a baseline than this: "indeterminate".
    """

    collapse_ratio: float = 0.80
    stays_ratio: float = 0.90
    stays_half_cycles: int = 4
    sag_ratio: float = 0.85
    sag_window: int = 3
    sag_count: int = 2
    wide_sag_window: int = 20
    wide_sag_count: int = 3
    flickers: int = 3
    opposed_share: float = 0.25
    floor_ratio: float = 0.85
    floor_cycles: int = 3
    formation_cycles: int = 8
    abrupt_contrast: float = 3.5
    slow_ratio: float = 0.86
    slow_evidence: float = 5.0
    activation_energy_ev: float = 0.44
    reference_c: float = 25.0
    fewest_judged: int = 4

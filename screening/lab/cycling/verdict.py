"""Thresholds of the verdict on shorts of a cycled cell, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShortSettings:
    """Thresholds of the verdict, each with its reason.

    Attributes
    ----------
    collapse_ratio : float
        Resistance over baseline below which a half-cycle has collapsed. A temperature wave of 2 K a day
        moves the resistance by at most 4 % within the two hours between the half-cycles compared; a drop
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
    creep_ratio : float
        Excess fall of the resistance averaged over a day. A daily wave of the temperature is gone then,
        one of 2 K in two days leaves 0.863.
    creep_ratio_corrected : float
        The same without averaging where the temperature is recorded: an activation energy that is wrong by
        0.1 eV leaves 5 % of a wave of 2 K.
    creep_ratio_uncorrected : float
        The same where the temperature is unknown: 2 K either way leave 0.79, drifts and improvement some
        less.
    improvement_allowance : float
        After the formation an improving cell may fall by this many times what it fell in the formation's
        second half: an exponential with a time constant of six cycles falls 1.1 times as much.
    creep_shortest_h : float
        Shortest stretch over which a fall is compared with the one before it.
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
    creep_ratio: float = 0.86
    creep_ratio_corrected: float = 0.85
    creep_ratio_uncorrected: float = 0.70
    improvement_allowance: float = 1.5
    creep_shortest_h: float = 6.0
    activation_energy_ev: float = 0.44
    reference_c: float = 25.0
    fewest_judged: int = 4

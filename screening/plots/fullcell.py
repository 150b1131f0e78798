"""Figures of full cells: capacity and efficiency against cycle, voltage profiles, dQ/dV, replicates."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.fullcell import CycleOrder, FullCellResult
from screening.lab.cycling.plateaus import PlateauAnalysis
from screening.lab.cycling.table import CyclingData, FlagKind
from screening.plots.style import BLACK, BLUE, COLUMN_IN, GREY, ORANGE, VERMILION, figure_style, letter_panels
from screening.plots.thinning import thinned

PROFILE_CYCLES = 4
"""Cycles drawn as profiles by default: the first, the last, and some between."""

MARKER_ROOM = 0.03
"""Of the axis of cycles, beyond the first and the last: half a marker is not cut by the frame."""

EFFICIENCY_SPAN_PERCENT = 3.0
"""The efficiency's axis holds the cycles this near to the median; the others are told at its edge, so that a
formation cycle of 85 % does not hide the 99.x % of the rest."""

FINEST_EFFICIENCY_PERCENT = 0.1
BELOW_EFFICIENCY = 0.45
"""Height below the efficiencies, in heights of their part of the axis."""

ACTIVE_SHARE = 0.01
"""The voltage axis of dQ/dV spans where it exceeds this share of its largest value."""

LABEL_SPACING = 0.06
"""Least distance between two upright labels, as a share of the axis."""


Curve = TypeVar("Curve")


@dataclass(frozen=True)
class CapacityUnit:
    """What a capacity is drawn in.

    Attributes
    ----------
    per_ah : float
        Multiplies amperehours.
    label : str
        Unit on the axis.
    """

    per_ah: float
    label: str


def capacity_unit(result: FullCellResult) -> CapacityUnit:
    """Per gram of active mass where that is known, else per area, else absolute."""
    if result.active_mass_mg is not None:
        return CapacityUnit(1e6 / result.active_mass_mg, "mAh/g")
    if result.area_cm2 is not None:
        return CapacityUnit(1e3 / result.area_cm2, "mAh/cm²")
    return CapacityUnit(1e3, "mAh")


def capacity_limit(result: FullCellResult) -> float:
    """Upper end of the capacity's axis in the unit of `capacity_unit`, with room for the efficiency above."""
    done = result.cycles.shown
    both = np.concatenate([result.cycles.charge_ah[done], result.cycles.discharge_ah[done]])
    return 1.35 * capacity_unit(result).per_ah * float(np.nanmax(both))


def efficiency_limits(percent: np.ndarray) -> tuple[float, float]:
    """Axis limits that keep the efficiency in the upper part, above the capacities and their legend."""
    percent = percent[np.isfinite(percent)]
    if not len(percent):
        return 0.0, 100.0
    near = percent[np.abs(percent - np.median(percent)) <= EFFICIENCY_SPAN_PERCENT]
    near = near if len(near) else percent
    low, high = float(near.min()), float(near.max())
    room = 0.2 * max(high - low, FINEST_EFFICIENCY_PERCENT)
    return low - room - BELOW_EFFICIENCY * (high - low + 2 * room), high + room


def draw_capacity(axes: Axes, result: FullCellResult) -> Axes:
    """Draw both capacities against cycle, and the Coulombic efficiency on a second axis; of whole cycles."""
    done = result.cycles.shown
    number, unit = result.cycles.number[done], capacity_unit(result)
    for name, values, face in (
        ("charge", result.cycles.charge_ah, "white"),
        ("discharge", result.cycles.discharge_ah, BLUE),
    ):
        if np.isnan(values[done]).all():
            continue
        axes.plot(
            number,
            unit.per_ah * values[done],
            "o",
            color=BLUE,
            markerfacecolor=face,
            markersize=3,
            label=name,
        )
    axes.set(xlabel="Cycle", ylabel=f"Capacity ({unit.label})", ylim=(0.0, capacity_limit(result)))
    room = max(0.5, MARKER_ROOM * len(result.cycles))
    axes.set_xlim(1.0 - room, len(result.cycles) + room)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    handles, labels = axes.get_legend_handles_labels()
    if not result.cycles.single:
        twin = axes.twinx()
        percent = 100.0 * result.coulombic_efficiency[done]
        twin.plot(number, percent, "^", color=ORANGE, markersize=2.5, label="Coulombic efficiency")
        low, high = efficiency_limits(percent)
        twin.set(ylim=(low, high))
        edges = {"^": high, "v": high - (high - low) / (1.0 + BELOW_EFFICIENCY)}
        for cycle, value in zip(number, percent, strict=True):
            if value < low or value > high:
                mark = "^" if value > high else "v"
                twin.plot(cycle, edges[mark], mark, color=ORANGE, markersize=3, clip_on=False)
                twin.annotate(
                    f" {value:.1f}",
                    (cycle, edges[mark]),
                    color=ORANGE,
                    ha="left",
                    va="center",
                    fontsize="small",
                )
        order = "discharge/charge" if result.order is CycleOrder.CHARGE_FIRST else "charge/discharge"
        twin.set_ylabel(f"Coulombic efficiency, {order} (%)")
        more, more_labels = twin.get_legend_handles_labels()
        handles, labels = handles + more, labels + more_labels
    axes.legend(handles, labels, loc="lower left", ncols=1)
    return axes


def profile_cycles(result: FullCellResult, count: int = PROFILE_CYCLES) -> list[int]:
    """Numbers of cycles spread from the first to the last; of complete ones where there are any."""
    done = result.cycles.number[result.cycles.shown]
    places = np.linspace(0, len(done) - 1, min(count, len(done))).round().astype(int)
    return [int(number) for number in done[np.unique(places)]]


def draw_profiles(axes: Axes, report: FullCellReport, cycles: Sequence[int] | None = None) -> Axes:
    """Draw voltage against capacity of some cycles (numbers from 1), each half-cycle from zero."""
    unit = capacity_unit(report.result)
    for profile, look in _looks(report, cycles, report.profiles):
        rows = thinned(profile.capacity_ah, profile.voltage_v)
        axes.plot(unit.per_ah * profile.capacity_ah[rows], profile.voltage_v[rows], **look)
    axes.set(xlabel=f"Capacity ({unit.label})", ylabel="Voltage (V)")
    axes.set_xlim(left=0.0)
    axes.legend(loc="best")
    return axes


def _looks(
    report: FullCellReport, cycles: Sequence[int] | None, halves: Callable[[int], Iterable[Curve]]
) -> Iterator[tuple[Curve, dict[str, Any]]]:
    """Curves of the half-cycles of some cycles, by default from the first to the last, and how they look."""
    chosen = profile_cycles(report.result) if cycles is None else list(cycles)
    # the map's light end is lost on white paper
    for cycle, shade in zip(chosen, colormaps["viridis"](np.linspace(0.0, 0.85, len(chosen))), strict=True):
        for number, curve in enumerate(halves(cycle)):
            yield curve, {"color": tuple(shade), "label": f"cycle {cycle}" if number == 0 else None}


def draw_dqdv(axes: Axes, report: FullCellReport, cycles: Sequence[int] | None = None) -> Axes:
    """Draw dQ/dV of some cycles, charge upwards, discharge downwards, the first cycle's plateaus marked."""
    unit = capacity_unit(report.result)
    span: list[float] = []
    for curve, look in _looks(report, cycles, report.differential_capacities):
        axes.plot(curve.voltage_v, curve.sign * unit.per_ah * curve.dq_dv_ah_per_v, **look)
        active = curve.voltage_v[curve.dq_dv_ah_per_v > ACTIVE_SHARE * curve.dq_dv_ah_per_v.max()]
        span += [float(active[0]), float(active[-1])]
    axes.axhline(0.0, color=GREY, linewidth=0.5)
    axes.set(xlabel="Voltage (V)", ylabel=f"dQ/dV ({unit.label}/V)")
    if span:
        edge = 0.05 * (max(span) - min(span))
        axes.set_xlim(min(span) - edge, max(span) + edge)
    axes.margins(y=0.35)
    for analysis in report.plateaus:
        _name_plateaus(axes, analysis, unit.per_ah)
    if span:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return axes


def _name_plateaus(axes: Axes, analysis: PlateauAnalysis, per_ah: float) -> None:
    """Write the plateaus' voltages above (charge) or below (discharge) the curves, each tied to its peak."""
    low, high = axes.get_xlim()
    wanted = np.array([(plateau.voltage_v - low) / (high - low) for plateau in analysis.plateaus])
    for plateau, place in zip(analysis.plateaus, spread(wanted, LABEL_SPACING), strict=True):
        extra = plateau in analysis.extra
        nearest = np.argmin(np.abs(analysis.curve.voltage_v - plateau.voltage_v))
        axes.annotate(
            f"{plateau.voltage_v:.2f} V" + (" extra" if extra else ""),
            (plateau.voltage_v, analysis.sign * per_ah * analysis.curve.dq_dv_ah_per_v[nearest]),
            xytext=(place, 0.97 if analysis.sign > 0 else 0.03),
            textcoords="axes fraction",
            ha="center",
            va="top" if analysis.sign > 0 else "bottom",
            rotation=90,
            color=VERMILION if extra else BLACK,
            fontsize="small",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.4, "shrinkA": 1.0, "shrinkB": 1.0},
        )


def spread(wanted: np.ndarray, spacing: float) -> np.ndarray:
    """Places between 0 and 1 as near to the wanted ones (rising) as a least spacing allows, shape (n,)."""
    placed = np.clip(wanted, 0.5 * spacing, 1.0 - 0.5 * spacing)
    for index in range(1, len(placed)):
        placed[index] = max(placed[index], placed[index - 1] + spacing)
    limit = 1.0 - 0.5 * spacing
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], limit)
        limit = placed[index] - spacing
    return placed


def cell_title(data: CyclingData) -> str:
    """Name of a cell above its figure, which says where it was simulated."""
    simulated = any(flag.kind is FlagKind.SIMULATED for flag in data.flags) and "simulated" not in data.cell
    return data.cell.replace("$", r"\$") + " (simulated)" * simulated


def full_cell_figure(report: FullCellReport) -> Figure:
    """Three panels: first and later voltage profiles, dQ/dV with its plateaus, capacity and efficiency."""
    with figure_style():
        figure = Figure(figsize=(COLUMN_IN, 2.35 * COLUMN_IN), layout="constrained")
        panels = figure.subplots(3, 1)
        draw_profiles(panels[0], report)
        draw_dqdv(panels[1], report, profile_cycles(report.result, 2))
        draw_capacity(panels[2], report.result)
        letter_panels(panels)
        panels[0].set_title(cell_title(report.data))
    return figure

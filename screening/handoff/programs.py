"""Programs for cyclers, by aurora-unicycler: rest with impedance, symmetric cells, steps of current, full."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.errors import InputError
from screening.files import output_directory, write_text
from screening.handoff.plan import Plan

if TYPE_CHECKING:
    from aurora_unicycler import CyclingProtocol

HOUR_S = 3600.0
RANGE_V = (-5.0, 5.0)
"""Range of a BioLogic channel: a symmetric cell goes to both sides of 0 V."""

LIMIT_DELAY_S = 1.0
"""How long a limit must be passed before a test ends; BioLogic knows no longer time."""


def write_programs(directory: Path, plan: Plan, capacity_mah: float | None = None) -> tuple[Path, ...]:
    """Write each program for EC-Lab (.mps), Neware BTS (.xml, but for impedance) and BattINFO (.jsonld).

    Parameters
    ----------
    directory : Path
    plan : Plan
        Its die gives the area, and so the currents.
    capacity_mah : float, optional
        Of the cathode; without it there is no program of a full cell.

    Raises
    ------
    InputError
        If the extra ``cyclers`` is not installed, or the capacity is none.
    """
    made = programs(plan, capacity_mah)
    output_directory(directory)
    written = []
    for name, program in made.items():
        for kind, text in _formats(name, program).items():
            path = directory / f"{name}.{kind}"
            write_text(path, text)
            written.append(path)
    return tuple(written)


def programs(plan: Plan, capacity_mah: float | None = None) -> "dict[str, CyclingProtocol]":
    """The programs by name: ``rest``, ``symmetric``, ``steps`` and, with a capacity, ``full``."""
    try:
        import aurora_unicycler as cycler
    except ImportError:
        raise InputError(
            "needs the extra `cyclers`",
            where="--programs",
            remedy="pip install 'interphase-screening[cyclers]'",
        ) from None
    if capacity_mah is not None and not 0.0 < capacity_mah < float("inf"):
        raise InputError(f"{capacity_mah:g} is no capacity", where="--capacity-mah", remedy="give it above 0")
    content = files("screening.handoff").joinpath("protocol.toml").read_text("utf-8")
    told = tomllib.loads(content)["program"]
    limit = told["symmetric_limit_v"]
    full = {} if capacity_mah is None else {"full": (_full(cycler, told), 0.0, 1.1 * told["upper_v"])}
    methods = {
        "rest": (_rest(cycler, told, told["rest_h"]), *RANGE_V),
        "symmetric": (
            _cycles(cycler, told, plan, (told["symmetric_ma_per_cm2"],), told["symmetric_cycles"]),
            -limit,
            limit,
        ),
        "steps": (
            _cycles(cycler, told, plan, told["steps_ma_per_cm2"], told["cycles_a_step"]),
            -limit,
            limit,
        ),
        **full,
    }
    return {
        name: cycler.CyclingProtocol(
            sample=cycler.SampleParams(name=name, capacity_mAh=capacity_mah),
            record=cycler.RecordParams(time_s=told["record_s"]),
            safety=cycler.SafetyParams(min_voltage_V=lowest, max_voltage_V=highest, delay_s=LIMIT_DELAY_S),
            method=[*method],
        )
        for name, (method, lowest, highest) in methods.items()
    }


def _rest(cycler: Any, told: dict[str, Any], hours: float) -> Iterator[Any]:
    """Rest with an impedance at intervals."""
    yield cycler.Tag(tag="rest")
    yield cycler.OpenCircuitVoltage(until_time_s=HOUR_S * told["impedance_every_h"])
    yield cycler.ImpedanceSpectroscopy(
        amplitude_V=told["impedance_mv"] / 1e3,
        start_frequency_Hz=told["highest_hz"],
        end_frequency_Hz=told["lowest_hz"],
        points_per_decade=told["points_per_decade"],
    )
    yield cycler.Loop(loop_to="rest", cycle_count=round(hours / told["impedance_every_h"]))


def _cycles(
    cycler: Any, told: dict[str, Any], plan: Plan, ma_per_cm2: tuple[float, ...], cycles: int
) -> Iterator[Any]:
    """Current to and fro, each density for some cycles; a pause lets a cycler change its range."""
    for density in ma_per_cm2:
        tag, current = f"{density:g} mA/cm2", round(density * plan.area_cm2, 6)
        yield cycler.OpenCircuitVoltage(until_time_s=60.0)
        yield cycler.Tag(tag=tag)
        for sign in (1.0, -1.0):
            yield cycler.ConstantCurrent(
                current_mA=sign * current, until_time_s=HOUR_S * told["half_cycle_h"]
            )
        yield cycler.Loop(loop_to=tag, cycle_count=cycles)


def _full(cycler: Any, told: dict[str, Any]) -> Iterator[Any]:
    """Rest, then charge and discharge between two voltages."""
    yield cycler.OpenCircuitVoltage(until_time_s=HOUR_S * told["rest_h"])
    yield cycler.Tag(tag="cycle")
    yield cycler.ConstantCurrent(rate_C=told["c_rate_per_h"], until_voltage_V=told["upper_v"])
    yield cycler.ConstantCurrent(rate_C=-told["c_rate_per_h"], until_voltage_V=told["lower_v"])
    yield cycler.Loop(loop_to="cycle", cycle_count=told["full_cycles"])


def _formats(name: str, program: "CyclingProtocol") -> dict[str, str]:
    """The program in each format that can tell it, by suffix."""
    import json

    writers: dict[str, Callable[[], str]] = {
        "mps": lambda: program.to_biologic_mps(sample_name=name, range_V=RANGE_V),
        "xml": lambda: program.to_neware_xml(sample_name=name),
        "jsonld": lambda: json.dumps(program.to_battinfo_jsonld(), indent=1),
    }
    made = {}
    for kind, write in writers.items():
        with suppress(NotImplementedError):  # Neware's step files know no impedance
            made[kind] = write()
    return made

"""Milling and pressing as the founding paper quotes them."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from math import pi

NEWTON_PER_TONNE = 9806.65
"""Weight of one tonne at standard gravity."""


@dataclass(frozen=True)
class Step:
    """One step as quoted.

    Attributes
    ----------
    name, text : str
    load_t : float or None
        Load on the die of the paper, tonnes.
    pressure_mpa : float or None
        What that load is on that die.
    load_on_this_die_t : float or None
        Load that gives the same pressure on the die of the sheet.
    """

    name: str
    text: str
    load_t: float | None
    pressure_mpa: float | None
    load_on_this_die_t: float | None


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Parameters quoted from one paper: a starting point, no optimum for another reactor.

    Attributes
    ----------
    citation, doi : str
    reactor : str
        The reactor they were given for.
    die_mm : float
    layer_um : float
        Thickness reported for a layer of 10 mg on that die.
    steps : tuple of Step
    """

    citation: str
    doi: str
    reactor: str
    die_mm: float
    layer_um: float
    steps: tuple[Step, ...]


def quoted_protocol(die_mm: float) -> Protocol:
    """Steps of ``protocol.toml`` beside this module, loads scaled to a die."""
    content = tomllib.loads(files("screening.handoff").joinpath("protocol.toml").read_text("utf-8"))
    quoted_mm = content["die_mm"]
    steps = []
    for entry in content["step"]:
        load = entry.get("load_t")
        steps.append(
            Step(
                entry["name"],
                entry["text"],
                load,
                None if load is None else load * NEWTON_PER_TONNE / (pi / 4.0 * quoted_mm**2),
                None if load is None else load * (die_mm / quoted_mm) ** 2,
            )
        )
    return Protocol(
        citation=content["citation"],
        doi=content["doi"],
        reactor=content["reactor"],
        die_mm=quoted_mm,
        layer_um=content["layer_um"],
        steps=tuple(steps),
    )

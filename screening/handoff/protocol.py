"""How a reactor is made, by routes that can be cited, and how the paper mills and presses a layer."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from math import pi

from screening.phases.composition import Formula, parse_formula, same_composition

NEWTON_PER_TONNE = 9806.65
"""Weight of one tonne at standard gravity."""


@dataclass(frozen=True)
class Route:
    """A published way to make one compound.

    Attributes
    ----------
    text, citation, doi : str
    """

    text: str
    citation: str
    doi: str


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
    """Parameters quoted from one paper, with the amounts of the sheet: a starting point, no optimum.

    Attributes
    ----------
    route : Route or None
        How the reactor itself was made by someone; None where no publication is known here.
    citation, doi : str
        Of the steps.
    reactor : str
        The reactor they were given for.
    die_mm : float
    layer_um : float
        Thickness reported for its layer on that die.
    is_of_this_layer : bool
        Whether the layer of the sheet is the paper's own: reactor, content, mass and die.
    steps : tuple of Step
    """

    route: Route | None
    citation: str
    doi: str
    reactor: str
    die_mm: float
    layer_um: float
    is_of_this_layer: bool
    steps: tuple[Step, ...]


def quoted_protocol(
    reactor: Formula, *, electrolyte: str, wt_percent: float, layer_mg: float, die_mm: float
) -> Protocol:
    """Steps of ``protocol.toml`` beside this module for this layer, loads scaled to a die.

    Parameters
    ----------
    reactor : Formula
    electrolyte : str
    wt_percent : float
        Reactor in the layer.
    layer_mg, die_mm : float
    """
    content = tomllib.loads(files("screening.handoff").joinpath("protocol.toml").read_text("utf-8"))
    quoted_mm = content["die_mm"]
    mixture = f"{wt_percent:g} wt% {reactor.text}"
    if wt_percent < 100.0:
        mixture += f", {100.0 - wt_percent:g} wt% {electrolyte}"
    steps = []
    for entry in content["step"]:
        load = entry.get("load_t")
        steps.append(
            Step(
                entry["name"],
                entry["text"].format(mixture=mixture, electrolyte=electrolyte, layer_mg=layer_mg),
                load,
                None if load is None else load * NEWTON_PER_TONNE / (pi / 4.0 * quoted_mm**2),
                None if load is None else load * (die_mm / quoted_mm) ** 2,
            )
        )
    routes = (r for r in content["route"] if same_composition(parse_formula(r["formula"]), reactor))
    found = next(routes, None)
    return Protocol(
        route=None if found is None else Route(found["text"], found["citation"], found["doi"]),
        citation=content["citation"],
        doi=content["doi"],
        reactor=content["reactor"],
        die_mm=quoted_mm,
        layer_um=content["layer_um"],
        is_of_this_layer=same_composition(parse_formula(content["reactor"]), reactor)
        and (wt_percent, layer_mg, die_mm) == (content["wt_percent"], content["layer_mg"], quoted_mm),
        steps=tuple(steps),
    )

"""``screening design``: which layer to press, and what to measure next."""

from typing import Annotated, Any

import typer

from screening.cli.options import (
    CsvOption,
    JsonOption,
    check_outputs,
    present,
    sourced,
)
from screening.errors import InputError


@sourced("at_hull", "force", "replace", "temperature_k")
def design(
    reactor: Annotated[str, typer.Argument(metavar="REACTOR", help="A compound, as LiAlCl4.")],
    electrolyte: Annotated[str, typer.Option("--electrolyte", help="Mixed into the layer.")] = "Li6PS5Cl",
    wt: Annotated[str, typer.Option("--wt", metavar="A,B,…", help="Reactor in the layer, wt%.")] = "",
    mg: Annotated[str, typer.Option("--mg", metavar="A,B,…", help="Mass of the layer, mg/cm².")] = "",
    um: Annotated[str, typer.Option("--um", metavar="A,B,…", help="Lithium that faces it, µm.")] = "",
    s_per_cm: Annotated[
        float | None, typer.Option("--s-per-cm", help="Ionic conductivity of the electrolyte.")
    ] = None,
    shorted: Annotated[
        str, typer.Option("--shorted", metavar="A,B,…", help="wt% of cells at rest that shorted.")
    ] = "",
    held: Annotated[
        str, typer.Option("--held", metavar="A,B,…", help="wt% of those that reacted through and did not.")
    ] = "",
    rested: Annotated[
        tuple[float, float, float] | None,
        typer.Option("--rested", metavar="H MG WT", help="A layer that took H hours: its mg/cm² and wt%."),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, max=8, help="Cells to propose.")] = 3,
    csv: CsvOption = None,
    as_json: JsonOption = False,
    *,
    source: dict[str, Any],
) -> None:
    """Layers by content, mass and lithium: networks, resistance, lithium, cost, energy, rest."""
    from screening.api import layers

    check_outputs(None, csv)
    found = layers.design(
        reactor,
        electrolyte=electrolyte,
        wt_percent=_values(wt, "--wt") or layers.WT_PERCENT,
        layer_mg_per_cm2=_values(mg, "--mg") or layers.LAYER_MG_PER_CM2,
        anode_um=_values(um, "--um") or layers.ANODE_UM,
        s_per_cm=s_per_cm,
        shorted=_values(shorted, "--shorted"),
        held=_values(held, "--held"),
        rested=rested,
        batch=batch,
        **source,
    )
    present(found, as_json=as_json, csv=csv)


def _values(text: str, option: str) -> tuple[float, ...]:
    """Numbers between commas."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(f"{text!r} are no numbers", where=option, remedy="write them as 10,30,50") from None

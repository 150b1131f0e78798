"""``screening validate``: what was predicted against what was measured."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import CifOption, JsonOption, tell, write_json


def validate(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Directory that `screening run` wrote.")],
    experiments: Annotated[Path, typer.Argument(metavar="EXPERIMENTS", help="Folder of cell sheets.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to write (default RESULTS)."),
    ] = None,
    outcome: Annotated[
        str, typer.Option("--outcome", help="Outcome that updates the weights (default: most reactors).")
    ] = "",
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Count simulated cells: a rehearsal.")
    ] = False,
    concentration: Annotated[
        float | None,
        typer.Option("--concentration", help="How strongly the prior keeps to the study's weights."),
    ] = None,
    max_cost: Annotated[
        float,
        typer.Option(
            "--max-cost",
            metavar="USD/kg",
            help="Measure next: cost of elements at most.",
        ),
    ] = float("inf"),
    shelf: Annotated[
        Path | None,
        typer.Option("--shelf", metavar="FILE", help="Measure next: only these formulas, one a line."),
    ] = None,
    cif: CifOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a campaign with measured cells; say what contradicts it and what to measure next."""
    from screening.api.cells import validate as compare

    found = compare(
        results,
        experiments,
        outcome=outcome,
        simulated=simulated,
        concentration=concentration,
        max_cost_usd_per_kg=max_cost,
        shelf=shelf,
        cif=cif or [],
    )
    written = found.write(out or results)
    if as_json:
        write_json(found.as_dict())
        return
    tell(found.summary())
    tell(f"\nwrote {written[0]} and {len(written) - 1} tables in {written[-1].parent}")

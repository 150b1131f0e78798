"""``screening report``: one page of a campaign."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import say, tell


def report(
    results: Annotated[
        Path,
        typer.Argument(metavar="RESULTS", help="Directory that `screening run` wrote.", show_default=False),
    ],
    experiments: Annotated[
        Path | None,
        typer.Option("--experiments", metavar="DIR", help="Folder of cell sheets, or of lab results."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Page (default RESULTS/report.html).")
    ] = None,
) -> None:
    """Write one page of a campaign, with what was measured."""
    from screening.api.campaigns import read_results

    path = read_results(results).report(out or "", experiments, progress=say)
    tell(f"report in {path} ({path.stat().st_size / 1e6:.1f} MB)")

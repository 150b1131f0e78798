"""``screening report``: one page of a campaign."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import say


def report(
    results: Annotated[
        Path,
        typer.Argument(metavar="RESULTS", help="Directory that `screening run` wrote.", show_default=False),
    ],
    experiments: Annotated[
        Path | None,
        typer.Option(
            "--experiments", metavar="DIR", help="Show the cell sheets and what bench verbs wrote under DIR."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Page (default RESULTS/report.html).")
    ] = None,
) -> None:
    """Write one self-contained page: ranking, reactions, uncertainty, measurements, provenance."""
    from screening.report.page import write_report

    path = out or results / "report.html"
    sections = write_report(path, results, experiments, say)
    if experiments is not None and not any(section.key != "validation" for section in sections):
        say(
            f"{experiments}: no cell sheets and no tables of the bench verbs there "
            "(screening experiments example shows sheets; the verbs write tables with --out)"
        )
    print(f"report in {path} ({path.stat().st_size / 1e6:.1f} MB)")

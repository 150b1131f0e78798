"""``screening experiments``: check a folder of cell sheets, or write the example study."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import JsonOption, say, write_json

app = typer.Typer(
    help="A folder of experiments: one TOML sheet per cell.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("check")
def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of cell sheets.")],
    as_json: JsonOption = False,
) -> None:
    """Check every sheet; each fault in one line, exit status 2 if there is any."""
    from screening.lab.experiments import survey

    found = survey(directory)
    if as_json:
        write_json(
            {
                "sound": [experiment.name for experiment in found.experiments],
                "faults": [str(fault) for fault in found.faults],
            }
        )
    else:
        for experiment in found.experiments:
            record = experiment.record
            layer = f"{record.reactor} {record.wt_percent:g} wt%" if record.reactor else "no layer"
            print(f"{experiment.name:36} {record.origin:11} {record.kind:10} {layer}, {record.sulfide}")
        for fault in found.faults:
            say(f"screening: {fault}")
        counts = f"{len(found.experiments)} sound, {len(found.faults)} faulty"
        print(counts)
    if found.faults:
        raise typer.Exit(2)


@app.command("example")
def example(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it; made if needed.")],
) -> None:
    """Write the example study: the founding paper's figures as literature, and simulated cells."""
    from screening.validation.example_study import write_example

    written = write_example(directory)
    print(f"wrote {len(written)} sheets and the simulated raw files to {directory}")
    print("literature figures are quoted, with no raw data behind them; simulated cells are labelled so")

"""``screening experiments``: check a folder of cell sheets, or write the example study."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import JsonOption, say, tell, write_json

app = typer.Typer(
    help="A folder of experiments: one TOML sheet per cell.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("check")
def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of cell sheets.")],
    as_json: JsonOption = False,
) -> None:
    """Check every sheet and open its raw files; each fault in one line, exit status 2 if there is any."""
    from screening.lab.experiments import check as look
    from screening.lab.sheets import hints

    found = look(directory)
    if as_json:
        write_json(
            {
                "sound": [cell.name for cell in found.cells],
                "remarks": {cell.name: list(cell.remarks) for cell in found.cells if cell.remarks},
                "faults": [str(fault) for fault in found.faults],
            }
        )
    else:
        for cell in found.cells:
            sheet = cell.sheet
            layer = f"{sheet.reactor} {sheet.wt_percent:g} wt%" if sheet.reactor else "no layer"
            tell(f"{cell.name:36} {sheet.origin:11} {sheet.kind:10} {layer}, {sheet.electrolyte}")
            for remark in cell.remarks:
                tell(f"    {remark}")
        for fault in found.faults:
            say(f"screening: {fault}")
        tell(f"{len(found.cells)} sound, {found.n_faulty} faulty")
    for hint in hints(cell.sheet for cell in found.cells):
        say(f"note: {hint}")
    if found.faults:
        raise typer.Exit(2)


@app.command("example")
def example(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it; made if needed.")],
) -> None:
    """Write the example study: the founding paper's figures as literature, and simulated cells."""
    from screening.validation.example_study import write_example

    written = write_example(directory)
    tell(f"wrote {len(written)} sheets and the simulated raw files to {directory}")
    tell("literature figures are quoted, with no raw data behind them; simulated cells are labelled so")

"""The command line: every verb is one library call and its presentation.

Only light modules are imported here, so that ``screening --help`` answers at once.
"""

import errno
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from screening import __version__
from screening.cli import (
    cycling,
    drt,
    eis,
    experiments,
    handoff,
    report,
    run,
    snapshot,
    thermo,
    top,
    validate,
    xrd,
)
from screening.errors import ScreeningError

STDOUT_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a write to a full or broken device ends in."""

app = typer.Typer(
    name="screening",
    help="Which compound at the lithium interface, what will it turn into, and did it?",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)

# One line per verb, in the order of the help page: app.command("verb")(module.function)
app.command("run")(run.run)
app.command("top")(top.top)
app.command("studies")(run.studies)
app.command("report")(report.report)
app.command("react")(thermo.react)
app.command("lithiate")(thermo.lithiate)
app.command("cite")(run.cite)
app.add_typer(snapshot.app, name="snapshot")
app.command("eis")(eis.eis)
app.command("drt")(drt.drt)
app.command("arrhenius")(eis.arrhenius)
app.command("xrd")(xrd.xrd)
app.command("cycling")(cycling.cycling)
app.add_typer(experiments.app, name="experiments")
app.command("validate")(validate.validate)
app.command("handoff")(handoff.handoff)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        print(f"interphase-screening {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def _fail(message: str, status: int) -> None:
    print(f"screening: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(status)


def _give_up_stdout(error: OSError) -> None:
    """End in one line where stdout takes no more; any other fault is raised as it is.

    Files are written by `atomic_write`, which names them; a fault that names none is of stdout.
    """
    if error.filename is not None or error.errno not in STDOUT_FAULTS:
        raise error
    with suppress(OSError, ValueError):
        # what it still holds goes nowhere, or leaving would try once more and complain
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    _fail(f"stdout: cannot write ({error.strerror}); send the output elsewhere", 2)


def main() -> None:
    """Run the command line; errors the user can mend end in one line and exit status 2 or 3."""
    command = typer.main.get_command(app)
    try:
        status = command.main(prog_name="screening", standalone_mode=False)
        print(end="", flush=True)
    except ScreeningError as error:
        _fail(str(error), error.exit_status)
    except typer.TyperException as error:
        _fail(f"{error.format_message().replace('Value error, ', '')} (see screening --help)", 2)
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except OSError as error:
        _give_up_stdout(error)
    else:
        raise SystemExit(status if isinstance(status, int) else 0)

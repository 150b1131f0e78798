"""The command line: every verb is one library call and its presentation.

Only light modules are imported here, so that ``screening --help`` answers at once.
"""

import errno
import gc
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from screening import __version__
from screening.cli import (
    cells,
    cycling,
    design,
    drt,
    eis,
    experiments,
    explore,
    handoff,
    report,
    run,
    snapshot,
    stack,
    thermo,
    top,
    validate,
    xrd,
)
from screening.cli.options import say, tell
from screening.errors import ScreeningError, expected, printable, quoted
from screening.files import write_text
from screening.kernel_cache import keep_kernels
from screening.provenance import DATE_VARIABLE, today

STDOUT_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})
"""What a write to a full or broken device, or to a reader that has gone, ends in."""

TRACEBACK = "screening-traceback.txt"
"""File in the working directory that ``--debug`` writes after an unexpected fault."""

MANY_OBJECTS = 50_000
"""Made before Python looks for cycles among them: imports and figures make as many, and hardly any cycle."""

MOST_OF_A_FAULT = 200
"""Characters of an unexpected fault's own words that are repeated."""

SCREEN, INTERFACES, LAB, DATA = "Screen", "Interfaces", "Lab", "Data"
"""Headings under which the help page lists the verbs."""


class GroupedVerbs(TyperGroup):
    """The verbs in groups, on a help page without boxes."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section per heading, in the order in which verbs are registered."""
        verbs: dict[str, Any] = {name: self.commands[name] for name in self.list_commands(ctx)}
        widest = max(map(len, verbs))
        for heading in dict.fromkeys(verb.rich_help_panel for verb in verbs.values()):
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (name.ljust(widest), verb.get_short_help_str(formatter.width - widest - 4))
                        for name, verb in verbs.items()
                        if verb.rich_help_panel == heading
                    ]
                )


app = typer.Typer(
    name="screening",
    help="Which compound at the lithium interface, what will it turn into, and did it?",
    cls=GroupedVerbs,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@dataclass(frozen=True)
class Verb:
    """A verb of the command line.

    Attributes
    ----------
    name, heading, line : str
        Name, heading on the help page, and its one line there.
    call : callable
    next : str
        What people do next, told on a terminal when it has ended well.
    """

    name: str
    heading: str
    call: Callable[..., object]
    line: str
    next: str = ""


HAND_OFF = (
    "for reactors screening handoff FORMULA --results DIR, for other roles screening stack LAYERS --out DIR"
)
JUDGE = "screening cells DIR, for all cells of a folder"

VERBS = (
    Verb(
        *("run", SCREEN, run.run, "Screen and rank the candidates of a study."),
        f"screening report DIR, screening top DIR, {HAND_OFF}",
    ),
    Verb(
        "studies", SCREEN, run.studies, "List the studies that ship with the package.", "screening run NAME"
    ),
    Verb("top", SCREEN, top.top, "Show the best candidates for which a condition holds.", HAND_OFF),
    Verb("report", SCREEN, report.report, "Write one page: ranking, reactions, uncertainty.", HAND_OFF),
    Verb(
        *("handoff", SCREEN, handoff.handoff, "Write bench sheets: html, printable pdf, json."),
        "print the pdf; screening cells init DIR, once the cells have left files",
    ),
    Verb("explore", SCREEN, explore.explore, "All of this as a local page in the browser."),
    Verb(
        *("react", INTERFACES, thermo.react, "Reaction energy of A with each B against mixing ratio."),
        "screening figure COMPOUND --out figure.pdf, screening lithiate COMPOUND",
    ),
    Verb(
        *("figure", INTERFACES, thermo.figure, "Figures 1A and 1F and the staircase of a compound."),
        "screening run STUDY.toml, which ranks it among others",
    ),
    Verb(
        *("lithiate", INTERFACES, thermo.lithiate, "Uptake staircase, stability window, 0 V energies."),
        "screening figure COMPOUND --out figure.pdf",
    ),
    Verb(
        *("stack", INTERFACES, stack.stack, "Every contact of a cell, charged and at its voltages."),
        "screening run with a coating as role, for a contact that reacts",
    ),
    Verb(
        *("series", INTERFACES, stack.series, "Windows of a solid solution against x."),
        "screening figure COMPOUND --at-hull, at the x of your choice",
    ),
    Verb(
        *("design", INTERFACES, design.design, "Which layer to press: networks, resistance, cost, rest."),
        "screening handoff FORMULA --results DIR, then screening validate RESULTS DIR",
    ),
    Verb(
        *("eis", LAB, eis.eis, "Read, test and plot impedance spectra."),
        "screening drt FILES, for its relaxation times",
    ),
    Verb("drt", LAB, drt.drt, "Resolve spectra into processes by relaxation time.", JUDGE),
    Verb("arrhenius", LAB, eis.arrhenius, "Conductivity and activation energy of a pellet.", JUDGE),
    Verb(
        *("xrd", LAB, xrd.xrd, "Which phases a powder pattern shows or lacks."),
        "name it as diffraction in the sheet of its cell, then screening validate RESULTS DIR",
    ),
    Verb("cycling", LAB, cycling.cycling, "Overpotential, shorts, capacity and efficiency.", JUDGE),
    Verb(
        *("cells", LAB, cells.cells, "What happened to each cell of a folder; sheets for raw files."),
        "screening validate RESULTS DIR, which compares with a ranking",
    ),
    Verb(
        *("validate", LAB, validate.validate, "Compare a campaign with measured cells."),
        "screening report RESULTS --experiments DIR",
    ),
    Verb("cite", DATA, run.cite, "What to cite for the package and a snapshot."),
)
"""The verbs in the order of the help page."""

for _verb in VERBS:
    app.command(_verb.name, short_help=_verb.line, rich_help_panel=_verb.heading)(_verb.call)
app.add_typer(experiments.app, name="experiments", rich_help_panel=LAB)
app.add_typer(snapshot.app, name="snapshot", rich_help_panel=DATA)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[  # taken off by `main`, since it may stand behind the verb too
        bool, typer.Option("--debug", help=f"Write the traceback of an unexpected fault to {TRACEBACK}.")
    ] = False,
) -> None:
    if version:
        tell(f"interphase-screening {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        tell(context.get_help())


def _fail(message: str, status: int) -> None:
    with suppress(OSError):  # a full or closed stderr
        say(f"screening: {printable(message)}")
    raise SystemExit(status)


def _misuse(error: typer.TyperException) -> str:
    """What is wrong with a call; in our words where typer repeats those of pydantic."""
    told, cause = error.format_message(), error.__cause__
    for fault in getattr(cause, "errors", list)()[:1]:
        value = "" if fault["type"] == "value_error" else f"{quoted(str(fault['input']))}: "
        told = told.replace(fault["msg"], value + expected(fault).removesuffix(", without quotes"))
    return told


def _prepare_streams() -> None:
    """Make stdout and stderr take any text: a closed one goes nowhere, what an encoding lacks becomes `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _give_up_stdout(error: OSError) -> None:
    """End where stdout takes no more: in silence if its reader has gone, else in one line.

    Files are written by `atomic_write`, which names them; a fault that names none is of stdout.
    """
    with suppress(OSError, ValueError):
        # what it still holds goes nowhere, or leaving would try once more and complain
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    if error.errno == errno.EPIPE:
        raise SystemExit(1)
    _fail(f"stdout: cannot write ({error.strerror}); send the output elsewhere", 2)


def _report_fault(error: Exception, *, debug: bool) -> None:
    """End in one line that names a fault nobody foresaw, and where to take it."""
    advice = "run it again with --debug, and report it"
    if debug:
        try:
            write_text(Path(TRACEBACK), "".join(traceback.format_exception(error)))
            advice = f"report it with {TRACEBACK}"
        except ScreeningError as unwritable:
            advice = f"no traceback written: {unwritable}; report it"
    said = f"{type(error).__name__}: {str(error)[:MOST_OF_A_FAULT]}".removesuffix(": ")
    _fail(f"fault in the program ({said}); {advice} to the maintainers of interphase-screening", 1)


def main() -> None:
    """Run the command line.

    Errors the user can mend end in one line and exit status 2 or 3, any other fault in one line and 1.
    """
    _prepare_streams()
    gc.set_threshold(MANY_OBJECTS, 10, 10)
    verbs = sys.argv[1:]
    debug = "--debug" in verbs
    command = typer.main.get_command(app)
    silent = {"--help", "--json", "init"} & {*verbs}
    verb = next((each for each in VERBS if verbs[:1] == [each.name] and not silent), None)
    try:
        today()  # numpy, too, reads the date variable, and ends in a fault of its own, also where it is empty
        if not os.environ.get(DATE_VARIABLE, "unset"):
            del os.environ[DATE_VARIABLE]
        if notice := keep_kernels():
            say(notice)
        status = command.main(
            [word for word in verbs if word != "--debug"], prog_name="screening", standalone_mode=False
        )
        sys.stdout.flush()
        if verb is not None and verb.next and sys.stderr.isatty():  # a script asks for no advice
            say(f"next: {verb.next}")
    except ScreeningError as error:
        _fail(str(error), error.exit_status)
    except typer.TyperException as error:
        _fail(f"{_misuse(error)} (see screening --help)", 2)
    except (typer.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except Exception as error:  # noqa: BLE001 - the net below all verbs
        if isinstance(error, OSError) and error.filename is None and error.errno in STDOUT_FAULTS:
            _give_up_stdout(error)
        _report_fault(error, debug=debug)
    else:
        raise SystemExit(status if isinstance(status, int) else 0)

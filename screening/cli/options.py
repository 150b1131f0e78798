"""Options that several verbs share, and how verbs write JSON."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

SnapshotOption = Annotated[
    str,
    typer.Option("--snapshot", metavar="NAME|PATH", help="Snapshot to work on (default: the embedded one)."),
]
PhasesOption = Annotated[
    Path | None, typer.Option("--phases", metavar="FILE", help="Your own phases (csv or json) to join to it.")
]
TemperatureOption = Annotated[
    float | None,
    typer.Option("--temperature", metavar="K", help="Gibbs energies at this temperature, 300 to 2000 K."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, and nothing else, to stdout.")]
AtHullOption = Annotated[
    bool, typer.Option("--at-hull", help="Accept compositions that the snapshot lacks at their hull energy.")
]
CifOption = Annotated[
    list[Path] | None,
    typer.Option("--cif", metavar="FILE", help="Structure for X-ray lines; may be repeated."),
]


def write_json(content: Any) -> None:
    """Write JSON to stdout; NaN is refused."""
    json.dump(content, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def say(text: str) -> None:
    """Tell the user something that is not a result: on stderr."""
    print(text, file=sys.stderr)

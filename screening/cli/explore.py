"""``screening explore``: the library as a local page in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from screening.cli.options import say
from screening.errors import InputError

LOOPBACK = "127.0.0.1"


def explore(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Results of campaigns, read and written.")
    ] = Path("results"),
    experiments: Annotated[
        Path, typer.Option("--experiments", metavar="DIR", help="Folder of cell sheets.")
    ] = Path("experiments"),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 8060,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; others may then come in.")
    ] = LOOPBACK,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="URL", help="Another service like the Materials Project's.")
    ] = "",
) -> None:
    """Look, click, hand over: pairs, campaigns, candidates, cells and data in the browser."""
    try:
        from screening.explore.app import serve
        from screening.explore.disk import Place
    except ModuleNotFoundError as error:
        raise InputError(
            f"the explorer needs {error.name}", remedy="pip install 'interphase-screening[explore]'"
        ) from None
    if host != LOOPBACK:
        say(f"warning: at {host} whoever reaches this machine may read and write {folder} and {experiments}")
    place = Place(folder=folder.resolve(), experiments=experiments.resolve(), endpoint=endpoint)
    serve(place, host, port, announce=lambda address: _open(address, browser))


def _open(address: str, browser: bool) -> None:
    say(f"{address}  (end with Ctrl-C)")
    if browser:
        import webbrowser

        webbrowser.open(address)

"""``screening run``, ``screening studies`` and ``screening cite``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from screening.cli.options import (
    JsonOption,
    SnapshotOption,
    candidates_told,
    print_table,
    progress_bar,
    say,
    say_all,
    sourced,
    tell,
    write_json,
)
from screening.errors import InputError

if TYPE_CHECKING:
    from screening.api.campaigns import Ranking
    from screening.campaign.candidates import Selection
    from screening.campaign.run import Progress

FEW = 50
"""Candidates whose walks run without compiled code (`screening.kernels`)."""


@sourced(snapshot="")
def run(
    study: Annotated[
        str, typer.Argument(metavar="[STUDY.toml]", help="A study file, or one of `screening studies`.")
    ] = "six-reactors",
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Results (default ./results/<study>).")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes; 0: one per core.")] = 0,
    backend: Annotated[
        Literal["processes", "dask"],
        typer.Option("--backend", help="Parallel backend: local processes or a Dask cluster."),
    ] = "processes",
    scheduler: Annotated[
        str, typer.Option("--scheduler", metavar="ADDRESS", help="A running Dask scheduler, tcp://host:port.")
    ] = "",
    top: Annotated[
        int | None, typer.Option("--top", min=0, help="Best candidates drawn and spelled out (default 50).")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out faulty rows of a list of candidates.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Discard results of another study in DIR.")] = False,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw figures.")] = True,
    as_json: JsonOption = False,
    *,
    source: dict[str, Any],
) -> None:
    """Screen the candidates of a study and rank them."""
    _require_directory(out)
    from screening.api.campaigns import Workers, load_study, screen

    at_hull = source.pop("at_hull")
    chosen = load_study(study).with_changes(**_changes(top=top, skip_bad=skip_bad, at_hull=at_hull))
    say_all(chosen.notes)
    with progress_bar("screening") as update:
        ranking = screen(
            chosen,
            **source,
            out=Path("results") / chosen.name if out is None else out,
            fresh=fresh,
            figures=figures,
            jobs=Workers(jobs, backend, scheduler),
            progress=_reporter(update),
            announce=_announce_selection,
        )
    _tell_failures(ranking)
    if as_json:
        return write_json([reactor.as_dict() for reactor in ranking.results.document.reactors])
    for table in ranking.summary():
        print_table(table)
    return tell(f"\nresults in {ranking.directory}")


def _changes(**given: Any) -> dict[str, Any]:
    """What was given: neither left out nor a switch that is off."""
    return {name: value for name, value in given.items() if value is not None and value is not False}


def _require_directory(out: str | None) -> None:
    if out is not None and not out.strip():
        raise InputError("no directory given", where="--out", remedy="name one, or leave the option out")


def _tell_failures(ranking: "Ranking") -> None:
    failed = ranking.results.document.selection.failed
    if failed:
        say(f"{candidates_told(failed)} could not be assessed: see {ranking.directory / 'failures.csv'}")


def studies(as_json: JsonOption = False) -> None:
    """List the studies that ship with the package."""
    from screening.campaign.study import packaged_studies

    shipped = packaged_studies()
    if as_json:
        write_json([{"name": name, "title": study.title} for name, study in shipped.items()])
        return
    for name, study in shipped.items():
        tell(f"{name:24} {study.title}")


def cite(snapshot: SnapshotOption = "mp2019", as_json: JsonOption = False) -> None:
    """Say what to cite for this package and a snapshot."""
    from screening.phases.library import read_manifest
    from screening.report.citing import METHOD, package

    manifest, own = read_manifest(snapshot), package()
    if as_json:
        write_json(
            [
                {
                    "package": own,
                    "method": METHOD,
                    "snapshot": manifest.name,
                    "database_version": manifest.database_version,
                    "energy_scheme": manifest.energy_scheme,
                    "checksum": manifest.checksum,
                    "licence": manifest.licence,
                    "cite": list(manifest.cite),
                }
            ]
        )
        return
    tell(own)
    tell(METHOD)
    tell(f"\nData: {manifest.title} ({manifest.name}, sha256:{manifest.checksum[:12]})")
    tell(f"{manifest.database_version}; {manifest.energy_scheme}; licence {manifest.licence}")
    for reference in manifest.cite:
        tell(f"  {reference}")


def _announce_selection(selection: "Selection") -> None:
    say_all(selection.notes)
    reasons = ", ".join(f"{entry.count} {entry.reason}" for entry in selection.left_out)
    say(candidates_told(len(selection)) + (f"; left out: {reasons}" if reasons else ""))
    from screening.thermo import lines

    compiled = Path(lines.__file__).with_name("__pycache__").glob("lines._tie_lines*.nbi")
    if len(selection) > FEW and not any(compiled):
        say("first large run: compiling the hull walk, about a quarter of a minute, once")


def _reporter(update: "Callable[..., None]") -> "Callable[[Progress], None]":
    from time import monotonic

    began, first = monotonic(), list[int]()

    def report(progress: "Progress") -> None:
        first.append(progress.done)
        rate = (progress.done - first[0]) / max(monotonic() - began, 1e-9)
        told = f"{rate:.0f}/s, {progress.failed} failed"
        update(completed=progress.done, total=progress.total, told=told)

    return report

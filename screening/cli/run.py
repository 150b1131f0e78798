"""``screening run``, ``screening studies`` and ``screening cite``."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from screening.cli import tables
from screening.cli.options import JsonOption, PhasesOption, SnapshotOption, TemperatureOption, say, write_json
from screening.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from screening.campaign.backtest import Known
    from screening.campaign.candidates import Selection
    from screening.campaign.outcome import Outcome
    from screening.campaign.run import Campaign, Progress
    from screening.reactors.detail import ReactorDetail


def run(
    study: Annotated[
        str, typer.Argument(metavar="[STUDY.toml]", help="A study file, or one of `screening studies`.")
    ] = "six-reactors",
    out: Annotated[
        str | None, typer.Option("--out", metavar="DIR", help="Results (default ./results/<study>).")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes; 0: as many as there are cores.")] = 0,
    backend: Annotated[
        Literal["processes", "dask"], typer.Option("--backend", help="Who does the work.")
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
    snapshot: SnapshotOption = "",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
) -> None:
    """Screen the candidates of a study, rank them, draw their reaction energies."""
    from screening.campaign.study import find_study

    if out is not None and not out.strip():
        raise InputError("no directory given", where="--out", remedy="name one, or leave the option out")
    chosen = find_study(study)
    if top is not None:
        shown = chosen.figures.model_copy(update={"top": top})
        chosen = chosen.model_copy(update={"figures": shown})
    if skip_bad:
        lenient = chosen.candidates.model_copy(update={"skip_bad": True})
        chosen = chosen.model_copy(update={"candidates": lenient})
    for note in chosen.notes:
        say(note)
    _announce_compilation()
    from screening.campaign.run import Source, Workers
    from screening.campaign.run import run as run_study

    source = Source(snapshot or chosen.snapshot, str(phases or ""), temperature)
    directory = Path("results") / chosen.name if out is None else Path(out)
    with _progress_bar() as bar:
        campaign = run_study(
            chosen,
            source,
            directory,
            workers=Workers(jobs, backend, scheduler),
            fresh=fresh,
            report=_reporter(bar),
            announce=_announce_selection,
        )
    _conclude(campaign, jobs, draw=figures, as_json=as_json)


def _conclude(campaign: "Campaign", jobs: int, *, draw: bool, as_json: bool) -> None:
    """Rank a finished campaign, write and draw what it says, and print it."""
    from screening.campaign.backtest import back_test, known_compounds, write_back_test
    from screening.campaign.outcome import rank_campaign
    from screening.campaign.results import details, reactor_json, write_results
    from screening.campaign.results import shown as shown_positions

    outcomes = rank_campaign(campaign, threads=jobs or -1)
    described = [details(campaign, outcome, shown_positions(campaign, outcome)) for outcome in outcomes]
    known = known_compounds()
    tests = [test for o in outcomes if (test := back_test(campaign, o, known)) is not None]
    write_results(campaign, outcomes, described)
    write_back_test(campaign, tests)
    if draw:
        _draw(campaign, outcomes, described)
        _draw_map(campaign, outcomes, known)
    tables.show_failures(campaign)
    if as_json:
        write_json(
            [
                reactor_json(campaign, outcome, int(position), one)
                for outcome, group in zip(outcomes, described, strict=True)
                for position, one in zip(shown_positions(campaign, outcome), group, strict=True)
            ]
        )
        return
    tables.show_outcomes(campaign, outcomes, described)
    for test in tests:
        tables.show_back_test(test)
    print(f"\nresults in {campaign.store.directory}")


def studies(as_json: JsonOption = False) -> None:
    """List the studies that ship with the package."""
    from screening.campaign.study import packaged_studies

    shipped = packaged_studies()
    if as_json:
        write_json([{"name": name, "title": study.title} for name, study in shipped.items()])
        return
    for name, study in shipped.items():
        print(f"{name:24} {study.title}")


def cite(snapshot: SnapshotOption = "mp2019", as_json: JsonOption = False) -> None:
    """Say what to cite for numbers from this package and this snapshot."""
    from screening import __version__
    from screening.phases.library import locate
    from screening.phases.manifest import Manifest

    manifest = Manifest.read(locate(snapshot))
    own = f"Interphase (interphase-screening {__version__})"
    method = "H. Duan et al., Adv. Energy Mater. 13, 2300815 (2023), doi:10.1002/aenm.202300815"
    if as_json:
        write_json(
            [
                {
                    "package": own,
                    "method": method,
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
    print(own)
    print(method)
    print(f"\nData: {manifest.title} ({manifest.name}, sha256:{manifest.checksum[:12]})")
    print(f"{manifest.database_version}; {manifest.energy_scheme}; licence {manifest.licence}")
    for reference in manifest.cite:
        print(f"  {reference}")


def _announce_compilation() -> None:
    """Say why the very first run takes longer."""
    from screening.thermo import hull

    if not list(Path(hull.__file__).with_name("__pycache__").glob("hull.tie_line*.nbi")):
        say("first run: compiling the hull walk, about half a minute, once")


def _announce_selection(selection: "Selection") -> None:
    for note in selection.notes:
        say(note)
    reasons = ", ".join(f"{entry.count} {entry.reason}" for entry in selection.left_out)
    say(f"{len(selection)} candidates" + (f"; left out: {reasons}" if reasons else ""))


def _progress_bar() -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("screening"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]} failed"),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _reporter(bar: "Bar") -> "Callable[[Progress], None]":
    from time import monotonic

    began = monotonic()
    task = bar.add_task("screening", rate="", failed=0)
    first: list[int] = []

    def report(progress: "Progress") -> None:
        first.append(progress.done)
        rate = (progress.done - first[0]) / max(monotonic() - began, 1e-9)
        bar.update(
            task,
            completed=progress.done,
            total=progress.total,
            rate=f"{rate:.0f}/s",
            failed=progress.failed,
        )

    return report


def _draw(
    campaign: "Campaign", outcomes: "tuple[Outcome, ...]", described: "list[list[ReactorDetail]]"
) -> None:
    from screening.campaign.figures import reactor_figures
    from screening.files import write_figure
    from screening.plots.interface import reaction_energy_figure

    several = len(outcomes) > 1
    for outcome, group in zip(outcomes, described, strict=True):
        pair = f"_{outcome.anode}_{outcome.electrolyte}" if several else ""
        for one in group:
            for plan in reactor_figures(one, pair):
                figure = reaction_energy_figure(plan.curves, axis=campaign.study.figures.x_axis)
                for suffix in (".png", ".svg"):
                    path = campaign.store.directory / f"{plan.name}{suffix}"
                    write_figure(path, figure, campaign.provenance, trim=False)


def _draw_map(campaign: "Campaign", outcomes: "tuple[Outcome, ...]", known: "tuple[Known, ...]") -> None:
    from screening.campaign.figures import campaign_map
    from screening.files import write_figure
    from screening.plots.campaign import campaign_figure

    for outcome in outcomes:
        pair = f"_{outcome.anode}_{outcome.electrolyte}" if len(outcomes) > 1 else ""
        candidates = campaign_map(campaign, outcome, known, campaign.study.figures.criteria)
        if candidates is not None:
            figure = campaign_figure(candidates)
            for suffix in (".png", ".svg"):
                path = campaign.store.directory / f"campaign{pair}{suffix}"
                write_figure(path, figure, campaign.provenance, trim=False)

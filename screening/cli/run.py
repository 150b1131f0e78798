"""``screening run``, ``screening studies`` and ``screening cite``."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from screening.cli.options import JsonOption, PhasesOption, SnapshotOption, TemperatureOption, say, write_json

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from screening.campaign.candidates import Selection
    from screening.campaign.outcome import Outcome
    from screening.campaign.run import Campaign, Progress
    from screening.reactors.detail import ReactorDetail


def run(
    study: Annotated[
        str, typer.Argument(metavar="[STUDY.toml]", help="A study file, or one of `screening studies`.")
    ] = "six-reactors",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Results (default ./results/<study>).")
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
    fresh: Annotated[bool, typer.Option("--fresh", help="Discard results of another study in DIR.")] = False,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw figures 1A and 1F.")] = True,
    as_json: JsonOption = False,
    snapshot: SnapshotOption = "",
    phases: PhasesOption = None,
    temperature: TemperatureOption = None,
) -> None:
    """Screen the candidates of a study, rank them, draw their reaction energies."""
    from screening.campaign.study import find_study

    chosen = find_study(study)
    if top is not None:
        shown = chosen.figures.model_copy(update={"top": top})
        chosen = chosen.model_copy(update={"figures": shown})
    _announce_compilation()
    from screening.campaign.outcome import conclude
    from screening.campaign.results import details, reactor_json, write_results
    from screening.campaign.results import shown as shown_positions
    from screening.campaign.run import Source, Workers
    from screening.campaign.run import run as run_study

    source = Source(snapshot or chosen.snapshot, str(phases or ""), temperature)
    directory = out or Path("results") / chosen.name
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
    outcomes = conclude(campaign)
    described = [details(campaign, outcome, shown_positions(campaign, outcome)) for outcome in outcomes]
    write_results(campaign, outcomes, described)
    if figures:
        _draw(campaign, outcomes, described)
    if as_json:
        write_json(
            [
                reactor_json(campaign, outcome, int(position), one)
                for outcome, group in zip(outcomes, described, strict=True)
                for position, one in zip(shown_positions(campaign, outcome), group, strict=True)
            ]
        )
        return
    for outcome, group in zip(outcomes, described, strict=True):
        _show_ranking(campaign, outcome, group)
    print(f"\nresults in {directory}")


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
    if selection.left_out:
        reasons = ", ".join(f"{entry.count} {entry.reason}" for entry in selection.left_out)
        say(f"{len(selection)} candidates; left out: {reasons}")


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
        pair = f"_{outcome.anode}_{outcome.sulfide}" if several else ""
        for one in group:
            for plan in reactor_figures(one, pair):
                figure = reaction_energy_figure(plan.curves, axis=campaign.study.figures.x_axis)
                for suffix in (".png", ".svg"):
                    path = campaign.store.directory / f"{plan.name}{suffix}"
                    write_figure(path, figure, campaign.provenance)


def _show_ranking(campaign: "Campaign", outcome: "Outcome", group: "list[ReactorDetail]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from screening.campaign.results import shown

    title = f"{campaign.study.title or campaign.study.name}: {outcome.anode} anode, {outcome.sulfide}"
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    columns = ("rank", "reactor", "score", "P(1st)", "eV/Li", "mAh/g", "relief", "relay", "mixing", "vol%")
    for name in columns:
        table.add_column(name, justify="left" if name == "reactor" else "right", no_wrap=True)
    table.add_column("alloy", no_wrap=True)
    for position, one in zip(shown(campaign, outcome), group, strict=True):
        row = outcome.table.iloc[position]
        mark = "*" if row["estimated"] else ""
        cells = (
            _cell(row["driving_force_ev_per_li"], 2),
            _cell(row["li_consumed_mah_per_g"], 0),
            _cell(row["sulfide_relief_ev_per_mol"], 2),
            _cell(row["relay_ev_per_atom"], 3),
            _cell(row["mixing_ev_per_atom"], 3),
            _cell(100.0 * row["metal_volume_fraction"], 1),
        )
        ranked = (str(row["rank"]), _cell(row["score"], 3), _cell(row["top_1"], 2))
        number, score, first = ranked if row["passes"] else ("-", "-", "-")
        table.add_row(number, one.formula + mark, score, first, *cells, one.alloy or "does not react")
    console = Console()
    console.print(table)
    if outcome.table["estimated"].any():
        console.print("* rests on an estimated phase")
    console.print(
        escape(
            "relief eV per mol of sulfide; relay, mixing eV/atom; vol% metal at "
            f"{campaign.study.conditions.wt_percent:g} wt% reactor "
            f"(percolates from {100 * campaign.study.conditions.percolation_threshold:g})"
        )
    )
    console.print(escape(campaign.provenance.line()))


def _cell(value: float, digits: int) -> str:
    return "-" if value != value else f"{value:.{digits}f}"

"""``screening snapshot``: what data there is, whether it is sound, energies, fetching more, comparing."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from screening.cli.options import (
    CsvOption,
    JsonOption,
    SnapshotOption,
    check_outputs,
    present,
    print_table,
    progress_bar,
    save,
    say,
    say_all,
    sourced,
    tell,
    write_json,
)
from screening.errors import InputError

if TYPE_CHECKING:
    from screening.phases.fetch import Progress
    from screening.phases.snapshot import Snapshot

app = typer.Typer(help="Data: list, show, energy, verify, fetch, import, diff.", rich_markup_mode=None)

NameArgument = Annotated[
    str, typer.Argument(metavar="[NAME|PATH]", help="A snapshot's name or directory (default: embedded).")
]


@app.callback(invoke_without_command=True)
def _without_verb(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        tell(context.get_help())


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the embedded snapshot and your own."""
    from screening.phases.library import survey

    found = survey()
    for fault in found.damaged:
        say(f"screening: {fault}")
    if as_json:
        write_json([each.headline() for each in found.sound])
        return
    print_table(found.display())


@app.command("show")
def show(name: NameArgument = "", as_json: JsonOption = False, snapshot: SnapshotOption = "") -> None:
    """Show where a snapshot comes from, what it holds and what to cite."""
    from screening.phases.distrust import widened
    from screening.phases.library import open_snapshot

    shown = widened(open_snapshot(_one_name(name, snapshot)))
    if as_json:
        write_json([{**json.loads(shown.manifest.details), "holds": shown.holds}])
    else:
        print_table(shown.display())


@app.command("verify")
def verify(name: NameArgument = "", as_json: JsonOption = False, snapshot: SnapshotOption = "") -> None:
    """Check a snapshot: files, columns, energies, elemental references, content checksum."""
    from screening.api.snapshots import verify_snapshot

    verified = verify_snapshot(_one_name(name, snapshot))
    manifest = verified.manifest
    if as_json:
        write_json([{"name": manifest.name, "checksum": manifest.checksum, "verified": True}])
        return
    tell(f"{manifest.name}: sound, {len(verified)} phases, content sha256 {manifest.checksum}")


@app.command("fetch")
def fetch(
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Its name; a snapshot of that name is replaced.")
    ],
    study: Annotated[
        str, typer.Option("--study", metavar="STUDY.toml", help="Fetch the systems of this study.")
    ] = "",
    chemsys: Annotated[
        list[str] | None,
        typer.Option("--chemsys", metavar="Li-Al-Cl ...", help="Fetch these systems with their subsystems."),
    ] = None,
    elements: Annotated[
        list[str] | None,
        typer.Option("--elements", metavar="Li Al Cl ...", help="Fetch all that these elements make."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Fetch the whole database, page by page; goes on where it stopped.")
    ] = False,
    more: Annotated[list[str] | None, typer.Argument(hidden=True, metavar="SYSTEM|ELEMENT")] = None,
    thermo_type: Annotated[
        str,
        typer.Option(
            "--thermo-type", metavar="TYPE", help="GGA_GGA+U, R2SCAN, or GGA_GGA+U_R2SCAN for one system."
        ),
    ] = "GGA_GGA+U",
    endpoint: Annotated[
        str, typer.Option("--endpoint", metavar="URL", help="Another service of the same kind.")
    ] = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", help="Seconds to wait for an answer.")
    ] = 20.0,
    non_commercial: Annotated[
        bool, typer.Option("--non-commercial", help="Keep entries licensed for non-commercial use only.")
    ] = False,
    structures: Annotated[
        bool, typer.Option("--structures", help="Fetch the structure of each phase, for X-ray lines.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch a snapshot from the Materials Project; MP_API_KEY holds the key."""
    from screening.api.snapshots import fetch_snapshot

    if study and more:
        raise InputError(f"unexpected {more[0]!r}", where="--study", remedy="give one study")
    words = tuple(more or ())  # those that follow the last value of an option belong to it
    with _reporter("fetching") as report:
        snapshot = fetch_snapshot(
            name,
            study=study,
            chemsys=(*(chemsys or ()), *(words if chemsys else ())),
            elements=(*(elements or ()), *(() if chemsys else words)),
            everything=everything,
            thermo_type=thermo_type,
            non_commercial=non_commercial,
            structures=structures,
            endpoint=endpoint,
            timeout_s=timeout,
            report=report,
        )
    _show_fetched(snapshot, as_json)


@app.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="OPTIMADE JSON, pymatgen entries, csv, tsv or parquet.")
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Its name; a snapshot of that name is replaced.")
    ],
    scheme: Annotated[
        str, typer.Option("--scheme", metavar="TEXT", help="Energy scheme, where the file does not tell.")
    ] = "",
    energy: Annotated[
        str, typer.Option("--energy", metavar="COLUMN", help="Column of formation energies (eV/atom).")
    ] = "",
    licence: Annotated[str, typer.Option("--licence", metavar="TEXT", help="Licence of the data.")] = "",
    cite: Annotated[
        list[str] | None, typer.Option("--cite", metavar="TEXT", help="What to cite; may be repeated.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take energies far from those of the embedded snapshot.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a snapshot of a file: a dump of Alexandria, OQMD, JARVIS, or your own energies."""
    from screening.phases.imported import import_snapshot

    with _reporter("reading") as report:
        snapshot = import_snapshot(
            path,
            name,
            scheme=scheme,
            energy=energy,
            licence=licence,
            cite=cite or (),
            force=force,
            report=report,
        )
    details: dict[str, Any] = json.loads(snapshot.manifest.details)
    if as_json:
        write_json([details])
        return
    say_all(details["notes"])
    tell(f"{name}: {len(snapshot)} phases, {snapshot.manifest.energy_scheme}")
    tell(f"next: screening react Li LiCl --snapshot {name}")


def _show_fetched(snapshot: "Snapshot", as_json: bool) -> None:
    manifest = snapshot.manifest
    details: dict[str, Any] = json.loads(manifest.details)
    if as_json:
        write_json([details])
        return
    _tell_what_is_lacking(details)
    tell(f"{manifest.name}: {len(snapshot)} phases, {manifest.energy_scheme}")
    tell(f"{manifest.database_version}; screening cite --snapshot {manifest.name} says what to cite")


def _tell_what_is_lacking(details: dict[str, Any]) -> None:
    """Say what a fetched snapshot does not hold, and why."""
    left_out = details["counts"]["non_commercial_left_out"]
    if left_out:
        say(f"{left_out} entries for non-commercial use left out; --non-commercial keeps them")
    structures = details.get("structures", {"held": 0, "lacking": {}})
    lacking = {reason: n for reason, n in structures["lacking"].items() if n}
    if lacking:
        total = sum(lacking.values())
        reasons = ", ".join(f"{n} {reason}" for reason, n in lacking.items())
        say(f"no structure of {total} of {structures['held'] + total} phases: {reasons}")


@app.command("energy")
@sourced("at_hull")
def energy(
    formulas: Annotated[list[str], typer.Argument(metavar="FORMULA...", help="Compounds.")],
    csv: CsvOption = None,
    as_json: JsonOption = False,
    *,
    source: dict[str, Any],
) -> None:
    """Formation and hull energy of compounds, as --phases takes them, and what each decays to."""
    from screening.api.interfaces import hull_energy

    check_outputs(None, csv)
    found = hull_energy(*formulas, **source)
    say_all(found.notes)
    present(found, as_json=as_json, csv=csv)


@app.command("diff")
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A snapshot's name or directory.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The one to compare with it.")],
    study: Annotated[
        str, typer.Option("--study", metavar="STUDY.toml", help="Compare a study's systems and its ranking.")
    ] = "",
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write all changes.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell which phases were added, are gone or changed from A to B, and what that does to a study."""
    from screening.api.snapshots import compare_snapshots

    check_outputs(None, csv)
    found = compare_snapshots(before, after, study=study)
    save(found, csv=csv)
    if as_json:
        write_json([found.as_dict()])
        return
    for table in found.summary():
        print_table(table)


def _one_name(name: str, option: str) -> str:
    """The snapshot named as an argument or by ``--snapshot``, as with every other verb."""
    from screening.phases.library import EMBEDDED

    if name and option and name != option:
        raise InputError(f"two snapshots, {name!r} and {option!r}", where="--snapshot", remedy="name one")
    return name or option or EMBEDDED


@contextmanager
def _reporter(verb: str) -> "Iterator[Callable[[Progress], None]]":
    """A bar on a terminal; elsewhere a line at the start and at each tenth."""
    told: dict[str, int] = {}
    with progress_bar("systems") as update:

        def report(progress: "Progress") -> None:
            kind, tenth = progress.kind, 10 * progress.done // max(progress.total, 1)
            if kind not in told:
                told[kind] = tenth
                say(f"{verb} {progress.total} {kind}")
                if progress.resumed:
                    say(f"{progress.resumed} of {progress.total} {kind} are there from an interrupted fetch")
            elif tenth > told[kind] and not sys.stderr.isatty():
                told[kind] = tenth
                say(f"{progress.done} of {progress.total} {kind}")
            update(description=kind, completed=progress.done, total=progress.total)

        yield report

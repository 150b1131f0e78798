"""``screening snapshot``: what data there is, whether it is sound, fetching more, comparing two."""

import json
from typing import Annotated, Any

import typer

from screening.phases.manifest import Manifest

app = typer.Typer(help="What data there is: list, show, verify.", rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(metavar="NAME|PATH", help="A snapshot's name or directory.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, and nothing else, to stdout.")]


@app.callback(invoke_without_command=True)
def _without_verb(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the embedded snapshot and your own."""
    from screening.phases.library import list_snapshots

    manifests = list_snapshots()
    if as_json:
        _write_json([_headline(each) for each in manifests])
        return
    columns = ("name", "energy scheme", "database version", "date", "phases")
    _write_table(columns, [[str(v) for v in list(_headline(each).values())[:5]] for each in manifests])


@app.command("show")
def show(name: NameArgument = "mp2019", as_json: JsonOption = False) -> None:
    """Show where a snapshot comes from, what it holds and what to cite."""
    from screening.phases.library import open_snapshot

    snapshot = open_snapshot(name)
    holds = {
        "phases": len(snapshot),
        "elements": len(snapshot.elements),
        "estimated": int(snapshot.phases.estimated.sum()),
        "dilute_left_out": snapshot.n_dilute_left_out,
    }
    details: dict[str, Any] = json.loads(snapshot.manifest.details)
    if as_json:
        _write_json([{**details, "holds": holds}])
        return
    for key, value in {**details, "holds": holds}.items():
        _write_entry(key, value)
    for i in snapshot.phases.estimated.nonzero()[0]:
        _write_entry(f"estimated {snapshot.phases.formula[i]}", snapshot.phases.note[i])


@app.command("verify")
def verify(name: NameArgument = "mp2019", as_json: JsonOption = False) -> None:
    """Check a snapshot: files, columns, energies, elemental references, content checksum."""
    from screening.phases.library import locate
    from screening.phases.snapshot import Snapshot

    directory = locate(name)
    snapshot = Snapshot.read(directory, keep_dilute=True)
    snapshot.verify(directory)
    manifest = snapshot.manifest
    if as_json:
        _write_json([{"name": manifest.name, "checksum": manifest.checksum, "verified": True}])
        return
    print(plain(f"{manifest.name}: sound, {len(snapshot)} phases, content sha256 {manifest.checksum}"))


def plain(text: object) -> str:
    """Text from outside with every control character replaced, so that a terminal only shows it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def _headline(manifest: Manifest) -> dict[str, Any]:
    details: dict[str, Any] = json.loads(manifest.details)
    counts = details.get("counts")
    found = counts if isinstance(counts, dict) else {}
    phases = [n for n in (found.get("elements"), found.get("compounds")) if isinstance(n, int)]
    return {
        "name": manifest.name,
        "energy_scheme": manifest.energy_scheme,
        "database_version": manifest.database_version,
        "date": manifest.date,
        "phases": sum(phases) if phases else None,
        "title": manifest.title,
        "licence": manifest.licence,
        "checksum": manifest.checksum,
    }


def _write_json(content: list[Any]) -> None:
    print(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))


def _write_entry(key: str, value: object, indent: str = "") -> None:
    if isinstance(value, dict):
        print(f"{indent}{plain(key)}:")
        for inner, each in value.items():
            _write_entry(inner, each, indent + "  ")
    elif isinstance(value, list):
        print(f"{indent}{plain(key)}:")
        for each in value:
            print(f"{indent}  {plain(each)}")
    else:
        print(f"{indent}{plain(key)}: {plain(value)}")


def _write_table(columns: tuple[str, ...], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(plain(cell), overflow="fold") for cell in row))
    Console().print(table)

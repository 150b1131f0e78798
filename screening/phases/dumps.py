"""Dumps of databases as people have them: OPTIMADE, pymatgen's entries, tables of formation energies."""

import bz2
import gzip
import json
import lzma
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from screening.errors import InputError
from screening.files import no_pipe
from screening.phases.entries import Entry, Summary, entry_of_energy

FORMULA_COLUMNS = ("chemical_formula_reduced", "formula_pretty", "formula", "composition", "name")
VOLUME_COLUMNS = ("volume_per_atom_a3", "volume_pa", "_oqmd_volume_pa")
CELL_COLUMNS = (("volume", "nsites"), ("data.volume", "data.nsites"), ("_oqmd_volume", "nsites"))
IDENTIFIER_COLUMNS = ("material_id", "id", "mat_id", "entry_id", "jid", "data.mat_id")

_OPENERS: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_TABLES = (".csv", ".tsv", ".parquet")
SUFFIXES = (".json", ".jsonl", *_TABLES)

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Dump:
    """How the formation energies of one database are written; an entry of ``dumps.toml``.

    Attributes
    ----------
    source : str
    energy : str
        Column of the formation energy (eV/atom); nested keys are joined by dots.
    band_gap : str
    scheme, licence : str
        Empty where the column does not tell.
    cite : tuple of str
    """

    source: str
    energy: str
    band_gap: str = ""
    scheme: str = ""
    licence: str = ""
    cite: tuple[str, ...] = ()


@cache
def known_dumps() -> tuple[Dump, ...]:
    """The dumps that are known by their columns, in the order in which they are looked for."""
    content = tomllib.loads(Path(__file__).with_name("dumps.toml").read_text("utf-8"))
    return tuple(Dump(**{**each, "cite": tuple(each.get("cite", ()))}) for each in content["dump"])


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a dump, as they are nested there.

    Parameters
    ----------
    path : Path
        JSON (a list, or one under ``data`` or ``entries``), JSON lines, csv, tsv or parquet; text may be
        compressed (``.gz``, ``.bz2``, ``.xz``).

    Raises
    ------
    InputError
        If it cannot be read, or holds no rows.
    """
    opener = _OPENERS.get(path.suffix.lower(), open)
    suffix = (path.with_suffix("") if opener is not open else path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"unknown suffix {suffix!r}", where=str(path), remedy=f"give a {', '.join(SUFFIXES)} file"
        )
    try:
        if suffix in _TABLES:
            rows = _table(path, suffix)
        else:
            with opener(no_pipe(path), "rt", encoding="utf-8-sig") as file:
                lines = suffix == ".jsonl"
                content = [json.loads(line) for line in file if line.strip()] if lines else json.load(file)
            rows = _listed(content)
    except (OSError, EOFError, ValueError, RecursionError, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or f"no {suffix} file that can be used"
        raise InputError(
            f"cannot be read ({reason})", where=str(path), remedy="fetch the dump again"
        ) from None
    if not rows:
        raise InputError("no entries", where=str(path), remedy="give a list of objects, or one under data")
    return rows


def _table(path: Path, suffix: str) -> list[dict[str, Any]]:
    import pandas as pd

    if suffix == ".parquet":
        table = pd.read_parquet(path)
    else:
        table = pd.read_csv(
            path, sep="\t" if suffix == ".tsv" else ",", low_memory=False, compression="infer"
        )
    return table.astype(object).where(table.notna(), None).to_dict("records")  # type: ignore[return-value]


def _listed(content: Any) -> list[dict[str, Any]]:
    for key in ("data", "entries"):
        content = content.get(key, content) if isinstance(content, dict) else content
    return [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []


def flat(row: Row) -> Row:
    """A row whose nested keys are joined by dots; OPTIMADE's attributes stand on their own."""
    found: dict[str, Any] = {}

    def walk(part: Mapping[str, Any], prefix: str) -> None:
        for key, value in part.items():
            if isinstance(value, dict) and f"{prefix}{key}" not in ("composition", "structure"):
                walk(value, "" if not prefix and key == "attributes" else f"{prefix}{key}.")
            else:
                found[f"{prefix}{key}"] = value

    walk(row, "")
    return found


def recognised(rows: Sequence[Row], energy_column: str, path: Path) -> Dump:
    """Which dump the rows come from, by the column of their formation energies.

    Raises
    ------
    InputError
        If no such column is there, or columns of two databases are.
    """
    columns = {name for row in rows for name in row}
    if energy_column:
        if energy_column not in columns:
            raise InputError(f"no column {energy_column!r}", where=str(path), remedy=_held(columns))
        found = next((each for each in known_dumps() if each.energy == energy_column), None)
        return found or Dump(source=path.name, energy=energy_column)
    known = [each for each in known_dumps() if each.energy in columns]
    if not known:
        raise InputError(
            "no column of formation energies that is known",
            where=str(path),
            remedy=f"name it with --energy; {_held(columns)}",
        )
    if len({each.scheme for each in known if each.scheme}) > 1:
        names = " and ".join(each.energy for each in known)
        raise InputError(
            f"columns of several databases: {names}", where=str(path), remedy="name one with --energy"
        )
    return known[0]


def _held(columns: set[str]) -> str:
    shown = sorted(columns)[:12]
    return f"there are {', '.join(shown)}" + (" ..." if len(columns) > len(shown) else "")


def entries_of_rows(rows: Sequence[Row], dump: Dump) -> Iterator[Entry | str]:
    """Each row as an entry whose energy is its formation energy, or why it cannot be used."""
    for number, row in enumerate(rows, start=1):
        composition = next((row[each] for each in FORMULA_COLUMNS if row.get(each)), None)
        if composition is None:
            yield "without a formula"
            continue
        energy = _number(row.get(dump.energy))
        if math.isnan(energy):
            yield "without a formation energy"
            continue
        gap = _number(row.get(dump.band_gap))
        try:
            yield entry_of_energy(
                str(next((row[each] for each in IDENTIFIER_COLUMNS if row.get(each)), number)),
                composition,
                energy_ev_per_atom=energy,
                volume_per_atom_a3=_volume_per_atom(row),
                summary=Summary(None if math.isnan(gap) else max(gap, 0.0)),
            )
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
            yield "with a formula that cannot be read"


def _number(value: Any) -> float:
    try:
        number = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    return number if math.isfinite(number) else math.nan


def _volume_per_atom(row: Row) -> float:
    """Volume per atom (Å³); NaN where the dump has none."""
    volume = next((_number(row[each]) for each in VOLUME_COLUMNS if row.get(each)), math.nan)
    for cell, sites in CELL_COLUMNS:
        if math.isnan(volume) and _number(row.get(sites)) > 0.0:
            volume = _number(row.get(cell)) / _number(row.get(sites))
    return volume if volume > 0.0 else math.nan

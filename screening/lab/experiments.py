"""A folder of experiments: one TOML sheet per cell, read and checked.

A sheet states what the cell is, where its raw files are, and what is quoted about it::

    origin = "measured"
    kind = "symmetric"
    reactor = "LiAlCl4"
    wt_percent = 50.0
    die_mm = 10.0
    layer_mg = 10.0
    stack = ["Li", "layer", "Li6PS5Cl", "layer", "Li"]
    temperature_c = 25.0
    [protocol]
    current_ma_per_cm2 = 0.5
    capacity_mah_per_cm2 = 0.5
    [files]
    cycling = ["raw/cell-07.mpr"]
    [[quoted]]
    quantity = "critical_current_ma_per_cm2"
    value = 3.0
    where = "laboratory book 4, page 12"
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from screening.errors import InputError
from screening.lab.cell_record import CellRecord

SUFFIX = ".toml"


@dataclass(frozen=True)
class Experiment:
    """One cell of a folder.

    Attributes
    ----------
    name : str
        Stem of the sheet's file.
    path : Path
        The sheet.
    record : CellRecord
    """

    name: str
    path: Path
    record: CellRecord

    def located(self, kind: Literal["impedance", "cycling", "diffraction", "all"]) -> tuple[Path, ...]:
        """Paths of the raw files of one kind."""
        return tuple(self.path.parent / name for name in getattr(self.record.files, kind))


def read_experiments(directory: Path) -> tuple[Experiment, ...]:
    """Read all sheets of a folder and of its subfolders, by name.

    Raises
    ------
    InputError
        For the first fault: no sheet, a malformed one, a raw file that is missing, or two sheets of a name.
    """
    found = survey(directory)
    if found.faults:
        raise found.faults[0]
    return found.experiments


@dataclass(frozen=True)
class Survey:
    """The sound sheets of a folder by name, and what is wrong with the others."""

    experiments: tuple[Experiment, ...]
    faults: tuple[InputError, ...]


def survey(directory: Path) -> Survey:
    """Read all sheets of a folder, collecting faults instead of stopping at the first.

    Raises
    ------
    InputError
        If the directory does not exist or holds no sheet.
    """
    if not directory.is_dir():
        raise InputError("no such directory", where=str(directory), remedy="give a folder of cell sheets")
    paths = sorted(path for path in directory.rglob(f"*{SUFFIX}") if not path.name.startswith("."))
    if not paths:
        raise InputError(
            f"holds no {SUFFIX} sheet",
            where=str(directory),
            remedy="write one per cell; screening experiments example shows how",
        )
    experiments, faults = [], []
    for path in paths:
        try:
            experiments.append(read_experiment(path))
        except InputError as fault:
            faults.append(fault)
    faults += _repeated(experiments)
    return Survey(tuple(experiments), tuple(faults))


def _repeated(experiments: list[Experiment]) -> list[InputError]:
    """Faults between sheets: names that repeat."""
    names = [experiment.name for experiment in experiments]
    return [
        InputError("another sheet has this name", where=str(experiment.path), remedy="rename one")
        for place, experiment in enumerate(experiments)
        if experiment.name in names[:place]
    ]


def read_experiment(path: Path) -> Experiment:
    """Read one sheet; its raw files must exist.

    Raises
    ------
    InputError
        One line: file, key, value, remedy.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"cannot read ({error.strerror})", where=str(path), remedy="name an existing file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", where=str(path), remedy="correct that line") from None
    try:
        record = CellRecord.model_validate(content)
    except ValidationError as error:
        raise _first_fault(error, path) from None
    experiment = Experiment(path.stem, path, record)
    for name, place in zip(record.files.all, experiment.located("all"), strict=True):
        if not place.is_file():
            raise InputError(
                f"no file {name!r}",
                where=f"{path}: files",
                remedy="give its path relative to the sheet, or put it there",
            )
    return experiment


def _first_fault(error: ValidationError, path: Path) -> InputError:
    fault = error.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in fault["loc"] if part not in ("bool", "float"))
    where = f"{path}: {key}" if key else str(path)
    if fault["type"] == "extra_forbidden":
        return InputError("unknown key", where=where, remedy="see docs/validation.md for the keys")
    if fault["type"] == "missing":
        return InputError("is missing", where=where, remedy="add it")
    message = fault["msg"].removeprefix("Value error, ")
    given = fault["input"]
    value = f"{given!r}: " if isinstance(given, bool | int | float | str) else ""
    return InputError(f"{value}{message}", where=where, remedy="correct the value")

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
from screening.lab.sheet_faults import sheet_faults

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


@dataclass(frozen=True)
class Survey:
    """The sound sheets of a folder by name, and what is wrong with the others.

    Attributes
    ----------
    experiments : tuple of Experiment
    faults : tuple of InputError
        All of them; a sheet may have several.
    n_faulty : int
        Sheets with a fault.
    """

    experiments: tuple[Experiment, ...]
    faults: tuple[InputError, ...]
    n_faulty: int


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
    experiments: dict[str, Experiment] = {}
    faults: list[InputError] = []
    for path in paths:
        experiment, wrong = _examine(path)
        if experiment is not None and path.stem in experiments:
            wrong = [InputError("another sheet has this name", where=str(path), remedy="rename one")]
        elif experiment is not None:
            experiments[path.stem] = experiment
        faults += wrong
    return Survey(tuple(experiments.values()), tuple(faults), len(paths) - len(experiments))


def read_experiment(path: Path) -> Experiment:
    """Read one sheet; its raw files must exist.

    Raises
    ------
    InputError
        One line: file, key, value, remedy; for the first fault.
    """
    experiment, faults = _examine(path)
    if experiment is None:
        raise faults[0]
    return experiment


def _examine(path: Path) -> tuple[Experiment | None, list[InputError]]:
    """A sheet if it is sound, else everything that is wrong with it."""
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        reason = f"cannot read ({error.strerror})"
        return None, [InputError(reason, where=str(path), remedy="name an existing file")]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [InputError(f"not TOML: {error}", where=str(path), remedy="correct that line")]
    try:
        record = CellRecord.model_validate(content)
    except ValidationError as error:
        return None, sheet_faults(error, path)
    experiment = Experiment(path.stem, path, record)
    faults = [
        InputError(
            f"no file {name!r}",
            where=f"{path}: files",
            remedy="give its path relative to the sheet, or put it there",
        )
        for name, place in zip(record.files.all, experiment.located("all"), strict=True)
        if not place.is_file()
    ]
    return (None if faults else experiment), faults

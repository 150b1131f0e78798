"""A folder of experiments: one TOML sheet per cell, read, and checked down to its raw files.

A sheet states what the cell is, where its raw files are, and what is quoted about it::

    origin = "measured"
    kind = "symmetric"
    reactor = "LiAlCl4"
    wt_percent = 50.0
    diameter_mm = 10.0
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

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from screening.errors import InputError
from screening.lab.analysis import CellAnalysis, analyse_cell
from screening.lab.cell import Experiment
from screening.lab.sheets import examine

SUFFIX = ".toml"

Sound = TypeVar("Sound")


@dataclass(frozen=True)
class Survey(Generic[Sound]):
    """The sound cells of a folder by name, and what is wrong with the others.

    Attributes
    ----------
    cells : tuple
        Sheets as `survey` reads them, or their analyses by `check`.
    faults : tuple of InputError
        All of them; a sheet may have several.
    n_faulty : int
        Sheets with a fault.
    """

    cells: tuple[Sound, ...]
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
    return found.cells


def survey(directory: Path) -> Survey[Experiment]:
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
            remedy="screening cells init DIR writes them; screening experiments example shows some",
        )
    experiments: dict[str, Experiment] = {}
    faults: list[InputError] = []
    for path in paths:
        experiment, wrong = examine(path, Experiment)
        if experiment is not None and path.stem in experiments:
            wrong = [InputError("another sheet has this name", where=str(path), remedy="rename one")]
        elif experiment is not None:
            experiments[path.stem] = experiment
        faults += wrong
    return Survey(tuple(experiments.values()), tuple(faults), len(paths) - len(experiments))


def check(directory: Path) -> Survey[CellAnalysis]:
    """Read every sheet of a folder, and open and reduce every raw file as ``validate`` will.

    Raises
    ------
    InputError
        If the directory does not exist or holds no sheet.
    """
    found = survey(directory)
    cells, faults = [], list(found.faults)
    for experiment in found.cells:
        try:
            cell = analyse_cell(experiment)
        except InputError as fault:
            faults.append(fault)
            continue
        faults += [_of_sheet(experiment, fault) for fault in cell.faults]
        if not cell.faults:
            cells.append(cell.figures_only())
    n_sheets = len(found.cells) + found.n_faulty
    return Survey(tuple(cells), tuple(faults), n_sheets - len(cells))


def _of_sheet(experiment: Experiment, fault: InputError) -> InputError:
    """A fault of a raw file, with the sheet that names the file."""
    where = f"{experiment.path}: files" + (f": {fault.where}" if fault.where else "")
    return InputError(fault.message, where=where, remedy=fault.remedy)

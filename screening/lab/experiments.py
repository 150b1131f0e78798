"""A folder of experiments: one TOML sheet per cell, read and checked.

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

from screening.errors import InputError
from screening.lab.cell import Experiment
from screening.lab.sheets import examine

SUFFIX = ".toml"


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
        experiment, wrong = examine(path, Experiment)
        if experiment is not None and path.stem in experiments:
            wrong = [InputError("another sheet has this name", where=str(path), remedy="rename one")]
        elif experiment is not None:
            experiments[path.stem] = experiment
        faults += wrong
    return Survey(tuple(experiments.values()), tuple(faults), len(paths) - len(experiments))

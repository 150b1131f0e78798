"""A folder of experiments, checked down to its raw files: each is opened and reduced as ``validate`` will."""

from dataclasses import dataclass
from pathlib import Path

from screening.errors import InputError
from screening.lab.analysis import CellAnalysis, analyse_cell
from screening.lab.cell import Experiment
from screening.lab.experiments import survey


@dataclass(frozen=True)
class Check:
    """What a folder holds.

    Attributes
    ----------
    cells : tuple of CellAnalysis
        Sound ones, with remarks on what their raw files did not yield.
    faults : tuple of InputError
        Of sheets and of raw files, each naming its sheet.
    n_faulty : int
        Sheets with a fault.
    """

    cells: tuple[CellAnalysis, ...]
    faults: tuple[InputError, ...]
    n_faulty: int


def check(directory: Path) -> Check:
    """Read every sheet of a folder and open every raw file.

    Raises
    ------
    InputError
        If the directory does not exist or holds no sheet.
    """
    found = survey(directory)
    cells, faults = [], list(found.faults)
    for experiment in found.experiments:
        try:
            cell = analyse_cell(experiment)
        except InputError as fault:
            faults.append(fault)
            continue
        faults += [_of_sheet(experiment, fault) for fault in cell.faults]
        if not cell.faults:
            cells.append(cell.figures_only())
    n_sheets = len(found.experiments) + found.n_faulty
    return Check(tuple(cells), tuple(faults), n_sheets - len(cells))


def _of_sheet(experiment: Experiment, fault: InputError) -> InputError:
    """A fault of a raw file, with the sheet that names the file."""
    where = f"{experiment.path}: files" + (f": {fault.where}" if fault.where else "")
    return InputError(fault.message, where=where, remedy=fault.remedy)

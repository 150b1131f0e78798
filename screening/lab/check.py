"""A folder of experiments, checked down to its raw files: each is opened and reduced as ``validate`` will."""

from dataclasses import dataclass
from pathlib import Path

from screening.errors import InputError
from screening.lab.experiments import Experiment, survey
from screening.lab.outcomes import MeasuredCell, measure_cell
from screening.lab.readers.diffraction import read_pattern


@dataclass(frozen=True)
class Check:
    """What a folder holds.

    Attributes
    ----------
    cells : tuple of MeasuredCell
        Sound ones, with remarks on what their raw files did not yield.
    faults : tuple of InputError
        Of sheets and of raw files, each naming its sheet.
    n_faulty : int
        Sheets with a fault.
    """

    cells: tuple[MeasuredCell, ...]
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
            cell = measure_cell(experiment)
        except InputError as fault:
            faults.append(fault)
            continue
        wrong = [*cell.faults, *_unread_patterns(experiment)]
        faults += [_of_sheet(experiment, fault) for fault in wrong]
        if not wrong:
            cells.append(cell)
    n_sheets = len(found.experiments) + found.n_faulty
    return Check(tuple(cells), tuple(faults), n_sheets - len(cells))


def _unread_patterns(experiment: Experiment) -> list[InputError]:
    """Faults of diffraction patterns, which only ``validate`` compares with what is predicted."""
    faults = []
    for path in experiment.located("diffraction"):
        try:
            read_pattern(path, experiment.record.files.wavelength_a)
        except InputError as fault:
            faults.append(fault)
    return faults


def _of_sheet(experiment: Experiment, fault: InputError) -> InputError:
    """A fault of a raw file, with the sheet that names the file."""
    where = f"{experiment.path}: files" + (f": {fault.where}" if fault.where else "")
    return InputError(fault.message, where=where, remedy=fault.remedy)

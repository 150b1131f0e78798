"""The example study that ships with the package: the founding paper's figures, and simulated cells.

The sheets of ``example_experiments`` are copied as they are. Raw files exist for the simulated cells only;
they are written by the simulators with fixed seeds, so that reading and analysis run from file to outcome.
"""

from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from screening.errors import InputError
from screening.files import atomic_write, output_directory, write_csv
from screening.lab.cycling.export import write_bdf
from screening.lab.cycling.table import CyclingData
from screening.lab.diffraction.pattern import FEWEST_POINTS, PowderPattern
from screening.lab.experiments import SUFFIX
from screening.phases.powder import RANGE_DEG
from screening.phases.structures import literature_cells
from screening.provenance import Provenance
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.simulate.full import FullCellTruth, simulate_full_cell
from screening.simulate.impedance import rest_study, study_provenance
from screening.simulate.symmetric import Scenario, simulate
from screening.validation.diffraction import references

RAW = "raw"
SEED = 100_001
"""Of the simulated cells: the example is the same for everybody."""

REACTED = {"LiCl": (6000.0, 60.0), "LiAl": (2500.0, 25.0), "Li": (800.0, 100.0)}
"""Phases of the simulated layer after the rest: counts of the strongest line, and grain size in nm."""

FULL_CELL_INTERVAL_S = 240.0
"""A row every four minutes keeps a hundred cycles below 1 MB."""


def sheets() -> dict[str, str]:
    """Texts of the shipped sheets by file name."""
    folder = files("screening.validation").joinpath("example_experiments")
    return {
        entry.name: entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(SUFFIX)
    }


def write_example(directory: str | Path) -> tuple[Path, ...]:
    """Write the example study into a directory: figures quoted from literature, and simulated raw files.

    Parameters
    ----------
    directory : str or Path
        Made where it does not exist; none of the sheets may be there already.

    Returns
    -------
    tuple of Path
        The sheets.

    Raises
    ------
    InputError
        If the place cannot be written, or holds one of the sheets.
    """
    directory, shipped = Path(directory), sheets()
    taken = [name for name in shipped if (directory / name).exists()]
    if taken:
        raise InputError(
            f"holds {taken[0]} already", where=str(directory), remedy="choose an empty directory"
        )
    output_directory(directory)
    _write_raw(output_directory(directory / RAW))
    for name, text in shipped.items():
        with atomic_write(directory / name) as draft:
            draft.write_text(text, "utf-8")
    return tuple(directory / name for name in shipped)


def _write_raw(folder: Path) -> None:
    study = rest_study()
    spectra = study.spectra(seed=SEED)
    table = pd.concat(
        [spectrum.to_frame().assign(loop=number) for number, spectrum in enumerate(spectra, start=1)]
    )
    columns = ["loop", "time_s", "frequency_hz", "z_real_ohm", "z_imag_ohm"]
    write_csv(folder / "simulated-rest.csv", table[columns], study_provenance())
    layer = simulate(Scenario.STABILISING, SEED).data
    control = simulate(Scenario.HARD, SEED).data
    full = simulate_full_cell(FullCellTruth(interval_s=FULL_CELL_INTERVAL_S), seed=SEED)
    for name, data in (("symmetric-layer", layer), ("symmetric-control", control), ("full", full)):
        write_bdf(folder / f"simulated-{name}.csv", data, _stamp(data))
    write_csv(folder / "simulated-rest-xrd.csv", *_reacted_layer())


def _reacted_layer() -> tuple[pd.DataFrame, Provenance]:
    """A powder pattern after the rest: the reactor is gone, salt and alloy are there, lithium is left."""
    scan, blank = Scan(), PowderPattern(np.linspace(*RANGE_DEG, FEWEST_POINTS), np.ones(FEWEST_POINTS))
    known = {each.name: each for each in references(tuple(REACTED), literature_cells(), blank).known}
    contents = [Content(known[name], counts, grain_nm=grain) for name, (counts, grain) in REACTED.items()]
    table = simulate_pattern(contents, scan, seed=SEED).to_frame()
    stamp = Provenance.now("simulated powder pattern", sha256(table.to_csv().encode()).hexdigest())
    return table, stamp


def _stamp(data: CyclingData) -> Provenance:
    """The parameters of a simulation stand in its cell's label; there is no file to take a checksum of."""
    content = sha256(data.time_s.tobytes() + data.voltage_v.tobytes() + data.current_a.tobytes())
    return Provenance.now(data.cell, content.hexdigest())

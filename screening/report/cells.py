"""Cells of a folder of experiments: what each is, what it showed, and figures of its raw files."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from screening.errors import InputError
from screening.lab.cell_record import CellRecord, Kind, Origin
from screening.lab.experiments import Experiment, Survey, survey
from screening.lab.outcomes import MeasuredCell, measure_cell
from screening.lab.quantities import QUANTITIES
from screening.report.comparison import outcome_words, quantity_words
from screening.report.parts import Block, Picture, Section, Table, subscripted
from screening.validation.predictions import Prediction, Predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE_DPI = 130
"""Dots per inch of an embedded figure: sharp on the page, and a quarter of what print asks for."""

Embed = Callable[[str, bytes], Picture]
Progress = Callable[[str], None]

ORDER = (Origin.MEASURED, Origin.SIMULATED, Origin.LITERATURE)


@dataclass(frozen=True)
class CellSections:
    """Sections on cells, and the raw files that stand behind them: these are never shown as tables."""

    sections: tuple[Section, ...]
    raw: frozenset[Path]


def cell_sections(
    directory: Path, predictions: Predictions | None, embed: Embed, progress: Progress | None = None
) -> CellSections:
    """Show every cell sheet under a directory.

    Parameters
    ----------
    directory : Path
    predictions : Predictions, optional
        Say which phases a powder pattern is searched for; without them reactor, electrolyte and anode are.
    embed : callable
        Puts a picture (title, png) on the page.
    progress : callable, optional
        Told which cell is analysed.
    """
    try:
        found = survey(directory)
    except InputError:  # holds no sheet at all
        return CellSections((), frozenset())
    if not found.experiments:
        return CellSections((), frozenset())
    raw = frozenset(path.resolve() for each in found.experiments for path in each.located("all"))
    ordered = sorted(found.experiments, key=lambda each: (ORDER.index(each.record.origin), each.name))
    views = [_view(each, predictions, embed, progress or (lambda text: None)) for each in ordered]
    overview = Block("", _counts(found, directory), (_overview([view.cell for view in views]),))
    blocks = [view.block for view in views if view.block is not None]
    return CellSections((Section("cells", "Cells", (overview, *blocks, _sources(views))),), raw)


@dataclass(frozen=True)
class _View:
    cell: MeasuredCell
    block: Block | None


def _view(experiment: Experiment, predictions: Predictions | None, embed: Embed, progress: Progress) -> _View:
    """Outcomes of a cell, and the block of its raw files where it has some."""
    files = experiment.record.files.all
    if files:
        progress(f"analysing {experiment.name} ({', '.join(files)})")
    prediction = predictions.of(experiment.record) if predictions is not None else None
    try:
        cell = _with_pattern(measure_cell(experiment), prediction)
    except InputError as fault:
        cell = MeasuredCell(experiment, {}, (f"no outcomes: {fault.message}",))
    if not files:
        return _View(cell, None)
    pictures, faults = [], []
    for title, draw in _figures(experiment, prediction):
        try:
            pictures.append(embed(f"{title}; {experiment.record.origin}", _png(draw())))
        except InputError as fault:
            faults.append(f"{title}: no figure ({fault.message})")
    sentences = tuple(subscripted(text) for text in (_what(experiment.record), *cell.remarks, *faults))
    mark = str(experiment.record.origin)
    return _View(cell, Block(experiment.name, sentences, pictures=tuple(pictures), mark=mark))


def _with_pattern(cell: MeasuredCell, prediction: Prediction | None) -> MeasuredCell:
    from screening.phases.structures import literature_cells
    from screening.validation.diffraction import with_diffraction

    if prediction is None or not cell.experiment.record.files.diffraction:
        return cell
    return with_diffraction(cell, prediction, literature_cells())


def _counts(found: Survey, directory: Path) -> tuple[str, ...]:
    origins = [each.record.origin for each in found.experiments]
    words = ", ".join(f"{origins.count(name)} {name}" for name in ORDER if name in origins)
    told = [f"{len(origins)} cells: {words}."]
    if Origin.LITERATURE in origins:
        told.append("Literature: figures quoted from a publication, with no raw data behind them.")
    if Origin.SIMULATED in origins:
        told.append("Simulated: made by a program; it tells nothing about any reactor.")
    folders = {each.path.parent for each in found.experiments}
    place = f"{directory}/"
    told += [
        f"Not read: {str(fault).replace(place, '')}"
        for fault in found.faults
        if any(str(fault.where).startswith(f"{folder}/") for folder in folders)
    ]
    return tuple(told)


def _what(record: CellRecord) -> str:
    """What a cell is, in one line."""
    layer = (
        f"{record.reactor} {record.wt_percent:g} wt% in {record.electrolyte}"
        if record.reactor
        else "no layer"
    )
    parts = (f"{record.kind} cell", layer, record.protocol.words, " | ".join(record.stack))
    return ", ".join(part for part in parts if part) + f"; files {', '.join(record.files.all)}"


def _overview(cells: list[MeasuredCell]) -> Table:
    rows = []
    for cell in cells:
        record = cell.experiment.record
        layer = f"{record.reactor}, {record.wt_percent:g} wt%" if record.reactor else "no layer"
        outcomes = [f"{quantity_words(name)}: {_value(cell, name)}" for name in cell.outcomes]
        kind = f"{record.kind}\n{record.protocol.words}".rstrip()
        rows.append(
            (cell.name, str(record.origin), subscripted(layer), kind, "\n".join(outcomes) or "no outcome")
        )
    columns = ("cell", "origin", "layer", "kind and protocol", "what it showed")
    return Table("All cells", columns, tuple(rows), stacked=True, marked="origin")


def _value(cell: MeasuredCell, quantity: str) -> str:
    outcome = cell.outcomes[quantity]
    return outcome_words(
        {
            "quantity": quantity,
            "value": outcome.value,
            "standard_deviation": outcome.sd,
            "at_least": outcome.at_least,
            "unit": "",  # stands with the quantity's own words
        }
    )


def _sources(views: list[_View]) -> Block:
    """Where each figure stands, folded."""
    rows = tuple(
        (view.cell.name, quantity_words(name), _value(view.cell, name), subscripted(outcome.where))
        for view in views
        for name, outcome in view.cell.outcomes.items()
        if name in QUANTITIES
    )
    title = "Where each figure stands"
    table = Table(title, ("cell", "outcome", "value", "where"), rows, folded=True, stacked=True)
    return Block(title, tables=(table,) if rows else ())


def _figures(
    experiment: Experiment, prediction: Prediction | None
) -> Iterator[tuple[str, Callable[[], "Figure"]]]:
    """Title of every figure that a cell's raw files give, and what draws it."""
    files = experiment.record.files
    if files.impedance:
        yield f"{experiment.name}: relaxation times", lambda: _drt(experiment)
    if files.cycling and experiment.record.kind in (Kind.SYMMETRIC, Kind.FULL):
        yield f"{experiment.name}: cycling", lambda: _cycling(experiment)
    if files.diffraction:
        yield f"{experiment.name}: powder pattern", lambda: _diffraction(experiment, prediction)


def _drt(experiment: Experiment) -> "Figure":
    from screening.lab.impedance.analysis import analyse
    from screening.lab.readers.impedance import read_series
    from screening.plots.drt import drt_figure
    from screening.provenance import SIMULATED

    spectra = read_series(list(experiment.located("impedance")))
    if experiment.record.origin is Origin.SIMULATED:
        spectra = tuple(replace(s, metadata={**s.metadata, "origin": SIMULATED}) for s in spectra)
    result = analyse(spectra)
    return drt_figure(result.processes, result.report)


def _cycling(experiment: Experiment) -> "Figure":
    from screening.lab.cycling.full import assess_full
    from screening.lab.cycling.symmetric import assess_symmetric
    from screening.lab.cycling.table import Flag, FlagKind
    from screening.lab.readers.cycling import read_cycling
    from screening.plots.cycling import symmetric_figure
    from screening.plots.fullcell import full_cell_figure

    sheet = experiment.record.cell_sheet(experiment.name)
    data = read_cycling(
        list(experiment.located("cycling")),
        cell=experiment.name,
        area_cm2=sheet.electrode_area_cm2,
        active_mass_mg=sheet.active_material_mg,
    )
    if experiment.record.origin is Origin.SIMULATED:
        data = data.with_flags([Flag(FlagKind.SIMULATED, "the cell's sheet says so")])
    if experiment.record.kind is Kind.FULL:
        return full_cell_figure(assess_full(data))
    return symmetric_figure(assess_symmetric(data, sheet))


def _diffraction(experiment: Experiment, prediction: Prediction | None) -> "Figure":
    from screening.lab.readers.diffraction import read_pattern
    from screening.phases.structures import literature_cells
    from screening.plots.diffraction import diffraction_figure
    from screening.validation.diffraction import look_for

    record = experiment.record
    pattern = read_pattern(experiment.located("diffraction")[0], record.files.wavelength_a)
    products = (*prediction.salts, *prediction.metals) if prediction is not None else ()
    names = [record.reactor, *products, record.electrolyte, record.anode]
    return diffraction_figure([look_for(names, literature_cells(), pattern)])


def _png(figure: "Figure") -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=FIGURE_DPI, bbox_inches="tight")
    return stream.getvalue()

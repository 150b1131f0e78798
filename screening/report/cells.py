"""Cells of a folder of experiments: what each is, what happened to it, and figures of its raw files."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from screening.campaign.directory import ResultsDirectory
from screening.display import subscripted
from screening.errors import InputError
from screening.lab.analysis import CellAnalysis, analyse_cell
from screening.lab.briefs import brief
from screening.lab.cell import Cell, Experiment, Origin
from screening.lab.experiments import Survey, survey
from screening.lab.quantities import QUANTITIES
from screening.report.comparison import outcome_words, quantity_words
from screening.report.parts import Block, Picture, Section, Table
from screening.validation.expected_phases import ExpectedPhases
from screening.validation.joining import prediction_of

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
    directory: Path, predictions: ResultsDirectory | None, embed: Embed, progress: Progress | None = None
) -> CellSections:
    """Show every cell sheet under a directory.

    Parameters
    ----------
    directory : Path
    predictions : ResultsDirectory, optional
        Say which phases a powder pattern is searched for; without them reactor, electrolyte and anode are.
    embed : callable
        Puts a picture (title, png) on the page.
    progress : callable, optional
        Called with the cell that is being analysed.
    """
    try:
        found = survey(directory)
    except InputError:  # holds no sheet at all
        return CellSections((), frozenset())
    if not found.cells:
        return CellSections((), frozenset())
    raw = frozenset(path.resolve() for each in found.cells for path in each.located("all"))
    ordered = sorted(found.cells, key=lambda each: (ORDER.index(each.origin), each.name))
    views = [_view(each, predictions, embed, progress or (lambda text: None)) for each in ordered]
    overview = Block("", _counts(found, directory), (_overview([view.cell for view in views]),))
    blocks = [view.block for view in views if view.block is not None]
    return CellSections((Section("cells", "Cells", (overview, *blocks, _sources(views))),), raw)


@dataclass(frozen=True)
class _View:
    cell: CellAnalysis
    block: Block | None


def _view(
    experiment: Experiment, predictions: ResultsDirectory | None, embed: Embed, progress: Progress
) -> _View:
    """Outcomes of a cell, and the block of its raw files where it has some."""
    files = experiment.files.all
    if files:
        progress(f"analysing {experiment.name} ({', '.join(files)})")
    try:
        cell = analyse_cell(experiment, _search(experiment, predictions))
    except InputError as fault:
        cell = CellAnalysis(sheet=experiment, remarks=(f"no outcomes: {fault.message}",))
    if not files:
        return _View(cell, None)
    pictures, faults = [], []
    for title, draw in _figures(cell):
        try:
            pictures.append(embed(f"{title}; {experiment.origin}", _png(draw())))
        except InputError as fault:
            faults.append(f"{title}: no figure ({fault.message})")
    sentences = tuple(subscripted(text) for text in (_what(experiment), *cell.remarks, *faults))
    block = Block(experiment.name, sentences, pictures=tuple(pictures), mark=str(experiment.origin))
    return _View(cell.figures_only(), block)


def _search(experiment: Experiment, predictions: ResultsDirectory | None) -> ExpectedPhases | None:
    if not experiment.files.diffraction:
        return None
    from screening.phases.structures import literature_cells

    prediction = None if predictions is None else prediction_of(predictions, experiment)
    return ExpectedPhases.of(experiment, prediction, literature_cells())


def _counts(found: Survey[Experiment], directory: Path) -> tuple[str, ...]:
    origins = [each.origin for each in found.cells]
    words = ", ".join(f"{origins.count(name)} {name}" for name in ORDER if name in origins)
    lines = [f"{len(origins)} cells: {words}."]
    if Origin.LITERATURE in origins:
        lines.append("Literature: figures quoted from a publication, with no raw data behind them.")
    if Origin.SIMULATED in origins:
        lines.append("Simulated: made by a program; it tells nothing about any reactor.")
    folders = {each.path.parent for each in found.cells}
    place = f"{directory}/"
    lines += [
        f"Not read: {str(fault).replace(place, '')}"
        for fault in found.faults
        if any(str(fault.where).startswith(f"{folder}/") for folder in folders)
    ]
    return tuple(lines)


def _what(sheet: Cell) -> str:
    """What a cell is, in one line."""
    layer = (
        f"{sheet.reactor} {sheet.wt_percent:g} wt% in {sheet.electrolyte}" if sheet.reactor else "no layer"
    )
    parts = (f"{sheet.kind} cell", layer, sheet.protocol.words, " | ".join(sheet.stack))
    return ", ".join(part for part in parts if part) + f"; files {', '.join(sheet.files.all)}"


def _overview(cells: list[CellAnalysis]) -> Table:
    rows = []
    for cell in cells:
        sheet = cell.sheet
        layer = f"{sheet.reactor}, {sheet.wt_percent:g} wt%" if sheet.reactor else "no layer"
        made = "; ".join(filter(None, (layer, str(sheet.kind), sheet.protocol.words)))
        rows.append((cell.name, str(sheet.origin), subscripted(made), subscripted(brief(cell))))
    columns = ("cell", "origin", "layer", "result")
    return Table("All cells", columns, tuple(rows), stacked=True, marked="origin")


def _value(cell: CellAnalysis, quantity: str) -> str:
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


def _figures(cell: CellAnalysis) -> Iterator[tuple[str, Callable[[], "Figure"]]]:
    """Title of every figure that a cell's raw files give, and what draws it."""
    from screening.plots.cycling import cycling_figure
    from screening.plots.diffraction import diffraction_figure
    from screening.plots.drt import drt_figure

    cycling = cell.cycling
    for found, place in ((cell.impedance, ""), (cell.between, ", spectra among the cycling")):
        if found is not None:
            yield f"{cell.name}: relaxation times{place}", partial(drt_figure, found)
    if cycling is not None:
        yield f"{cell.name}: cycling", lambda: cycling_figure(cycling)
    if cell.patterns:
        yield f"{cell.name}: powder pattern", lambda: diffraction_figure(cell.patterns)


def _png(figure: "Figure") -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=FIGURE_DPI)
    return stream.getvalue()

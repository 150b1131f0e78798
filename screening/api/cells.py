"""Measured cells in one call each: a sheet, a cycling record, a folder of cells against a campaign."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.lab.analysis import (
    CellAnalysis,
    CyclingReport,
    analyse_cycling,
    analyse_impedance,
    joint_verdict,
)
from screening.lab.cell import Cell, Kind
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.plating import PlatingReport
from screening.lab.cycling.symmetric import LifeEnd, SymmetricReport
from screening.lab.sheets import read_cell
from screening.lab.short import ShortVerdict
from screening.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

    from screening.validation.validate import Validation

CAPACITIES = {
    "capacity_mah": "mAh",
    "capacity_mah_per_g": "mAh/g of active material",
    "capacity_mah_per_cm2": "mAh/cm²",
}
"""Ends of the columns of capacities, and their units."""

CYCLED = (Kind.SYMMETRIC, Kind.FULL, Kind.PLATING)
"""Kinds of cells whose cycling is assessed."""

__all__ = ["CyclingResult", "read_cell", "read_cycling", "validate"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CyclingResult(Displayed):
    """What a cell's cycling shows.

    Attributes
    ----------
    report : SymmetricReport, FullCellReport or PlatingReport
        All figures.
    verdict : ShortVerdict
        Is there a short circuit? From the cycling, and from impedance where the sheet names spectra.
    remarks : tuple of str
        Former keys of the sheet, and spectra that could not be used.
    """

    report: CyclingReport
    verdict: ShortVerdict
    remarks: tuple[str, ...] = ()

    plotter: ClassVar[str] = "screening.plots.cycling:plot_cycling"

    @property
    def provenance(self) -> Provenance:
        """Stamp of the measured files, which says where they were simulated."""
        from screening.report.cycling import provenance_of

        return provenance_of(self.report.data)

    def to_frame(self) -> "pd.DataFrame":
        """One row per cycle; of a plating cell, per block."""
        report = self.report
        if isinstance(report, FullCellReport):
            return report.result.to_frame()
        return (report.blocks if isinstance(report, PlatingReport) else report.cycles).to_frame()

    def display(self) -> Table:
        """First and last figures, life and verdict; evidence and what to know about the data below."""
        import pandas as pd

        report, flags = self.report, self.report.data.flags
        if isinstance(report, FullCellReport):
            rows, flags = [*_full_rows(report)], report.result.flags
        elif isinstance(report, PlatingReport):
            rows = [*_plating_rows(report)]
        else:
            rows = [*_symmetric_rows(report)]
        rows.append(("short", self.verdict.words))
        evidence = [f"{item.signal}: {item.statement}" for item in self.verdict.evidence]
        told = (f"note: {text}" for text in (*flags, *self.remarks))
        notes = (*evidence, *told, self.provenance.line())
        return Table("", pd.DataFrame(rows, columns=["quantity", "value"]), notes)

    def summary(self) -> dict[str, Any]:
        """Everything found, ready for JSON."""
        from screening.report.cycling import cycling_summary

        return cycling_summary(self.report, self.verdict)

    def write(self, directory: str | Path) -> list[Path]:
        """Write tables, the record in Battery Data Format, figures and a page; the files written."""
        from screening.report.cycling import write_cycling

        return write_cycling(Path(directory), self.report, self.verdict)


def _course(values: np.ndarray, unit: str, factor: float = 1.0) -> str:
    return f"{factor * values[0]:.4g} {unit} at first, {factor * values[-1]:.4g} {unit} at last"


def _symmetric_rows(report: SymmetricReport) -> Iterator[tuple[str, str]]:
    cycles, life = report.cycles, report.life
    yield "cell", report.data.cell
    yield "half-cycles", f"{len(report.half_cycles)} ({len(cycles)} cycles)"
    if not report.is_symmetric:
        yield "kind", "no symmetric cell; assess it as a full one (kind full)"
        return
    if len(cycles):
        yield "overpotential", _course(cycles.overpotential_v, "mV", 1e3)
        yield "ASR (whole cell)", _course(cycles.asr_ohm_cm2, "Ω cm²")
    stable = report.stabilisation_cycle
    yield "stable from cycle", "never" if stable is None else str(stable)
    more = "more than " if life.end is LifeEnd.RECORD else ""
    throughput = f"{life.throughput_mah_per_cm2:.4g} mAh/cm²"
    yield "life", f"{more}{life}, {throughput} ({life.end})"


def _plating_rows(report: PlatingReport) -> Iterator[tuple[str, str]]:
    blocks = report.blocks
    yield "cell", report.data.cell
    yield "blocks", f"{len(blocks)}, {int((blocks.inner_cycles > 0).sum())} of them with inner cycles"
    for name, value in (("plain", report.plain_efficiency), ("Aurbach", report.aurbach_efficiency)):
        if value is not None:
            yield f"plating efficiency ({name})", f"{value:.2%}"
    if np.isfinite(blocks.efficiency[0]):
        yield "first block", f"{blocks.efficiency[0]:.2%}"


def _full_rows(report: FullCellReport) -> Iterator[tuple[str, str]]:
    result, frame = report.result, report.result.to_frame()
    whole = result.cycles.shown
    yield "cell", result.cell
    single = result.cycles.single
    yield "cycles", f"a single {single}" if single else f"{len(result.cycles)}, {result.order}"
    half = single or "discharge"
    for end, unit in CAPACITIES.items():
        if (column := f"{half}_{end}") in frame:
            values = frame[column].to_numpy()[whole]
            yield f"{half} capacity", f"{values[0]:.4g} {unit}" if single else _course(values, unit)
    if not single:
        efficiency = f"{result.coulombic_efficiency[0]:.2%} at first"
        yield "Coulombic efficiency", f"{efficiency} ({result.order.efficiency_definition})"
        yield "energy efficiency", f"{result.energy_efficiency[0]:.2%} at first"
        kept, last = result.retention[whole][-1], result.cycles.number[whole][-1]
        words = f"{kept:.1%}" if kept == kept else "not at the reference's rate"
        yield "retention", f"{words} in cycle {last} against cycle {result.reference_cycle}"
    for analysis in report.plateaus:
        for plateau in analysis.plateaus:
            mark = ", extra" if plateau in analysis.extra else ""
            half = "charge" if analysis.sign > 0 else "discharge"
            share = f"{plateau.fraction:.1%} of the first {half}{mark}"
            yield f"plateau ({half})", f"{plateau.voltage_v:.3f} V, {share}"


def read_cycling(
    files: Path | str | Sequence[Path | str],
    *,
    cell: Cell | Path | str | None = None,
    area_cm2: float | None = None,
    diameter_mm: float | None = None,
    kind: Kind | str | None = None,
) -> CyclingResult:
    """Assess the cycling of one cell.

    Parameters
    ----------
    files : path or sequence of paths
        Files of the cell, in the order they were measured.
    cell : Cell or path, optional
        Its sheet: area, masses, separator.
    area_cm2, diameter_mm : float, optional
        Electrode area, or the diameter of a round one, where the sheet gives neither.
    kind : Kind, optional
        ``symmetric``, ``full`` or ``plating``; by default what the sheet says, else what the record shows.

    Returns
    -------
    CyclingResult

    Raises
    ------
    InputError
        If a file or the sheet cannot be used, or the area is unknown.
    """
    sheet = cell if isinstance(cell, Cell) else Cell() if cell is None else read_cell(cell)
    update: dict[str, Any] = {} if kind is None else {"kind": _kind(kind)}
    given = {"area_cm2": area_cm2, "diameter_mm": diameter_mm}
    update |= _area({name: value for name, value in given.items() if value is not None}, sheet)
    sheet = sheet.model_copy(update=update)
    paths = [Path(each) for each in ([files] if isinstance(files, Path | str) else files)]
    report = analyse_cycling(sheet, paths)
    assert report is not None  # of a kind that is cycled
    remarks, impedance = list(sheet.hints), None
    if sheet.files.impedance:
        try:
            impedance = analyse_impedance(sheet)
        except InputError as fault:
            remarks.append(f"impedance not used: {fault}")
    verdict = joint_verdict(report, impedance) or report.verdict
    return CyclingResult(report=report, verdict=verdict, remarks=tuple(remarks))


def _kind(asked: Kind | str) -> Kind:
    if asked not in CYCLED:
        raise InputError(f"kind {str(asked)!r}", where="cycling", remedy=f"choose {', '.join(CYCLED)}")
    return Kind(asked)


def _area(given: dict[str, float], sheet: Cell) -> dict[str, float]:
    for name, value in given.items():
        if sheet.electrode_area_cm2 is not None or len(given) > 1:
            other = "an area in the sheet" if len(given) == 1 else "diameter_mm"
            raise InputError(f"{name} given, and {other}", where="cycling", remedy="keep one")
        if not 0.0 < value < float("inf"):
            raise InputError(f"{name} = {value}", where="cycling", remedy="give a number above 0")
    return given


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells(Displayed):
    """Measured cells of a folder.

    Attributes
    ----------
    cells : tuple of CellAnalysis
    faults : tuple of InputError
        Of sheets and raw files that were passed over.
    """

    cells: tuple[CellAnalysis, ...]
    faults: tuple[InputError, ...] = ()

    def to_frame(self) -> "pd.DataFrame":
        """One row a cell with its brief, each kind from best to worst; see `lab.briefs.compared`."""
        from screening.lab.briefs import compared

        return compared(self.cells)

    def display(self) -> Table:
        """Best and worst of each kind by its leading quantity."""
        known = self.to_frame().dropna(subset="value")
        shown = known[["kind", "cell", "layer", "quantity", "unit", "origin"]].astype(str)
        bound = known["at_least"].map({True: "> ", False: ""})
        shown.insert(1, "place", known["place"].map("{:.0f}".format))
        shown.insert(5, "value", bound + known["value"].map("{:.4g}".format))
        return Table(f"{len(self.cells)} cells, best first", shown)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw a panel of each kind into a figure, a new one unless given."""
        from screening.plots.cells import plot_cells

        return plot_cells(self.to_frame(), ax, **options)


def read_cells(directory: Path | str) -> Cells:
    """Read a folder of cell sheets and their raw files, and tell what happened to each cell.

    A faulty sheet, or one whose raw files cannot be used, is passed over and named in `faults`.

    Raises
    ------
    InputError
        If the directory holds no sheet, or none that can be used.
    """
    from screening.lab.experiments import check

    found = check(Path(directory))
    if not found.cells:
        raise found.faults[0]
    return Cells(cells=found.cells, faults=found.faults)


def validate(
    results: Any,
    experiments: Path | str,
    *,
    outcome: str = "",
    simulated: bool = False,
    concentration: float | None = None,
    max_cost_usd_per_kg: float = float("inf"),
    shelf: Path | str | None = None,
    cif: Sequence[Path | str] = (),
) -> "Validation":
    """Compare a campaign with a folder of measured cells.

    Parameters
    ----------
    results : path, or a ranking with a `directory`
    experiments : path
        Folder of cell sheets.
    outcome : str
        Updates the weights; by default the one measured for most reactors.
    simulated : bool
        Whether simulated cells count: a rehearsal.
    concentration : float, optional
        How strongly the prior keeps to the study's weights.
    max_cost_usd_per_kg : float
        Upper bound of the elements' cost, for what to measure next.
    shelf : path, optional
        File of the only formulas that may be measured next, one a line.
    cif : sequence of path
        Structures that come before those of the literature, for powder patterns.

    Raises
    ------
    InputError
        If an argument, the results, a sheet or a raw file's figure cannot be used.
    """
    from screening.lab.experiments import read_experiments
    from screening.phases.structures import read_cells
    from screening.validation.next_cells import Shopping, read_shelf
    from screening.validation.predictions import read_predictions
    from screening.validation.prior import CONCENTRATION, Prior
    from screening.validation.validate import validate as compare

    weight = CONCENTRATION if concentration is None else concentration
    if not 0.0 < weight < float("inf"):
        raise InputError(f"{weight:g}", where="concentration", remedy="give a number above 0")
    if not (cost := max_cost_usd_per_kg) >= 0.0:
        raise InputError(f"{cost:g}", where="max_cost", remedy="give a number of 0 or more")
    predictions = read_predictions(Path(getattr(results, "directory", results))).of_reactors()
    shopping = Shopping(cost) if shelf is None else read_shelf(Path(shelf), predictions, cost)
    return compare(
        predictions,
        read_experiments(Path(experiments)),
        quantity=outcome,
        simulated=simulated,
        prior=Prior(concentration=weight),
        shopping=shopping,
        structures=read_cells([Path(each) for each in cif]),
    )

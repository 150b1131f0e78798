"""Measured cells in one call each: a sheet, a cycling record, a folder of cells against a campaign."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.lab.analysis import (
    CellAnalysis,
    CyclingReport,
    analyse_between,
    analyse_cycling,
    analyse_impedance,
    joint_verdict,
)
from screening.lab.cell import Cell, Kind
from screening.lab.cycling.full import FullCellReport
from screening.lab.cycling.plating import PlatingReport
from screening.lab.sheets import read_cell
from screening.lab.short import ShortVerdict
from screening.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

    from screening.lab.impedance.analysis import ImpedanceAnalysis
    from screening.validation.validate import Validation

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
        Is there a short circuit? From cycling, the spectra among its rows, and those that the sheet names.
    between : ImpedanceAnalysis or None
        Of the spectra among the rows of the record.
    remarks : tuple of str
        Former keys of the sheet, and spectra that could not be used.
    """

    report: CyclingReport
    verdict: ShortVerdict
    between: "ImpedanceAnalysis | None" = None
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
        from screening.report.cycling import overview

        return overview(self.report, self.verdict, self.remarks)

    def summary(self) -> dict[str, Any]:
        """Everything found, ready for JSON."""
        from screening.report.cycling import cycling_summary

        return cycling_summary(self.report, self.verdict, self.between)

    def write(self, directory: str | Path) -> list[Path]:
        """Write tables, the record in Battery Data Format, figures and a page; the files written."""
        from screening.report.cycling import write_cycling

        return write_cycling(Path(directory), self.report, self.verdict, self.between)


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
    remarks = list(sheet.hints)

    def tried(analysed: Callable[[], "ImpedanceAnalysis | None"]) -> "ImpedanceAnalysis | None":
        try:
            return analysed()
        except InputError as fault:
            remarks.append(f"impedance not used: {fault}")
            return None

    between = tried(lambda: analyse_between(sheet, report.data))
    impedance = tried(lambda: analyse_impedance(sheet)) if sheet.files.impedance else None
    verdict = joint_verdict(report, impedance, between) or report.verdict
    return CyclingResult(report=report, verdict=verdict, between=between, remarks=tuple(remarks))


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
    from screening.campaign.directory import ResultsDirectory
    from screening.lab.experiments import read_experiments
    from screening.phases.structures import read_cells
    from screening.validation.next_cells import Shopping, read_shelf
    from screening.validation.prior import CONCENTRATION, Prior
    from screening.validation.validate import validate as compare

    weight = CONCENTRATION if concentration is None else concentration
    if not 0.0 < weight < float("inf"):
        raise InputError(f"{weight:g}", where="concentration", remedy="give a number above 0")
    if not (cost := max_cost_usd_per_kg) >= 0.0:
        raise InputError(f"{cost:g}", where="max_cost", remedy="give a number of 0 or more")
    predictions = ResultsDirectory(Path(getattr(results, "directory", results))).checked().of_reactors()
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

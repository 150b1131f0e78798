"""One cell, analysed once: impedance, cycling, powder pattern, short circuit, and the quantities they give.

`screening cycling`, `experiments`, `validate`, `report` and Python all come through here, so that a raw file
has one answer. Results are kept while the process lives, by the content of the raw files, the sheet and the
phases searched for.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

import pandas as pd
from threadpoolctl import threadpool_limits

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.lab.cell import LITHIUM_ARGYRODITE_EA_EV, Cell, Kind, Origin
from screening.lab.cycling.full import FullCellReport, assess_full
from screening.lab.cycling.kind import kind_of
from screening.lab.cycling.plating import PlatingReport, assess_plating, looks_like_plating
from screening.lab.cycling.symmetric import SymmetricReport, assess_symmetric
from screening.lab.cycling.table import CyclingData, Flag, FlagKind
from screening.lab.quantities import QUANTITIES
from screening.lab.readers.cycling import read_cycling
from screening.lab.short import Short, ShortVerdict, join_verdicts
from screening.provenance import SIMULATED

if TYPE_CHECKING:
    from screening.lab.diffraction.identify import Identification
    from screening.lab.diffraction.pattern import PowderPattern
    from screening.lab.impedance.analysis import ImpedanceAnalysis
    from screening.lab.impedance.spectrum import Spectrum
    from screening.lab.outcomes import Outcome, Reduced

KEPT_BYTES = 256 * 2**20
"""Raw files whose analyses are kept, together: arrays in memory are a few times as large."""


_Found = TypeVar("_Found")

CyclingReport: TypeAlias = SymmetricReport | FullCellReport | PlatingReport
"""What the record of a cell shows, by its kind."""


class PhaseSearch(Protocol):
    """Phases that a powder pattern is searched for."""

    @property
    def sought(self) -> dict[str, tuple[str, ...]]:
        """Formulas by the quantity that they answer."""
        ...

    @property
    def digest(self) -> str:
        """Checksum of the formulas and their structures."""
        ...

    def identify(self, pattern: "PowderPattern") -> "Identification":
        """Search a pattern."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class CellAnalysis(Displayed):
    """A cell and everything it showed.

    Attributes
    ----------
    sheet : Cell
    impedance : ImpedanceAnalysis or None
    cycling : CyclingReport or None
    between : ImpedanceAnalysis or None
        Of the spectra among the rows of the cycling record.
    patterns : tuple of Identification
    short : ShortVerdict or None
        From impedance and cycling together; None where neither can show a short.
    outcomes : dict of str to Outcome
        By quantity.
    remarks : tuple of str
        What the raw files did not yield, and why; a short circuit.
    faults : tuple of InputError
        Of raw files that could not be used at all; remarked upon too.
    """

    sheet: Cell
    impedance: "ImpedanceAnalysis | None" = None
    cycling: CyclingReport | None = None
    between: "ImpedanceAnalysis | None" = None
    patterns: "tuple[Identification, ...]" = ()
    short: ShortVerdict | None = None
    outcomes: "dict[str, Outcome]" = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    faults: tuple[InputError, ...] = ()

    @property
    def name(self) -> str:
        """Name of the cell."""
        return self.sheet.name

    def display(self) -> Table:
        """Its outcomes, with remarks below."""
        frame = outcomes_frame([self])[
            ["quantity", "value", "unit", "standard_deviation", "at_least", "where"]
        ]
        return Table(f"{self.name} ({self.sheet.origin or 'origin not stated'})", frame, self.remarks)

    def value(self, quantity: str) -> float | None:
        """Value of a quantity, None where the cell does not give it."""
        outcome = self.outcomes.get(quantity)
        return None if outcome is None else outcome.value

    def figures_only(self) -> "CellAnalysis":
        """The same without spectra and records, which would fill the memory where cells are many."""
        return replace(self, impedance=None, cycling=None, between=None, patterns=())


_kept: OrderedDict[str, tuple[int, CellAnalysis]] = OrderedDict()


def analyse_cell(sheet: Cell, search: PhaseSearch | None = None) -> CellAnalysis:
    """Analyse all raw files of a cell; one that cannot be used is remarked upon.

    Parameters
    ----------
    sheet : Cell
    search : PhaseSearch, optional
        What a powder pattern is searched for; without it a pattern is read and no more.

    Returns
    -------
    CellAnalysis
        The same object for the same sheet, raw files and search.

    Raises
    ------
    InputError
        If a figure is quoted that the raw files give too.
    """
    key, size = _digest(sheet, search)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key][1]
    # matrices of a few hundred rows: a second thread of the linear algebra waits more than it works
    with threadpool_limits(limits=1, user_api="blas"):
        found = _analyse(sheet, search)
    _kept[key] = size, found
    while sum(each for each, _ in _kept.values()) > KEPT_BYTES:
        _kept.popitem(last=False)
    return found


def _digest(sheet: Cell, search: PhaseSearch | None) -> tuple[str, int]:
    """Checksum of everything that an analysis depends on, and the bytes of its raw files."""
    digest = sha256(f"{sheet.path}\0{sheet.model_dump_json()}".encode())
    digest.update(search.digest.encode() if search is not None else b"")
    size = 0
    for path in sheet.located("all"):
        try:
            content = path.read_bytes()
        except OSError as error:
            content = str(error.strerror).encode()  # the readers say what is wrong with it
        digest.update(sha256(content).digest())
        size += len(content)
    return digest.hexdigest(), size


def _analyse(sheet: Cell, search: PhaseSearch | None) -> CellAnalysis:
    from screening.lab.outcomes import quoted_outcome

    remarks: list[str] = []
    faults: list[InputError] = []

    def tried(analysed: Callable[[], _Found]) -> _Found | None:
        try:
            return analysed()
        except InputError as fault:
            faults.append(fault)
            remarks.append(f"raw files give no outcome: {fault}")
            return None

    files = sheet.files
    impedance = tried(lambda: analyse_impedance(sheet)) if files.impedance else None
    cycling = tried(lambda: analyse_cycling(sheet)) if files.cycling else None
    between = None if cycling is None else tried(lambda: analyse_between(sheet, cycling.data))
    pattern = tried(lambda: _pattern(sheet)) if files.diffraction else None
    identified = None
    if pattern is not None and search is not None:
        identified = tried(lambda: search.identify(pattern))
    short = joint_verdict(cycling, impedance, between)
    outcomes = {quoted.quantity: quoted_outcome(quoted) for quoted in sheet.quoted}
    reductions = _reductions(
        sheet, impedance=impedance, cycling=cycling, identified=identified, search=search, short=short
    )
    for reduced in reductions:
        for outcome in reduced.outcomes:
            _refuse_twice(sheet, outcomes, outcome)
            outcomes[outcome.quantity] = outcome
        remarks += reduced.remarks
    if short is not None and short.verdict.is_alarm:
        remarks.append(f"short circuit ({short.verdict}): {short.evidence[0].statement}")
    return CellAnalysis(
        sheet=sheet,
        impedance=impedance,
        cycling=cycling,
        between=between,
        patterns=() if identified is None else (identified,),
        short=short,
        outcomes=outcomes,
        remarks=tuple(remarks),
        faults=tuple(faults),
    )


def analyse_impedance(sheet: Cell) -> "ImpedanceAnalysis | None":
    """Processes and courses of the spectra of a sheet; None for a pellet, whose electrodes block.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    from screening.lab.readers.impedance import read_series

    if sheet.kind is Kind.PELLET:
        return None
    return _judged(sheet, read_series(list(sheet.located("impedance"))), sheet.electrode_area_cm2)


def analyse_between(sheet: Cell, data: CyclingData) -> "ImpedanceAnalysis | None":
    """Processes and leak of the spectra among the rows of a cycling record; None for fewer than two.

    Those of fewer than ten points are left out.

    Raises
    ------
    InputError
        If a spectrum cannot be used.
    """
    if not data.spectra:
        return None
    from screening.lab.impedance.drt import MIN_DRT_POINTS

    spectra = [each for each in data.spectra if len(each) >= MIN_DRT_POINTS]
    return _judged(sheet, spectra, data.area_cm2) if len(spectra) > 1 else None


def _judged(sheet: Cell, spectra: "Sequence[Spectrum]", area_cm2: float | None) -> "ImpedanceAnalysis":
    from screening.lab.impedance.analysis import analyse

    spectra = [replace(each, area_cm2=area_cm2) for each in spectra]
    if sheet.origin is Origin.SIMULATED:
        spectra = [replace(each, metadata={**each.metadata, "origin": SIMULATED}) for each in spectra]
    energy = LITHIUM_ARGYRODITE_EA_EV if sheet.separator is None else sheet.separator.activation_energy_ev
    return analyse(spectra, electrolyte_ohm=sheet.separator_ohm, activation_energy_ev=energy)


def analyse_cycling(sheet: Cell, files: Sequence[Path] | None = None) -> CyclingReport | None:
    """Assess the record of a cell by the kind that its sheet states; None where that is not cycled.

    Parameters
    ----------
    sheet : Cell
        One that states no kind is what its record shows, or else symmetric.
    files : sequence of path, optional
        Instead of those that the sheet names.

    Raises
    ------
    InputError
        If a file cannot be used, the sheet lacks the area, or states another kind than the record shows.
    """
    if sheet.kind in (Kind.REST, Kind.PELLET):
        return None
    data = read_cycling(
        list(sheet.located("cycling") if files is None else files),
        cell=sheet.label or (sheet.name if files is None else ""),
        area_cm2=sheet.electrode_area_cm2,
        active_mass_mg=sheet.active_material_mg,
    )
    if sheet.origin is Origin.SIMULATED:
        data = data.with_flags([Flag(FlagKind.SIMULATED, "the cell's sheet says so")])
    if sheet.kind is Kind.PLATING:
        return assess_plating(data, sheet)
    told = kind_of(data)
    if None not in (sheet.kind, told) and sheet.kind is not told:
        raise InputError(
            f"the cell is said to be {sheet.kind}, and its voltage is that of a {told} cell",
            where=str(sheet.path) if sheet.path.name else data.cell,
            remedy=f'give kind = "{told}" (--kind {told}), or name the record of this cell',
        )
    if sheet.kind is told is None:
        message = "the record does not tell the kind of cell; taken for symmetric unless --kind is given"
        data = data.with_flags([Flag(FlagKind.INCOMPLETE, message)])
    is_full = Kind.FULL in (sheet.kind, told)
    if sheet.kind is None and not is_full and looks_like_plating(data):
        message = "one direction strips to an end, as from a bare side: --kind plating gives its efficiency"
        data = data.with_flags([Flag(FlagKind.INCOMPLETE, message)])
    return assess_full(data, sheet) if is_full else assess_symmetric(data, sheet)


def joint_verdict(
    cycling: CyclingReport | None,
    impedance: "ImpedanceAnalysis | None",
    between: "ImpedanceAnalysis | None" = None,
) -> ShortVerdict | None:
    """Is there a short, by cycling, spectra of other files, and those among its rows together?

    Other files have a clock of their own: beside a cycling record their evidence has no time.
    """
    cycled = None if cycling is None else cycling.verdict
    among, seen = (None if each is None else each.short for each in (between, impedance))
    return join_verdicts(cycled, among, seen if cycled is None or seen is None else seen.undated())


def _pattern(sheet: Cell) -> "PowderPattern":
    from screening.lab.readers.diffraction import read_pattern

    return read_pattern(sheet.located("diffraction")[0], sheet.files.wavelength_a)


def _reductions(
    sheet: Cell,
    *,
    impedance: "ImpedanceAnalysis | None",
    cycling: CyclingReport | None,
    identified: "Identification | None",
    search: PhaseSearch | None,
    short: ShortVerdict | None,
) -> "list[Reduced]":
    """Quantities of each kind of measurement."""
    from screening.lab.outcomes import (
        Reduced,
        full_outcomes,
        pattern_outcomes,
        plating_outcomes,
        rest_outcomes,
        symmetric_outcomes,
    )

    found, files = [], sheet.files
    where = f"impedance, {', '.join(files.impedance)}"
    if impedance is not None and sheet.kind is Kind.REST:
        found.append(rest_outcomes(impedance, where))
    elif files.impedance and sheet.kind is Kind.PELLET:
        found.append(
            Reduced((), ("screening arrhenius gives a pellet's conductivity and activation energy",))
        )
    where = f"cycling, {', '.join(files.cycling)}"
    if isinstance(cycling, SymmetricReport):
        level = Short.INDETERMINATE if short is None else short.verdict
        found.append(symmetric_outcomes(cycling, level, where))
    elif isinstance(cycling, FullCellReport):
        cathode_known = sheet.cathode is not None and bool(sheet.cathode.plateaus_v)
        found.append(full_outcomes(cycling, cathode_known, where))
    elif isinstance(cycling, PlatingReport):
        found.append(plating_outcomes(cycling, where))
    elif files.cycling and sheet.kind in (Kind.REST, Kind.PELLET):
        found.append(Reduced((), (f"cycling of a cell of kind {sheet.kind} is not reduced to outcomes",)))
    if identified is not None and search is not None:
        found.append(pattern_outcomes(identified, search.sought))
    return found


def _refuse_twice(sheet: Cell, outcomes: "dict[str, Outcome]", outcome: "Outcome") -> None:
    """A figure is quoted or computed, never both."""
    if (known := outcomes.get(outcome.quantity)) is not None:
        raise InputError(
            f"quotes {outcome.quantity} = {known.value:g}, and its raw files give {outcome.value:g}",
            where=str(sheet.path),
            remedy="keep the figure or the files",
        )


def outcomes_frame(cells: Sequence[CellAnalysis]) -> pd.DataFrame:
    """One row per outcome: the cell, its layer and protocol, the quantity, its value and source."""
    columns = (
        *("cell", "origin", "reactor", "wt_percent", "electrolyte", "kind", "protocol", "quantity", "value"),
        *("unit", "standard_deviation", "at_least", "where"),
    )
    rows = [
        (
            *(cell.name, str(sheet.origin), sheet.reactor, sheet.wt_percent, sheet.electrolyte),
            *(str(sheet.kind), sheet.protocol.words, outcome.quantity, outcome.value),
            *(QUANTITIES[outcome.quantity].unit, outcome.sd, outcome.at_least, outcome.where),
        )
        for cell in cells
        for sheet in (cell.sheet,)
        for outcome in cell.outcomes.values()
    ]
    return pd.DataFrame(rows, columns=list(columns))

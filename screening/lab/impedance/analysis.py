"""The whole way in one call: spectra, relaxation times, processes, completion times, short circuit."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from screening.display import Displayed, Table
from screening.files import records
from screening.lab.cell import LITHIUM_ARGYRODITE_EA_EV
from screening.lab.impedance.completion import MIN_SPECTRA, Criterion
from screening.lab.impedance.drt import DrtOptions, DrtSeries, deconvolve, times_s
from screening.lab.impedance.elements import (
    disturbed_lines,
    drift_lines,
    element_rows,
    sum_lines,
    total_lines,
)
from screening.lab.impedance.kramers_kronig import Verdict, kramers_kronig
from screening.lab.impedance.processes import ProcessSeries, assign
from screening.lab.impedance.refit import ZarcSeries, fit_zarcs
from screening.lab.impedance.series import SeriesReport, describe
from screening.lab.impedance.short import Leak, judge, seek_leak
from screening.lab.impedance.spectrum import Spectrum, remark_lines
from screening.lab.impedance.windows import Windows
from screening.lab.short import ShortVerdict
from screening.provenance import SIMULATED, Provenance

UNRESOLVED = "not resolved"
"""Said of a window whose elements have a sum, but are not detected one by one."""


@dataclass(frozen=True, eq=False)
class ImpedanceAnalysis(Displayed):
    """What a series of spectra says.

    Attributes
    ----------
    drt : DrtSeries
        Distributions of relaxation times.
    refit : ZarcSeries or None
        Their refit; None where areas under γ were asked for.
    processes : ProcessSeries
        Resistance of each process in each spectrum.
    report : SeriesReport or None
        Trends and completion times, before the first spectrum that leaks; None for fewer than eight
        spectra or without rising times.
    short : ShortVerdict or None
        Verdict on the series; None for a single spectrum.
    leak : Leak or None
        Electronic path beside the cell, in each spectrum; None where it could not be sought.
    provenance : Provenance or None
        Stamp of the files; None for spectra of values in memory.
    left_out : tuple of str
        One line on each file that could not be read.
    """

    plotter = "screening.plots.drt:plot_analysis"

    drt: DrtSeries
    refit: ZarcSeries | None
    processes: ProcessSeries
    report: SeriesReport | None
    short: ShortVerdict | None
    leak: Leak | None = None
    provenance: Provenance | None = None
    left_out: tuple[str, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether any spectrum was simulated."""
        return any(spectrum.metadata.get("origin") == SIMULATED for spectrum in self.drt.spectra)

    def to_frame(self) -> pd.DataFrame:
        """One row per process of each spectrum."""
        return self.processes.to_frame()

    def display(self) -> Table:
        """Elements with their course; below them windows that hold something certain, and totals.

        Of areas under γ, which have no elements, the windows alone.
        """
        found = self.processes
        certain = {name for name, there in zip(found.windows.names, found.detected, strict=True) if there}
        courses = None if self.report is None else self.report.to_frame()
        windows = _processes(self.to_frame(), certain) if courses is None else _courses(courses, certain)
        rows = windows if self.refit is None else element_rows(self.refit)
        poor, count = int(self.drt.poor_fit.sum()), len(self.drt.spectra)
        source = "refit" if found.method == "refit" else "areas under γ"
        notes = [
            *self.left_out,
            *(["simulated spectra: no measurement"] if self.simulated else []),
            f"{count} spectra, λ = {self.drt.regularisation[0]:.3g}, resistances from {source}",
            *([f"{poor} of {count} spectra are not described by R∞, L and a non-negative γ"] if poor else []),
            *([] if self.refit is None else [*_lines(windows), *drift_lines(self.refit)]),
            *disturbed_lines(self.drt),
            *remark_lines(self.drt.spectra),
            *sum_lines(found),
            *total_lines(found, self.refit),
            *([] if self.report is None else [f"settled: {self.report.total.criterion.name}"]),
            "intervals are 95 %",
            *([] if self.short is None else self.short.lines()),
            *([] if self.provenance is None else [self.provenance.line()]),
        ]
        view = "Processes by windows of relaxation time" if self.refit is None else "Elements"
        return Table(view, rows, tuple(notes), wide=("φ",))

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name; elements, sums, courses and the leak where there are any."""
        return {
            "spectra": self.processes.totals_frame(),
            "processes": self.to_frame(),
            **({"elements": self.refit.to_frame()} if self.refit is not None else {}),
            **({"sums": self.processes.sums_frame()} if self.processes.inseparable else {}),
            **({"series": self.report.to_frame()} if self.report is not None else {}),
            **({"leak": self.leak.to_frame(self.processes.time_s)} if self.leak is not None else {}),
        }

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        options = self.drt.options
        content: dict[str, Any] = {
            "simulated": self.simulated,
            "left_out": list(self.left_out),
            "method": self.processes.method,
            "options": {
                "regularisation": options.regularisation,
                "per_spectrum": options.per_spectrum,
                "order": options.order,
                "weights": options.weights,
                "signed": options.signed,
                "terms": list(options.terms.names),
            },
            **{name: records(table) for name, table in self.tables().items()},
        }
        if self.short is not None:
            content["short"] = self.short.as_dict()
        return content

    def contents(self) -> Mapping[str, Any]:
        """All tables as csv and parquet, γ as parquet, everything as JSON, and the figure."""
        tables = self.tables().items()
        return {
            **{f"{name}.{kind}": table for name, table in tables for kind in ("csv", "parquet")},
            "gamma.parquet": self.drt.to_frame(),
            "drt.json": self.as_dict(),
            "drt.png": self.plot,
            "drt.svg": self.plot,
        }


def _lines(windows: Sequence[Mapping[str, str]]) -> list[str]:
    """Windows, the second view of what the elements say: a line each."""
    lines = []
    for row in windows:
        if "course" in row:
            ohm = f"{row['course']}, {row['first (Ω)']} → {row['final (Ω)']} Ω"
            said = ["total" if row["window"] == "total" else f"window {row['window']}", ohm]
            said += [
                f"settled {row['settled (h)']} h" if row["settled (h)"][0].isdigit() else row["settled (h)"]
            ]
            said += [row["process"]] * bool(row["process"])
        else:
            said = [f"{row['spectrum']}, window {row['window']}", f"{row['R (Ω)']} Ω ({row['95 % (Ω)']})"]
            said += [row["remarks"]] * bool(row["remarks"])
        lines.append(f"{said[0]}: {', '.join(said[1:])}")
    return lines


def _rows(table: pd.DataFrame) -> Iterable[Any]:
    return table.itertuples()


def _processes(table: pd.DataFrame, certain: Container[str]) -> list[dict[str, str]]:
    """Processes of single spectra, as they are read."""
    return [
        {
            "spectrum": row.label,
            "window": row.window,
            "R (Ω)": f"{row.resistance_ohm:.4g}",
            "95 % (Ω)": f"{row.resistance_low_ohm:.4g} … {row.resistance_high_ohm:.4g}",
            "remarks": " ".join(["edge"] * bool(row.edge) + ["unclosed"] * bool(row.unclosed))
            if row.window in certain
            else UNRESOLVED,
        }
        for row in _rows(table)
        if row.resistance_low_ohm > 0 or (row.window in certain and row.resistance_high_ohm > 0)
    ]


def _courses(table: pd.DataFrame, certain: Iterable[str]) -> list[dict[str, str]]:
    """Courses of the processes of a series, as they are read; no name for what is not resolved."""
    shown = {*certain, "total"}
    return [
        {
            "window": row.window,
            "course": row.trend if row.window in shown else UNRESOLVED,
            "first (Ω)": f"{max(row.first_ohm, 0.0):.4g}",
            "final (Ω)": f"{max(row.final_ohm, 0.0):.4g}",
            "settled (h)": f"{row.completion_h:.2f} ({row.low_h:.2f} … {row.high_h:.2f})"
            if row.settled
            else row.reason
            if row.window in shown
            else "no element of it is detected by itself",
            "process": row.process if row.window in shown else "",
        }
        for row in _rows(table)
        if row.trend != "absent"
    ]


def analyse(
    spectra: Sequence[Spectrum],
    options: DrtOptions | None = None,
    windows: Windows | None = None,
    *,
    refit: bool = True,
    interfaces: int = 1,
    electrolyte_ohm: float | None = None,
    activation_energy_ev: float = LITHIUM_ARGYRODITE_EA_EV,
    criterion: Criterion | None = None,
) -> ImpedanceAnalysis:
    """Resolve a series of spectra into processes and follow them.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The series, in the order of time.
    options : DrtOptions, optional
        Settings of the deconvolution.
    windows : Windows, optional
        Processes; by default those of the founding paper.
    refit : bool
        Take resistances from the ZARC refit rather than from areas under γ.
    interfaces : int
        Equal interfaces by which area-normalised resistances are divided.
    electrolyte_ohm : float, optional
        Resistance of the electrolyte alone, for the verdict on a short.
    activation_energy_ev : float
        Of the resistances, for courses of a series whose temperature is recorded.
    criterion : Criterion, optional
        When a process counts as settled.

    Raises
    ------
    InputError
        If a spectrum or a setting cannot be used.
    """
    drt = deconvolve(spectra, options)
    model = fit_zarcs(drt, windows) if refit else None
    processes = assign(model or drt, windows, interfaces=interfaces)
    short = leak = None
    if len(drt.spectra) > 1:
        tests = kramers_kronig(drt.spectra)
        passed = [test.verdict is Verdict.PASSED for test in tests]
        usable = [test.verdict is not Verdict.FAILED or test.only_noisy for test in tests]
        leak = seek_leak(model or fit_zarcs(drt, windows), usable)
        short = judge(processes, leak, passed_kramers_kronig=passed, electrolyte_ohm=electrolyte_ohm)
    time = times_s(drt.spectra)[: None if leak is None else leak.onset]
    report = None
    if len(time) >= MIN_SPECTRA and np.isfinite(time).all() and (np.diff(time) > 0).all():
        report = describe(processes, criterion, count=len(time), activation_energy_ev=activation_energy_ev)
        if leak is None or short is None or short.open_path:
            report = report.unsettled("an electronic path is not excluded")
        elif leak.onset is None and leak.common:
            report = report.unsettled(f"may be a common cause: {leak.rival}")
    return ImpedanceAnalysis(drt=drt, refit=model, processes=processes, report=report, short=short, leak=leak)

"""The whole way in one call: spectra, relaxation times, processes, completion times, short circuit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from screening.lab.impedance.completion import MIN_SPECTRA, Criterion
from screening.lab.impedance.drt import DrtOptions, DrtSeries, deconvolve, times_s
from screening.lab.impedance.kramers_kronig import Verdict, kramers_kronig
from screening.lab.impedance.processes import ProcessSeries, assign
from screening.lab.impedance.refit import ZarcSeries, fit_zarcs
from screening.lab.impedance.series import SeriesReport, describe
from screening.lab.impedance.short import judge
from screening.lab.impedance.simulate import SIMULATED
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.impedance.windows import Windows
from screening.lab.short import ShortVerdict


@dataclass(frozen=True, eq=False)
class ImpedanceAnalysis:
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
        Trends and completion times; None for fewer than eight spectra or without rising times.
    short : ShortVerdict or None
        Verdict on the last spectrum; None for a single spectrum.
    """

    drt: DrtSeries
    refit: ZarcSeries | None
    processes: ProcessSeries
    report: SeriesReport | None
    short: ShortVerdict | None

    @property
    def simulated(self) -> bool:
        """Whether any spectrum was simulated."""
        return any(spectrum.metadata.get("origin") == SIMULATED for spectrum in self.drt.spectra)


def analyse(
    spectra: Sequence[Spectrum],
    options: DrtOptions | None = None,
    windows: Windows | None = None,
    *,
    refit: bool = True,
    interfaces: int = 1,
    electrolyte_ohm: float | None = None,
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
    criterion : Criterion, optional
        When a process counts as settled.

    Raises
    ------
    InputError
        If a spectrum or a setting cannot be used.
    """
    drt = deconvolve(spectra, options)
    model = fit_zarcs(drt) if refit else None
    processes = assign(model or drt, windows, interfaces=interfaces)
    time = times_s(drt.spectra)
    a_series = len(time) >= MIN_SPECTRA and bool(np.isfinite(time).all() and (np.diff(time) > 0).all())
    report = describe(processes, criterion) if a_series else None
    short = None
    if len(drt.spectra) > 1:
        tests = kramers_kronig(drt.spectra)
        passed = [test.verdict is Verdict.PASSED for test in tests]
        short = judge(processes, passed_kramers_kronig=passed, electrolyte_ohm=electrolyte_ohm)
    return ImpedanceAnalysis(drt, model, processes, report, short)

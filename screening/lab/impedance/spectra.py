"""One spectrum or a series as it was read: shown, cut, tested, resolved into relaxation times."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from screening.display import Displayed, Group, Table
from screening.files import records
from screening.lab.impedance.kramers_kronig import KramersKronigTest, kramers_kronig
from screening.lab.impedance.spectrum import Spectrum, remark_lines
from screening.lab.impedance.windows import Windows
from screening.provenance import Provenance

if TYPE_CHECKING:
    from screening.lab.impedance.analysis import ImpedanceAnalysis


@dataclass(frozen=True, repr=False)
class Spectra(Group[Spectrum]):
    """Impedance spectra of one cell, in order of time.

    Attributes
    ----------
    items : tuple of Spectrum
    provenance : Provenance or None
        Stamp of the files that they were read from.
    left_out : tuple of str
        One line on each file that could not be read.
    """

    plotter = "screening.plots.impedance:plot_spectra"

    provenance: Provenance | None = None
    left_out: tuple[str, ...] = ()

    def display(self) -> Table:
        """One row per spectrum; below, how signs were settled and what is unusual."""
        rows = [
            {
                "spectrum": s.label,
                "points": len(s),
                "f (Hz)": f"{s.frequency_hz[0]:.3g} … {s.frequency_hz[-1]:.3g}",
                "Z' (Ω)": f"{s.z_ohm[0].real:.3g} … {s.z_ohm[-1].real:.3g}",
                "time (s)": "" if s.time_s is None else f"{s.time_s:.5g}",
                "T (°C)": "" if s.temperature_c is None else f"{s.temperature_c:.4g}",
                "format": s.metadata.get("format", ""),
            }
            for s in self.items
        ]
        signs = dict.fromkeys(s.metadata.get("imaginary_sign", "") for s in self.items)
        notes = [f"sign of Z'': {sign}" for sign in signs if sign]
        notes += remark_lines(self.items)
        return Table("", pd.DataFrame(rows), (*self.left_out, *notes, *_line(self.provenance)))

    def summary(self) -> pd.DataFrame:
        """One row per spectrum.

        Returns
        -------
        DataFrame
            Columns ``label``, ``points``, ``frequency_high_hz``, ``frequency_low_hz``, ``z_real_high_ohm``
            and ``z_real_low_ohm`` (Z' at these two), ``time_s``, ``temperature_c``, ``format``,
            ``imaginary_sign``, ``remarks``.
        """
        return pd.DataFrame(
            [
                {
                    "label": s.label,
                    "points": len(s),
                    "frequency_high_hz": s.frequency_hz[0],
                    "frequency_low_hz": s.frequency_hz[-1],
                    "z_real_high_ohm": s.z_ohm[0].real,
                    "z_real_low_ohm": s.z_ohm[-1].real,
                    "time_s": s.time_s,
                    "temperature_c": s.temperature_c,
                    "format": s.metadata.get("format", ""),
                    "imaginary_sign": s.metadata.get("imaginary_sign", ""),
                    "remarks": "; ".join(s.remarks),
                }
                for s in self.items
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {"spectra": records(self.summary()), "left_out": list(self.left_out)}

    def contents(self) -> Mapping[str, Any]:
        """Summary, points and figure."""
        return {"spectra.csv": self.summary(), "points.parquet": self.to_frame(), "eis.png": self.plot}

    def within(self, min_hz: float | None = None, max_hz: float | None = None) -> "Spectra":
        """Only the points between two frequencies in Hz, each open if not given."""
        low, high = min_hz or 0.0, max_hz or np.inf
        cut = []
        for spectrum in self.items:
            outside = np.flatnonzero((spectrum.frequency_hz < low) | (spectrum.frequency_hz > high))
            cut.append(spectrum.without(outside) if outside.size else spectrum)
        return replace(self, items=tuple(cut))

    def with_area(self, area_cm2: float) -> "Spectra":
        """The spectra of an electrode of this area, in cm²: figures and resistances are normalised by it."""
        return replace(self, items=tuple(replace(each, area_cm2=area_cm2) for each in self.items))

    def kramers_kronig(self) -> "KramersKronigTests":
        """Test each spectrum against the Kramers–Kronig relations."""
        return KramersKronigTests(self, kramers_kronig(self.items))

    def drt(
        self,
        *,
        windows: Windows | str | Path | None = None,
        regularisation: str | float = "evidence",
        per_spectrum: bool = False,
        order: int = 1,
        weights: str = "modulus",
        capacitance: bool = False,
        cpe_exponent: float | None = None,
        signed: bool = False,
        refit: bool = True,
        interfaces: int = 1,
        electrolyte_ohm: float | None = None,
    ) -> "ImpedanceAnalysis":
        """Resolve the spectra into processes by their relaxation times, and follow them.

        Parameters
        ----------
        windows : Windows, str or Path, optional
            Windows of relaxation time, or a TOML file of them; those of the founding paper unless given.
        regularisation, per_spectrum : {"evidence", "gcv"} or float; bool
            Rule that chooses λ, or λ itself; whether it is chosen for each spectrum by itself.
        order : {1, 2}
            Derivative of γ that is penalised.
        weights : {"modulus", "unit"}
        capacitance, cpe_exponent : bool; float, optional
            Add a series capacitance, or a series constant-phase element of this exponent.
        signed : bool
            Let γ and resistances be negative, for inductive loops at low frequency.
        refit : bool
            Take resistances from the refit rather than from areas under γ.
        interfaces : int
            Equal interfaces by which area-normalised resistances are divided: 2 for a symmetric cell.
        electrolyte_ohm : float, optional
            Resistance of the electrolyte alone, for the verdict on a short.

        Raises
        ------
        InputError
            If a spectrum or a setting cannot be used.
        """
        from screening.lab.impedance.analysis import analyse
        from screening.lab.impedance.drt import DrtOptions
        from screening.lab.impedance.normal import Terms

        options = DrtOptions(
            regularisation=regularisation,
            per_spectrum=per_spectrum,
            order=order,
            weights=weights,
            terms=Terms(capacitance=capacitance, cpe_exponent=cpe_exponent),
            signed=signed,
        )
        chosen = Windows.read(Path(windows)) if isinstance(windows, str | Path) else windows
        found = analyse(
            self.items, options, chosen, refit=refit, interfaces=interfaces, electrolyte_ohm=electrolyte_ohm
        )
        return replace(found, provenance=self.provenance, left_out=self.left_out)


@dataclass(frozen=True, eq=False)
class KramersKronigTests(Displayed):
    """Spectra and what the Kramers–Kronig relations say of each.

    Attributes
    ----------
    spectra : Spectra
    tests : tuple of KramersKronigTest
    """

    plotter = "screening.plots.impedance:plot_tests"

    spectra: Spectra
    tests: tuple[KramersKronigTest, ...]

    @property
    def provenance(self) -> Provenance | None:
        """Of the spectra."""
        return self.spectra.provenance

    def display(self) -> Table:
        """One row per spectrum: verdict, residual, noise, and points proposed to be left out."""
        rows = [
            {
                "spectrum": spectrum.label,
                "Kramers-Kronig": str(test.verdict),
                "largest residual": f"{test.largest_residual:.2%}" if test.element_count else "",
                "noise": f"{test.noise:.2%}" if test.element_count else "",
                "RC": str(test.element_count),
                "leave out? (Hz)": ", ".join(f"{f:.4g}" for f in test.frequency_hz[test.left_out]),
            }
            for spectrum, test in zip(self.spectra, self.tests, strict=True)
        ]
        return Table("", pd.DataFrame(rows), _line(self.provenance))

    def to_frame(self) -> pd.DataFrame:
        """One row per spectrum.

        Returns
        -------
        DataFrame
            Columns ``label``, ``verdict``, ``largest_residual`` and ``noise`` (relative to |Z|; missing for
            an indeterminate test), ``rc_elements``, ``mu``, ``points_proposed_to_leave_out``,
            ``frequencies_proposed_to_leave_out_hz`` (separated by blanks).
        """
        return pd.DataFrame(
            [
                {
                    "label": spectrum.label,
                    "verdict": str(test.verdict),
                    "largest_residual": test.largest_residual,
                    "noise": test.noise,
                    "rc_elements": test.element_count,
                    "mu": test.mu,
                    "points_proposed_to_leave_out": test.left_out.size,
                    "frequencies_proposed_to_leave_out_hz": " ".join(
                        f"{f:.6g}" for f in test.frequency_hz[test.left_out]
                    ),
                }
                for spectrum, test in zip(self.spectra, self.tests, strict=True)
            ]
        )

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON, with that of the spectra."""
        return {**self.spectra.as_dict(), "kramers_kronig": records(self.to_frame())}

    def contents(self) -> Mapping[str, Any]:
        """Files of the spectra, a table of the tests, and the residuals in the figure."""
        return {
            **self.spectra.contents(),
            "kramers_kronig.csv": self.to_frame(),
            "eis.png": self.plot,
        }


def _line(provenance: Provenance | None) -> tuple[str, ...]:
    return () if provenance is None else (provenance.line(),)

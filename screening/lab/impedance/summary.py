"""Tables of spectra and of their tests, one row each, with what is unusual about them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from screening.lab.impedance.kramers_kronig import KramersKronigTest
from screening.lab.impedance.spectrum import Spectrum

FEW_POINTS = 20
"""Fewer points do not carry a distribution of relaxation times."""


def remarks(spectrum: Spectrum) -> tuple[str, ...]:
    """Everything unusual about a spectrum that a fit would not tell.

    Returns
    -------
    tuple of str
        Empty for an ordinary spectrum.
    """
    z = spectrum.z_ohm
    found = []
    if len(spectrum) < FEW_POINTS:
        found.append(f"{len(spectrum)} points: too few for a DRT")
    negative = np.count_nonzero(z.real < 0)
    if negative:
        found.append(f"negative resistance at {negative} points")
    if (z.imag > 0).all():
        found.append("inductive throughout")
    elif z.imag[-1] > 0:
        found.append("inductive at the slow end")
    if np.ptp(np.abs(z)) <= 1e-6 * np.abs(z).max():
        found.append("the same impedance at every frequency")
    found += [
        spectrum.metadata[key]
        for key in ("header", "left_out", "broken_off", "contradiction", "time", "notes")
        if key in spectrum.metadata
    ]
    if "against" in spectrum.metadata.get("imaginary_sign", ""):
        found.append(f"sign: {spectrum.metadata['imaginary_sign']}")
    return tuple(found)


def summarise(spectra: Sequence[Spectrum]) -> pd.DataFrame:
    """One row per spectrum.

    Returns
    -------
    DataFrame
        Columns ``label``, ``points``, ``frequency_high_hz``, ``frequency_low_hz``, ``z_real_high_ohm`` and
        ``z_real_low_ohm`` (Z' at these two), ``time_s``, ``temperature_c``, ``format``, ``imaginary_sign``,
        ``remarks``.
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
                "remarks": "; ".join(remarks(s)),
            }
            for s in spectra
        ]
    )


def summarise_tests(spectra: Sequence[Spectrum], tests: Sequence[KramersKronigTest]) -> pd.DataFrame:
    """One row per Kramers–Kronig test.

    Returns
    -------
    DataFrame
        Columns ``label``, ``verdict``, ``largest_residual`` and ``noise`` (relative to |Z|; missing for an
        indeterminate test), ``rc_elements``, ``mu``, ``points_proposed_to_leave_out``,
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
            for spectrum, test in zip(spectra, tests, strict=True)
        ]
    )

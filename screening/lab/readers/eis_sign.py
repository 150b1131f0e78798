"""The sign of Z'': what a name says against what a causal, passive cell can do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.lab.impedance.kramers_kronig import Verdict, kramers_kronig
from screening.lab.impedance.spectrum import Spectrum

SOME = 20
"""Spectra of a series that the sign is decided on; it is one for all."""

FITTED = 0.02
"""A residual (root mean square, relative to |Z|) up to this may be noise; both signs then fit."""

POOR = 0.1
"""A residual above this is of no causal impedance, whatever noise an instrument has."""

DECISIVE = 3.0
"""Ratio of the residuals of the two signs from which the smaller decides."""

LARGE_PHASE_RAD = 0.3
"""Root mean square of the phase from which passivity decides where causality leaves both signs open: a
capacitance and a negative inductance differ in nothing else."""

PER_DECADE = 3.0


@dataclass(frozen=True)
class SignEvidence:
    """How well the spectra fit as they are named, and with Z'' reversed.

    Attributes
    ----------
    named, reversed_ : float
        Residuals (root mean square, relative to |Z|) of the two.
    test : str
        Which test tells them apart; empty where none does.
    """

    named: float
    reversed_: float
    test: str

    @property
    def sign(self) -> int:
        """+1 where the names are right, -1 where Z'' must be reversed, 0 where the data do not tell."""
        if not self.test:
            return 0
        return 1 if self.named < self.reversed_ else -1

    @property
    def told(self) -> str:
        """The residuals in words: Kramers-Kronig residual 0.1 % against 18 %."""
        low, high = sorted((self.named, self.reversed_))
        return f"{self.test} residual {100 * low:.1g} % against {100 * high:.2g} %"


def sign_evidence(spectra: Sequence[Spectrum]) -> SignEvidence:
    r"""Which sign of Z'' the spectra of one series have; one decision for all of them.

    Z of a stable, causal cell obeys the Kramers–Kronig relations and its conjugate does not, the less the
    larger the phase. Both do where the cell is a resistance with one capacitance or inductance, or has little
    phase: the first is decided by passivity (a chain of R, L, C, RC and RL elements with coefficients that
    are not negative), the second is left open.

    References
    ----------
    M. Schönleber, D. Klotz, E. Ivers-Tiffée, Electrochim. Acta 131 (2014) 20, doi
    10.1016/j.electacta.2014.01.034.
    """
    some = [spectrum for spectrum in spectra if np.all(spectrum.z_ohm)][:SOME]
    if not some:
        return SignEvidence(np.nan, np.nan, "")
    named, other = (causal_residual(each) for each in (some, [*map(_reversed, some)]))
    if apart(named, other):
        return SignEvidence(named, other, "Kramers-Kronig")
    phase = np.concatenate([np.angle(spectrum.z_ohm) for spectrum in some])
    if np.sqrt(np.mean(phase**2)) >= LARGE_PHASE_RAD and all((s.z_ohm.real > 0).all() for s in some):
        named, other = (
            float(np.sqrt(np.mean([_passive_residual(s.frequency_hz, s.z_ohm) ** 2 for s in each])))
            for each in (some, [_reversed(s) for s in some])
        )
        if apart(named, other):
            return SignEvidence(named, other, "passivity")
    return SignEvidence(np.nan, np.nan, "")


def causal_residual(spectra: Sequence[Spectrum]) -> float:
    """Kramers-Kronig residual of spectra (root mean square, relative to |Z|); NaN where one tells nothing."""
    tests = kramers_kronig(spectra)
    if any(test.verdict is Verdict.INDETERMINATE for test in tests):
        return float("nan")
    return float(np.sqrt(np.mean([np.mean(np.abs(test.residual) ** 2) / 2.0 for test in tests])))


def apart(named: float, other: float) -> bool:
    """Whether the residuals of two readings tell which is right."""
    known = bool(np.isfinite([named, other]).all())
    return known and max(named, other) > max(FITTED, DECISIVE * min(named, other))


def _reversed(spectrum: Spectrum) -> Spectrum:
    return Spectrum(spectrum.frequency_hz, spectrum.z_ohm.conj())


def _passive_residual(frequency_hz: NDArray[np.floating], z: NDArray[np.complexfloating]) -> float:
    """Root mean square residual, relative to |Z|, of a chain whose elements are all passive."""
    from scipy.optimize import nnls

    s = 2j * np.pi * frequency_hz
    decades = np.log10(frequency_hz.max() / frequency_hz.min()) + 1.0
    tau = np.geomspace(0.3 / abs(s).max(), 3.0 / abs(s).min(), int(np.ceil(PER_DECADE * decades)))
    rc = 1.0 / (1.0 + s[:, None] * tau)
    terms = [np.ones_like(s), s / abs(s).max(), abs(s).min() / s]
    chain = np.column_stack([*terms, rc, 1.0 - rc]) / np.abs(z)[:, None]
    target = z / np.abs(z)
    design = np.concatenate([chain.real, chain.imag])
    try:
        _, norm = nnls(design, np.concatenate([target.real, target.imag]), maxiter=100 * design.shape[1])
    except RuntimeError:  # no convergence: nothing is told
        return float("nan")
    return float(norm) / np.sqrt(2.0 * z.size)

"""One impedance spectrum: frequencies, impedances, and what is known about the cell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from screening.errors import InputError
from screening.units import BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C, KELVIN_AT_0_CELSIUS

FEW_POINTS = 20
"""Fewer points do not carry a distribution of relaxation times."""

FEWEST_KELVIN = 0.5
"""A recorded temperature that varies by less explains nothing."""

MIN_POINTS = 2
"""Fewer points than this are no spectrum: one point is compatible with any circuit."""

_TOLD = ("left_out", "broken_off", "contradiction", "electrodes", "frequency_unit", "time", "notes")
"""Metadata that are remarks as they stand."""

ABOVE_NOISE, SLOW_POINTS = 4.0, 13
"""Z'' is inductive at the slow end from so many standard deviations of its noise in so many last points."""

NORMAL_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """An impedance spectrum, highest frequency first.

    The points may be given in any order; they are stored by descending frequency, as read-only arrays.

    Attributes
    ----------
    frequency_hz : ndarray of float, shape (n,)
        Frequencies, positive, each once.
    z_ohm : ndarray of complex, shape (n,)
        Impedance Z = Z' + jZ'' of the whole cell (not normalised by area).
    time_s : float or None
        Time of the spectrum since the start of the series, in seconds.
    temperature_c : float or None
        Temperature in °C.
    area_cm2 : float or None
        Electrode area as given by the user; headers of data files are not to be trusted.
    label : str
        Short name for tables and legends.
    source : str
        File, and the place in it, that the spectrum came from.
    metadata : mapping of str to str
        What else the file said; read-only.

    Raises
    ------
    InputError
        If the points cannot be a spectrum: lengths differ, fewer than two points, a value that is not
        finite, a frequency that is not positive or appears twice, an area that is not positive.
    """

    frequency_hz: NDArray[np.floating]
    z_ohm: NDArray[np.complexfloating]
    _: KW_ONLY
    time_s: float | None = None
    temperature_c: float | None = None
    area_cm2: float | None = None
    label: str = ""
    source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frequency = np.array(self.frequency_hz, dtype=float)
        z = np.array(self.z_ohm, dtype=complex)
        _check_points(frequency, z, self.where)
        _check_conditions(self.time_s, self.temperature_c, self.area_cm2, self.where)
        order = np.argsort(-frequency, kind="stable")
        frequency, z = frequency[order], z[order]
        frequency.setflags(write=False)
        z.setflags(write=False)
        object.__setattr__(self, "frequency_hz", frequency)
        object.__setattr__(self, "z_ohm", z)
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __len__(self) -> int:
        return self.frequency_hz.size

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from plain values: a read-only mapping does not pickle."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return partial(type(self), **(values | {"metadata": dict(self.metadata)})), ()

    @property
    def where(self) -> str:
        """How messages name the spectrum: by its source, else by its label."""
        return self.source or self.label or "spectrum"

    @property
    def angular_frequency(self) -> NDArray[np.floating]:
        """Angular frequency ω = 2πf in rad/s, shape (n,)."""
        return 2.0 * np.pi * self.frequency_hz

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything unusual that a fit would not tell; empty for an ordinary spectrum."""
        z = self.z_ohm
        found = []
        if len(self) < FEW_POINTS:
            found.append(f"{len(self)} points: too few for a DRT")
        negative = np.count_nonzero(z.real < 0)
        if negative:
            found.append(f"negative resistance at {negative} points")
        if (z.imag > 0).all():
            found.append("inductive throughout")
        elif z.imag[-1] > ABOVE_NOISE * _slow_noise_ohm(z):
            found.append("inductive at the slow end")
        if np.ptp(np.abs(z)) <= 1e-6 * np.abs(z).max():
            found.append("the same impedance at every frequency")
        if "header" in self.metadata:
            found.append(f"header: {self.metadata['header']}")
        found += [self.metadata[key] for key in _TOLD if key in self.metadata]
        if any(word in self.metadata.get("imaginary_sign", "") for word in ("against", "badly")):
            found.append(f"sign: {self.metadata['imaginary_sign']}")
        if "no unit" in self.metadata.get("phase_unit", ""):
            found.append(self.metadata["phase_unit"])
        return tuple(found)

    def without(self, points: Sequence[int] | NDArray[np.integer]) -> "Spectrum":
        """Return the spectrum without some of its points (indices, highest frequency first)."""
        return replace(
            self, frequency_hz=np.delete(self.frequency_hz, points), z_ohm=np.delete(self.z_ohm, points)
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per point: ``frequency_hz``, ``z_real_ohm``, ``z_imag_ohm``, ``time_s``, ``label``."""
        frame = pd.DataFrame(
            {"frequency_hz": self.frequency_hz, "z_real_ohm": self.z_ohm.real, "z_imag_ohm": self.z_ohm.imag}
        )
        return frame.assign(time_s=np.nan if self.time_s is None else self.time_s, label=self.label)


def inverse_temperature(spectra: Sequence[Spectrum], reference: int = 0) -> NDArray[np.floating]:
    """1/k_B T less that of a reference, 1/eV, shape (s,); zeros where T is not recorded or hardly varies."""
    warm = np.array([np.nan if s.temperature_c is None else s.temperature_c for s in spectra])
    if not np.isfinite(warm).all() or np.ptp(warm) < FEWEST_KELVIN:
        return np.zeros(len(spectra))
    inverse = ELEMENTARY_CHARGE_C / (BOLTZMANN_J_PER_K * (warm + KELVIN_AT_0_CELSIUS))
    return inverse - inverse[reference]


def _slow_noise_ohm(z: NDArray[np.complexfloating]) -> float:
    """Standard deviation of Z'' at the slow end, by what three neighbours do not foretell of a point."""
    bent = np.diff(z.imag[-SLOW_POINTS:], n=3)
    return float(NORMAL_MAD * np.median(np.abs(bent)) / np.sqrt(20.0)) if bent.size else 0.0  # 1+9+9+1


def _check_points(frequency: NDArray[np.floating], z: NDArray[np.complexfloating], where: str) -> None:
    if frequency.ndim != 1 or frequency.shape != z.shape:
        raise InputError(
            f"frequencies {frequency.shape} and impedances {z.shape} do not match",
            where=where,
            remedy="give one impedance per frequency",
        )
    if frequency.size < MIN_POINTS:
        raise InputError(f"{frequency.size} point(s)", where=where, remedy=f"give at least {MIN_POINTS}")
    unreal = np.flatnonzero(~(np.isfinite(frequency) & np.isfinite(z)))
    if unreal.size:
        raise InputError(f"point {unreal[0] + 1} is not finite", where=where, remedy="remove it")
    bad = np.flatnonzero(frequency <= 0)
    if bad.size:
        raise InputError(
            f"point {bad[0] + 1} has frequency {frequency[bad[0]]:g} Hz",
            where=where,
            remedy="frequencies must be positive",
        )
    values, counts = np.unique(frequency, return_counts=True)
    if counts.max() > 1:
        raise InputError(
            f"frequency {values[counts.argmax()]:g} Hz appears {counts.max()} times",
            where=where,
            remedy="keep one point per frequency, or split the file into its spectra",
        )


def _check_conditions(
    time_s: float | None, temperature_c: float | None, area_cm2: float | None, where: str
) -> None:
    for name, value in (("time_s", time_s), ("temperature_c", temperature_c), ("area_cm2", area_cm2)):
        if value is not None and not np.isfinite(value):
            raise InputError(f"{name} is {value}", where=where, remedy="give a finite value or none")
    if area_cm2 is not None and area_cm2 <= 0:
        raise InputError(f"area of {area_cm2:g} cm²", where=where, remedy="give a positive area in cm²")


def remark_lines(spectra: Iterable[Spectrum]) -> list[str]:
    """Everything unusual of a series, one line each, with the spectrum or how many it is said of."""
    said: dict[str, list[str]] = {}
    for spectrum in spectra:
        for remark in spectrum.remarks:
            said.setdefault(remark, []).append(spectrum.label)
    return [
        f"{labels[0] if len(labels) == 1 else f'{len(labels)} spectra'}: {remark}"
        for remark, labels in said.items()
    ]

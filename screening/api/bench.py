"""Impedance spectra and pellets, read as they come."""

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from screening.errors import InputError
from screening.lab.impedance.circuits import PELLET
from screening.lab.impedance.conductivity import REFERENCE_C, Pellet
from screening.lab.impedance.pellets import TEMPERATURE_FROM, PelletSeries, pellet_series
from screening.lab.impedance.spectra import Spectra
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.impedance import join_series, read_files, temperature_from_name
from screening.lab.readers.stamp import stamp

Files: TypeAlias = str | Path | Iterable[str | Path]
"""A file, a pattern of names as ``*.mpr``, or several of either."""


def named_files(given: Files) -> list[Path]:
    """Files that a name, a pattern of names or a list of them means; those of a pattern in order of name.

    Raises
    ------
    InputError
        If a pattern fits no file, or nothing is given.
    """
    found: list[Path] = []
    for each in [given] if isinstance(given, str | Path) else given:
        path = Path(each).expanduser()
        if glob.has_magic(str(path)) and not path.exists():
            fitting = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - of any root
            if not fitting:
                raise InputError("no file fits the pattern", where=str(each), remedy="check the directory")
            found += map(Path, fitting)
        else:
            found.append(path)
    if not found:
        raise InputError("no files", remedy="give at least one")
    return found


def read_eis(files: Files, *, area_cm2: float | None = None) -> Spectra:
    """Read impedance spectra of any supported instrument.

    Parameters
    ----------
    files : str, Path or several of them
        Files, or a pattern as ``*.mpr``; several are one series, in order of time where the files tell it.
    area_cm2 : float, optional
        Electrode area; figures are then in Ω·cm². Headers of files are not trusted.

    Returns
    -------
    Spectra
        Of several files those that can be read; `left_out` has a line on each of the others.

    Raises
    ------
    InputError
        If a file is absent, or none can be read as spectra.
    """
    paths = named_files(files)
    read, left_out = read_files(paths)
    spectra = Spectra(join_series(list(read.values())), stamp([paths[i] for i in read]), left_out)
    return spectra if area_cm2 is None else spectra.with_area(area_cm2)


def simulated_rest_series(seed: int = 0) -> Spectra:
    """The shipped series of a cell at rest, simulated: what to try things on without a measurement."""
    from screening.simulate.impedance import rest_study, study_provenance

    return Spectra(tuple(rest_study().spectra(seed=seed)), study_provenance())


def arrhenius(
    files: Files,
    *,
    thickness_mm: float | None = None,
    diameter_mm: float | None = None,
    temperature_c: Sequence[float] | None = None,
    circuit: str = PELLET,
    at_c: Sequence[float] = (),
    keep: bool = False,
) -> PelletSeries:
    """Conductivity and activation energy from spectra of blocked pellets at several temperatures.

    Without thickness and diameter the activation energy is given all the same: the geometry cancels.

    Parameters
    ----------
    files : str, Path or several of them
    thickness_mm, diameter_mm : float, optional
        Of the pellet; both or neither.
    temperature_c : sequence of float, optional
        Temperature of each file, in the order of the files; from data or file name unless given.
    circuit : str
        Circuit for all files, or ``auto``.
    at_c : sequence of float
        Temperatures at which the lines are evaluated, beside 25 °C.
    keep : bool
        Use spectra that fail the Kramers–Kronig test too; by default they are left out, and named.

    Raises
    ------
    InputError
        If a temperature or one of the two lengths is missing, or a fit cannot be made.
    """
    if (thickness_mm is None) != (diameter_mm is None):
        raise InputError(
            "a thickness without a diameter, or the reverse", remedy="give --thickness-mm and --diameter-mm"
        )
    if thickness_mm == 0.0 or diameter_mm == 0.0:
        raise InputError("a length of zero", where="--thickness-mm, --diameter-mm", remedy="give it in mm")
    pellet = Pellet.from_mm(thickness_mm, diameter_mm) if thickness_mm and diameter_mm else None
    paths = named_files(files)
    read, skipped = read_files(paths)
    series = pellet_series(
        _with_temperatures(paths, read, temperature_c or []),
        pellet,
        circuit,
        predicted_c=(REFERENCE_C, *(t for t in at_c if t != REFERENCE_C)),
        provenance=stamp([paths[i] for i in read]),
        keep=keep,
    )
    return replace(series, left_out=(*skipped, *series.left_out))


def _with_temperatures(
    paths: Sequence[Path], read: Mapping[int, Sequence[Spectrum]], given: Sequence[float]
) -> list[Spectrum]:
    """Spectra with their temperatures; their metadata say where these come from."""
    if len(given) not in (0, len(paths)):
        raise InputError(
            f"{len(given)} temperature(s) for {len(paths)} file(s)",
            where="--temperature-c",
            remedy="give one for each file, in their order, or none",
        )
    spectra = []
    for i, of_file in read.items():
        path = paths[i]
        for spectrum in of_file:
            value, origin = spectrum.temperature_c, "data"
            if given:
                value, origin = given[i], "option"
            elif value is None:
                value, origin = temperature_from_name(path.name), "file name"
            if value is None:
                raise InputError(
                    "no temperature in the data or the name", where=str(path), remedy="give --temperature-c"
                )
            metadata = {**spectrum.metadata, TEMPERATURE_FROM: origin}
            spectra.append(replace(spectrum, temperature_c=value, metadata=metadata))
    return spectra

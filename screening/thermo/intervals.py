"""Where the true value of a calculated energy lies: intervals at 95 %, and the digits that they leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, isfinite, log10
from typing import NamedTuple, Protocol

import numpy as np

from screening.ragged import Ragged

Z_95 = 1.96
"""Standard deviations from the mean to the bounds of 95 %."""

NEGLIGIBLE = 1e-9
"""Intervals narrower than this are rounding: nothing reacts there."""


class Interval(NamedTuple):
    """Bounds that hold the true value in 95 % of all cases."""

    low: float
    high: float

    def scaled(self, factor: float) -> "Interval":
        """The same in another unit, or per something else."""
        return Interval(*sorted((self.low * factor, self.high * factor)))


@dataclass(frozen=True, eq=False, kw_only=True)
class Forms:
    """Linear forms of the energies of phases, row by row: the arrays of a csr array, which passes for them.

    scipy.sparse takes longer to load than a pair takes to compute.

    Attributes
    ----------
    data : (m,) float array
        Atoms of a phase, negative where it is consumed.
    indices : (m,) int array
        Its phase number.
    indptr : (n_forms + 1,) int array
    shape : (int, int)
        Forms and phases.
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]


def product(forms: Forms, table: Forms) -> Forms:
    """What forms hold of the columns of a table, one row for each phase: (n_forms, n_columns), no zeros."""
    rows, n_forms, n_columns = Ragged(table.indptr), forms.shape[0], table.shape[1]
    flat, lengths = rows.entries(forms.indices), rows.lengths[forms.indices]
    place = np.repeat(Ragged(forms.indptr).owner, lengths) * n_columns + table.indices[flat]
    places, which = np.unique(place, return_inverse=True)
    data = np.bincount(which, np.repeat(forms.data, lengths) * table.data[flat], minlength=len(places))
    kept = data != 0.0
    form, column = np.divmod(places[kept], n_columns)
    start = np.append(0, np.cumsum(np.bincount(form, minlength=n_forms)))
    return Forms(data=data[kept], indices=column, indptr=start, shape=(n_forms, n_columns))


class Errors(Protocol):
    """An error model, applied to the phases of one snapshot."""

    def bounds_95(self, forms: Forms) -> np.ndarray:
        """What to add to each form for the bounds of its true value, (n_forms, 2)."""
        ...


SMALL = 20.0
"""Volts and electronvolts are smaller and keep one decimal, however wide the interval is."""


@dataclass(frozen=True)
class ErrorBars:
    """What draws intervals: an error model, what a result says of it, and how wrong the stable phases are."""

    errors: Errors | None = None
    note: str = ""
    wrong_sd_ev_per_atom: float = 0.0

    def around(self, value: float, energy: Forms) -> Interval | None:
        """Where the true value of one energy lies, by its linear form; None without an error model."""
        if self.errors is None:
            return None
        bounds = at_least(self.errors.bounds_95(energy), energy, self.wrong_sd_ev_per_atom)
        below, above = bounds[0].tolist()
        return Interval(value + below, value + above)

    def or_stable(self, limit: Interval | None, own: Sequence[tuple[float, Forms]]) -> Interval | None:
        """Where a cathodic limit lies whose compound, above the hull as calculated, may be stable.

        It then keeps to the highest of its own mean voltages, which is below that of what it decays to.

        Parameters
        ----------
        limit : Interval or None
            Of what the compound decays to.
        own : sequence of (float, Forms)
            Mean voltages from the compound itself to the end of each plateau, with their linear forms.
        """
        found = [each for each in (self.around(*each) for each in own) if each is not None]
        if limit is None or not found:
            return limit
        return Interval(min(limit.low, max(each.low for each in found)), limit.high)

    def off_by(self, sd_ev_per_atom: float) -> "ErrorBars":
        """The same, wider, where the source has the stable phases themselves wrong; see `at_least`."""
        if not (self.errors and sd_ev_per_atom):
            return self
        told = f"{self.note}, widened: the stable phases are wrong by {sd_ev_per_atom:g} eV/atom"
        return ErrorBars(self.errors, told, sd_ev_per_atom)


NO_ERROR_BARS = ErrorBars()


def at_least(bounds_95: np.ndarray, forms: Forms, sd_ev_per_atom: float | np.ndarray) -> np.ndarray:
    """Bounds of each form, (n_forms, 2), no narrower than stable phases that are wrong by so much make them.

    Their errors may cancel in the form of an assemblage that is not the true one: YbCl3 seems to give off
    chlorine, and its potential that of LiCl. Each atom that the form moves therefore counts as off.
    """
    half = Z_95 * sd_ev_per_atom * Ragged(forms.indptr).summed(np.abs(forms.data)) / 2.0
    wide = np.column_stack((np.minimum(bounds_95[:, 0], -half), np.maximum(bounds_95[:, 1], half)))
    return np.where(half[:, None] > 0.0, wide, bounds_95)


BESIDE = "outside its interval (the known mean error is taken off)"
"""Of one value, after its name, among the cautions of a row."""

OUTSIDE = (
    "where a value lies outside its interval, the known mean error of such reactions (as of freed Br, I) is "
    "taken off in the interval, not in the value"
)


def outside(*values: tuple[float | None, Interval | None]) -> tuple[str, ...]:
    """What a result says where a value as calculated lies outside its interval; else nothing."""
    beside = (
        not within.low - NEGLIGIBLE <= value <= within.high + NEGLIGIBLE
        for value, within in values
        if value is not None and within is not None
    )
    return (OUTSIDE,) if any(beside) else ()


def form(n_phases: int, *terms: tuple[float, Mapping[int, float]]) -> Forms:
    """A sum of assemblages as one linear form, (1, n_phases).

    Parameters
    ----------
    n_phases : int
    *terms : (float, mapping of int to float)
        Atoms of an assemblage, negative where it is consumed, and atomic fractions in it by phase number.
    """
    atoms: dict[int, float] = {}
    for factor, shares in terms:
        for phase, share in shares.items():
            atoms[phase] = atoms.get(phase, 0.0) + factor * share
    return Forms(
        data=np.array(list(atoms.values())),
        indices=np.array(list(atoms), dtype=int),
        indptr=np.array([0, len(atoms)]),
        shape=(1, n_phases),
    )


def written(value: float | None, within: Interval | None, digits: int | None, usual: int) -> str:
    """A number with the digits that its interval leaves.

    Parameters
    ----------
    value : float or None
    within : Interval or None
    digits : int or None
        Decimals, whatever the interval says.
    usual : int
        Decimals of a number without an interval.

    Examples
    --------
    >>> written(1.5898, Interval(1.4, 2.1), None, 3), written(1.5898, Interval(1.4, 2.1), 4, 3)
    ('1.6', '1.5898')
    """
    if value is None:
        return "none"
    least = min(usual, 1) if digits is None and abs(value) < SMALL else 0
    return _fixed(value, max(least, _decimals(within, digits, usual)))


def in_order(values: Sequence[tuple[float, Interval | None]], digits: int | None, usual: int) -> list[str]:
    """A column of numbers as `written`, with more digits where rounding would turn two neighbours around.

    Examples
    --------
    >>> in_order([(3.97, Interval(3.9, 4.0)), (3.96, Interval(1.0, 7.0))], None, 2)
    ['3.97', '3.96']
    """
    told = [written(value, within, digits, usual) for value, within in values]
    for _ in values:  # digits given to one pair may turn it around with the next
        for i, ((one, _), (other, _)) in enumerate(pairwise(values)):
            if (float(told[i]) - float(told[i + 1])) * (one - other) < 0.0:
                most = max(len(text.partition(".")[2]) for text in told[i : i + 2])
                told[i : i + 2] = _fixed(one, most), _fixed(other, most)
    return told


def bounds(within: Interval | None, digits: int | None) -> str:
    """An interval as ``1.4 to 2.1``, empty where there is none."""
    if within is None or within.high - within.low < NEGLIGIBLE:
        return ""
    low, high = (_fixed(each, _decimals(within, digits, 0)) for each in within)
    return f"{low} to {high}"


def with_bounds(text: str, within: Interval | None, digits: int | None) -> str:
    """A number with its interval in brackets, as far as it has one."""
    told = bounds(within, digits)
    return f"{text} ({told})" if told else text


def _decimals(within: Interval | None, digits: int | None, usual: int) -> int:
    """Decimals down to the first digit of half the interval, or the second where that is a 1."""
    if digits is not None:
        return digits
    half = 0.0 if within is None else (within.high - within.low) / 2.0
    if not (isfinite(half) and half > NEGLIGIBLE):
        return usual
    size = floor(log10(half))
    small = within is not None and max(map(abs, within)) < SMALL
    return max(int(small), -size + (half < 2.0 * 10.0**size))


def _fixed(value: float, decimals: int) -> str:
    """A number with so many decimals, and no sign before a zero."""
    text = f"{value:.{decimals}f}"
    return text if float(text) else text.removeprefix("-")

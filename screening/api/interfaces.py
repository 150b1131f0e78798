"""Reactions at an interface and uptake staircases, from formulas as they are written."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import TypeAlias, TypedDict, Unpack, overload

from screening.errors import InputError
from screening.phases.cathodes import host_phases
from screening.phases.composition import (
    Formula,
    Part,
    Reactant,
    atomic_number,
    parse_formula,
    parse_reactant,
    symbol,
)
from screening.phases.corrections import Energies
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.reactors.uncertainty import GENERAL_ION, error_bars, error_models
from screening.thermo.interface import InterfaceReaction, InterfaceReactions
from screening.thermo.interface import react as react_pair
from screening.thermo.intervals import ErrorBars
from screening.thermo.lithiation import Lithiation, Lithiations
from screening.thermo.lithiation import lithiate as lithiate_one
from screening.thermo.open_system import OpenReactions, react_open
from screening.thermo.reactants import require_distinct
from screening.thermo.reservoir import Reservoir, reservoirs
from screening.thermo.sources import Own, load_snapshot, own_phases
from screening.thermo.stability import HullEnergies, hull_energy_of
from screening.thermo.titration import DEFAULT_SHARE, Titration, Titrations
from screening.thermo.titration import titrate as titrate_one

Compound: TypeAlias = str | Formula | Reactant
"""A compound or mixture as a chemist writes it, ``LiAlCl4@50wt+Li6PS5Cl@50wt``, or already parsed."""


class Source(TypedDict, total=False):
    """What `react` and `lithiate` take energies from."""

    snapshot: str | Path | Snapshot
    phases: Own
    force: bool
    replace: bool
    temperature_k: float | None
    energies: str
    at_hull: bool


def source_snapshot(
    *,
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    force: bool = False,
    replace: bool = False,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: bool = False,
) -> Snapshot:
    """The snapshot of a `Source`; what is taken at its hull is named later."""
    return load_snapshot(snapshot, own_phases(phases, force, replace), temperature_k, energies)


class Opening(Source, total=False):
    """What `react` takes besides: one open element, by potential or pressure."""

    mu: str | Mapping[str, float] | None
    open_to: str | None
    pressure_bar: float | None
    element: str


class TitrationSource(Source, total=False):
    """What `titrate` takes besides."""

    element: str
    charge: int | None
    share: float
    energy_ev_per_atom: float | None
    host: bool


@overload
def react(  # type: ignore[overload-overlap]  # a text is a compound, not a sequence of letters
    a: Compound, b: Compound, *, voltage: float | None = ..., **source: Unpack[Opening]
) -> InterfaceReaction: ...


@overload
def react(
    a: Compound | Iterable[Compound],
    b: Compound | Iterable[Compound],
    *,
    voltage: float | str | Iterable[float] | None = ...,
    **source: Unpack[Opening],
) -> InterfaceReactions: ...


def react(
    a: Compound | Iterable[Compound],
    b: Compound | Iterable[Compound],
    *,
    voltage: float | str | Iterable[float] | None = None,
    mu: str | Mapping[str, float] | None = None,
    open_to: str | None = None,
    pressure_bar: float | None = None,
    element: str = "Li",
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    force: bool = False,
    replace: bool = False,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: bool = False,
) -> InterfaceReaction | InterfaceReactions:
    """Reaction energy of A with B against their mixing ratio, closed or with one element open.

    Parameters
    ----------
    a, b : str, Formula, Reactant, or several of them
        Compounds or mixtures, as ``"LiAlCl4@50wt + Li6PS5Cl@50wt"``. Of lists, each A meets each B.
    voltage, mu, open_to, pressure_bar, element
        What is open; see `reservoirs`. Energies are then per atom that is not of the open element.
    snapshot, phases, force, replace, temperature_k, energies
        See `load_snapshot` and `OwnPhases`.
    at_hull : bool
        Accept compositions that the snapshot lacks at their hull energy; the result says so.

    Returns
    -------
    InterfaceReaction or InterfaceReactions
        The latter of lists or several voltages; with an open element `OpenReaction` and `OpenReactions`.

    Raises
    ------
    InputError
        If a formula cannot be read, is lacking or named twice, or nothing of it is left.

    Examples
    --------
    >>> react("Li", "LiAlCl4").minimum.reaction
    '3 Li + LiAlCl4 -> 4 LiCl + Al'
    """
    every_a, every_b = _compounds(a), _compounds(b)
    require_distinct([*every_a, *every_b])
    at = reservoirs(
        voltage=voltage,
        mu=mu,
        open_to=open_to,
        pressure_bar=pressure_bar,
        temperature_k=temperature_k,
        element=element,
    )
    held = load_snapshot(snapshot, own_phases(phases, force, replace), temperature_k, energies)
    bars = cache(lambda ion: error_bars(held, ion))
    found = _reactions(held, product(every_a, every_b), at, bars, at_hull=at_hull)
    one = _is_one(a) and _is_one(b) and isinstance(voltage, int | float | None)
    return found[0] if one else found


def _reactions(
    held: Snapshot,
    pairs: Iterable[tuple[Reactant, Reactant]],
    at: tuple[Reservoir, ...],
    bars: Callable[[str], ErrorBars],
    *,
    at_hull: bool,
) -> InterfaceReactions:
    """Reactions of all pairs, closed or at each potential of the open element."""
    if not at:
        return InterfaceReactions(
            tuple(react_pair(held, *each, at_hull=at_hull, error_bars=bars(_ion(*each))) for each in pairs)
        )
    return OpenReactions(
        tuple(
            opened
            for each in pairs
            for opened in react_open(held, *each, at, at_hull=at_hull, error_bars=bars(_ion(*each)))
        )
    )


@overload
def lithiate(  # type: ignore[overload-overlap]  # as above
    compound: Compound, /, *, element: str = ..., charge: int | None = ..., **source: Unpack[Source]
) -> Lithiation: ...


@overload
def lithiate(
    *compounds: Compound | Iterable[Compound],
    element: str = ...,
    charge: int | None = ...,
    **source: Unpack[Source],
) -> Lithiations: ...


def lithiate(
    *compounds: Compound | Iterable[Compound],
    element: str = "Li",
    charge: int | None = None,
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    force: bool = False,
    replace: bool = False,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: bool = False,
) -> Lithiation | Lithiations:
    """Lithiation staircase, stability window and 0 V energies of compounds or mixtures.

    Parameters
    ----------
    *compounds : str, Formula, Reactant, or lists of them
    element : str
        Element taken up; voltages are against its metal.
    charge : int, optional
        Of its cation; that of the most common one unless given.
    snapshot, phases, force, replace, temperature_k, energies, at_hull
        As of `react`.

    Returns
    -------
    Lithiation or Lithiations
        The former for one compound that is not in a list.

    Raises
    ------
    InputError
        If a formula or the element cannot be used.

    Examples
    --------
    >>> round(lithiate("LiAlCl4").cathodic_limit_v, 2)
    1.59
    """
    every = _every(compounds, "lithiate")
    held = load_snapshot(snapshot, own_phases(phases, force, replace), temperature_k, energies)
    bars = error_bars(held, element)
    found = tuple(
        lithiate_one(held, each, element, charge=charge, at_hull=at_hull, error_bars=bars) for each in every
    )
    return found[0] if len(compounds) == 1 and _is_one(compounds[0]) else Lithiations(found)


@overload
def titrate(  # type: ignore[overload-overlap]  # as above
    compound: Compound, /, *, to: float = ..., **source: Unpack[TitrationSource]
) -> Titration: ...


@overload
def titrate(
    *compounds: Compound | Iterable[Compound], to: float = ..., **source: Unpack[TitrationSource]
) -> Titrations: ...


def titrate(
    *compounds: Compound | Iterable[Compound],
    to: float = 5.0,
    share: float = DEFAULT_SHARE,
    energy_ev_per_atom: float | None = None,
    host: bool = False,
    element: str = "Li",
    charge: int | None = None,
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    force: bool = False,
    replace: bool = False,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: bool = False,
) -> Titration | Titrations:
    """Plateaus of uptake and of release up to a voltage, with the strict and the useful window.

    Parameters
    ----------
    *compounds, element, charge, snapshot, phases, force, replace, temperature_k, energies, at_hull
        As of `lithiate`.
    to : float
        Highest voltage of the plateaus of release.
    share, energy_ev_per_atom : float
        What the useful window lets come or go: a share of the formula's element, or an energy per atom.
    host : bool
        Keep to phases that differ by the content of the element alone, as a cathode in use.

    Raises
    ------
    InputError
        If a formula, the element, or a bound cannot be used.

    Examples
    --------
    >>> titrate("Li3PS4").releases[0].reaction
    '8 Li3PS4 -> 23 Li + 4 P2S7 + LiS4'
    """
    every = _every(compounds, "titrate")
    held = load_snapshot(snapshot, own_phases(phases, force, replace), temperature_k, energies)
    z, bars = atomic_number(element, where="--element"), cache(lambda of: error_bars(of, element))
    within = [host_phases(held, each, z) if host else held for each in every]
    one = partial(titrate_one, to_v=to, share=share, energy_ev_per_atom=energy_ev_per_atom, charge=charge)
    found = tuple(
        one(of, each, element, at_hull=at_hull, host=host, error_bars=bars(of))
        for of, each in zip(within, every, strict=True)
    )
    return found[0] if len(compounds) == 1 and _is_one(compounds[0]) else Titrations(found)


def _every(compounds: Iterable[Compound | Iterable[Compound]], verb: str) -> list[Reactant]:
    """All reactants of a call, each named once."""
    every = [each for given in compounds for each in _compounds(given)]
    if not every:
        raise InputError("no compound", where=verb, remedy=f'give one, as in {verb}("LiAlCl4")')
    require_distinct(every)
    return every


def hull_energy(
    *formulas: str | Formula,
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    force: bool = False,
    replace: bool = False,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
) -> HullEnergies:
    """Formation and hull energy of compositions, as a file of own phases takes them.

    Parameters
    ----------
    *formulas : str or Formula
    snapshot, phases, force, replace, temperature_k, energies
        As of `react`.

    Raises
    ------
    InputError
        If a formula cannot be read or used.

    Examples
    --------
    >>> round(hull_energy("Li6PS5Cl")[0].energy_above_hull_ev_per_atom, 3)
    0.083
    """
    if not formulas:
        raise InputError("no compound", where="hull_energy", remedy='give one, as in hull_energy("LiCl")')
    read = [each if isinstance(each, Formula) else parse_formula(each) for each in formulas]
    held = load_snapshot(snapshot, own_phases(phases, force, replace), temperature_k, energies)
    return HullEnergies(tuple(hull_energy_of(held, each) for each in read))


def _ion(a: Reactant, b: Reactant) -> str:
    """Whose error model a reaction takes: that of a pure metal, else the first ion with one that occurs."""
    elements = [symbol(z) for unit in (a.unit, b.unit) for z in unit.atomic_numbers]
    pure = [symbol(unit.atomic_numbers[0]) for unit in (a.unit, b.unit) if len(unit.atomic_numbers) == 1]
    modelled = [ion for ion in error_models() if ion in elements]
    return next((ion for ion in modelled if ion in pure), next(iter([*modelled, GENERAL_ION])))


def _is_one(given: object) -> bool:
    return isinstance(given, str | Formula | Reactant)


def _compounds(given: Compound | Iterable[Compound]) -> list[Reactant]:
    if isinstance(given, str):
        return [parse_reactant(given)]
    if isinstance(given, Reactant):
        return [given]
    if isinstance(given, Formula):
        return [Reactant(given.text, (Part(given, 1.0),))]
    if not isinstance(given, Iterable):
        raise InputError(f"{given!r} is no formula", remedy="write it as a text, as LiAlCl4")
    found = [reactant for each in given for reactant in _compounds(each)]
    if not found:
        raise InputError("an empty list of formulas", remedy="name at least one")
    return found

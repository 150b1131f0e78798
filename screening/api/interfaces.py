"""Reactions at an interface and uptake staircases, from formulas as they are written."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeAlias, TypedDict, Unpack, overload

from screening.errors import InputError
from screening.phases.composition import Formula, Part, Reactant, parse_formula, parse_reactant, symbol
from screening.phases.corrections import Energies
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.reactors.uncertainty import error_bars, error_models
from screening.thermo.interface import InterfaceReaction, InterfaceReactions
from screening.thermo.interface import react as react_pair
from screening.thermo.lithiation import Lithiation, Lithiations
from screening.thermo.lithiation import lithiate as lithiate_one
from screening.thermo.reactants import require_distinct
from screening.thermo.sources import Own, load_snapshot
from screening.thermo.stability import HullEnergies, hull_energy_of
from screening.thermo.titration import DEFAULT_SHARE, Titration, Titrations
from screening.thermo.titration import titrate as titrate_one

Compound: TypeAlias = str | Formula | Reactant
"""A compound or mixture as a chemist writes it, ``LiAlCl4@50wt+Li6PS5Cl@50wt``, or already parsed."""


class Source(TypedDict, total=False):
    """What `react` and `lithiate` take energies from."""

    snapshot: str | Path | Snapshot
    phases: Own
    temperature_k: float | None
    energies: str
    at_hull: bool


class TitrationSource(Source, total=False):
    """What `titrate` takes besides."""

    element: str
    charge: int | None
    share: float
    energy_ev_per_atom: float | None


@overload
def react(  # type: ignore[overload-overlap]  # a text is a compound, not a sequence of letters
    a: Compound, b: Compound, **source: Unpack[Source]
) -> InterfaceReaction: ...


@overload
def react(
    a: Compound | Iterable[Compound], b: Compound | Iterable[Compound], **source: Unpack[Source]
) -> InterfaceReactions: ...


def react(
    a: Compound | Iterable[Compound],
    b: Compound | Iterable[Compound],
    *,
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: bool = False,
) -> InterfaceReaction | InterfaceReactions:
    """Reaction energy of A with B against their mixing ratio.

    Parameters
    ----------
    a, b : str, Formula, Reactant, or several of them
        Compounds or mixtures, as ``"LiAlCl4@50wt + Li6PS5Cl@50wt"``. Of lists, each A meets each B.
    snapshot : str, Path or Snapshot
        Name or directory of a snapshot, or one that is open.
    phases : str, Path or OwnPhases, optional
        File of your own phases (csv or json), joined to the snapshot.
    temperature_k : float, optional
        Gibbs energies at this temperature, 300 to 2000 K; those of 0 K without it.
    energies : str
        ``corrected`` or ``as-published``; see `load_snapshot`.
    at_hull : bool
        Accept compositions that the snapshot lacks at their hull energy; the result says so.

    Returns
    -------
    InterfaceReaction or InterfaceReactions
        The latter where a list was given.

    Raises
    ------
    InputError
        If a formula cannot be read or the snapshot lacks it, or two reactants are the same composition.

    Examples
    --------
    >>> react("Li", "LiAlCl4").minimum.reaction
    '3 Li + LiAlCl4 -> 4 LiCl + Al'
    """
    every_a, every_b = _compounds(a), _compounds(b)
    require_distinct([*every_a, *every_b])
    held = load_snapshot(snapshot, phases, temperature_k, energies)
    bars = cache(lambda ion: error_bars(held, ion))
    found = tuple(
        react_pair(held, one, other, at_hull=at_hull, error_bars=bars(_ion(one, other)))
        for one in every_a
        for other in every_b
    )
    return found[0] if _is_one(a) and _is_one(b) else InterfaceReactions(found)


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
    snapshot, phases, temperature_k, energies, at_hull
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
    held = load_snapshot(snapshot, phases, temperature_k, energies)
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
    element: str = "Li",
    charge: int | None = None,
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    at_hull: bool = False,
) -> Titration | Titrations:
    """Plateaus of uptake and of release up to a voltage, with the strict and the useful window.

    Parameters
    ----------
    *compounds : str, Formula, Reactant, or lists of them
    to : float
        Highest voltage of the plateaus of release.
    share : float
        The useful window allows this share of the formula's own element to come or go.
    energy_ev_per_atom : float, optional
        Instead, this energy per atom of the formula to be set free.
    element, charge, snapshot, phases, temperature_k, energies, at_hull
        As of `lithiate`.

    Returns
    -------
    Titration or Titrations
        The former for one compound that is not in a list.

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
    held = load_snapshot(snapshot, phases, temperature_k, energies)
    bars = error_bars(held, element)
    found = tuple(
        titrate_one(
            held,
            each,
            element,
            to_v=to,
            share=share,
            energy_ev_per_atom=energy_ev_per_atom,
            charge=charge,
            at_hull=at_hull,
            error_bars=bars,
        )
        for each in every
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
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
) -> HullEnergies:
    """Formation and hull energy of compositions, as a file of own phases takes them.

    Parameters
    ----------
    *formulas : str or Formula
    snapshot, phases, temperature_k, energies
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
    held = load_snapshot(snapshot, phases, temperature_k, energies)
    return HullEnergies(tuple(hull_energy_of(held, each) for each in read))


def _ion(a: Reactant, b: Reactant) -> str:
    """Whose error model a reaction takes: that of a pure metal, else the first ion with one that occurs."""
    elements = [symbol(z) for unit in (a.unit, b.unit) for z in unit.atomic_numbers]
    pure = [symbol(unit.atomic_numbers[0]) for unit in (a.unit, b.unit) if len(unit.atomic_numbers) == 1]
    modelled = [ion for ion in error_models() if ion in elements]
    return next((ion for ion in modelled if ion in pure), next(iter([*modelled, *pure, *elements])))


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

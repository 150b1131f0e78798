"""What the server holds in memory: open snapshots, completions of formulas, finished rankings."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd

import screening as scr
from screening.api.campaigns import Ranking
from screening.campaign.directory import RANKING_PARQUET
from screening.campaign.run import Source
from screening.errors import InputError, ScreeningError
from screening.explore.disk import Place, Run
from screening.explore.shown import Query
from screening.phases.corrections import Energies, chosen_energies
from screening.phases.library import EMBEDDED, survey
from screening.phases.notation import abbreviations
from screening.phases.snapshot import Snapshot
from screening.thermo.sources import OwnPhases

COMPLETIONS = 10
_opening = Lock()
"""Two users who ask for one snapshot at once open it once."""


def source(query: Query, place: Place) -> Source:
    """Where the phases of a page come from, by its fields ``snapshot``, ``phases`` and ``energies``.

    Raises
    ------
    InputError
        If the snapshot is none of this machine's, or the own phases are not kept here.
    """
    name = query.get("snapshot") or EMBEDDED
    if name != EMBEDDED and name not in snapshots():  # which reads all manifests
        raise InputError(f"no snapshot {name[:60]!r}", remedy="choose one on the page Data")
    energies = chosen_energies(query.get("energies") or Energies.CORRECTED)
    return Source(name, own_phases(query, place) or "", energies=energies)


def arguments(wanted: Source) -> dict[str, Any]:
    """Where phases come from, as `react` and `figure_1` are told; without what they take by themselves."""
    own = dict(vars(wanted.phases)) if isinstance(wanted.phases, OwnPhases) else {"path": wanted.phases}
    given = {"snapshot": wanted.snapshot, "phases": own.pop("path"), **own}
    given |= {"energies": str(wanted.energies), "at_hull": bool(wanted.at_hull)}
    usual = {"snapshot": EMBEDDED, "energies": Energies.CORRECTED.value}
    return {key: value for key, value in given.items() if value and value != usual.get(key)}


def snapshots() -> dict[str, str]:
    """Snapshots of this machine, and what each is."""
    return {each.name: f"{each.name}, {each.energy_scheme}" for each in survey().sound}


def own_phases(query: Query, place: Place) -> OwnPhases | None:
    """The file of own phases that a page's state names, with what is to be done with it."""
    token, *wishes = (query.get("phases") or "").split("-")
    if not token:
        return None
    tables = [str(path) for path in place.files(token) if path.suffix.lower() != ".cif"]
    if len(tables) > 1:
        raise InputError(f"{len(tables)} tables of phases", where="own phases", remedy="give all in one")
    return OwnPhases(tables[0], "force" in wishes, "replace" in wishes) if tables else None


def structures(query: Query, place: Place) -> list[Path]:
    """CIF files that a page's state names."""
    token = (query.get("phases") or "").partition("-")[0]
    return [path for path in place.files(token) if path.suffix.lower() == ".cif"] if token else []


def held(query: Query, place: Place) -> tuple[Snapshot, Energies]:
    """The open snapshot of a page and the scheme of its energies."""
    wanted = source(query, place)
    with _opening:
        return wanted.load(), wanted.energies


@lru_cache(maxsize=2)
def _names(snapshot: Snapshot) -> tuple[list[str], list[str]]:
    """Formulas in the order of their small letters, and these."""
    every = sorted((str(name).casefold(), str(name)) for name in set(snapshot.phases.formula.tolist()))
    return [small for small, _ in every], [name for _, name in every]


def completions(snapshot: Snapshot, energies: str, typed: str) -> Mapping[str, str]:
    """What a beginning may become: formulas of the snapshot, the shortest first, and abbreviations.

    Of a mixture the last part is completed. Words beside each are its energy above the hull.
    """
    before, plus, part = typed.rpartition("+")
    part, begun = part.strip(), before + plus
    if not part or "@" in part:
        return {}
    small, names = _names(snapshot)
    first = bisect_left(small, part.casefold())
    last = bisect_left(small, part.casefold() + "\uffff")
    found = sorted(names[first:last], key=lambda name: (len(name), name))[:COMPLETIONS]
    words: dict[str, str] = {}
    for name, known in abbreviations().items():
        if name.casefold().startswith(part.casefold()):
            words |= {begun + each: f"{name}" for each in known.formulas}
    try:
        told = scr.hull_energy(*found, snapshot=snapshot, energies=energies) if found else ()
    except ScreeningError:
        told = ()
    above = [each.energy_above_hull_ev_per_atom for each in told]
    for k, name in enumerate(found):
        known_above = above[k] if k < len(above) else None
        words[begun + name] = "" if known_above is None else f"{known_above:.3f} eV/atom above the hull"
    return dict(list(words.items())[:COMPLETIONS])


def ranking(name: str, place: Place) -> Ranking:
    """A finished campaign of the folder, read anew only where it was written anew.

    Raises
    ------
    InputError
        If there is none, or it is not finished.
    """
    run = place.run(name)
    written = run.path / RANKING_PARQUET
    if not written.is_file():
        raise InputError("no finished run of this name", where=name, remedy="choose or start one on Screen")
    return _ranking(run, written.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _ranking(run: Run, written: int) -> Ranking:
    """A run with the phases that it was asked to take, where the explorer began it."""
    found, asked = scr.read_results(run.path), run.task.asked
    if not asked:
        return found
    own = OwnPhases(**asked["phases"]) if asked["phases"] else ""
    at_hull, energies = found.source.at_hull, chosen_energies(asked["energies"])
    return replace(found, source=Source(asked["snapshot"], own, energies=energies, at_hull=at_hull))


def phases_of(found: Ranking) -> Source:
    """Where the phases of a run come from.

    Raises
    ------
    InputError
        If they are not those that its results are stamped with, as of a run at a temperature.
    """
    manifest, stamp = found.source.load().manifest, found.provenance
    if (manifest.name, manifest.energy_scheme) != (stamp.source, stamp.energy_scheme):
        raise InputError(
            f"the run rests on {stamp.source} ({stamp.energy_scheme}), which is not what opens here",
            remedy="run it again from the page Screen",
        )
    return found.source


@lru_cache(maxsize=8)
def reweighed(found: Ranking, weights: tuple[tuple[str, float], ...]) -> pd.DataFrame:
    """Its candidates under other weights; a grid asks for block after block of one order."""
    return found.reweighed(dict(weights))

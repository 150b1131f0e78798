"""What is read of a campaign at once: the ranking of one pair, and the best for which a condition holds."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from screening.campaign.anchored_ranks import HEAD, changes_told
from screening.campaign.directory import CONDUCTS_ION, TOP_SHOWN, ResultsDirectory
from screening.campaign.document import FAILING, FILTER_PREFIX, Reactor, failing_words
from screening.campaign.study import Study
from screening.display import DOUBT_TOLD, Table, all_marked, doubted, fixed, marked, rests_on
from screening.layer.network import Threshold
from screening.reactors.anode import mobile_ion, shared_ion
from screening.reactors.conditions import REACTOR
from screening.reactors.criteria import Criterion, criterion
from screening.reactors.placement_criteria import BY_ROLE
from screening.reactors.ranking import FAILS, desirabilities
from screening.thermo.intervals import BESIDE, NEGLIGIBLE, OUTSIDE, Interval, with_bounds, written

MANY = 100
"""Ranked candidates from which on the chance to be the first says little: the first 1 % stands there then."""

FIRST = {"1": "1st", "1_percent": "1%"}

DECIMALS = {"driving_force": 2, "uptake": 0, "relief": 3, "relay": 3, "mixing": 3}
"""Criteria of the ranking by key, each with its decimals."""

BEST_COLUMNS = (
    *(
        "rank",
        "rank_anchored",
        "formula",
        "alike",
        "anode",
        "electrolyte",
        "score",
        "top_1_percent",
        "driving_force_ev_per_ion",
    ),
    *("uptake_mah_per_g", "electrolyte_relief_ev_per_atom", "relay_ev_per_atom", "mixing_ev_per_atom"),
    *("metal_volume_fraction", "energy_above_hull_ev_per_atom", "alloy"),
)
"""Columns of the best candidates; files hold all."""

FULLY = ("driving_force_ev_per_ion",)
"""Energies with their interval beside them; the others have the digits that theirs leave, for width."""

IONIC = "ionic_s_per_cm"
"""Of candidates that are no reactors shown, too, unknown or not."""

BEST_HEADS = {
    "rank_anchored": HEAD,
    "alike": "alike",
    "top_1_percent": "P(1%)",
    "energy_above_hull_ev_per_atom": "e_hull",
}
"""Heads of columns that are no criteria."""


def ranking_table(results: ResultsDirectory, anode: str, electrolyte: str) -> Table:
    """The named candidates and the best of one ranking: why each stands there, or what it fails."""
    study = results.study
    named = {*study.candidates.formulas, *study.candidates.controls}
    shown = [
        reactor
        for reactor in results.spelled_out((anode, electrolyte))
        if reactor.formula in named or (reactor.rank is not None and reactor.rank <= TOP_SHOWN)
    ]
    reactors, ion = study.conditions.role == REACTOR, mobile_ion(anode)
    table = results.table[(results.table[["anode", "electrolyte"]] == [anode, electrolyte]).all(axis=1)]
    changes = changes_told(table[table["formula"].isin([each.formula for each in shown])])
    many = int(table["passes"].sum()) >= MANY
    first = "1_percent" if many else "1"
    dropped = (criterion(key).heading(ion) for key in (("relay", "mixing") if reactors else ()))
    hull = BEST_HEADS["energy_above_hull_ev_per_atom"]
    wide = (f"A({FIRST[first]})", *dropped, hull, HEAD)
    notes = [
        f"{len(shown)} of {len(table)} shown; all in ranking.csv",
        *filter(None, [_unranked(shown) * (not reactors), changes]),
        *_filter_counts(table),
        "relief eV per atom of electrolyte; relay, mixing, e_hull (above the hull) eV/atom; "
        f"vol% metal at {study.conditions.wt_percent:g} wt% reactor "
        f"(connects from {Threshold.of(equal_spheres=study.conditions.percolation_threshold).words} on)"
        if reactors
        else "; ".join(
            f"{each.heading(ion)}: {each.label}, {each.unit_for(ion)}"
            for each in study.ranking.known
            if each.ceiling == 0.0
        ),
    ]
    if not results.no_probabilities and study.uncertainty.draws:
        notes.append(
            f"P({FIRST[first]}): with the errors of the {'anchored ' * bool(changes)}energies alone, "
            "at these weights and bounds"
            + f"; A({FIRST[first]}): with weights and bounds drawn besides"
            * reactors
        )
    if any(each.within_95 for reactor in shown for each in reactor.criteria.values()):
        notes.append("eV have the digits that their 95 % intervals leave; the intervals stand in ranking.csv")
    notes[:0] = rests_on(reactor.origin for reactor in shown)
    if anode in results.no_probabilities:
        notes.append(f"no probabilities: {results.no_probabilities[anode]}")
    notes.extend(results.cautions)
    row = partial(_ranking_row if reactors else _placed_row, first=first)
    told = table.set_index("formula")["cautions"]
    doubts = [doubted(told.get(each.formula)) for each in shown]
    rows = [row(each, study, ion) for each in shown]
    for listed, doubt in zip(rows, doubts, strict=True):
        listed[study.conditions.role] += doubt
    if any(doubts):
        notes.insert(0, f"{DOUBT_TOLD}; ranking.csv names them")
    title = f"{results.title}: {study.conditions.met(anode, electrolyte)}"
    return Table(title, pd.DataFrame(rows), (*notes, results.provenance.line()), wide)


def _unranked(shown: Sequence[Reactor]) -> str:
    """Which of the candidates shown have no rank, and why."""
    told = [
        f"{each.formula} {failing_words(each.failed_filters, each.flags.moisture_hazard)}"
        for each in shown
        if not each.passes_filters
    ]
    return f"no rank: {'; '.join(told)}" if told else ""


def _filter_counts(table: pd.DataFrame) -> list[str]:
    """How many candidates each filter leaves without a rank; one may fail several."""
    failing = {
        FAILING.get(name.removeprefix(FILTER_PREFIX), f"fails {name.removeprefix(FILTER_PREFIX)}"): count
        for name in map(str, table.columns)
        if name.startswith(FILTER_PREFIX) and (count := int((table[name] == FAILS).sum()))
    }
    if not failing:
        return []
    told = ", ".join(f"{words} {count}" for words, count in failing.items())
    return [f"{int((~table['passes']).sum())} without a rank: {told} (some for several reasons)"]


def _first_columns(reactor: Reactor, role: str, first: str = "1") -> dict[str, str]:
    passes = reactor.passes_filters
    anchored = {} if reactor.score_anchored is None else {HEAD: str(reactor.rank_anchored or "-")}
    return {
        "rank": str(reactor.rank) if passes else "-",
        **anchored,
        role: marked(reactor.formula, reactor.origin),
        "score": fixed(reactor.score if passes else None, 3),
        f"P({FIRST[first]})": fixed(reactor.top_probability.get(f"top_{first}") if passes else None, 2),
        f"A({FIRST[first]})": fixed(reactor.acceptability.get(f"accept_{first}") if passes else None, 2),
    }


def _placed_row(reactor: Reactor, study: Study, ion: str, *, first: str) -> dict[str, str]:
    """A candidate that is no reactor: its contacts and its own window, with digits as intervals leave."""
    found = {
        each: reactor.criteria[each.name] for each in study.ranking.known if each.linear_form is not None
    }
    limits = [each for each in found if each.unit == "V"]
    told = {
        each: "-" if has.value is None else written(has.value, _possible(each, has.within_95), None, usual)
        for each, has in found.items()
        for usual in (2 if each in limits else 3,)
    }
    columns = _first_columns(reactor, study.conditions.role, first)
    return {
        **{name: columns[name] for name in columns if not name.startswith("A(")},
        **{each.heading(ion): told[each] for each in found if each not in limits},
        "window (V)": " to ".join(told[each] for each in limits),
        BY_ROLE[study.conditions.role].find(IONIC).heading(ion): _conductivity(reactor.criteria[IONIC].value),
    }


def _conductivity(s_per_cm: float | None) -> str:
    return "unknown" if s_per_cm is None or np.isnan(s_per_cm) else f"{s_per_cm:.0e}"


def _possible(criterion: Criterion, within: Interval | None) -> Interval | None:
    """The part of an interval that there can be."""
    return within and Interval(*np.clip(within, criterion.floor, criterion.ceiling).tolist())


def _ranking_row(reactor: Reactor, study: Study, ion: str, *, first: str) -> dict[str, str]:
    metal = reactor.criteria["metal_volume_fraction"].value
    found = {key: reactor.criteria[criterion(key).name] for key in DECIMALS}
    return {
        **_first_columns(reactor, study.conditions.role, first),
        **{
            criterion(key).heading(ion): "-"
            if found[key].value is None
            else written(found[key].value, found[key].within_95, None, digits)
            for key, digits in DECIMALS.items()
        },
        "vol%": fixed(None if metal is None else 100.0 * metal, 1),
        BEST_HEADS["energy_above_hull_ev_per_atom"]: fixed(reactor.energy_above_hull_ev_per_atom, 3),
        "alloy or failure": _alloy_or_failure(reactor),
    }


def _alloy_or_failure(reactor: Reactor) -> str:
    """The alloy, and for a candidate without a rank each filter that it fails."""
    fails = failing_words(reactor.failed_filters, reactor.flags.moisture_hazard)
    if "reacts" in reactor.failed_filters:
        return fails
    return "; ".join(filter(None, (reactor.alloy, fails))) or "leaves no metal"


def ideas(chosen: pd.DataFrame, n: int) -> pd.DataFrame:
    """The best of each chemistry (`sense.chemistry`), with how many of them there are; up to n rows."""
    if "chemistry" not in chosen:
        return chosen.head(n)
    counts = chosen.groupby("chemistry")["formula"].transform("size")
    return chosen.assign(alike=counts).drop_duplicates("chemistry").head(n)


def best_table(chosen: pd.DataFrame, words: Sequence[str] = (), digits: int | None = None) -> Table:
    """What `campaign.query.top` chose, in the columns that fit beside each other; words stand below."""
    ion = shared_ion(chosen["anode"].unique())
    heads = BEST_HEADS | {each.name: each.heading(ion) for each in _registered()}
    same = [name for name in ("anode", "electrolyte") if chosen[name].nunique(dropna=False) < 2]
    energies = {each.name: each for each in _registered() if each.linear_form is not None}
    names = [
        name for name in dict.fromkeys((*BEST_COLUMNS, *energies)) if name in chosen and name not in same
    ]
    placed = [IONIC] if CONDUCTS_ION in chosen else []
    wide = (
        "alike",
        "top_1_percent",
        "relay_ev_per_atom",
        "mixing_ev_per_atom",
        "energy_above_hull_ev_per_atom",
    )
    frame = chosen[names + placed].astype(object).map(_cell)
    for name in placed:
        frame[name] = chosen[name].map(_conductivity)
    for name in [each for each in names if each in energies]:
        told = [_energy(energies[name], row, digits) for _, row in chosen.iterrows()]
        frame[name] = [text if name in FULLY and digits is None else text.partition(" ")[0] for text in told]
    if "origin" in chosen:
        origins = chosen["origin"].fillna("")
        doubts = chosen.get("cautions", origins)
        frame["formula"] = all_marked(chosen["formula"], origins, doubts)
        words = (*words, *rests_on(origins))
    frame = frame.rename(columns=heads)
    notes = (
        *words,
        *_told_of(chosen),
        "brackets hold 95 % of true values; the others are in the files of --format",
    )
    return Table("", frame, notes, wide=tuple(heads[name] for name in wide if name in names))


def _told_of(chosen: pd.DataFrame) -> list[str]:
    """Cautions of the rows shown, each with the candidates that it is of."""
    found: dict[str, list[str]] = {}
    for formula, told in zip(chosen["formula"], chosen.get("cautions", pd.Series(dtype=str)), strict=False):
        for each in str(told or "").split("; ") if isinstance(told, str) else ():
            if each and BESIDE not in each:
                found.setdefault(each, []).append(str(formula))
    beside = chosen.get("cautions", pd.Series(dtype=str)).astype(str).str.contains(BESIDE, regex=False).any()
    return [*(f"{', '.join(of)}: {each}" for each, of in found.items()), *([OUTSIDE] if beside else [])]


def _energy(each: Criterion, row: pd.Series, digits: int | None) -> str:
    """An energy with its interval, and the digits that this leaves."""
    value, low, high = (row.get(name) for name in (each.name, f"{each.key}_from_95", f"{each.key}_to_95"))
    if value is None or low is None or high is None or pd.isna(value) or pd.isna(low):
        return _cell(value) if digits is None or pd.isna(value) else fixed(value, digits)
    within = Interval(float(low), float(high))
    return with_bounds(written(float(value), within, digits, 3), within, digits)


def _registered() -> Iterator[Criterion]:
    """The criteria of all roles."""
    return chain.from_iterable(BY_ROLE.values())


def in_words(row: pd.Series, study: Study) -> str:
    """One candidate in a sentence: what lithium makes of it, what speaks for it and what against it."""
    values = row.reindex(study.ranking.every.names).to_numpy(float)
    valued = desirabilities(values, study.ranking)
    lost = {
        each: -study.ranking.rules[each.name].weight * np.log(desirability)
        for each, desirability in zip(study.ranking.every, valued, strict=True)
        if not np.isnan(desirability) and study.ranking.rules[each.name].weight > 0.0
    }
    order = sorted(lost, key=lambda each: lost[each])
    against = [each for each in order[-3:][::-1] if lost[each] > 0.0]
    ion = mobile_ion(str(row["anode"]))
    best, worst = (", ".join(_told(each, row, ion) for each in part) for part in (order[:3], against))
    alloy = f"leaves {row['alloy']}" if isinstance(row.get("alloy"), str) else "leaves no metal"
    if study.conditions.role != REACTOR:
        alloy = f"{study.conditions.role} {study.conditions.met(str(row['anode']), str(row['electrolyte']))}"
    hazards = [str(row.get("moisture_hazard") or ""), "toxic" if row.get("toxic") else ""]
    told = [
        f"{row['formula']} ({row.get('chemistry', '')}) {alloy}",
        f"for it {best}",
        f"against it {worst or 'nothing that is asked'}",
        str(row.get("for_sale") or "in no table of what is sold"),
        *(f"beware of {hazard}" for hazard in hazards if hazard),
    ]
    return "; ".join(told)


def _told(each: Criterion, row: pd.Series, ion: str) -> str:
    if pd.isna(row[each.name]):
        return f"{each.label} unknown"
    unit = "" if each.unit == "1" else f" {each.unit_for(ion)}"
    return f"{each.label} {_energy(each, row, None)}{unit}"


def _cell(value: Any) -> str:
    if pd.isna(value):
        return "-"
    if not isinstance(value, float):
        return f"{value}"
    value = 0.0 if abs(value) < NEGLIGIBLE else value
    return f"{value:.0f}" if value == int(value) or abs(value) >= 1000.0 else f"{value:.3g}"

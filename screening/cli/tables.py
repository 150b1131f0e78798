"""What `screening run` prints: the ranking, failures and the back-test."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from screening.cli.options import say

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from screening.campaign.backtest import BackTest
    from screening.campaign.network import NetworkContradiction
    from screening.campaign.outcome import Outcome
    from screening.campaign.run import Campaign
    from screening.reactors.detail import ReactorDetail

WIDTH = 118
"""Columns of a table that goes to a file or a pipe; a terminal has its own."""

NARROW = 100
"""Terminals with fewer columns get tables with fewer columns, none of them cut."""

TOP_SHOWN = 20
"""Ranked candidates printed besides the named ones; files hold the others."""

FAILURES = {
    "reacts": "does not react",
    "metallic_product": "leaves no metallic phase",
    "allowed_elements": "radioactive or noble gas",
    "not_toxic": "toxic",
    "near_hull": "too far above the hull",
}
"""Filters that fail, in words."""


def console() -> "Console":
    """Where tables go: as wide as the terminal, or `WIDTH`."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=WIDTH)


def plain_table(
    title: str, columns: Sequence[str], left: Sequence[str], rows: Sequence[Sequence[str]]
) -> "Table":
    """A table without lines whose columns are never cut; the last one breaks at spaces where it must.

    Parameters
    ----------
    title : str
    columns : sequence of str
        Headers.
    left : sequence of str
        Those that hold text and stand to the left.
    rows : sequences of str
    """
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title) or None, title_justify="left", box=None, pad_edge=False)
    for k, name in enumerate(columns):
        breaks = k == len(columns) - 1 and name in left
        width = max(len(cell) for cell in (name, *(row[k] for row in rows)))
        table.add_column(
            escape(name),
            justify="left" if name in left else "right",
            no_wrap=not breaks,
            min_width=None if breaks else width,
        )
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def show_ranking(campaign: "Campaign", outcome: "Outcome", group: "list[ReactorDetail]") -> None:
    """Print the named candidates and the best of one ranking."""
    from screening.campaign.network import network_contradictions
    from screening.campaign.results import shown
    from screening.reactors.criteria import criterion

    terminal = console()
    wide = terminal.width >= NARROW
    named = campaign.selection.n_named + campaign.selection.n_controls
    rows = [
        _ranking_row(outcome.table.iloc[position], one, wide)
        for position, one in zip(shown(campaign, outcome), group, strict=True)
        if position < named or outcome.table.iloc[position]["rank"] <= TOP_SHOWN
    ]
    title = f"{campaign.study.title or campaign.study.name}: {outcome.anode} anode, {outcome.electrolyte}"
    last = "alloy, or what fails"
    energies = ("driving_force", "uptake", "relief", *(("relay", "mixing") if wide else ()))
    heads = [criterion(key).heading(outcome.ion) for key in energies]
    columns = ("rank", "reactor", "score", "P(1st)", *heads, "vol%", last)
    terminal.print(plain_table(title, columns, ("reactor", last), rows))
    conditions = campaign.study.conditions
    units = "relief eV per mol of electrolyte; "
    units += (
        "relay, mixing eV/atom; " if wide else f"relay and mixing: with {NARROW} columns, or in ranking.csv; "
    )
    notes = [
        f"{units}vol% metal at {conditions.wt_percent:g} wt% reactor "
        f"(percolates from {100 * conditions.percolation_threshold:g})"
    ]
    if outcome.table["estimated"].any():
        notes.insert(0, "* rests on an estimated phase")
    if outcome.no_probabilities:
        notes.append(f"no probabilities: {outcome.no_probabilities}")
    notes.extend(_told(one) for one in network_contradictions(campaign, outcome))
    _print_lines(terminal, [*notes, campaign.provenance.line()])


def _told(one: "NetworkContradiction") -> str:
    return (
        f"contradiction: {one.wt_percent:g} wt% {one.reactor} reaches {100 * one.metal_volume_fraction:.1f} "
        f"vol% metal, below the threshold of {100 * one.threshold:g}, although the published layer formed a "
        f"connected network (doi {one.doi})"
    )


def _ranking_row(row: "pd.Series", one: "ReactorDetail", wide: bool) -> list[str]:
    ranked = (str(row["rank"]), cell(row["score"], 3), cell(row["top_1"], 2))
    energies = (cell(row["relay_ev_per_atom"], 3), cell(row["mixing_ev_per_atom"], 3))
    number, score, first = ranked if row["passes"] else ("-", "-", "-")
    return [
        number,
        marked(one.formula, row["estimated"]),
        score,
        first,
        cell(row["driving_force_ev_per_ion"], 2),
        cell(row["uptake_mah_per_g"], 0),
        cell(row["electrolyte_relief_ev_per_mol"], 2),
        *energies[: 2 * wide],
        cell(100.0 * row["metal_volume_fraction"], 1),
        _standing(row, one.alloy),
    ]


def _standing(row: "pd.Series", alloy: str) -> str:
    """The alloy, and for a candidate without a rank each filter that it fails."""
    from screening.campaign.results import FILTER_PREFIX
    from screening.reactors.ranking import FAILS

    failing = [
        name.removeprefix(FILTER_PREFIX)
        for name in row.index
        if str(name).startswith(FILTER_PREFIX) and row[name] == FAILS
    ]
    if "reacts" in failing:
        alloy, failing = "", [name for name in failing if name != "metallic_product"]
    words = {**FAILURES, "moisture_safe": f"gives off {row['moisture_hazard']} in moist air"}
    said = [alloy] if alloy else [] if failing else ["leaves no metal"]
    return "; ".join([*said, *(words.get(name, f"fails {name}") for name in failing)])


def marked(formula: str, estimated: bool) -> str:
    """A formula with the mark of what rests on an estimated phase."""
    return f"{formula}*" if estimated else formula


def cell(value: float, digits: int) -> str:
    """A number with so many decimals, a dash for NaN."""
    return "-" if value != value else f"{value:.{digits}f}"


def _print_lines(terminal: "Console", lines: Sequence[str]) -> None:
    """Print text, broken at spaces."""
    from rich.markup import escape

    for line in lines:
        terminal.print(escape(line))


def show_failures(campaign: "Campaign") -> None:
    """Say how many candidates could not be assessed, and where they are listed."""
    failed = len(campaign.store.failures())
    if failed:
        say(f"{failed} candidates could not be assessed: see {campaign.store.directory / 'failures.csv'}")


def show_back_test(test: "BackTest") -> None:
    """Print where known reactors and controls come out, and which are missed and why."""
    terminal = console()
    wide = terminal.width >= NARROW
    placings = sorted(test.placings, key=lambda p: (p.role != "reactor", p.rank or test.n_candidates + 1))
    rows = [
        [
            marked(one.formula, one.estimated) + ("" if one.role == "reactor" else " (control)"),
            "-" if one.rank is None else str(one.rank),
            "-" if one.percentile is None else f"{one.percentile:.1f} %",
            cell(one.score, 3),
            "-" if one.relief_ev_per_mol is None else f"{one.relief_ev_per_mol:.2f}",
            one.alloy,
            *([one.doi] if wide else []),
        ]
        for one in placings
    ]
    columns = ("known", "rank", "better than it", "score", "relief", "alloy", *(["doi"] if wide else []))
    title = f"Back-test ({test.n_ranked} ranked of {test.n_candidates})"
    terminal.print(plain_table(title, columns, ("known", "alloy", "doi"), rows))
    _print_lines(terminal, [*([] if wide else _sources(test)), *_verdicts(test)])


def _sources(test: "BackTest") -> list[str]:
    """Each DOI with the compounds that it reports, for terminals too narrow for a column of them."""
    by_doi: dict[str, list[str]] = {}
    for one in test.placings:
        if one.doi:
            by_doi.setdefault(one.doi, []).append(one.formula)
    return [f"{doi}: {', '.join(formulas)}" for doi, formulas in by_doi.items()]


def _verdicts(test: "BackTest") -> list[str]:
    """What the back-test amounts to: enrichment, what is missed, what is contradicted."""
    summary = (
        ("enrichment among the best 1 %", test.enrichment_1_percent),
        ("among the best 5 %", test.enrichment_5_percent),
        ("ROC AUC against negative controls", test.auc_controls),
        (f"against {test.n_twins} random compounds of the same anions and size", test.auc_twins),
    )
    lines = ["; ".join(f"{name} {value:.2f}" for name, value in summary if value is not None)]
    if any(one.estimated for one in test.placings):
        lines.insert(0, "* rests on an estimated phase")
    lines.extend(f"missed: {one.formula}: {one.why}" for one in test.placings if one.missed)
    against = [one for one in test.placings if one.contradicts]
    if against:
        names = ", ".join(f"{one.formula} ({one.alloy})" for one in against)
        lines.append(
            f"contradiction: by these energies the metal left by {names} attacks the electrolyte more than "
            f"{test.anode} does, and yet these layers were reported to work"
        )
    return lines


def show_outcomes(
    campaign: "Campaign", outcomes: "Sequence[Outcome]", described: "Sequence[list[ReactorDetail]]"
) -> None:
    """Print the rankings of all pairs of anode and electrolyte."""
    for outcome, group in zip(outcomes, described, strict=True):
        show_ranking(campaign, outcome, group)

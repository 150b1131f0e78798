"""What `screening run` prints: the ranking, failures and the back-test."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from screening.cli.options import say

if TYPE_CHECKING:
    from rich.console import Console

    from screening.campaign.backtest import BackTest
    from screening.campaign.outcome import Outcome
    from screening.campaign.run import Campaign
    from screening.reactors.detail import ReactorDetail

WIDTH = 118
"""Columns of a table that goes to a file or a pipe; a terminal has its own."""

TOP_SHOWN = 20
"""Ranked candidates printed besides the named ones; files hold the others."""


def show_ranking(campaign: "Campaign", outcome: "Outcome", group: "list[ReactorDetail]") -> None:
    """Print the named candidates and the best of one ranking."""
    from rich.markup import escape
    from rich.table import Table

    from screening.campaign.results import shown

    title = f"{campaign.study.title or campaign.study.name}: {outcome.anode} anode, {outcome.sulfide}"
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    columns = ("rank", "reactor", "score", "P(1st)", "eV/Li", "mAh/g", "relief", "relay", "mixing", "vol%")
    for name in columns:
        table.add_column(name, justify="left" if name == "reactor" else "right", no_wrap=True)
    table.add_column("alloy", no_wrap=True)
    named = campaign.selection.n_named + campaign.selection.n_controls
    for position, one in zip(shown(campaign, outcome), group, strict=True):
        row = outcome.table.iloc[position]
        if position >= named and row["rank"] > TOP_SHOWN:
            continue
        mark = "*" if row["estimated"] else ""
        cells = (
            _cell(row["driving_force_ev_per_li"], 2),
            _cell(row["li_consumed_mah_per_g"], 0),
            _cell(row["sulfide_relief_ev_per_mol"], 2),
            _cell(row["relay_ev_per_atom"], 3),
            _cell(row["mixing_ev_per_atom"], 3),
            _cell(100.0 * row["metal_volume_fraction"], 1),
        )
        ranked = (str(row["rank"]), _cell(row["score"], 3), _cell(row["top_1"], 2))
        number, score, first = ranked if row["passes"] else ("-", "-", "-")
        table.add_row(number, one.formula + mark, score, first, *cells, one.alloy or "does not react")
    console = _console()
    console.print(table)
    if outcome.table["estimated"].any():
        console.print("* rests on an estimated phase")
    console.print(
        escape(
            "relief eV per mol of sulfide; relay, mixing eV/atom; vol% metal at "
            f"{campaign.study.conditions.wt_percent:g} wt% reactor "
            f"(percolates from {100 * campaign.study.conditions.percolation_threshold:g})"
        )
    )
    console.print(escape(campaign.provenance.line()))


def _console() -> "Console":
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=WIDTH)


def _cell(value: float, digits: int) -> str:
    return "-" if value != value else f"{value:.{digits}f}"


def show_failures(campaign: "Campaign") -> None:
    """Say how many candidates could not be assessed, and where they are listed."""
    failed = len(campaign.store.failures())
    if failed:
        say(f"{failed} candidates could not be assessed: see {campaign.store.directory / 'failures.csv'}")


def show_back_test(test: "BackTest") -> None:
    """Print where known reactors and controls come out, and which are missed and why."""
    from rich.markup import escape
    from rich.table import Table

    several = f"{test.n_ranked} ranked of {test.n_candidates}"
    table = Table(title=f"Back-test ({several})", title_justify="left", box=None, pad_edge=False)
    for name in ("known", "rank", "better than it", "score", "relief", "alloy", "doi"):
        left = name in ("known", "alloy", "doi")
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for one in sorted(test.placings, key=lambda p: (p.role != "reactor", p.rank or test.n_candidates + 1)):
        percentile = "-" if one.percentile is None else f"{one.percentile:.1f} %"
        relief = "-" if one.relief_ev_per_mol is None else f"{one.relief_ev_per_mol:.2f}"
        name = escape(one.formula) if one.role == "reactor" else f"{escape(one.formula)} (control)"
        rank = "-" if one.rank is None else str(one.rank)
        table.add_row(name, rank, percentile, _cell(one.score, 3), relief, escape(one.alloy), escape(one.doi))
    console = _console()
    console.print(table)
    summary = (
        ("enrichment among the best 1 %", test.enrichment_1_percent),
        ("among the best 5 %", test.enrichment_5_percent),
        ("ROC AUC against negative controls", test.auc_controls),
        (f"against {test.n_twins} random compounds of the same anions and size", test.auc_twins),
    )
    console.print("; ".join(f"{name} {value:.2f}" for name, value in summary if value is not None))
    for one in test.placings:
        if one.missed:
            console.print(escape(f"missed: {one.formula}: {one.why}"))
    against = [one for one in test.placings if one.contradicts]
    if against:
        names = ", ".join(f"{one.formula} ({one.alloy})" for one in against)
        console.print(
            escape(
                f"contradiction: by these energies the metal left by {names} attacks the sulfide more than "
                f"{test.anode} does, and yet these layers were reported to work"
            )
        )


def show_outcomes(
    campaign: "Campaign", outcomes: "Sequence[Outcome]", described: "Sequence[list[ReactorDetail]]"
) -> None:
    """Print the rankings of all pairs of anode and sulfide."""
    for outcome, group in zip(outcomes, described, strict=True):
        show_ranking(campaign, outcome, group)

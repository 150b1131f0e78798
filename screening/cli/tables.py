"""What `screening run` prints: the ranking, failures and the back-test."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from screening.cli.options import say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from screening.campaign.backtest import BackTest
    from screening.campaign.directory import ResultsDirectory
    from screening.campaign.document import Reactor
    from screening.campaign.network import NetworkContradiction

WIDTH = 118
"""Columns of a table that goes to a file or a pipe; a terminal has its own."""

NARROW = 100
"""Terminals with fewer columns get tables with fewer columns, none of them cut."""

TOP_SHOWN = 20
"""Ranked candidates printed besides the named ones; files hold the others."""


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


def show_ranking(results: "ResultsDirectory", pair: tuple[str, str]) -> None:
    """Print the named candidates and the best of one ranking."""
    from screening.campaign.network import network_contradictions
    from screening.campaign.results import RANKING_CSV
    from screening.reactors.anode import mobile_ion
    from screening.reactors.criteria import criterion

    terminal, study = console(), results.study
    wide = terminal.width >= NARROW
    named = {*study.candidates.formulas, *study.candidates.controls}
    shown = [
        reactor
        for reactor in results.spelled_out(pair)
        if reactor.formula in named or (reactor.rank is not None and reactor.rank <= TOP_SHOWN)
    ]
    last = "alloy, or what fails"
    energies = ("driving_force", "uptake", "relief", *(("relay", "mixing") if wide else ()))
    heads = [criterion(key).heading(mobile_ion(pair[0])) for key in energies]
    columns = ("rank", "reactor", "score", "P(1st)", *heads, "vol%", last)
    title = f"{results.title}: {pair[0]} anode, {pair[1]}"
    rows = [_ranking_row(reactor, wide) for reactor in shown]
    terminal.print(plain_table(title, columns, ("reactor", last), rows))
    units = "relief eV per atom of electrolyte; "
    units += (
        "relay, mixing eV/atom; " if wide else f"relay and mixing: with {NARROW} columns, or in ranking.csv; "
    )
    of_pair = results.table[["anode", "electrolyte"]] == [*pair]
    notes = [
        f"{len(shown)} of {int(of_pair.all(axis=1).sum())} shown; all in {RANKING_CSV}",
        f"{units}vol% metal at {study.conditions.wt_percent:g} wt% reactor "
        f"(percolates from {100 * study.conditions.percolation_threshold:g})",
    ]
    if any(reactor.estimated for reactor in shown):
        notes.insert(0, "* rests on an estimated phase")
    if pair[0] in results.no_probabilities:
        notes.append(f"no probabilities: {results.no_probabilities[pair[0]]}")
    notes.extend(_told(one) for one in network_contradictions(results, pair))
    _print_lines(terminal, [*notes, results.provenance.line()])


def _told(one: "NetworkContradiction") -> str:
    network = one.reported
    return (
        f"contradiction: {network.wt_percent:g} wt% {network.reactor} reaches "
        f"{100 * one.metal_volume_fraction:.1f} vol% metal, below the threshold of {100 * one.threshold:g}, "
        f"although the published layer formed a connected network (doi {network.doi})"
    )


def _ranking_row(reactor: "Reactor", wide: bool) -> list[str]:
    def value(name: str, digits: int, factor: float = 1.0) -> str:
        known = reactor.criteria[name].value
        return cell(None if known is None else factor * known, digits)

    ranked = (str(reactor.rank), cell(reactor.score, 3), cell(reactor.top_probability.get("top_1"), 2))
    energies = (value("relay_ev_per_atom", 3), value("mixing_ev_per_atom", 3))
    number, score, first = ranked if reactor.passes_filters else ("-", "-", "-")
    return [
        number,
        marked(reactor.formula, reactor.estimated),
        score,
        first,
        value("driving_force_ev_per_ion", 2),
        value("uptake_mah_per_g", 0),
        value("electrolyte_relief_ev_per_atom", 3),
        *energies[: 2 * wide],
        value("metal_volume_fraction", 1, 100.0),
        _standing(reactor),
    ]


def _standing(reactor: "Reactor") -> str:
    """The alloy, and for a candidate without a rank each filter that it fails."""
    from screening.campaign.document import failing_words

    fails = failing_words(reactor.failed_filters, reactor.flags.moisture_hazard)
    if "reacts" in reactor.failed_filters:
        return fails
    return "; ".join(filter(None, (reactor.alloy, fails))) or "leaves no metal"


def marked(formula: str, estimated: bool) -> str:
    """A formula with the mark of what rests on an estimated phase."""
    return f"{formula}*" if estimated else formula


def cell(value: float | None, digits: int) -> str:
    """A number with so many decimals, a dash where it is unknown."""
    return "-" if value is None else f"{value:.{digits}f}"


def _print_lines(terminal: "Console", lines: Sequence[str]) -> None:
    """Print text, broken at spaces."""
    from rich.markup import escape

    for line in lines:
        terminal.print(escape(line))


def show_failures(results: "ResultsDirectory") -> None:
    """Say how many candidates could not be assessed, and where they are listed."""
    failed = results.document.selection.failed
    if failed:
        say(f"{failed} candidates could not be assessed: see {results.path / 'failures.csv'}")


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
            cell(one.relief_ev_per_atom, 3),
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

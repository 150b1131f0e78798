"""``screening validate``: what was predicted against what was measured."""

from math import floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from screening.cli.options import CifOption, JsonOption, write_json

if TYPE_CHECKING:
    import pandas as pd

    from screening.validation.validate import Validation

SETTLED_DIGITS = 3
"""Decimals of a number without any sampling error."""

SHOWN = 10
"""Rows of the longer tables on the terminal; the files hold them all."""


def validate(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Directory that `screening run` wrote.")],
    experiments: Annotated[Path, typer.Argument(metavar="EXPERIMENTS", help="Folder of cell sheets.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to write (default RESULTS)."),
    ] = None,
    outcome: Annotated[
        str, typer.Option("--outcome", help="Outcome that updates the weights (default: most reactors).")
    ] = "",
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Count simulated cells: a rehearsal.")
    ] = False,
    concentration: Annotated[
        float | None,
        typer.Option("--concentration", help="How strongly the prior keeps to the study's weights."),
    ] = None,
    max_cost: Annotated[
        float,
        typer.Option(
            "--max-cost",
            metavar="USD/kg",
            help="Measure next: cost of elements at most.",
        ),
    ] = float("inf"),
    shelf: Annotated[
        Path | None,
        typer.Option("--shelf", metavar="FILE", help="Measure next: only these formulas, one a line."),
    ] = None,
    cif: CifOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a campaign with measured cells; say what contradicts it and what to measure next."""
    from screening.api.cells import validate as compare
    from screening.validation.validate import content, validation_stamp, write_validation

    found = compare(
        results,
        experiments,
        outcome=outcome,
        simulated=simulated,
        concentration=concentration,
        max_cost_usd_per_kg=max_cost,
        shelf=shelf,
        cif=cif or [],
    )
    written = write_validation(found, out or results)
    if as_json:
        write_json(content(found, validation_stamp(found)))
        return
    _show(found)
    print(f"\nwrote {written[0]} and {len(written) - 1} tables in {written[-1].parent}")


def _show(found: "Validation") -> None:
    for note in found.notes():
        print(f"* {note}")
    _show_checks(found)
    _show_contradictions(found.contradictions_frame())
    _show_agreement(found)
    if not found.learnt.reason:
        _show_update(found)
    plan = found.plan
    compared = ", ".join(plan.references) or "nothing yet"
    print(f"\nMeasure next: {plan.quantity} in {plan.protocol}, beside {compared}")
    print("(places that a candidate is expected to move, on average, once the cell is measured; ± sampling)")
    for row in plan.table.head(SHOWN).to_dict("records"):
        cost = f"elements {row['cost_usd_per_kg']:.3g} USD/kg"
        change = _with_error(float(row["expected_rank_change"]), float(row["standard_error"]))
        print(f"  {row['formula']:16} rank {row['rank']:4}  {change:>14} places  {cost}")
    if plan.table.empty:
        print("  no candidate is left under these filters")


def _with_error(value: float, error: float) -> str:
    """A number to the digits that its error leaves: the first one of the error."""
    digits = max(0, -floor(log10(error))) if error > 0.0 else SETTLED_DIGITS
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _show_checks(found: "Validation") -> None:
    print("\nChecks by cell: agrees / contradicts / cannot tell / no prediction")
    for pair in found.joined.pairs:
        mine = [str(check.verdict) for check in found.checks if check.cell == pair.cell.name]
        counts = " / ".join(
            str(mine.count(verdict)) for verdict in ("agrees", "contradicts", "cannot tell", "no prediction")
        )
        sheet = pair.cell.sheet
        layer = f"{pair.prediction.reactor} {pair.prediction.wt_percent:g} wt%"
        print(f"  {pair.cell.name:30} {sheet.origin:10}  {layer:22}  {counts}")


def _show_contradictions(table: "pd.DataFrame") -> None:
    print(f"\nContradictions: {len(table)}")
    for row in table.itertuples():
        print(f"  {row.reactor} {row.wt_percent:g} wt%: {row.question}")
        print(f"    predicted {row.predicted}; measured {row.measured} [{row.cells}]")
        print(f"    {row.reason}")


def _show_agreement(found: "Validation") -> None:
    print("\nAgreement (Kendall's tau-b, 95 % interval; + speaks for the prediction)")
    for group in found.groups:
        mine = [
            one
            for one in found.agreements
            if (one.quantity, one.protocol) == (group.quantity, group.protocol)
        ]
        counts = f"reactors: {len(group.reactors)}, cells: {group.n_cells.sum()}"
        known = [one for one in mine if one.kendall is not None]
        print(f"  {group.quantity} ({group.protocol}; {counts})" + ("" if known else f": {mine[0].verdict}"))
        for one in known:
            interval = f"{one.kendall:+.2f} ({one.kendall_low:+.2f} … {one.kendall_high:+.2f})"
            print(f"    {one.predictor:26} {interval}  {one.verdict}")


def _show_update(found: "Validation") -> None:
    print("\nWeights, share before → after")
    table = found.learnt.weights_frame(found.predictions.study.ranking)
    shares = zip(table["criterion"], table["share_before"], table["share_after"], strict=True)
    for name, before, after in shares:
        if before:
            print(f"  {name:26} {before:.3f} → {after:.3f}")
    print("\nRank before → after (score before → after)")
    for row in found.ranking_frame().head(SHOWN).itertuples():
        scores = f"({row.score_before:.3f} → {row.score_after:.3f})"
        print(f"  {row.formula:16} {row.rank_before:4} → {row.rank_after:4}  {scores}")

"""``screening top``: the best candidates of a campaign, running or finished."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from screening.cli.options import DigitsOption, candidates_told, print_table, say, tell, write_json
from screening.files import records

MOST = 10_000
"""Candidates among which the best of each chemistry are looked for, and counted."""


def top(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The --out of a campaign.")],
    n: Annotated[int, typer.Option("--n", min=1, help="How many.")] = 20,
    where: Annotated[
        str,
        typer.Option("--where", help='A condition, as "driving_force_ev_per_ion < -1 and n_elements == 2".'),
    ] = "",
    every: Annotated[
        bool, typer.Option("--every", help="On the terminal: not only the best of each chemistry.")
    ] = False,
    again: Annotated[
        str,
        typer.Option("--rank-again", metavar="STUDY.toml", help="Rank by the [ranking] of this study."),
    ] = "",
    form: Annotated[
        Literal["table", "csv", "xlsx", "json"],
        typer.Option("--format", help="A table on the terminal, or csv, xlsx or json."),
    ] = "table",
    digits: DigitsOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write there (xlsx: default DIR/top.xlsx).")
    ] = None,
) -> None:
    """Show the best candidates of a campaign, running or finished, each explained in words."""
    from screening.campaign import query
    from screening.campaign.directory import ResultsDirectory
    from screening.campaign.study import find_study
    from screening.campaign.tables import best_table, ideas, in_words

    grouped = form == "table" and out is None and not every
    anew = find_study(again) if again else None
    chosen = query.top(directory, MOST if grouped else n, where, anew)
    if grouped:
        chosen = ideas(chosen, n)
    if chosen.empty:
        say("no candidate meets the condition")
    if form == "table" and out is None:
        study = anew or query.study_of(directory)
        rows = [row for _, row in chosen[chosen["passes"].eq(True)].iterrows()]
        words = [in_words(row, study) for row in rows] if study else []
        words += ResultsDirectory(directory).of_energies() if study and not chosen.empty else ()
        print_table(best_table(chosen, words, digits))
    elif form == "csv" and out is None:
        tell(chosen.to_csv(index=False), end="")
    elif form == "json" and out is None:
        write_json(records(chosen))
    else:
        target = out or directory / "top.xlsx"
        query.write_top(target, chosen, directory, "csv" if form == "table" else form, anew)
        say(f"{candidates_told(len(chosen))} in {target}")

"""The first fifty of a campaign as a table, each line beside what a chemist reads in it.

    screening run everything --no-figures
    python benchmarks/top50.py results/everything > docs/top50.md

Sentences stand in ``data/top50_read.csv``; a candidate without one is an error, so that no rank goes unread.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from screening.campaign.directory import ResultsDirectory

READ = Path(__file__).resolve().parents[1] / "data" / "top50_read.csv"
SHOWN = 50
HEAD = """# The first fifty of all of Materials Project, read

`python benchmarks/top50.py results/everything` writes this page from a run of the study
`everything` (lithium in excess, Li6PS5Cl, default filters and weights) and from the sentences of a
reader in `data/top50_read.csv`. *Order* means that the reader would buy or mill it at once, *make*
that it is worth a day, *no* that it is not, and why. The sentences are judgement, not measurement.

{summary}

What the reading teaches: the hull knows no kinetics. Ternary silicides and stannides of rare
earths, which it takes for products at 25 °C, carry the upper half of the list; they are made in
furnaces. This ranking is not one to order from line by line. The kinds behind the list are few:
zinc, antimony and bismuth sulfides, and zinc chloride; Bi2S3 (rank {bi2s3}) and Sb2S3 (rank
{sb2s3}) stand lower because they take up more lithium and swell more, and a chemist starts with
them none the less.

| rank | reactor | leaves | eV/Li | relief, eV/atom | mixing, eV/atom | vol% metal | A(1 %) | | read |
|---|---|---|---|---|---|---|---|---|---|
"""


def page(results: ResultsDirectory, read: pd.DataFrame) -> str:
    """The whole page.

    Raises
    ------
    SystemExit
        If a candidate was not read.
    """
    table = results.table
    best = table[table["passes"]].sort_values("rank").head(SHOWN).merge(read, on="formula", how="left")
    unread = best["formula"][best["sentence"].isna()].tolist()
    if unread:
        sys.exit(f"not read: {', '.join(unread)}; write a sentence into {READ.name}")
    counts = best["verdict"].value_counts()
    summary = ", ".join(f"{verdict} {counts.get(verdict, 0)}" for verdict in ("order", "make", "no"))
    rank = table.set_index("formula")["rank"]
    told = {name.lower(): int(rank[name]) for name in ("Bi2S3", "Sb2S3")}
    head = HEAD.format(summary=f"Of {len(best)}: {summary}.", **told)
    return head + "".join(map(line, best.itertuples()))


def line(r: Any) -> str:
    """One candidate, a row of the table."""
    numbers = (
        f"{r.driving_force_ev_per_ion:.2f} | {r.electrolyte_relief_ev_per_atom:.2f} "
        f"| {r.mixing_ev_per_atom:.3f} | {100 * r.metal_volume_fraction:.1f} | {r.accept_1_percent:.2f}"
    )
    return f"| {int(r.rank)} | {r.formula} | {r.alloy} | {numbers} | {r.verdict} | {r.sentence} |\n"


def main() -> None:
    """Write the page to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="directory of a finished campaign")
    given = parser.parse_args()
    sys.stdout.write(page(ResultsDirectory(given.results), pd.read_csv(READ)))


if __name__ == "__main__":
    main()

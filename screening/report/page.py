"""The page itself: packaged templates filled with one campaign, one file that needs nothing else."""

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from screening.campaign.directory import ResultsDirectory
from screening.display import rests_on
from screening.files import atomic_write, check_targets, template
from screening.report.citing import citation
from screening.report.columns import definitions, ranking_columns
from screening.report.comparison import validation_section
from screening.report.measured import measured_sections
from screening.report.opening import opening
from screening.report.parts import Section, capital
from screening.report.payload import payload
from screening.report.stack import stack_section

TEMPLATES = "templates"

SCRIPTS = (
    "data.js",
    "ranking.js",
    "charts.js",
    "curves.js",
    "reactor.js",
    "comparison.js",
    "main.js",
)
"""Parts of the page's script, in order; together they are one function with no global name."""


KEPT = (
    *("rank", "formula", "score", "top_1", "top_1_percent", "driving_force_ev_per_ion"),
    *("electrolyte_relief_ev_per_atom", "alloy"),
    *("electrode_ev_per_atom", "electrode_high_ev_per_closed_atom", "neighbour_ev_per_atom"),
    *("reduction_limit_v", "oxidation_limit_v"),
)
"""Columns that the ranking shows at first, beside the remarks."""


def write_report(
    path: Path,
    results: Path,
    experiments: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[Section, ...]:
    """Write the page of a campaign, whole or not at all.

    Parameters
    ----------
    path : Path
    results : Path
        Directory that ``screening run`` wrote.
    experiments : Path, optional
        Folder of cell sheets, or directory under which the bench verbs wrote tables and figures.
    progress : callable, optional
        Told which cell's raw files are analysed, and where nothing measured was found.

    Returns
    -------
    tuple of Section
        Sections on measurements that the page got.

    Raises
    ------
    InputError
        If the results cannot be read, or the page cannot be written.
    """
    check_targets(path)
    campaign = ResultsDirectory(results).checked()
    validation = validation_section(results)
    measured: tuple[Section, ...] = ()
    if experiments is not None:
        measured = measured_sections(experiments, campaign, progress)
        if not measured and progress is not None:
            progress(
                f"{experiments}: no cell sheets and no tables of the bench verbs there "
                "(screening experiments example shows sheets; the verbs write tables with --out)"
            )
    stack = stack_section(results)
    sections = (*(each for each in (stack, validation) if each), *measured)
    page = report_page(campaign, sections)
    with atomic_write(path) as draft:
        draft.write_text(page, "utf-8")
    return sections


def report_page(results: ResultsDirectory, sections: tuple[Section, ...] = ()) -> str:
    """The page as text; every word that comes from a file is escaped.

    A content security policy lists the checksums of the two scripts, so that a browser runs nothing else and
    fetches nothing at all.
    """
    from plotly.offline import get_plotlyjs

    columns = ranking_columns(results.table, results.study.ranking)
    scripts = tuple(_inline(text) for text in (get_plotlyjs(), own_script()))
    passing = results.table["passes"].to_numpy(dtype=bool)
    return template("screening.report", "page.html", capital=capital).render(
        style=Markup(_packaged("page.css")),
        results=results,
        role=results.study.conditions.role,
        columns=columns,
        definitions=definitions(columns, results.study.ranking),
        sections=sections,
        citation=citation(results.provenance),
        n_ranked=int(passing.sum()),
        n_front=int(results.table["pareto"].sum()),
        pairs=results.pairs,
        opening=opening(results),
        hidden=[k for k, column in enumerate(columns, start=1) if column.name not in KEPT],
        origins=rests_on(results.table["origin"]),
        has_probabilities="top_1" in [column.name for column in columns],
        no_probabilities=sorted(set(results.no_probabilities.values())),
        settings=results.study.model_dump_json(indent=1),
        payload=payload(results, columns),
        scripts=scripts,
        script_sources=" ".join(f"'sha256-{_digest(text)}'" for text in scripts),
    )


def own_script() -> str:
    """The page's own script, its parts joined within one function."""
    parts = "\n".join(_packaged(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


def _packaged(name: str) -> str:
    return (files("screening.report") / TEMPLATES / name).read_text("utf-8")


def _inline(script: str) -> Markup:
    """A packaged script between its tags, its line ends as a browser reads them."""
    text = script.replace("\r\n", "\n").replace("\r", "\n")
    if "</script" in text.lower():
        raise ValueError("a packaged script holds the end of its own element")
    return Markup(text)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")

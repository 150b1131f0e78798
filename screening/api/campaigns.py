"""Screening from Python: one call from candidates to a ranking that explains, draws and hands itself off."""

import shutil
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pandas as pd

from screening.campaign.anchored_ranks import changes_told, run_anchored
from screening.campaign.backtest import BackTest, read_back_tests
from screening.campaign.candidate_files import candidates_of
from screening.campaign.candidates import Selection
from screening.campaign.directory import ResultsDirectory
from screening.campaign.results import conclude, layer_table, product_table
from screening.campaign.reweighing import reweighed
from screening.campaign.run import Campaign, Progress, Source, run
from screening.campaign.store import locked
from screening.campaign.study import DEFAULT_STUDY, Study, find_study
from screening.campaign.tables import ranking_table
from screening.campaign.workers import Workers
from screening.display import DOUBT_TOLD, Displayed, Table, all_marked, doubted, rests_on
from screening.errors import InputError
from screening.phases.corrections import Energies, chosen_energies, scheme_energies
from screening.phases.structures import read_cells
from screening.provenance import Provenance
from screening.thermo.interface import InterfaceReaction
from screening.thermo.sources import Own, own_phases

if TYPE_CHECKING:
    from screening.handoff.plan import Plan
    from screening.handoff.sheet import BenchSheet
    from screening.handoff.standing import Standing

SHOWN = 20
"""Ranked candidates that a notebook shows."""

TABLES = (".csv", ".parquet")


@dataclass(frozen=True, eq=False)
class Ranking(Displayed):
    """A finished campaign.

    Attributes
    ----------
    results : ResultsDirectory
    source : Source
        Where the phases come from.
    """

    results: ResultsDirectory
    source: Source

    plotter = "screening.plots.campaign:plot_ranking"

    @property
    def directory(self) -> Path:
        """Where the results are; temporary, and gone with the ranking, unless `screen` was told a place."""
        return self.results.path

    @property
    def table(self) -> pd.DataFrame:
        """All candidates by rank: every criterion, filter and probability."""
        return self.results.table

    @property
    def provenance(self) -> Provenance:
        """Stamp of the campaign."""
        return self.results.provenance

    @property
    def back_tests(self) -> tuple[BackTest, ...]:
        """Where known reactors and controls come out; none where the campaign holds no known reactor."""
        return read_back_tests(self.directory)

    @property
    def products(self) -> pd.DataFrame:
        """Products at each plateau of the candidates that are spelled out, with their electronic class."""
        return product_table(self.results.document.reactors)

    @property
    def layers(self) -> pd.DataFrame:
        """Volume fractions of metal, salt and electrolyte at each plateau, and which of them percolate."""
        return layer_table(self.results.document.reactors)

    def to_frame(self) -> pd.DataFrame:
        """The same as `table`."""
        return self.table

    def top(self, n: int = SHOWN, where: str = "", again: str | Path | Study | None = None) -> pd.DataFrame:
        """The best candidates for which a condition holds; see `campaign.query.top`.

        `again` is the study with another ``[ranking]``, by which they are ranked anew.
        """
        from screening.campaign.query import top

        return top(self.directory, n, where, None if again is None else load_study(again))

    def reweighed(self, weights: Mapping[str, float]) -> pd.DataFrame:
        """All candidates under other weights, from the stored criteria: no candidate is assessed anew.

        Parameters
        ----------
        weights : mapping of str to float
            By name or key of a criterion; the study's where none is given.

        Returns
        -------
        DataFrame
            As `table`, by its new ``score`` and ``rank``, beside them ``rank_before``; without probabilities,
            which are those of the study's weights.

        Raises
        ------
        InputError
            If a criterion is unknown, or no weight is above 0.
        """
        return reweighed(self.results, weights)

    def summary(self) -> tuple[Table, ...]:
        """What ``screening run`` prints: a table of each anode with each electrolyte, and the back-tests."""
        rankings = [ranking_table(self.results, *pair) for pair in self.results.pairs]
        return (*rankings, *(test.display() for test in self.back_tests))

    def explain(self, formula: str, anode: str = "", electrolyte: str = "") -> "Standing":
        """Why a candidate ranks where it does: each criterion with the factor that it leaves of the score.

        Parameters
        ----------
        formula, anode, electrolyte : str
            However written; the last two may be left out where the campaign has only one.

        Raises
        ------
        InputError
            If the campaign does not hold it.
        """
        from screening.handoff.standing import standing

        place = standing(self.results, formula, anode, electrolyte)
        if place is None:
            raise _absent(formula)
        return place

    def curves(self, formula: str, anode: str = "", electrolyte: str = "") -> tuple[InterfaceReaction, ...]:
        """Reaction energies of anode and alloy with a candidate and with the electrolyte.

        Raises
        ------
        InputError
            If the campaign does not hold it, or does not spell it out.
        """
        reactor = self.results.reactor(formula, anode, electrolyte)
        if reactor is None:
            raise _absent(formula)
        if not reactor.curves:
            raise InputError(
                f"the campaign ranks {formula} without spelling it out",
                remedy="name it, or give a larger top",
            )
        return reactor.curves

    def report(
        self,
        path: str | Path = "",
        experiments: str | Path | None = None,
        *,
        progress: Callable[[str], None] | None = None,
    ) -> Path:
        """Write one self-contained page: ranking, reactions, uncertainty, measurements, provenance.

        Parameters
        ----------
        path : str or Path
            Page; default ``report.html`` beside the results.
        experiments : str or Path, optional
            Folder of cell sheets, or of what the bench verbs wrote.
        progress : callable, optional
            Told what is analysed.
        """
        from screening.report.page import write_report

        page = Path(path) if str(path) else self.directory / "report.html"
        write_report(page, self.directory, None if experiments is None else Path(experiments), progress)
        return page

    def handoff(
        self, formulas: str | Sequence[str], directory: str | Path, *, cif: Sequence[Path] = (), **plan: Any
    ) -> tuple[Path, ...]:
        """Write a bench sheet of each reactor: html, printable pdf, json.

        Parameters
        ----------
        formulas : str or sequence of str
        directory : str or Path
        cif : sequence of Path
            Structures for X-ray lines.
        **plan
            Fields of `handoff.plan.Plan`; anode, electrolyte and content are the campaign's unless given.
        """
        from screening.handoff.pages import write_sheets
        from screening.handoff.plan import Plan

        settled = Plan.of(self.results, **plan)
        sheets = bench_sheets(formulas, settled, results=self.results, source=self.source, cif=cif)
        return write_sheets(Path(directory), sheets)

    def display(self) -> Table:
        """The best candidates with what the report's page shows of them."""
        from screening.report.columns import ranking_columns

        columns = ranking_columns(self.table, self.results.study.ranking)
        passing = self.table[self.table["passes"]]
        best = passing.groupby(["anode", "electrolyte"], sort=False).head(SHOWN)
        frame = best[[column.name for column in columns]].copy()
        frame["formula"] = all_marked(best["formula"], best["origin"], best["cautions"])
        frame.columns = [f"{c.label} ({c.unit})" if c.unit else c.label for c in columns]
        met = "; ".join(" with ".join(pair) for pair in self.results.pairs)
        notes = [f"{len(best)} of {len(passing)} ranked, {len(self.table)} rows in all"]
        notes += [*rests_on(best["origin"]), *([DOUBT_TOLD] if any(map(doubted, best["cautions"])) else [])]
        notes += [f"no probabilities: {why}" for why in self.results.no_probabilities.values()]
        notes += [*filter(None, [changes_told(best)]), *self.results.cautions]
        return Table(f"{self.results.title}: {met}", frame, (*notes, self.provenance.line()))


def _absent(formula: str) -> InputError:
    return InputError(
        f"the campaign holds no {formula} with this anode and electrolyte", remedy="see ranking.table"
    )


def screen(
    candidates: str | Path | Study | Sequence[str] | pd.DataFrame = DEFAULT_STUDY,
    *,
    electrolyte: str | Sequence[str] = (),
    anode: str | Sequence[str] = (),
    snapshot: str | Path | None = None,
    phases: Own = None,
    force: bool = False,
    replace: bool = False,
    temperature_k: float | None = None,
    energies: str = Energies.CORRECTED,
    out: str | Path | None = None,
    fresh: bool = False,
    figures: bool = False,
    jobs: int | Workers = 0,
    progress: Callable[[Progress], None] = lambda _: None,
    announce: Callable[[Selection], None] = lambda _: None,
    **changes: Any,
) -> Ranking:
    """Screen candidates: assess, rank and back-test them, write the results, and draw them if asked.

    Parameters
    ----------
    candidates : str, Path, Study, sequence of str or DataFrame
        A packaged study, a study file (.toml), formulas, or a table with a column ``formula`` (also .csv).
    electrolyte, anode : str or sequence of str
        Each anode meets each electrolyte; the study's unless given.
    snapshot, phases, force, replace, temperature_k, energies
        As of `react`; the snapshot by name or directory, that of the study unless given.
    out : str or Path, optional
        Directory of the results, where an interrupted run is taken up; temporary unless given.
    fresh, figures : bool
        Discard results of another study there; draw the campaign map and each reactor that is spelled out.
    jobs : int or Workers
        Processes, 0: one per core; or `Workers`, as of a Dask cluster.
    progress, announce : callable
        Called with a `Progress` after every part, and once with the `Selection` of candidates.
    **changes
        To the study, as of `Study.with_changes`: ``weights={"relay": 0}``, ``top=10``, ``at_hull=True``.

    Raises
    ------
    InputError
        If the study, the candidates or the results in `out` do not fit.
    IncompleteError
        If figures cannot be written: those that are missing.
    UnreachableError
        If the Dask scheduler does not answer, or workers keep dying.
    """
    met: dict[str, Any] = {"electrolytes": _several(electrolyte), "anodes": _several(anode)}
    study = load_study(candidates).with_changes(**{k: v for k, v in met.items() if v}, **changes)
    name, own = _name(snapshot) or study.snapshot, own_phases(phases, force, replace) or ""
    source = Source(name, own, temperature_k, chosen_energies(energies))
    workers = jobs if isinstance(jobs, Workers) else Workers(jobs)
    results = _directory(out)
    how: dict[str, Any] = {"workers": workers, "fresh": fresh, "report": progress}
    campaign = run(study, source, results.path, **how, announce=announce)
    _conclude(campaign, results, figures=figures, **how)
    return Ranking(results, campaign.source)


def _conclude(campaign: Campaign, results: ResultsDirectory, *, figures: bool, **how: Any) -> None:
    """Assess by anchored energies, rank, write and draw, with nobody else at work in the directory."""
    with locked(results.path):
        threads = how["workers"].jobs or -1
        conclude(campaign, anchored=run_anchored(campaign, **how), threads=threads)
        if figures:
            from screening.report.drawn import draw

            draw(results)


def read_results(directory: str | Path, *, phases: Own = None, temperature_k: float | None = None) -> Ranking:
    """Read what `screen` or ``screening run`` left in a directory.

    Parameters
    ----------
    directory : str or Path
    phases, temperature_k : optional
        Those of the run, which bench sheets are worked out with.

    Raises
    ------
    InputError
        If a file is missing, damaged, or of another format.
    """
    results = ResultsDirectory(Path(directory)).checked()
    energies = scheme_energies(results.document.provenance.energy_scheme)
    hull = results.study.hull_formulas
    source = Source(results.snapshot, phases or "", temperature_k, energies, hull)
    return Ranking(results, source)


def load_study(candidates: str | Path | Study | Sequence[str] | pd.DataFrame = DEFAULT_STUDY) -> Study:
    """A study by the name of a packaged one, by path, or of the candidates given; see `screen`.

    Raises
    ------
    InputError
        If there is none of this name, or it is faulty.
    """
    if isinstance(candidates, Study):
        return candidates
    if isinstance(candidates, str | Path):
        if Path(candidates).suffix.lower() in TABLES:
            return Study.of(file=str(candidates))
        return find_study(str(candidates))
    if isinstance(candidates, pd.DataFrame):
        candidates = candidates_of(candidates, "candidates").texts()
    return Study.of(candidates)


def bench_sheets(
    formulas: str | Sequence[str],
    plan: "Plan",
    *,
    results: ResultsDirectory | str | Path | None = None,
    source: Source | None = None,
    cif: Sequence[Path] = (),
) -> "tuple[BenchSheet, ...]":
    """Bench sheets of reactors, each once.

    Parameters
    ----------
    formulas : str or sequence of str
    plan : Plan
    results : ResultsDirectory, str or Path, optional
        Campaign that ranked them.
    source : Source, optional
        Where the phases come from.
    cif : sequence of Path
        Structures for X-ray lines.
    """
    from screening.handoff.sheet import bench_sheet
    from screening.handoff.standing import require_same_energies

    if isinstance(results, str | Path):
        results = ResultsDirectory(Path(results)).checked()
    cells, snapshot = read_cells(list(cif)), (source or Source()).load()
    if results is not None:
        require_same_energies(snapshot, results)
    names = [formulas] if isinstance(formulas, str) else formulas
    return tuple(bench_sheet(snapshot, name, plan, results, cells) for name in dict.fromkeys(names))


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _name(snapshot: object) -> str:
    if snapshot is None or isinstance(snapshot, str | Path):
        return str(snapshot or "")
    raise InputError(
        f"snapshot is a {type(snapshot).__name__}",
        remedy="give its name or directory: worker processes read it themselves",
    )


def _directory(out: str | Path | None) -> ResultsDirectory:
    """Where results go; a temporary place goes with the object that stands for it."""
    if out is not None:
        return ResultsDirectory(Path(out))
    scratch = ResultsDirectory(Path(mkdtemp(prefix="interphase-")))
    weakref.finalize(scratch, shutil.rmtree, scratch.path, ignore_errors=True)
    return scratch

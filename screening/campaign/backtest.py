"""Where a ranking puts compounds that are known to work, and compounds that cannot: a report, never a fit."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from screening.campaign.candidates import ANION_FORMERS
from screening.campaign.document import failing_words
from screening.campaign.former import back_test_per_atom
from screening.campaign.outcome import Outcome
from screening.campaign.run import Campaign
from screening.campaign.separation import Separation, auc, separations
from screening.display import Displayed, Table, fixed, marked, rests_on
from screening.errors import InputError
from screening.files import from_json, write_csv, write_json
from screening.names import with_present_names
from screening.phases.composition import atomic_number, parse_formula
from screening.phases.snapshot import Snapshot
from screening.reactors.anode import find_anode
from screening.reactors.elements import holds, named
from screening.reactors.ranking import FAILS, weights

KNOWN_FILE = "known_reactors.csv"
BACK_TEST_JSON = "backtest.json"
BACK_TEST_CSV = "backtest.csv"

TWINS_EACH = 50
"""Random compounds drawn for each known reactor; with 19 reactors the AUC's own error is about 0.07."""

TWIN_SEED = 2023

ENRICHED_SHARES = (0.01, 0.05)

FEWEST_TO_JUDGE = 1000
"""Candidates below which the best 1 % are fewer than ten: no enrichment is given, and nobody is late."""

MISSED_PERCENTILE = 50.0
"""A known reactor in the worse half of the ranked candidates counts as missed."""

REASONS = 3
"""Criteria named for a reactor that is missed: those that cost it most of its score."""


@dataclass(frozen=True)
class Known:
    """One row of the list of known reactors and controls.

    Attributes
    ----------
    formula : str
    role : str
        ``reactor``: reduced in place and reported to help; ``control``: cannot react with lithium.
    formed, setting, doi : str
    kind : str
        ``development`` or ``held out``: criteria and bounds were argued without a look at the latter.
    """

    formula: str
    role: str
    formed: str
    setting: str
    doi: str
    kind: str = "development"


@dataclass(frozen=True, kw_only=True)
class Placing:
    """Where one known compound comes out.

    Attributes
    ----------
    formula, role, doi : str
    rank : int or None
        None where a filter fails.
    percentile : float or None
        Share of the ranked candidates that are better, %.
    score : float
    alloy : str
    relief_ev_per_atom : float or None
    missed : bool
        Whether it is a reactor without a rank, or in the worse half of a large campaign.
    why : str
        Filters that fail, or the criteria that cost most of the score.
    estimated : bool
        Whether the numbers rest on an estimated phase.
    origin : str
        Where energies behind them come from, if not from the source.
    """

    formula: str
    role: str
    doi: str
    rank: int | None
    percentile: float | None
    score: float
    alloy: str
    relief_ev_per_atom: float | None
    missed: bool
    why: str
    estimated: bool
    origin: str = ""

    @property
    def contradicts(self) -> bool:
        """Whether it worked although its layer attacks the electrolyte as lithium itself does."""
        return self.role == "reactor" and self.relief_ev_per_atom == 0.0


@dataclass(frozen=True, kw_only=True)
class BackTest(Displayed):
    """How one ranking treats what is known.

    Attributes
    ----------
    anode, electrolyte : str
    n_candidates, n_ranked, n_twins : int
    placings : tuple of Placing
    absent : tuple of str
        Known compounds that are not among the candidates.
    enrichment_1_percent, enrichment_5_percent : float or None
        Share of the known reactors among the best 1 or 5 % of all candidates, over 1 or 5 %.
    auc_controls : float or None
        Chance that a known reactor scores higher than a negative control; ties count half.
    separations : tuple of Separation
        Score and single columns against random compounds of the same anions and as many elements.
    """

    anode: str
    electrolyte: str
    n_candidates: int
    n_ranked: int
    n_twins: int
    placings: tuple[Placing, ...]
    absent: tuple[str, ...]
    enrichment_1_percent: float | None
    enrichment_5_percent: float | None
    auc_controls: float | None
    separations: tuple[Separation, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per known compound."""
        pair = {"anode": self.anode, "electrolyte": self.electrolyte}
        return pd.DataFrame([{**pair, **asdict(placing)} for placing in self.placings])

    def display(self) -> Table:
        """Known reactors by rank, then controls; below, what it amounts to."""
        by_rank = sorted(self.placings, key=lambda p: (p.role != "reactor", p.rank or self.n_candidates + 1))
        rows = [
            {
                "known": marked(one.formula, one.origin) + " (control)" * (one.role != "reactor"),
                "rank": "-" if one.rank is None else str(one.rank),
                "better than it": "-" if one.percentile is None else f"{one.percentile:.1f} %",
                "score": fixed(one.score, 3),
                "relief": fixed(one.relief_ev_per_atom, 3),
                "alloy": one.alloy,
            }
            for one in by_rank
        ]
        title = f"Back-test ({self.n_ranked} ranked of {self.n_candidates})"
        return Table(title, pd.DataFrame(rows), tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        for doi in dict.fromkeys(one.doi for one in self.placings if one.doi):
            yield f"{doi}: {', '.join(one.formula for one in self.placings if one.doi == doi)}"
        yield from rests_on(one.origin for one in self.placings)
        summary = {
            "enrichment among the best 1 %": self.enrichment_1_percent,
            "among the best 5 %": self.enrichment_5_percent,
            "ROC AUC against negative controls": self.auc_controls,
        }
        yield "; ".join(f"{name} {value:.2f}" for name, value in summary.items() if value is not None)
        for kind in dict.fromkeys(one.kind for one in self.separations):
            score, *rest = (one for one in self.separations if one.kind == kind)
            singles = sorted(rest, key=lambda one: -one.auc)
            yield (
                f"AUC of the {score.n} ranked of the {kind} list against {self.n_twins} ranked compounds of "
                f"the same anions and size: {score.words}; single columns: "
                f"{', '.join(one.words for one in singles)}"
            )
        yield from (f"missed: {one.formula}: {one.why}" for one in self.placings if one.missed)
        against = ", ".join(f"{one.formula} ({one.alloy})" for one in self.placings if one.contradicts)
        if against:
            yield (
                f"contradiction: the metal left by {against} holds no {self.anode}, so that the electrolyte "
                f"meets {self.anode} itself, and yet these layers were reported to work"
            )


def known_file() -> Path:
    """The list: inside an installed wheel, beside the package in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "data" / KNOWN_FILE
    return installed if installed.is_file() else package.parent / "data" / KNOWN_FILE


def known_compounds() -> tuple[Known, ...]:
    """Known reactors and negative controls."""
    table = pd.read_csv(known_file(), keep_default_na=False)
    columns = [table[field.name].astype(str) for field in fields(Known) if field.name in table]
    return tuple(Known(*row) for row in zip(*columns, strict=True))


def back_test(campaign: Campaign, outcome: Outcome, known: Sequence[Known]) -> BackTest | None:
    """Compare one ranking with what is known of lithium.

    Returns
    -------
    BackTest or None
        None where the anode gives up something else than lithium, or no known reactor is a candidate.
    """
    snapshot = campaign.source.load()
    if find_anode(snapshot, outcome.anode).mobile != atomic_number("Li"):
        return None
    row_of = {phase: row for row, phase in enumerate(outcome.table["phase"].tolist())}
    rows = {
        one.formula: row_of[phase]
        for one in known
        if (phase := snapshot.find(parse_formula(one.formula))) in row_of
    }
    present = [one for one in known if one.formula in rows]
    placings = tuple(_place(outcome, one, rows[one.formula]) for one in present)
    reactors = np.array([rows[one.formula] for one in present if one.role == "reactor"], dtype=np.int64)
    controls = np.array([rows[one.formula] for one in present if one.role == "control"], dtype=np.int64)
    if not len(reactors):
        return None
    score, passing = outcome.ranked.score, outcome.table["passes"].to_numpy(dtype=bool)
    ranked = reactors[passing[reactors]]
    never = np.concatenate((np.flatnonzero(~passing), ranked))
    twins = matched_twins(snapshot, outcome.table["phase"].to_numpy(), ranked, never)
    kinds = {rows[one.formula]: one.kind for one in present}
    one_percent, five_percent = (enrichment(outcome.order, reactors, share) for share in ENRICHED_SHARES)
    return BackTest(
        anode=outcome.anode,
        electrolyte=outcome.electrolyte,
        n_candidates=len(outcome.table),
        n_ranked=int(outcome.table["passes"].sum()),
        n_twins=len(twins),
        placings=placings,
        absent=tuple(one.formula for one in known if one.formula not in rows),
        enrichment_1_percent=one_percent,
        enrichment_5_percent=five_percent,
        auc_controls=auc(score[reactors], score[controls]),
        separations=tuple(
            each
            for kind in dict.fromkeys(kinds[row] for row in ranked.tolist())
            for each in separations(outcome, ranked[[kinds[r] == kind for r in ranked.tolist()]], twins, kind)
        ),
    )


def _place(outcome: Outcome, one: Known, row: int) -> Placing:
    table = outcome.table.iloc[row]
    n_ranked = int(outcome.table["passes"].sum())
    rank = int(table["rank"]) if table["passes"] else None
    percentile = None if rank is None else 100.0 * (rank - 1) / n_ranked
    relief = float(table["electrolyte_relief_ev_per_atom"])
    late = (percentile or 0.0) > MISSED_PERCENTILE and len(outcome.table) >= FEWEST_TO_JUDGE
    missed = one.role == "reactor" and (rank is None or late)
    return Placing(
        formula=one.formula,
        role=one.role,
        doi=one.doi,
        rank=rank,
        percentile=percentile,
        score=float(table["score"]),
        alloy=str(table["alloy"]) if isinstance(table["alloy"], str) else "",
        relief_ev_per_atom=None if np.isnan(relief) else relief,
        missed=missed,
        why=_reasons(outcome, row),
        estimated=bool(table["estimated"]),
        origin=str(table["origin"]),
    )


def _reasons(outcome: Outcome, row: int) -> str:
    """Filters that fail, or the criteria that cost most of the score."""
    table = outcome.table.iloc[row]
    failing = [
        name.removeprefix("filter_")
        for name in outcome.table.columns
        if name.startswith("filter_") and table[name] == FAILS
    ]
    if failing:
        return failing_words(failing, str(table["moisture_hazard"]))
    lost = -weights(outcome.settings) * np.log(outcome.ranked.desirabilities[row])
    dearest = [k for k in np.argsort(-np.nan_to_num(lost))[:REASONS] if lost[k] > 0.0]
    names = outcome.settings.every.names
    return "; ".join(f"{names[k]} {table[names[k]]:.3g}" for k in dearest)


def matched_twins(
    snapshot: Snapshot, phase: np.ndarray, reactors: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Random candidates with the anions and the number of elements of the known reactors.

    Parameters
    ----------
    snapshot : Snapshot
    phase : (n,) int array
        Phase numbers of all candidates.
    reactors : (m,) int array
        Rows of the known reactors among them.
    known : int array
        Rows that are never drawn.

    Returns
    -------
    int array
        Rows, up to `TWINS_EACH` for each reactor, no row twice; the same on every call.
    """
    candidates = snapshot.phases.take(phase)
    anions = np.stack([holds(candidates, named((symbol,))) for symbol in ANION_FORMERS], axis=1)
    kind = anions @ (1 << np.arange(len(ANION_FORMERS)))
    free = np.ones(len(phase), dtype=bool)
    free[known] = False
    rng = np.random.default_rng(TWIN_SEED)
    drawn: list[int] = []
    for reactor in reactors:
        alike = free & (kind == kind[reactor]) & (candidates.n_elements == candidates.n_elements[reactor])
        rows = np.flatnonzero(alike)
        chosen = rng.choice(rows, min(TWINS_EACH, len(rows)), replace=False)
        free[chosen] = False
        drawn.extend(chosen.tolist())
    return np.array(sorted(drawn), dtype=np.int64)


def enrichment(order: np.ndarray, reactors: np.ndarray, share: float) -> float | None:
    """Known reactors among the best `share` of all candidates, over what chance would put there."""
    if len(order) < FEWEST_TO_JUDGE:
        return None
    best = order[: int(np.ceil(share * len(order)))]
    return float(np.isin(reactors, best).mean() / (len(best) / len(order)))


def write_back_test(campaign: Campaign, tests: Sequence[BackTest]) -> None:
    """Write ``backtest.json`` and, one row per known compound, ``backtest.csv``."""
    directory = campaign.store.directory
    campaign.store.own([BACK_TEST_JSON, BACK_TEST_CSV])
    content = {"provenance": campaign.provenance.as_dict(), "tests": [asdict(test) for test in tests]}
    write_json(directory / BACK_TEST_JSON, content)
    rows = pd.concat([test.to_frame() for test in tests], ignore_index=True) if tests else pd.DataFrame()
    write_csv(directory / BACK_TEST_CSV, rows, campaign.provenance)


def read_back_tests(directory: Path) -> tuple[BackTest, ...]:
    """What `write_back_test` left in a directory; none where it left nothing.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    path = directory / BACK_TEST_JSON
    if not path.is_file():
        return ()
    try:
        written = from_json(path.read_text("utf-8"))["tests"]
        tests = [with_present_names(back_test_per_atom(test)) for test in written]
        return TypeAdapter(tuple[BackTest, ...]).validate_python(tests)
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("damaged", where=str(path), remedy="run the study again") from None

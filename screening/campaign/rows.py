"""One chunk of candidates, assessed, as one table: what a part of a campaign holds."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_array

from screening.campaign.candidate_files import odd_cells
from screening.campaign.document import FILTER_PREFIX
from screening.display import DOUBT
from screening.errors import InputError, ScreeningError
from screening.phases.composition import symbol
from screening.phases.distrust import doubtful
from screening.phases.ionic import ionic_s_per_cm
from screening.phases.trade import evidence, room_state
from screening.reactors.assessment import Assessment
from screening.reactors.conditions import REACTOR
from screening.reactors.contacts import compute_interfaces
from screening.reactors.criteria import Criterion, criterion_forms
from screening.reactors.linear_forms import cathodic_limit_form
from screening.reactors.moisture import moisture_hazard
from screening.reactors.placement import Placement, meet, place
from screening.reactors.ranking import FilterOutcome, apply_filters, passes_all
from screening.reactors.reduction import Reduction, ScreeningContext, reduce
from screening.reactors.sense import chemistry, explosive, toxic
from screening.reactors.settings import Filters

ACCEPT = "accept_"
RANKED_COLUMNS = (
    *("rank", "score", "pareto", "top_1", "top_1_percent", "top_5_percent"),
    *(f"{ACCEPT}{part}" for part in ("1", "1_percent", "5_percent")),
)
"""Columns that the ranking adds to those of the parts."""

ANCHORED_COLUMNS = ("rank_anchored", "score_anchored")
"""Besides, where it was ranked by energies anchored to measurement, too."""

RESERVED = frozenset(
    (*RANKED_COLUMNS, *ANCHORED_COLUMNS, "failure_stage", "failure_reason", "why_no_rank", "provenance")
)
PREFIXES = (FILTER_PREFIX, "form_", "top_", ACCEPT, "cathodic_limit_")
"""Names of results that a list of candidates, as a former ``ranking.csv``, may bear: passed over."""
LIMIT = "cathodic_limit_v"
"""Column of the highest voltage at which a candidate is reduced."""

FORM_DECIMALS = 12
"""Of the coefficients of linear forms, which are of the order of 1."""


class StageError(Exception):
    """A chunk could not be finished; carries the stage and the reason."""

    def __init__(self, stage: str, reason: str) -> None:
        self.stage, self.reason = stage, reason
        super().__init__(f"{stage}: {reason}")


@contextmanager
def _stage(name: str) -> Iterator[None]:
    try:
        yield
    except (ScreeningError, ValueError, ArithmeticError, LookupError) as error:
        raise StageError(name, f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class Plan:
    """What is computed for every candidate of a chunk.

    Attributes
    ----------
    filters : Filters
    layers_wt_percent : tuple of float
    contacts : tuple of str
        Which of `contacts.STAGES` are computed, for candidates that pass the filters.
    criteria : tuple of Criterion
        Those of the process that runs the campaign, so that workers compute the same.
    columns : tuple of str
        Columns of the list of candidates that count as criteria.
    """

    filters: Filters
    layers_wt_percent: tuple[float, ...]
    contacts: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some of the candidates.

    Attributes
    ----------
    phase : (n,) int array
        Their numbers in the snapshot.
    label : (n,) object array of str
    columns : DataFrame of n rows
        What the list of candidates tells of them besides.
    """

    phase: np.ndarray
    label: np.ndarray
    columns: pd.DataFrame

    def __len__(self) -> int:
        return len(self.phase)

    def __getitem__(self, rows: slice) -> "Chunk":
        return Chunk(self.phase[rows], self.label[rows], self.columns.iloc[rows])


@dataclass(frozen=True)
class Failure:
    """A candidate that could not be assessed: which, at what stage of the work, and why."""

    formula: str
    anode: str
    electrolyte: str
    failure_stage: str
    failure_reason: str


@dataclass(frozen=True, eq=False)
class Part:
    """The outcome of one chunk: a table with one row per candidate, and its failures."""

    table: pa.Table
    failures: tuple[Failure, ...]


def assess(context: ScreeningContext, chunk: Chunk, plan: Plan) -> Part:
    """Assess a chunk; where it fails, halve it until the candidate that fails stands alone.

    Raises
    ------
    ScreeningError
        If the conditions themselves cannot be met, whatever the candidate.
    """
    try:
        return Part(_table(context, chunk, plan), ())
    except StageError as error:
        if len(chunk) == 1:
            empty = nothing(context, chunk, plan)
            meets = context.conditions
            failure = Failure(str(chunk.label[0]), meets.anode, meets.electrolyte, error.stage, error.reason)
            return Part(empty, (failure,))
    middle = len(chunk) // 2
    halves = [assess(context, half, plan) for half in (chunk[:middle], chunk[middle:])]
    return Part(
        pa.concat_tables([half.table for half in halves]), tuple(f for half in halves for f in half.failures)
    )


def nothing(context: ScreeningContext, chunk: Chunk, plan: Plan) -> pa.Table:
    """The table of none of them; what fails even then lies in the conditions, and is the user's to mend."""
    _given(chunk, plan, ())
    try:
        return _table(context, chunk[:0], plan)
    except StageError as error:
        if isinstance(error.__cause__, ScreeningError):
            raise error.__cause__ from None
        raise


def _table(context: ScreeningContext, chunk: Chunk, plan: Plan) -> pa.Table:
    with _stage("reduction"):
        reactors = context.conditions.role == REACTOR
        found = reduce(context, chunk.phase) if reactors else place(context, chunk.phase)
        outcomes = apply_filters(found, plan.filters)
    with _stage("contacts"):
        asked = passes_all(outcomes)
        if isinstance(found, Placement):
            rows = np.flatnonzero(asked)
            assessed: Assessment | Placement = replace(found, asked=rows, contacts=meet(found, rows))
        else:
            asked &= bool(plan.contacts)
            assessed = Assessment(found, compute_interfaces(found, asked, plan.contacts))
    with _stage("criteria"):
        columns = _columns(found, assessed, chunk.label, outcomes, plan)
        table = pa.table({**columns, **_given(chunk, plan, columns)})
    with _stage("condition"):
        return _filtered(table, plan.filters.where)


def _given(chunk: Chunk, plan: Plan, computed: Collection[str]) -> dict[str, pa.Array]:
    """Columns of the list of candidates, but for those of the names of results.

    Raises
    ------
    InputError
        If a column that counts as a criterion is absent, has such a name, or holds no numbers.
    """
    given, taken = chunk.columns, {*computed, *RESERVED}
    own = [name for name in map(str, given) if name not in taken and not name.startswith(PREFIXES)]
    for name in plan.columns:
        lacking = name not in own
        text = not lacking and given[name].dtype == object and given[name].notna().any()
        if lacking or text:
            fault = _no_number(given[name], chunk.label) if text else "is no column of the list of candidates"
            choice = ", ".join(own) or "the list has none beside the formula"
            raise InputError(f"{name!r} {fault}", where="ranking.columns", remedy=f"there are {choice}")
    return {name: pa.Array.from_pandas(given[name]) for name in own}


def _no_number(cells: pd.Series, label: np.ndarray) -> str:
    """Which cell makes a column one of words, by the compound in its row."""
    odd = odd_cells(cells.fillna("").reset_index(drop=True))
    return f"holds {odd.iloc[0]!r} of {label[odd.index[0]]}, no number"


def _filtered(table: pa.Table, where: str) -> pa.Table:
    """The same where candidates that do not meet the study's own condition have no rank."""
    if not where.strip():
        return table
    from screening.campaign.expressions import holds  # loads DuckDB

    met = holds(table, where, "filters.where")
    passes = met & table["passes"].to_numpy()
    return table.set_column(table.column_names.index("passes"), "passes", pa.array(passes)).append_column(
        f"{FILTER_PREFIX}where", pa.array(met.astype(np.int8))
    )


def _columns(
    found: Reduction | Placement,
    assessed: Assessment | Placement,
    label: np.ndarray,
    outcomes: tuple[FilterOutcome, ...],
    plan: Plan,
) -> dict[str, pa.Array | np.ndarray]:
    context, phase, candidates = found.context, found.phase, found.candidates
    columns: dict[str, pa.Array | np.ndarray] = {
        "formula": pa.array(label, pa.string()),
        "anode": pa.array([context.conditions.anode] * len(phase), pa.string()),
        "electrolyte": pa.array([context.conditions.electrolyte] * len(phase), pa.string()),
        "phase": phase.astype(np.int32),
        "n_elements": candidates.n_elements.astype(np.int16),
        "estimated": _touched(found, found.phases.estimated),
        "origin": pa.array(_origins(found), pa.string()),
        "cautions": pa.array(_cautions(found), pa.string()),
        "energy_above_hull_ev_per_atom": found.energy_above_hull_ev_per_atom,
        **(_reduced(found) if isinstance(found, Reduction) else {}),
        "toxic": toxic(candidates),
        "explosive": explosive(candidates),
        "state": pa.array(room_state(candidates), pa.string()),
        "for_sale": pa.array(evidence(candidates), pa.string()),
        "ionic_s_per_cm": ionic_s_per_cm(candidates, symbol(context.anode.mobile)),
        "chemistry": pa.array(chemistry(candidates, context.anode.mobile), pa.string()),
        "moisture_hazard": pa.array(moisture_hazard(candidates), pa.string()),
        "passes": passes_all(outcomes),
    }
    for outcome in outcomes:
        columns[f"{FILTER_PREFIX}{outcome.name}"] = outcome.outcome.astype(np.int8)
    for criterion in plan.criteria:
        columns[criterion.name] = criterion.compute(assessed)
    if isinstance(assessed, Assessment):
        columns |= _layers(assessed, plan.layers_wt_percent) | _staircase_columns(assessed)
    return columns | _form_columns(assessed, plan.criteria)


def _reduced(reduction: Reduction) -> dict[str, pa.Array | np.ndarray]:
    """What the anode makes of each candidate, besides the criteria."""
    return {
        LIMIT: reduction.cathodic_limit_v,
        "uptake_per_formula": reduction.uptake_per_formula,
        "minimum_mutual_ev_per_atom": reduction.minimum_mutual_ev_per_atom,
        "alloy": _names(reduction.context.snapshot.phases.formula, reduction.alloy),
        "unsure_products": reduction.volumes.unsure,
    }


def _layers(assessment: Assessment, layers_wt_percent: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Volumes of the layer at several contents of reactor."""
    columns = {}
    for wt in layers_wt_percent:
        layer = assessment.layer(wt)
        columns[f"metal_fraction_{wt:g}wt"] = layer.metal_fraction
        columns[f"electrolyte_fraction_{wt:g}wt"] = layer.electrolyte_fraction
    return columns | {"volume_change_with_anode": assessment.reference_layer.volume_change_with_anode}


def _origins(found: Reduction | Placement) -> np.ndarray:
    """Origins of added phases among each candidate and its products, (n,) object array of str."""
    origin, told = found.phases.origin, np.full(len(found), "", dtype=object)
    for each in sorted(set(origin[found.phases.added])):
        touched = _touched(found, np.asarray(origin == each, dtype=bool))
        told[touched] = [f"{before}, {each}" if before else each for before in told[touched]]
    return told


def _cautions(found: Reduction | Placement) -> np.ndarray:
    """Doubtful phases that each candidate is or forms, by formula, (n,) object array of str."""
    lines, snapshot = found.lines, found.context.snapshot
    told = np.full(len(found), "", dtype=object)
    used = np.unique(lines.phase)
    if len(used):
        wrong = used[doubtful(snapshot, used)]
        hits = np.flatnonzero(np.isin(lines.phase, wrong))
        owner = lines.kinks.owner[lines.products.owner[hits]]
        for row, phase in np.unique(np.column_stack((owner, lines.phase[hits])), axis=0).tolist():
            name = str(snapshot.phases.formula[phase])
            told[row] = f"{told[row]}, {name}" if told[row] else f"{DOUBT}: {name}"
    return told


def _touched(found: Reduction | Placement, phases: np.ndarray) -> np.ndarray:
    """Candidates that are one of these phases, (n_phases,) bool array, or form one: (n,) bool array."""
    lines = found.lines
    per_product = phases[lines.phase]
    touched = phases[found.phase]
    if per_product.any():
        touched[lines.kinks.owner[lines.products.owner[per_product]]] = True
    return touched


def _names(formulas: np.ndarray, phase: np.ndarray) -> pa.Array:
    """Formulas of phases, null where the number is −1."""
    return pa.array(np.where(phase >= 0, formulas[phase], ""), pa.string(), mask=phase < 0)


def _lists(start: np.ndarray, values: np.ndarray) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(start.astype(np.int32)), pa.array(values))


def _staircase_columns(assessment: Assessment) -> dict[str, pa.Array]:
    """All kinks towards the anode with their products, and all plateaus."""
    lines, stairs = assessment.reduction.lines, assessment.reduction.stairs
    products = lines.product_start[lines.kink_start]
    return {
        "kink_x": _lists(lines.kink_start, lines.x),
        "kink_energy_ev_per_atom": _lists(lines.kink_start, lines.energy_ev_per_atom),
        "kink_n_products": _lists(lines.kink_start, lines.products.lengths.astype(np.int8)),
        "product_phase": _lists(products, lines.phase.astype(np.int32)),
        "product_amount": _lists(products, lines.amount.astype(np.float32)),
        "plateau_v": _lists(stairs.step_start, stairs.voltage_v),
        "plateau_uptake_per_formula": _lists(stairs.step_start, stairs.uptake_per_formula),
    }


def _form_columns(assessment: Assessment | Placement, criteria: tuple[Criterion, ...]) -> dict[str, pa.Array]:
    """Linear forms of the uncertain criteria, and of a reactor's cathodic limit."""
    n = len(assessment)
    uncertain = [criterion for criterion in criteria if criterion.linear_form is not None]
    forms = criterion_forms(assessment, uncertain)
    columns: dict[str, pa.Array] = {}
    for k, criterion in enumerate(uncertain):
        columns |= _form_lists(criterion.name, forms[k * n : (k + 1) * n])
    if isinstance(assessment, Assessment):
        columns |= _form_lists(LIMIT, cathodic_limit_form(assessment.reduction))
    return columns


def _form_lists(name: str, forms: csr_array) -> dict[str, pa.Array]:
    # what rounding leaves depends on what else is in the part; rows must not
    forms.sort_indices()
    forms.data = forms.data.round(FORM_DECIMALS)
    forms.eliminate_zeros()
    return {
        f"form_{name}_phase": _lists(forms.indptr, forms.indices.astype(np.int32)),
        f"form_{name}_coefficient": _lists(forms.indptr, forms.data),
    }

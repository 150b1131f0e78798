"""Studies and results of former versions: relief per mole of electrolyte, and an alloy besides the state."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from screening.names import RELIEF_PER_MOL, present_name
from screening.phases.additions import Origin
from screening.phases.composition import parse_reactant

if TYPE_CHECKING:
    import pandas as pd

LATER_FILTERS = {
    **dict.fromkeys(("require_salt", "require_solid", "forbid_molecular_anions", "forbid_explosive"), False),
    "forbid_toxic": False,
    "maximum_energy_above_hull_ev_per_atom": None,
}
"""Filters that former versions did not have, or not by default: off."""

LATER_CRITERIA = ("powders",)
LATER_COLUMNS = (
    *(*LATER_CRITERIA, "accept_1", "accept_1_percent", "accept_5_percent"),
    *("cathodic_limit_low_v", "cathodic_limit_high_v"),
)
"""Criteria and other columns that former results do not hold: unknown."""

BOUNDS = frozenset({"worst", "best"})
VALUES = frozenset({"value", "standard_deviation", "expected_error"})


def study_per_atom(given: Mapping[str, Any]) -> dict[str, Any]:
    """Content of a study with the bounds of relief per atom of electrolyte.

    Raises
    ------
    ValueError
        If they are per mole of electrolytes of several sizes.
    """
    ranking, conditions = given.get("ranking"), given.get("conditions", {})
    criteria = ranking.get("criteria") if isinstance(ranking, Mapping) else None
    if not isinstance(criteria, Mapping) or not isinstance(conditions, Mapping):
        return dict(given)
    former = {
        n: dict(criteria[n]) for n in RELIEF_PER_MOL & criteria.keys() if isinstance(criteria[n], Mapping)
    }
    electrolytes = conditions.get("electrolytes", conditions.get("sulfides", ["Li6PS5Cl"]))
    for name, rule in former.items():
        sizes = {_atoms(text) for text in electrolytes} if rule.keys() & BOUNDS else set()
        if len(sizes) > 1:
            raise ValueError(f"ranking.criteria.{name}: bounds per mole of several electrolytes; give relief")
        rule.update(_divided(rule, BOUNDS, *sizes))
    kept = {name: rule for name, rule in criteria.items() if name not in former}
    present = {present_name(name): rule for name, rule in former.items()}
    return {**given, "ranking": {**(ranking or {}), "criteria": kept | present}}


def of_one_state(study: object) -> object:
    """The study of a results document without the alloy that a former version chose for itself."""
    conditions = study.get("conditions") if isinstance(study, Mapping) else None
    if not isinstance(study, Mapping) or not isinstance(conditions, Mapping):
        return study
    former = [key for key in ("alloy", "alloys") if key in conditions]
    if not former:
        return study
    kept = {key: value for key, value in conditions.items() if key not in former}
    note = "of a former version: relief, relay and potential are those of the first alloy"
    filters = {**LATER_FILTERS, **study.get("filters", {})}
    return {**study, "conditions": kept, "filters": filters, "notes": [*study.get("notes", ()), note]}


def reactor_per_atom(given: object) -> object:
    """A reactor of a results document with its relief per atom of electrolyte."""
    if not isinstance(given, Mapping) or not isinstance(given.get("criteria"), Mapping):
        return given
    unknown = {"value": None, "unit": "1", "desirability": None, "weight": 0.0}
    criteria = dict(given["criteria"])
    criteria |= dict.fromkeys((name for name in LATER_CRITERIA if name not in criteria), unknown)
    for name in RELIEF_PER_MOL & criteria.keys():
        former = criteria.pop(name)
        divided = _divided(former, VALUES, _atoms(given.get("electrolyte", given.get("sulfide"))))
        criteria[present_name(name)] = {**former, **divided, "unit": "eV/atom"}
    weighed = given.get("rank_if_weight", {})
    ranks = {present_name(k) if k in RELIEF_PER_MOL else k: v for k, v in dict(weighed).items()}
    return {**given, "criteria": criteria, "rank_if_weight": ranks}


def back_test_per_atom(given: Mapping[str, Any]) -> dict[str, Any]:
    """A back-test with the relief of its compounds per atom of electrolyte."""
    placings = [dict(placing) for placing in given["placings"]]
    for placing in placings:
        former = placing.pop("relief_ev_per_mol", None)
        if former is not None:
            placing["relief_ev_per_atom"] = former / _atoms(given.get("electrolyte", given.get("sulfide")))
        placing.setdefault("relief_ev_per_atom", None)
    return {**given, "placings": placings}


def table_per_atom(table: "pd.DataFrame") -> "pd.DataFrame":
    """A table of candidates by the names and units of today."""
    present = table.rename(columns=present_name)
    if "origin" not in present and "estimated" in present:
        present["origin"] = present["estimated"].map({True: str(Origin.ESTIMATED), False: ""})
    present[[name for name in LATER_COLUMNS if name not in present]] = float("nan")
    for name in RELIEF_PER_MOL & set(table.columns):
        met = present["electrolyte"]
        present[present_name(name)] /= met.map({text: _atoms(text) for text in met.unique()})
    return present


def per_atom(columns: Iterable[str], electrolytes: Iterable[str]) -> str:
    """SQL that selects the columns of a table of results by their names and units of today."""
    columns = list(columns)
    sizes = " ".join(f"WHEN '{text}' THEN {_atoms(text)}" for text in electrolytes)
    of = next((name for name in columns if present_name(name) == "electrolyte"), "")
    divided = dict.fromkeys(RELIEF_PER_MOL, f" / CASE {of} {sizes} END")
    return ", ".join(f'"{name}"{divided.get(name, "")} AS "{present_name(name)}"' for name in columns)


def _atoms(electrolyte: Any) -> float:
    """Atoms of a formula as it is written."""
    return float(parse_reactant(str(electrolyte)).unit.n_atoms)


def _divided(given: Mapping[str, Any], names: frozenset[str], atoms: float = 1.0) -> dict[str, float]:
    return {k: v / atoms for k, v in given.items() if k in names and isinstance(v, int | float)}

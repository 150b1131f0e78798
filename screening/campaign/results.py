"""What a campaign leaves on disk besides its parts: ranking, kinks, product tables."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from screening.campaign.latex import products_latex
from screening.campaign.outcome import Outcome
from screening.campaign.run import Campaign
from screening.files import atomic_write, check_targets, write_csv, write_json, write_parquet
from screening.provenance import Provenance
from screening.reactors.criteria import CRITERIA
from screening.reactors.detail import ReactorDetail, detail
from screening.reactors.ranking import UNDECIDED
from screening.reactors.reduction import ScreeningContext

FILTER_PREFIX = "filter_"
WRITTEN = ("ranking.parquet", "ranking.csv", "kinks.csv", "ranking.json", "products.xlsx", "products.tex")


def shown(campaign: Campaign, outcome: Outcome) -> np.ndarray:
    """Positions of the candidates that are spelled out, by rank: named, controls and the best; int array."""
    named = campaign.selection.n_named + campaign.selection.n_controls
    order = outcome.order
    best = order[: campaign.study.figures.top]
    return order[np.isin(order, np.union1d(best, np.arange(named)))]


def details(campaign: Campaign, outcome: Outcome, positions: np.ndarray) -> list[ReactorDetail]:
    """Spell out candidates at these positions."""
    conditions = next(
        c
        for c in campaign.study.conditions.grid()
        if (c.anode, c.electrolyte) == (outcome.anode, outcome.electrolyte)
    )
    context = ScreeningContext.of(campaign.source.load(), conditions)
    wt = campaign.study.conditions.layers_wt_percent
    return [
        detail(context, int(outcome.table["phase"].iloc[i]), str(outcome.table["formula"].iloc[i]), wt)
        for i in positions
    ]


def write_results(
    campaign: Campaign, outcomes: Sequence[Outcome], described: Sequence[Sequence[ReactorDetail]]
) -> None:
    """Write ``ranking.csv|parquet|json``, ``kinks.csv``, ``products.xlsx|tex``, and ``failures.csv`` if any.

    The parquet file holds all candidates, the others those that are spelled out.

    Parameters
    ----------
    campaign : Campaign
    outcomes : sequence of Outcome
        One per pair of anode and electrolyte.
    described : sequence of sequences of ReactorDetail
        For each outcome the reactors of `shown`.
    """
    directory, provenance = campaign.store.directory, campaign.provenance
    check_targets(*(directory / name for name in WRITTEN))
    ranking = pd.concat([o.table.iloc[o.order] for o in outcomes], ignore_index=True)
    write_parquet(directory / "ranking.parquet", ranking, provenance)
    few = pd.concat([o.table.iloc[shown(campaign, o)] for o in outcomes], ignore_index=True)
    write_csv(directory / "ranking.csv", few, provenance)
    kinks = pd.concat(
        [curve.to_frame() for group in described for d in group for curve in d.curves], ignore_index=True
    )
    write_csv(directory / "kinks.csv", kinks.drop_duplicates(ignore_index=True), provenance)
    reactors = [
        reactor_json(campaign, outcome, int(position), one)
        for outcome, group in zip(outcomes, described, strict=True)
        for position, one in zip(shown(campaign, outcome), group, strict=True)
    ]
    write_json(
        directory / "ranking.json",
        {
            "study": campaign.study.model_dump(mode="json"),
            "provenance": provenance.as_dict(),
            "selection": {
                "candidates": len(campaign.selection),
                "left_out": {entry.reason: entry.count for entry in campaign.selection.left_out},
            },
            "reactors": reactors,
        },
    )
    failed = campaign.store.failures()
    if len(failed):
        write_csv(directory / "failures.csv", failed.to_pandas(), provenance)
    products = product_table([d for group in described for d in group])
    write_product_tables(directory, products, provenance)


def reactor_json(campaign: Campaign, outcome: Outcome, position: int, one: ReactorDetail) -> dict[str, Any]:
    """One reactor as ``ranking.json`` shows it."""
    row = outcome.table.iloc[position]
    excess = one.at_excess
    probabilities = outcome.probabilities
    return {
        "formula": one.formula,
        "anode": outcome.anode,
        "electrolyte": outcome.electrolyte,
        "rank": int(row["rank"]) if row["passes"] else None,
        "score": float(row["score"]),
        "estimated": bool(row["estimated"]) or one.estimated,
        "pareto": bool(row["pareto"]),
        "passes_filters": bool(row["passes"]),
        "filters": {
            name.removeprefix(FILTER_PREFIX): None if row[name] == UNDECIDED else bool(row[name])
            for name in outcome.table.columns
            if name.startswith(FILTER_PREFIX)
        },
        "flags": {"toxic": bool(row["toxic"]), "moisture_hazard": str(row["moisture_hazard"])},
        "rank_probability": []
        if probabilities is None or probabilities.rank is None
        else [float(p) for p in probabilities.rank[position]],
        "top_probability": {name: _number(row[name]) for name in ("top_1", "top_1_percent", "top_5_percent")},
        "criteria": {
            criterion.name: _criterion_json(campaign, outcome, position, k)
            for k, criterion in enumerate(CRITERIA)
        },
        "rank_if_weight": {
            criterion.name: {
                "halved": int(outcome.sensitivity.halved[position, k]) or None,
                "doubled": int(outcome.sensitivity.doubled[position, k]) or None,
            }
            for k, criterion in enumerate(CRITERIA)
        },
        "alloy": one.alloy or None,
        "richest_alloy": one.richest_alloy or None,
        "energy_above_hull_ev_per_atom": one.energy_above_hull_ev_per_atom,
        "cathodic_limit_v": one.plateaus[0].voltage_v if one.plateaus else None,
        "products_li_excess": {p.formula: p.moles for p in excess.products} if excess else {},
        "plateaus": [_plain(asdict(plateau)) for plateau in one.plateaus],
        "curves": [{**curve.as_dict(), "provenance": campaign.provenance.as_dict()} for curve in one.curves],
    }


def _criterion_json(campaign: Campaign, outcome: Outcome, position: int, k: int) -> dict[str, Any]:
    criterion = CRITERIA[k]
    content: dict[str, Any] = {
        "value": _number(outcome.table[criterion.name].iloc[position]),
        "unit": criterion.unit_for(outcome.ion),
        "desirability": _number(outcome.ranked.desirabilities[position, k]),
        "weight": campaign.study.ranking.criteria[criterion.name].weight,
        "source": criterion.source,
    }
    if criterion in CRITERIA.uncertain:
        column = CRITERIA.uncertain.index(criterion)
        content["standard_deviation"] = _number(outcome.standard_deviation[position, column])
        content["expected_error"] = _number(outcome.expected_error[position, column])
    return content


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _plain(content: Any) -> Any:
    """Nested content with NaN as null."""
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return None if isinstance(content, float) and np.isnan(content) else content


def product_table(described: Sequence[ReactorDetail]) -> pd.DataFrame:
    """Products of every plateau of every reactor, one row per product (the founding paper's Table S1)."""
    rows = [
        {
            "reactor": d.formula,
            "voltage_v": plateau.voltage_v,
            "li_per_formula": plateau.uptake_per_formula,
            "capacity_mah_per_g": plateau.capacity_mah_per_g,
            "reaction": plateau.reaction,
            "product": p.formula,
            "moles_per_mole": p.moles,
            "electronic_class": p.electronic_class,
            "band_gap_ev": p.band_gap_ev,
            "gap_source": p.gap_source,
            "volume_cm3_per_mol_reactor": p.volume_cm3,
            "volume_source": p.volume_source,
            "above_floor": plateau.above_floor,
            "estimated": p.estimated or d.estimated,
        }
        for d in described
        for plateau in d.plateaus
        for p in plateau.products
    ]
    return pd.DataFrame(rows)


def write_product_tables(directory: Path, products: pd.DataFrame, provenance: Provenance) -> None:
    """Write the product table as xlsx (stamp in the file's properties) and LaTeX (stamp as a comment)."""
    with atomic_write(directory / "products.xlsx") as draft, pd.ExcelWriter(draft, engine="openpyxl") as book:
        products.to_excel(book, sheet_name="products", index=False)
        book.book.properties.description = provenance.line()
    with atomic_write(directory / "products.tex") as draft:
        draft.write_text(f"% {provenance.line()}\n{products_latex(products)}", "utf-8")

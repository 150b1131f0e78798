"""What a campaign leaves on disk besides its parts: the document, the table, kinks and product tables."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from screening.campaign.backtest import (
    back_test,
    known_compounds,
    write_back_test,
)
from screening.campaign.directory import KEY, RANKING_JSON, RANKING_PARQUET, ResultsDirectory
from screening.campaign.document import (
    FILTER_PREFIX,
    Document,
    Reactor,
    Screened,
    WeightChange,
    failing_words,
)
from screening.campaign.latex import products_latex
from screening.campaign.metadata import DATA_PACKAGE, data_package
from screening.campaign.outcome import LIMIT_BOUNDS, Outcome, rank_campaign
from screening.campaign.run import Campaign
from screening.files import atomic_write, check_targets, write_csv, write_json, write_parquet, write_xlsx
from screening.phases.sheets import RowFault
from screening.provenance import Provenance
from screening.reactors.anode import mobile_ion
from screening.reactors.conditions import REACTOR
from screening.reactors.detail import ReactorDetail, detail
from screening.reactors.placement import PlacedDetail, placed_detail
from screening.reactors.ranking import FAILS
from screening.reactors.reduction import ScreeningContext
from screening.reactors.uncertainty import error_bars

FAILURES = "failures.csv"
RANKING_CSV = "ranking.csv"
PRODUCTS = ("products.xlsx", "products.tex")

WRITTEN = (
    *(RANKING_PARQUET, RANKING_CSV, "kinks.csv", RANKING_JSON, *PRODUCTS),
    DATA_PACKAGE,
)


def spell_out(campaign: Campaign, outcome: Outcome) -> dict[int, ReactorDetail | PlacedDetail]:
    """Named candidates, controls and the best of one ranking, by row of its table; in the order of ranks."""
    study, selection, order = campaign.study, campaign.selection, outcome.order
    named = np.arange(selection.n_named + selection.n_controls)
    shown = order[np.isin(order, np.union1d(order[: study.figures.top], named))]
    conditions = next(
        c for c in study.conditions.grid() if (c.anode, c.electrolyte) == (outcome.anode, outcome.electrolyte)
    )
    context = ScreeningContext.of(campaign.source.load(), conditions)
    phases, formulas = outcome.table["phase"].to_numpy(), outcome.table["formula"].to_numpy()
    wt, ion = study.conditions.layers_wt_percent, mobile_ion(outcome.anode)
    bars = error_bars(context.snapshot, ion, study.uncertainty.error_model(ion))
    if conditions.role != REACTOR:
        return {row: placed_detail(context, str(formulas[row]), bars) for row in shown.tolist()}
    return {row: detail(context, int(phases[row]), str(formulas[row]), wt, bars) for row in shown.tolist()}


def conclude(campaign: Campaign, *, anchored: Campaign | None = None, threads: int = 1) -> ResultsDirectory:
    """Rank a finished campaign, set it against what is known, and write what it says.

    Parameters
    ----------
    campaign : Campaign
    anchored : Campaign, optional
        The same by anchored energies; see `rank_campaign`.
    threads : int
        Threads that draw scores; −1: one per core.
    """
    outcomes = rank_campaign(campaign, anchored=anchored, threads=threads)
    known = known_compounds() if campaign.study.conditions.role == REACTOR else ()
    tests = [test for outcome in outcomes if (test := back_test(campaign, outcome, known)) is not None]
    written = write_results(campaign, outcomes)
    if known:
        write_back_test(campaign, tests)
    return written


def write_results(campaign: Campaign, outcomes: Sequence[Outcome]) -> ResultsDirectory:
    """Write ``ranking.csv|parquet|json``, ``kinks.csv``, ``products.xlsx|tex``, and ``failures.csv`` if any.

    ``ranking.parquet`` holds all candidates, ``ranking.csv`` also those that could not be assessed or
    read; the others hold those that are spelled out.

    Parameters
    ----------
    campaign : Campaign
    outcomes : sequence of Outcome
        One per pair of anode and electrolyte.
    """
    directory, provenance = campaign.store.directory, campaign.provenance
    check_targets(*(directory / name for name in WRITTEN))
    groups = [spell_out(campaign, outcome) for outcome in outcomes]
    details = [one for group in groups for one in group.values()]
    products, failed = product_table(details), campaign.store.failures()
    absent = _absent(campaign, products, failed)
    tables = map(_with_own_limits, outcomes, groups)
    ranking = pd.concat([t.iloc[o.order] for t, o in zip(tables, outcomes, strict=True)], ignore_index=True)
    write_parquet(directory / RANKING_PARQUET, ranking, provenance)
    every = with_reasons(ranking, failed, campaign.selection.unusable)
    every = every.append_column("provenance", pa.repeat(provenance.line(), len(every)))
    with atomic_write(directory / RANKING_CSV) as draft:  # ten times as fast as pandas over all of a database
        csv.write_csv(every, draft)
    others = tuple(name for name in WRITTEN if name not in (RANKING_CSV, DATA_PACKAGE, *absent))
    write_json(directory / DATA_PACKAGE, data_package(campaign, every.schema, others))
    kinks = pd.concat([curve.to_frame() for one in details for curve in one.curves], ignore_index=True)
    write_csv(directory / "kinks.csv", kinks.drop_duplicates(ignore_index=True), provenance)
    Document(
        study=campaign.study,
        provenance=provenance,
        selection=Screened(
            candidates=len(campaign.selection),
            left_out={entry.reason: entry.count for entry in campaign.selection.left_out},
            failed=len(failed),
        ),
        reactors=tuple(
            reactor(campaign, outcome, position, one)
            for outcome, group in zip(outcomes, groups, strict=True)
            for position, one in group.items()
        ),
    ).write(directory / RANKING_JSON)
    if len(failed):
        write_csv(directory / FAILURES, failed.to_pandas(), provenance)
    if len(products):
        write_product_tables(directory, products, provenance)
    return ResultsDirectory(directory)


def _with_own_limits(outcome: Outcome, group: dict[int, ReactorDetail | PlacedDetail]) -> pd.DataFrame:
    """The table with the lower limits of those spelled out, which may be stable above the hull."""
    table, (low, _) = outcome.table.copy(), LIMIT_BOUNDS
    for row, one in group.items():
        if low in table and one.plateaus and one.plateaus[0].voltage_95_v:
            table.iloc[row, table.columns.get_loc(low)] = one.plateaus[0].voltage_95_v.low
    return table


def _absent(campaign: Campaign, products: pd.DataFrame, failed: pa.Table) -> tuple[str, ...]:
    """Files that are not written, and removed where an earlier run left them; all others are entered."""
    absent = (*(() if len(products) else PRODUCTS), *(() if len(failed) else (FAILURES,)))
    for name in absent:
        campaign.store.remove(name)
    campaign.store.own([name for name in (*WRITTEN, FAILURES) if name not in absent])
    return absent


def with_reasons(ranking: pd.DataFrame, failures: pa.Table, unusable: Sequence[RowFault] = ()) -> pa.Table:
    """A ranking with ``why_no_rank``; at its end what could not be assessed, and rows that were left out."""
    filters = [name for name in map(str, ranking) if name.startswith(FILTER_PREFIX)]
    names = [name.removeprefix(FILTER_PREFIX) for name in filters]
    fails = zip((ranking[filters] == FAILS).to_numpy(), ranking["moisture_hazard"], strict=True)
    words = [failing_words([*compress(names, row)], hazard) for row, hazard in fails]
    assessed = pa.Table.from_pandas(ranking.assign(why_no_rank=words), preserve_index=False)
    reasons = pc.binary_join_element_wise(failures["failure_stage"], failures["failure_reason"], ": ")
    others = failures.select(KEY).append_column("why_no_rank", reasons)
    left_out = pa.table(
        {
            "formula": pa.array([fault.text for fault in unusable], pa.string()),
            "why_no_rank": pa.array([str(fault) for fault in unusable], pa.string()),
        }
    )
    return pa.concat_tables([assessed, others, left_out], promote_options="permissive")


def reactor(
    campaign: Campaign, outcome: Outcome, position: int, one: ReactorDetail | PlacedDetail
) -> Reactor:
    """One reactor, at a row of the outcome's table, as the document shows it."""
    row, excess, probabilities = outcome.table.iloc[position], one.at_excess, outcome.probabilities
    spreads, shifts = outcome.standard_deviation[position], outcome.expected_error[position]
    of_ranks, accepted = (
        None if chances is None else chances.rank for chances in (probabilities, outcome.acceptability)
    )
    halved, doubled = outcome.sensitivity.halved[position], outcome.sensitivity.doubled[position]
    changes = zip(outcome.settings.every, halved, doubled, strict=True)
    return Reactor.of_row(
        row,
        campaign.study,
        {
            criterion.name: {"standard_deviation": spread, "expected_error": shift}
            for criterion, spread, shift in zip(
                campaign.study.ranking.known.uncertain, spreads, shifts, strict=True
            )
        },
        estimated=bool(row["estimated"]) or one.estimated,
        cathodic_limit_95_v=one.plateaus[0].voltage_95_v if one.plateaus else None,
        rank_probability=() if of_ranks is None else of_ranks[position].tolist(),
        rank_acceptability=() if accepted is None else accepted[position].tolist(),
        rank_if_weight={
            criterion.name: WeightChange(halved=int(half) or None, doubled=int(double) or None)
            for criterion, half, double in changes
        },
        alloy=one.alloy or None,
        energy_above_hull_ev_per_atom=one.energy_above_hull_ev_per_atom,
        cathodic_limit_v=one.plateaus[0].voltage_v if one.plateaus else None,
        products_li_excess={p.formula: p.moles for p in excess.products} if excess else {},
        plateaus=one.plateaus,
        at_potential=one.at_potential,
        curves=tuple(replace(curve, provenance=campaign.provenance) for curve in one.curves),
    )


def product_table(described: Sequence[ReactorDetail | PlacedDetail | Reactor]) -> pd.DataFrame:
    """Products of every plateau of every reactor, one row per product (the founding paper's Table S1)."""
    rows = [
        {
            "reactor": d.formula,
            "voltage_v": plateau.voltage_v,
            "voltage_low_v": None if plateau.voltage_95_v is None else plateau.voltage_95_v.low,
            "voltage_high_v": None if plateau.voltage_95_v is None else plateau.voltage_95_v.high,
            "uptake_per_formula": plateau.uptake_per_formula,
            "capacity_mah_per_g": plateau.capacity_mah_per_g,
            "reaction": plateau.reaction,
            "product": p.formula,
            "moles_per_mole": p.moles,
            "electronic_class": p.electronic_class,
            "conduction": p.conduction,
            "band_gap_ev": p.band_gap_ev,
            "gap_source": p.gap_source,
            "volume_cm3_per_mol_reactor": p.volume_cm3,
            "volume_source": p.volume_source,
            "above_floor": plateau.above_floor,
            "estimated": p.estimated or d.estimated,
            "origin": p.origin or d.origin,
        }
        for d in described
        for plateau in d.plateaus
        for p in plateau.products
    ]
    return pd.DataFrame(rows)


def layer_table(described: Sequence[ReactorDetail | PlacedDetail | Reactor]) -> pd.DataFrame:
    """Volume fractions in the reacted layer, one row per plateau and content of reactor (wt%)."""
    rows = [
        {
            "reactor": d.formula,
            "voltage_v": plateau.voltage_v,
            "reaction": plateau.reaction,
            **asdict(layer),
            "above_floor": plateau.above_floor,
        }
        for d in described
        for plateau in d.plateaus
        for layer in plateau.layers
    ]
    return pd.DataFrame(rows)


def write_product_tables(directory: Path, products: pd.DataFrame, provenance: Provenance) -> None:
    """Write the product table as xlsx (stamp in the file's properties) and LaTeX (stamp as a comment)."""
    write_xlsx(directory / "products.xlsx", products, "products", provenance)
    with atomic_write(directory / "products.tex") as draft:
        draft.write_text(f"% {provenance.line()}\n{products_latex(products)}", "utf-8")

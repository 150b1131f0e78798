"""Ranks by energies anchored to measurement, beside those of a campaign's own."""

from dataclasses import replace

import numpy as np
import pandas as pd

from screening.campaign.rows import ANCHORED_COLUMNS
from screening.campaign.run import Campaign, Report, run
from screening.campaign.workers import Workers
from screening.errors import InputError
from screening.phases.corrections import Energies

FOLDER = "anchored"
"""Directory among the results where the parts by anchored energies are."""

HEAD = "anch."
"""Of the rank by anchored energies in a table for a terminal."""


def run_anchored(
    campaign: Campaign, *, workers: Workers, fresh: bool = False, report: Report = lambda _: None
) -> Campaign | None:
    """Assess the candidates of a finished campaign with anchored energies, in `FOLDER` of its directory.

    None where the study wants none, or changes the error model of calculated energies; where other energies
    than the corrected ones were chosen; and of snapshots without anchors.
    """
    source, uncertainty = campaign.source, campaign.study.uncertainty
    if source.energies is not Energies.CORRECTED or not uncertainty.anchored or uncertainty.changes:
        return None
    anchored = replace(source, energies=Energies.ANCHORED)
    try:
        anchored.load()
    except InputError:
        return None
    store = campaign.store
    return run(
        *(campaign.study, anchored, store.directory / FOLDER),
        workers=workers,
        fresh=fresh,
        chunk=store.identity.chunk,
        report=report,
    )


def changes_told(table: pd.DataFrame) -> str:
    """What anchored energies change of the ranks of these rows, in words; empty without such ranks."""
    if ANCHORED_COLUMNS[0] not in table or table[ANCHORED_COLUMNS[1]].isna().all():
        return ""
    own, anchored = (
        pd.to_numeric(table[name]).fillna(0).to_numpy(dtype=np.int64) for name in ("rank", "rank_anchored")
    )
    moved = np.flatnonzero(own != anchored)
    if not len(moved):
        return "energies anchored to measurement change none of these ranks"
    told = ", ".join(
        f"{table['formula'].iloc[i]} {own[i] or 'no rank'} -> {anchored[i] or 'no rank'}"
        for i in moved[np.argsort(np.where(own[moved] > 0, own[moved], len(table) + 1), kind="stable")]
    )
    return f"by energies anchored to measurement ({HEAD}): {told}"

"""Other weights for the criteria that a finished campaign stored: no candidate is assessed anew."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from screening.campaign.directory import ResultsDirectory
from screening.campaign.rows import ANCHORED_COLUMNS, RANKED_COLUMNS
from screening.reactors.ranking import desirabilities, ranks, weighted_geometric_mean
from screening.reactors.ranking import weights as weights_of


def reweighed(results: ResultsDirectory, weights: Mapping[str, float]) -> pd.DataFrame:
    """All candidates by their rank under other weights; see `Ranking.reweighed`."""
    table, settings = results.table, results.study.with_changes(weights=weights).ranking
    passes = table["passes"].to_numpy(dtype=bool)
    valued = desirabilities(table[settings.every.names].to_numpy(dtype=float), settings)
    score = np.where(passes, weighted_geometric_mean(valued, weights_of(settings)), 0.0)
    rank = np.zeros(len(table), dtype=np.int64)
    for anode, electrolyte in results.pairs:
        mine = ((table["anode"] == anode) & (table["electrolyte"] == electrolyte)).to_numpy()
        rank[mine] = ranks(score[mine], passes[mine])
    placed = table.drop(columns=[*RANKED_COLUMNS[3:], *ANCHORED_COLUMNS], errors="ignore").assign(
        score=score, rank=pd.array(np.where(passes, rank, 0), dtype="Int32"), rank_before=table["rank"]
    )
    placed.loc[~passes, "rank"] = pd.NA
    return placed.iloc[np.argsort(np.where(passes, rank, len(table) + 1), kind="stable")]

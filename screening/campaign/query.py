"""Questions to the results of a campaign, in SQL expressions, by DuckDB over its parquet parts."""

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from screening.campaign.directory import KEY, RANKING_PARQUET, ResultsDirectory
from screening.campaign.expressions import closed_database, known_or_null
from screening.campaign.former import per_atom
from screening.campaign.outcome import LIMIT_BOUNDS
from screening.campaign.rows import ANCHORED_COLUMNS, RANKED_COLUMNS
from screening.campaign.store import PARTS, Store
from screening.campaign.study import Study
from screening.errors import InputError
from screening.files import records, write_csv, write_json, write_xlsx
from screening.names import RELIEF_PER_MOL, present_name
from screening.reactors.ranking import rank


def top(directory: Path, n: int = 20, where: str = "", again: Study | None = None) -> pd.DataFrame:
    """The best candidates of a campaign, running or finished, for which a condition holds.

    Parameters
    ----------
    directory : Path
        Of the campaign.
    n : int
    where : str
        One SQL expression over the columns of the parts and of the ranking, as
        ``driving_force_ev_per_ion < -1 and n_elements == 2``; empty: all. Lists, as ``plateau_v``, can be
        asked about (``len(plateau_v) > 2``) but are not returned; what is unknown does not hold.
    again : Study, optional
        The campaign's study with another ``[ranking]``, by which candidates are ranked anew.

    Returns
    -------
    DataFrame
        By rank; before the ranking is made, by driving force. Unranked candidates and failures come last.

    Raises
    ------
    InputError
        If there is no campaign in the directory, a part is damaged, or the expression is none.
    """
    Store.look(directory)
    with closed_database(where, "--where") as connection:
        rows = known_or_null(in_present_units(connection.from_arrow(_rows(directory))))
        ranking = _ranking(directory) if again is None else _ranked_again(rows, directory, again)
        if ranking is not None:
            ranked_only = [name for name in ranking.column_names if name not in KEY]
            joined = f"rows.*, {', '.join(f'ranking.{name}' for name in ranked_only)}"
            same = " AND ".join(f"rows.{key} IS NOT DISTINCT FROM ranking.{key}" for key in KEY)
            ranked = connection.from_arrow(ranking).set_alias("ranking")
            rows = rows.set_alias("rows").join(ranked, same, how="left").project(joined)
        if where.strip():
            rows = rows.filter(where)
        drive = "driving_force_ev_per_ion"
        best = f"{drive} NULLS LAST, " if drive in rows.columns else ""
        order = "rank NULLS LAST" if ranking is not None else "passes DESC NULLS LAST"
        scalars = [
            f'"{name}"' for name, kind in zip(rows.columns, rows.types, strict=True) if kind.id != "list"
        ]
        chosen = rows.order(f"{order}, {best}formula").limit(n)
        return chosen.project(", ".join(scalars)).df()


def study_of(directory: Path) -> Study | None:
    """The study of a finished campaign, None before its ranking is made."""
    there = (directory / RANKING_PARQUET).exists()
    return ResultsDirectory(directory).study if there else None


def in_present_units(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Rows of former results by the names and units of today."""
    former = RELIEF_PER_MOL & set(rows.columns)
    of = next((name for name in rows.columns if present_name(name) == "electrolyte"), "")
    met = rows.project(of).distinct().fetchall() if former else ()
    return rows.project(per_atom(rows.columns, [text for (text,) in met]))


def _rows(directory: Path) -> ds.Dataset:
    """The parts as one data set, read column by column as the question needs."""
    paths = sorted((directory / PARTS).glob("[!.]*.parquet"))
    if not paths:
        raise InputError("holds no results", where=str(directory), remedy="run the study first")
    try:
        return ds.dataset([str(path) for path in paths], format="parquet")
    except (OSError, pa.ArrowInvalid) as error:
        reason = str(error).split("\n")[0][:120]
        raise InputError(
            f"damaged part ({reason})", where=str(directory / PARTS), remedy="run it again"
        ) from None


def _ranking(directory: Path) -> pa.Table | None:
    """Ranks, scores and bounds, where they belong to these parts; None before the ranking is made."""
    if not (directory / RANKING_PARQUET).exists():
        return None
    table = ResultsDirectory(directory).table
    anchored = [name for name in ANCHORED_COLUMNS if name in table]
    return pa.Table.from_pandas(table[[*KEY, *RANKED_COLUMNS, *anchored, *_bounds(table)]])


def _bounds(table: pd.DataFrame) -> list[str]:
    """Columns between which true values lie in 95 % of all cases."""
    return [name for name in map(str, table) if name in LIMIT_BOUNDS or name.endswith("_95")]


def _ranked_again(rows: duckdb.DuckDBPyRelation, directory: Path, again: Study) -> pa.Table:
    """Ranks and scores by other weights, bounds and columns; probabilities would need new draws.

    Raises
    ------
    InputError
        If the study differs in what decides the numbers themselves, or weighs a column that they lack.
    """
    first, names = ResultsDirectory(directory).study, again.ranking.every.names
    for section in ("conditions", "filters"):
        if getattr(first, section) != getattr(again, section):
            raise InputError(
                f"[{section}] differs from that of the campaign {first.name}",
                where=f"--rank-again {again.name}",
                remedy="change [ranking] alone, or screening run this study",
            )
    if lacking := [name for name in names if name not in rows.columns]:
        raise InputError(f"the results have no {lacking[0]}", where="ranking", remedy="run this study")
    table = rows.project(", ".join(f'"{name}"' for name in (*KEY, "passes", *names))).df()
    table["passes"] = table["passes"].eq(True)
    table[[*RANKED_COLUMNS]] = pd.NA
    for _, pair in table.groupby(["anode", "electrolyte"], sort=False):
        passes = pair["passes"].to_numpy(dtype=bool)
        ranked = rank(pair[names].to_numpy(dtype=float), passes, again.ranking)
        table.loc[pair.index, "rank"] = np.where(passes, ranked.rank, np.nan)
        table.loc[pair.index, "score"] = ranked.score
        table.loc[pair.index, "pareto"] = ranked.pareto
    kinds = dict.fromkeys(RANKED_COLUMNS, "Float64") | {"rank": "Int32", "pareto": "boolean"}
    before = ResultsDirectory(directory).table.set_index([*KEY])
    table = table.astype(kinds).join(before[_bounds(before)], on=[*KEY])
    return pa.Table.from_pandas(table[[*KEY, *RANKED_COLUMNS, *_bounds(before)]])


def write_top(
    path: Path, chosen: pd.DataFrame, directory: Path, form: str, again: Study | None = None
) -> None:
    """Write chosen candidates as csv, xlsx or json, with the stamp of their campaign.

    Parameters
    ----------
    path : Path
    chosen : DataFrame
        From `top`.
    directory : Path
        Of the campaign.
    form : {"csv", "xlsx", "json"}
    again : Study, optional
        By which they were ranked, if not by the campaign's own.
    """
    stamp = Store.look(directory).identity.stamp()
    if again is not None:
        stamp = replace(stamp, study=again.name, study_checksum=again.checksum)
    if form == "json":
        write_json(path, {"provenance": stamp.as_dict(), "candidates": records(chosen)})
    elif form == "csv":
        write_csv(path, chosen, stamp)
    else:
        write_xlsx(path, chosen, "top", stamp)

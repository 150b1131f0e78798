"""Write ``screening/phases/melting_points.csv``: measured melting and boiling points of compounds.

From the library `chemicals` (MIT), which holds the table "Physical Constants of Inorganic Compounds" of the
CRC Handbook of Chemistry and Physics. The library takes 75 MB, these rows 42 kB: so they are kept here.
"""

from importlib.resources import files
from pathlib import Path

import chemicals
import pandas as pd

from screening.errors import InputError
from screening.phases.composition import composition_key, parse_formula
from screening.phases.library import open_snapshot

TABLE = Path(__file__).resolve().parents[1] / "screening" / "phases" / "melting_points.csv"
SOURCE = "Misc/Physical Constants of Inorganic Compounds.csv"


def melting_points() -> pd.DataFrame:
    """One row a composition: formula of the snapshot, name, CAS number, points in °C, empty if unknown."""
    listed = pd.read_csv(files("chemicals").joinpath(SOURCE), sep="\t")
    listed = listed.dropna(subset=["Tm", "Tb"], how="all")
    snapshot, rows = open_snapshot(), {}
    for one in listed.itertuples():
        try:
            known = chemicals.search_chemical(one.CAS)
            phase = snapshot.find(parse_formula(known.formula))
        except (ValueError, InputError):
            continue
        if phase is None or "-d" in one.Chemical:  # heavy water and its like
            continue
        formula = snapshot.formula(phase)
        row = {
            "formula": str(snapshot.phases.formula[phase]),
            "name": str(one.Chemical),
            "cas": one.CAS,
            "melts_c": round(one.Tm - 273.15, 1),
            "boils_c": round(one.Tb - 273.15, 1),
        }
        rows.setdefault(composition_key(formula), []).append(row)
    # of several forms (white and red phosphorus) the one that melts last is what a bottle most safely holds
    chosen = [
        max(forms, key=lambda row: pd.Series(row["melts_c"]).fillna(-300.0)[0]) for forms in rows.values()
    ]
    return pd.DataFrame(chosen).sort_values("formula").reset_index(drop=True)


if __name__ == "__main__":
    melting_points().to_csv(TABLE, index=False, lineterminator="\n")

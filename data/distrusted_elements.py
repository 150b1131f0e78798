"""Write elements and valences whose calculated energies are robustly off: distrusted.csv and the manifest.

Every measured binary compound of a cation and an anion of known charge is reduced by lithium; measured minus
calculated energy, less what the error model expects of the anion, is its residual (eV per atom of it).
A valence is distrusted where two or more compounds are measured and their median lies `LIMIT` robust standard
deviations (median absolute deviation over all compounds) from the median of all. The table of the package is
screening/phases/distrusted.csv; the manifest of the snapshot names them with each compound's two energies.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from molecular_units import measured_by_table

from screening.phases.composition import symbol
from screening.phases.library import open_snapshot
from screening.reactors.measured import Measured, measured_reductions
from screening.reactors.uncertainty import error_models

TARGET = Path(__file__).resolve().parents[1] / "screening" / "phases" / "distrusted.csv"
MANIFEST = Path(__file__).with_name("mp2019") / "manifest.json"
LIMIT = 2.0
FEWEST = 2

HEAD = """\
# Elements whose energies are robustly off in the embedded snapshot, by valence: largest error of a
# measured formation energy and root-mean-square residual of reductions (eV/atom).
# Written by data/distrusted_elements.py.
"""


def residuals(measured: Measured) -> pd.DataFrame:
    """Residual of each measured reduction, with element and valence."""
    found = measured_reductions(measured, "Li", all_signs=True, trusted=False)
    bias = {a.symbol: a.bias_ev_per_ion for a in error_models()["Li"].anions}
    expected = np.array([bias[symbol(int(x))] for x in found.anion]) * found.ions
    off = {f.text: e / f.n_atoms for f, e in zip(measured.formula, measured.error_ev, strict=True)}
    return pd.DataFrame(
        {
            "formula": found.formula,
            "element": [symbol(int(z)) for z in found.cation],
            "valence": found.ions / found.metals,
            "residual": (found.error_ev - expected) / found.atoms,
            "off": [off[f] for f in found.formula],
        }
    )


def with_evidence(table: pd.DataFrame, measured: Measured) -> list[dict[str, object]]:
    """The rows of the table, each with the formation energies (eV/atom) behind it."""
    both = zip(measured.formula, measured.measured_ev, measured.calculated_ev, strict=True)
    known = {f.text: (round(m / f.n_atoms, 3), round(c / f.n_atoms, 3)) for f, m, c in both}
    columns = ("measured_ev_per_atom", "calculated_ev_per_atom")
    return [
        {
            **row,
            "evidence": [
                {"formula": f, **dict(zip(columns, known[f], strict=True))} for f in row["measured"].split()
            ],
        }
        for row in table.to_dict("records")
    ]


def main() -> None:
    """Write both and print every valence that comes near."""
    argparse.ArgumentParser(description=str(__doc__).splitlines()[0]).parse_args()
    measured = measured_by_table(open_snapshot())
    table = residuals(measured)
    centre = table.residual.median()
    sd = 1.4826 * (table.residual - centre).abs().median()
    rows = []
    for (element, valence), group in table.groupby(["element", "valence"]):
        score = (group.residual.median() - centre) / sd
        if len(group) >= FEWEST and abs(score) > 0.75 * LIMIT:
            print(f"{element}({valence:g}) {score:6.2f} {len(group)} {' '.join(group.formula)}")
        if len(group) >= FEWEST and abs(score) >= LIMIT:
            worst = group.off[group.off.abs().idxmax()]
            rms = float(np.sqrt((group.residual**2).mean()))
            rows.append((element, int(valence), round(abs(worst), 2), round(rms, 2), " ".join(group.formula)))
    columns = ["element", "valence", "off_by_up_to_ev_per_atom", "sd_ev_per_atom", "measured"]
    found = pd.DataFrame(rows, columns=columns)
    TARGET.write_text(HEAD + found.to_csv(index=False), "utf-8")
    content = json.loads(MANIFEST.read_text("utf-8")) | {"distrusted": with_evidence(found, measured)}
    MANIFEST.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()

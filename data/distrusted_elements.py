"""Write screening/phases/distrusted.csv: elements and valences whose calculated energies are robustly off.

Every measured binary compound of a cation and an anion of known charge is reduced by lithium; measured minus
calculated energy, less what the error model expects of the anion, is its residual (eV per atom of it).
A valence is distrusted where two or more compounds are measured and their median lies `LIMIT` robust standard
deviations (median absolute deviation over all compounds) from the median of all.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from screening.phases.composition import symbol
from screening.phases.library import open_snapshot
from screening.reactors.measured import Measured, measured_enthalpies, measured_reductions
from screening.reactors.uncertainty import error_models

TARGET = Path(__file__).resolve().parents[1] / "screening" / "phases" / "distrusted.csv"
LIMIT = 2.0
FEWEST = 2

HEAD = """\
# Elements whose energies are robustly off in the embedded snapshot, by valence: largest error of a
# measured formation energy and root-mean-square residual of reductions (eV/atom).
# Written by data/distrusted_elements.py.
"""


def residuals(measured: Measured) -> pd.DataFrame:
    """Residual of each measured reduction, with element and valence."""
    found = measured_reductions(measured, "Li", all_signs=True)
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


def main() -> None:
    """Write the table and print every valence that comes near."""
    argparse.ArgumentParser(description=str(__doc__).splitlines()[0]).parse_args()
    table = residuals(measured_enthalpies(open_snapshot()))
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
            rows.append(
                (element, f"{valence:g}", round(abs(worst), 2), round(rms, 2), " ".join(group.formula))
            )
    columns = ["element", "valence", "off_by_up_to_ev_per_atom", "sd_ev_per_atom", "measured"]
    TARGET.write_text(HEAD + pd.DataFrame(rows, columns=columns).to_csv(index=False), "utf-8")


if __name__ == "__main__":
    main()

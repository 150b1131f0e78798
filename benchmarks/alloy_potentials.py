"""Do the calculated potentials of lithium alloys agree with measured ones? Plateau by plateau, as a table.

    python benchmarks/alloy_potentials.py

Measured plateaus stand in ``data/alloy_potentials.csv`` with DOI and place; calculated ones are those of the
embedded snapshot at 0 K, in the middle of the measured range of composition. Most measurements were made
at 400 °C, where an alloy lies some 0.1 V lower than at 25 °C (Al: 0.22 mV/K).
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from screening.phases.composition import parse_reactant
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.lithiation import lithiate

MEASURED = Path(__file__).resolve().parents[1] / "data" / "alloy_potentials.csv"


def calculated_v(snapshot: Snapshot, metal: str, li_per_metal: float) -> float:
    """Potential of Li_y M on its calculated staircase; 0 past its last plateau."""
    steps = lithiate(snapshot, parse_reactant(metal)).steps
    return next((s.voltage_v for s in steps if s.uptake_per_formula > li_per_metal), 0.0)


def compared(snapshot: Snapshot) -> pd.DataFrame:
    """Measured plateaus with ``calculated_v`` beside ``potential_v``."""
    table = pd.read_csv(MEASURED)
    middle = 0.5 * (table["from_li"] + table["to_li"])
    found = [calculated_v(snapshot, m, y) for m, y in zip(table["metal"], middle, strict=True)]
    return table.assign(calculated_v=found, difference_v=np.array(found) - table["potential_v"])


def main() -> None:
    """Print the comparison and what it comes to, by temperature."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    table = compared(open_snapshot())
    print("| alloy | Li per metal | °C | measured, V | calculated, V |\n|---|---|---|---|---|")
    for row in table.itertuples():
        print(
            f"| Li–{row.metal} | {row.from_li:g} to {row.to_li:g} | {row.temperature_c} "
            f"| {row.potential_v:.3f} | {row.calculated_v:.3f} |"
        )
    for temperature, part in table.groupby("temperature_c"):
        off = part["difference_v"]
        rms = float(np.sqrt((off**2).mean()))
        print(
            f"\n{temperature} °C: {len(part)} plateaus, calculated − measured {off.mean():+.3f} V, "
            f"rms {rms:.3f} V"
        )


if __name__ == "__main__":
    main()

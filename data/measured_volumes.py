"""Volumes of compounds whose unit cell was measured, from the cells that ship with the package.

    python data/measured_volumes.py

They take the place of calculated ones that are far off when a snapshot is read (`screening.phases.volumes`).
Elements have molar volumes of their own. Li3YCl6 and Li3YBr6 stand there with the lattices of isotypic
compounds of erbium, 1 % too small at most; Li3HoCl6, whose energy is an estimate too, is left out.
"""

import csv
from pathlib import Path

from screening.phases.structures import literature_cells
from screening.phases.volumes import VOLUMES_FILE

LEFT_OUT = {"Li3HoCl6"}
DECIMALS = 3


def main() -> None:
    """Write the table beside the module that reads it."""
    path = Path(__file__).parents[1] / "screening" / "phases" / VOLUMES_FILE
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("formula", "volume_per_atom_a3"))
        for cell in sorted(literature_cells(), key=lambda cell: cell.formula.text):
            if len(cell.formula.atomic_numbers) > 1 and cell.formula.text not in LEFT_OUT:
                atoms = cell.structure.composition.num_atoms
                table.writerow((cell.formula.text, round(cell.structure.volume / atoms, DECIMALS)))


if __name__ == "__main__":
    main()

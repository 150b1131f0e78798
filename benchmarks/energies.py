"""How far published, anchored and machine-learned energies are off, each from what it has not seen.

    python benchmarks/energies.py [--json]

Published and anchored: measured compounds of three and more elements, anchored from their binaries alone.
Machine-learned: phases of the atlas that the snapshot has, against its own energies of mixing; the interval
of each is made from the others. The potentials were trained on calculations of the Materials Project, most
of these phases among them: what they have never seen may be off by more.
"""

import argparse
import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from screening.phases.anchored import ANION_CHARGE, BINARIES, Anchors, anchor_shift
from screening.phases.atlas import Z_95, held_out, read_atlas
from screening.phases.library import locate
from screening.thermo.sources import load_snapshot


@dataclass(frozen=True, kw_only=True)
class Row:
    """Errors of one kind of energy on one kind of compound, eV/atom."""

    energies: str
    against: str
    compounds: str
    n: int
    bias: float
    rms: float
    median: float
    within_95: float | None


def row(energies: str, against: str, compounds: str, error: np.ndarray, inside: np.ndarray | None) -> Row:
    """Summary of errors and of how many lie within their 95 % intervals."""
    return Row(
        energies=energies,
        against=against,
        compounds=compounds,
        n=len(error),
        bias=float(error.mean()),
        rms=float(np.sqrt((error**2).mean())),
        median=float(np.median(np.abs(error))),
        within_95=None if inside is None else float(inside.mean()),
    )


def of_measured() -> list[Row]:
    """Published and anchored energies against measured enthalpies of formation."""
    snapshot, anchors = load_snapshot(), Anchors.read()
    large = np.array([len(formula.atomic_numbers) > 2 for formula in anchors.formula])
    measured = np.flatnonzero(anchors.measured & large)
    phases = np.array([snapshot.find(anchors.formula[i]) for i in measured])
    blind = anchor_shift(snapshot, anchors, phases, own=False)
    error = snapshot.phases.formation_energy_ev_per_atom[phases] - anchors.ev_per_atom[measured]
    left = error + blind.shift_ev_per_atom
    sd = np.hypot(blind.sd_ev_per_atom, anchors.sd_ev_per_atom[measured])
    whole = np.array(blind.kind) == BINARIES
    halides = np.array(
        [not {"O", "S", "Se", "Te"} & set(anchors.formula[i].chemsys.split("-"))
         and bool({*ANION_CHARGE} & set(anchors.formula[i].chemsys.split("-"))) for i in measured]
    )  # fmt: skip
    rows = []
    for name, here in (
        ("binaries measured", whole),
        ("halides of these", whole & halides),
        ("others", ~whole),
    ):
        rows.append(row("published", "measured", name, error[here], None))
        rows.append(row("anchored", "measured", name, left[here], np.abs(left[here]) <= Z_95 * sd[here]))
    return rows


def of_mixing() -> list[Row]:
    """Machine-learned energies of mixing against those of the snapshot, by family."""
    known = held_out(read_atlas(locate()))
    error = known["error_ev_per_atom"].to_numpy()
    inside = (np.abs(error) <= known["half_width_ev_per_atom"]).to_numpy()
    rows = []
    for family in [*dict.fromkeys(known["family"]), ""]:
        here = (known["family"] == family).to_numpy() if family else np.ones(len(known), bool)
        rows.append(row("machine-learned", "snapshot", family or "all", error[here], inside[here]))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [asdict(each) for each in (*of_measured(), *of_mixing())]
    print(json.dumps(rows, indent=1) if asked.json else pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()

"""Decomposition energies of all compounds of the embedded snapshot against the published: agreement, time.

    python benchmarks/decomposition.py [--json]

Each compound is taken against the lowest mixture of all other phases, dilute supercells among them. The peer
is C. J. Bartel et al., npj Comput. Mater. 6, 97 (2020), doi 10.1038/s41524-020-00362-y. Where the two differ
by more than 1 meV/atom, a general linear programme (HiGHS, through scipy) decides whose mixture is lower.
Times are wall-clock on one thread, compilation and the reading of the snapshot excluded.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.optimize import linprog

from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.thermo.lines import Compositions, assemblages

REFERENCE = Path(__file__).parents[1] / "data" / "reference" / "decomposition.parquet"
LINPROG_EV = 1e-7


@dataclass(frozen=True)
class Agreement:
    """Differences between our decomposition energies and the published ones."""

    compounds: int
    within_1_mev: float
    within_5_mev: float
    within_1_rounded_to_mev: float
    within_5_rounded_to_mev: float
    max_difference_mev_per_atom: float
    ours_above_by_1e_6_ev: int
    beyond_1_mev: int
    beyond_1_mev_confirmed_by_linear_programme: int
    seconds: float
    us_per_compound: float


def calculated_phases() -> Snapshot:
    """The embedded snapshot with its dilute supercells and without its estimates."""
    snapshot = open_snapshot(keep_dilute=True)
    return replace(snapshot, phases=snapshot.phases.take(np.flatnonzero(~snapshot.phases.estimated)))


def lowest_by_linear_programme(snapshot: Snapshot, row: int) -> float:
    """Energy of the lowest mixture of other phases at the composition of one phase, eV per atom."""
    formula = snapshot.formula(row)
    others = np.setdiff1d(snapshot.index.within(np.array(formula.atomic_numbers)), [row])
    columns = np.zeros((len(formula.atomic_numbers), len(others)))
    for k, other in enumerate(others):
        competitor = snapshot.formula(int(other))
        columns[:, k] = [competitor.amount_of(z) / competitor.n_atoms for z in formula.atomic_numbers]
    energies = snapshot.phases.formation_energy_ev_per_atom[others]
    return float(linprog(energies, A_eq=columns, b_eq=formula.fractions).fun)


def compare() -> Agreement:
    """Compute all decomposition energies and compare them."""
    snapshot = calculated_phases()
    phases = snapshot.phases
    rows = np.flatnonzero(phases.n_elements > 1)
    compositions = Compositions.of_phases(snapshot, rows)
    assemblages(snapshot, Compositions.of_phases(snapshot, rows[:1]), banned=rows[:1])  # compiles
    begin = time.perf_counter()
    competitor = assemblages(snapshot, compositions, banned=rows).energy_ev_per_atom
    seconds = time.perf_counter() - begin
    table = pq.read_table(REFERENCE).to_pydict()
    published = dict(zip(table["formula"], table["decomposition_energy_ev_per_atom"], strict=True))
    ours = phases.formation_energy_ev_per_atom[rows] - competitor
    signed = ours - np.array([published[formula] for formula in phases.formula[rows]])
    difference = np.abs(signed)
    beyond = np.flatnonzero(difference >= 1e-3)
    confirmed = [
        abs(lowest_by_linear_programme(snapshot, int(rows[i])) - competitor[i]) < LINPROG_EV for i in beyond
    ]
    return Agreement(
        compounds=len(rows),
        within_1_mev=float((difference < 1e-3).mean()),
        within_5_mev=float((difference < 5e-3).mean()),
        within_1_rounded_to_mev=float((np.round(1000 * difference) <= 1).mean()),
        within_5_rounded_to_mev=float((np.round(1000 * difference) <= 5).mean()),
        max_difference_mev_per_atom=float(1000 * difference.max()),
        ours_above_by_1e_6_ev=int((signed < -1e-6).sum()),
        beyond_1_mev=len(beyond),
        beyond_1_mev_confirmed_by_linear_programme=int(sum(confirmed)),
        seconds=seconds,
        us_per_compound=1e6 * seconds / len(rows),
    )


def main() -> None:
    """Print the agreement as text or as JSON."""
    parser = argparse.ArgumentParser(description="Decomposition energies of all compounds.")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    as_json = parser.parse_args().json
    found = compare()
    if as_json:
        print(json.dumps(asdict(found)))
        return
    print(f"{found.compounds:,} compounds in {found.seconds:.2f} s: {found.us_per_compound:.1f} µs each")
    print(f"within 1 meV/atom: {found.within_1_mev:.2%}; within 5: {found.within_5_mev:.3%}")
    print(
        f"differences rounded to whole meV: within 1: {found.within_1_rounded_to_mev:.2%}; "
        f"within 5: {found.within_5_rounded_to_mev:.3%}"
    )
    print(f"largest difference: {found.max_difference_mev_per_atom:.2f} meV/atom")
    print(f"our competitor above the published one (by 1e-6 eV): {found.ours_above_by_1e_6_ev}")
    print(
        f"beyond 1 meV/atom: {found.beyond_1_mev}, of which a general linear programme confirms ours: "
        f"{found.beyond_1_mev_confirmed_by_linear_programme}"
    )


if __name__ == "__main__":
    main()

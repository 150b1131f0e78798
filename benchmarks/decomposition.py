"""Decomposition energies of all compounds of the embedded snapshot against the published: agreement, time.

    python benchmarks/decomposition.py [--json]

Each compound is taken against the lowest mixture of all other phases, dilute supercells among them. The peer
is C. J. Bartel et al., npj Comput. Mater. 6, 97 (2020), doi 10.1038/s41524-020-00362-y.

The published numbers are not exact: their programme minimises by SLSQP from equal amounts, stops at a
tolerance of 1e-4 eV and drops amounts up to 1e-4, so that their competitor lies up to 5 meV/atom above the
lowest. Where a published number differs from ours by more than 1 meV/atom, this script therefore asks two
others: a general linear programme (HiGHS, through scipy), which tells the exact energy, and the published
minimiser, run on the same phases, which tells how far it stops from it. Both figures are printed: the raw
agreement, and that with the stopping error of the minimiser taken out.

Times are wall-clock on one thread, compilation and the reading of the snapshot excluded.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.optimize import linprog, minimize

from screening.phases.library import open_snapshot
from screening.phases.notation import read_amounts
from screening.phases.snapshot import Snapshot
from screening.phases.spelling import conventional
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages

REFERENCE = Path(__file__).parents[1] / "data" / "reference" / "decomposition.parquet"
LINPROG_EV = 1e-7
"""Exactness of HiGHS, eV per atom."""

PLACED_EV = 1e-9
"""Energy above the hull up to which a phase is on it, eV per atom."""

BOUND_EV, WIDE_BOUND_EV = 1e-3, 5e-3
"""Differences that are counted, eV per atom."""

PUBLISHED_START, PUBLISHED_TOLERANCES_EV, PUBLISHED_LEAST = 0.01, (1e-4, 1e-3, 5e-3, 1e-2), 1e-4
"""The published minimiser: start in moles, tolerances tried in turn, amounts dropped."""


@dataclass(frozen=True)
class Agreement:
    """Differences between our decomposition energies and the published ones, fractions of all compounds.

    Those ``with_stopping_error_removed`` compare with the published number less what the published minimiser
    misses the exact energy by, where the raw difference exceeds 1 meV/atom.
    """

    compounds: int
    within_1_mev: float
    within_5_mev: float
    within_1_mev_with_stopping_error_removed: float
    within_5_mev_with_stopping_error_removed: float
    max_difference_mev_per_atom: float
    max_difference_mev_per_atom_with_stopping_error_removed: float
    ours_above_by_1e_6_ev: int
    beyond_1_mev: int
    beyond_1_mev_confirmed_by_linear_programme: int
    seconds: float
    us_per_compound: float


@dataclass(frozen=True, eq=False)
class Rivals:
    """What one compound may decompose into.

    Attributes
    ----------
    content : ndarray
        (elements, rivals) atoms per formula.
    energy_ev : ndarray
        (rivals,) formation energy per formula.
    target : ndarray
        (elements,) atoms per formula of the compound.
    """

    content: np.ndarray
    energy_ev: np.ndarray
    target: np.ndarray

    @classmethod
    def of(cls, snapshot: Snapshot, row: int, among: np.ndarray) -> "Rivals":
        """All of these phases within the compound's elements, except the compound, in order of formula."""
        compound = snapshot.formula(row)
        elements = compound.atomic_numbers
        others = np.setdiff1d(np.intersect1d(snapshot.index.within(np.array(elements)), among), [row])
        others = others[np.argsort(snapshot.phases.formula[others])]
        formulas = [snapshot.formula(int(other)) for other in others]
        content = np.array([[each.amount_of(z) for each in formulas] for z in elements], dtype=float)
        energies = snapshot.phases.formation_energy_ev_per_atom[others] * content.sum(axis=0)
        return cls(content, energies, np.array([compound.amount_of(z) for z in elements], dtype=float))

    def exact_ev_per_atom(self) -> float:
        """Energy of the lowest mixture, by a general linear programme."""
        per_atom = self.content / self.content.sum(axis=0)
        n_atoms = self.target.sum()
        found = linprog(self.energy_ev / self.content.sum(axis=0), A_eq=per_atom, b_eq=self.target / n_atoms)
        return float(found.fun)

    def published_ev_per_atom(self) -> float:
        """Energy of the mixture at which the published minimiser stops."""
        n_atoms = self.target.sum()
        balance = {"type": "eq", "fun": lambda moles: self.content @ moles - self.target}
        for tolerance in PUBLISHED_TOLERANCES_EV:
            found = minimize(
                lambda moles: moles @ self.energy_ev,
                np.full(len(self.energy_ev), PUBLISHED_START),
                method="SLSQP",
                bounds=[(0.0, n_atoms)] * len(self.energy_ev),
                constraints=[balance],
                tol=tolerance,
                options={"maxiter": 1000},
            )
            if found.success:
                break
        kept = np.where(found.x > PUBLISHED_LEAST, found.x, 0.0)
        return float(kept @ self.energy_ev / n_atoms)


def calculated_phases() -> Snapshot:
    """The embedded snapshot with its dilute supercells and without its estimates."""
    snapshot = open_snapshot(keep_dilute=True)
    return replace(snapshot, phases=snapshot.phases.take(np.flatnonzero(~snapshot.phases.estimated)))


def against_all_others(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """Decomposition energies of these phases by our hull, eV per atom."""
    without = assemblages(snapshot, Compositions.of_phases(snapshot, rows), banned=rows)
    return snapshot.phases.formation_energy_ev_per_atom[rows] - without.energy_ev_per_atom


def published_energies(snapshot: Snapshot, rows: np.ndarray) -> np.ndarray:
    """The published decomposition energies of these phases, eV per atom."""
    table = pq.read_table(REFERENCE).to_pydict()
    spelled = [conventional(read_amounts(formula).amounts) for formula in table["formula"]]
    energies = dict(zip(spelled, table["decomposition_energy_ev_per_atom"], strict=True))
    return np.array([energies[formula] for formula in snapshot.phases.formula[rows]])


def on_hull(snapshot: Snapshot) -> np.ndarray:
    """Phases on the hull of all: what an unstable compound is compared with in the published work."""
    every = np.arange(len(snapshot.phases.formula))
    hull = assemblages(snapshot, Compositions.of_phases(snapshot, every)).energy_ev_per_atom
    return np.flatnonzero(snapshot.phases.formation_energy_ev_per_atom - hull < PLACED_EV)


@dataclass(frozen=True, eq=False)
class Traced:
    """Compounds whose published number was followed up.

    Attributes
    ----------
    exact_ev_per_atom : ndarray
        (n,) decomposition energy by a general linear programme.
    stopping_error_ev_per_atom : ndarray
        (n,) what the published minimiser, run on the same phases, misses it by.
    """

    exact_ev_per_atom: np.ndarray
    stopping_error_ev_per_atom: np.ndarray


def trace(snapshot: Snapshot, rows: np.ndarray) -> Traced:
    """Run both solvers for these phases; about 0.07 s each."""
    stable, every = on_hull(snapshot), np.arange(len(snapshot.phases.formula))
    lie_on_hull = np.isin(rows, stable)
    own = snapshot.phases.formation_energy_ev_per_atom[rows]
    exact = np.array([Rivals.of(snapshot, int(row), every).exact_ev_per_atom() for row in rows])
    stopped = np.array(
        [
            Rivals.of(snapshot, int(row), every if lies else stable).published_ev_per_atom()
            for row, lies in zip(rows, lie_on_hull, strict=True)
        ]
    )
    return Traced(own - exact, exact - stopped)


def compare() -> Agreement:
    """Compute all decomposition energies and compare them."""
    snapshot = calculated_phases()
    rows = np.flatnonzero(snapshot.phases.n_elements > 1)
    against_all_others(snapshot, rows[:1])  # compiles
    begin = time.perf_counter()
    ours = against_all_others(snapshot, rows)
    seconds = time.perf_counter() - begin
    published = published_energies(snapshot, rows)
    raw = np.abs(ours - published)
    beyond = np.flatnonzero(raw >= BOUND_EV)
    traced = trace(snapshot, rows[beyond])
    cleared = raw.copy()
    cleared[beyond] = np.abs(ours[beyond] - (published[beyond] - traced.stopping_error_ev_per_atom))
    return Agreement(
        compounds=len(rows),
        within_1_mev=float((raw < BOUND_EV).mean()),
        within_5_mev=float((raw < WIDE_BOUND_EV).mean()),
        within_1_mev_with_stopping_error_removed=float((cleared < BOUND_EV).mean()),
        within_5_mev_with_stopping_error_removed=float((cleared < WIDE_BOUND_EV).mean()),
        max_difference_mev_per_atom=float(1000 * raw.max()),
        max_difference_mev_per_atom_with_stopping_error_removed=float(1000 * cleared.max()),
        ours_above_by_1e_6_ev=int((ours - published < -1e-6).sum()),
        beyond_1_mev=len(beyond),
        beyond_1_mev_confirmed_by_linear_programme=int(
            (np.abs(traced.exact_ev_per_atom - ours[beyond]) < LINPROG_EV).sum()
        ),
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
    print(
        f"as published: within 1 meV/atom {found.within_1_mev:.2%}, within 5 {found.within_5_mev:.3%}, "
        f"largest difference {found.max_difference_mev_per_atom:.2f}"
    )
    print(
        f"with the stopping error of the published minimiser taken out: within 1 meV/atom "
        f"{found.within_1_mev_with_stopping_error_removed:.3%}, within 5 "
        f"{found.within_5_mev_with_stopping_error_removed:.3%}, largest difference "
        f"{found.max_difference_mev_per_atom_with_stopping_error_removed:.2f}"
    )
    print(f"our competitor above the published one (by 1e-6 eV): {found.ours_above_by_1e_6_ev}")
    print(
        f"beyond 1 meV/atom: {found.beyond_1_mev}, of which a general linear programme confirms ours: "
        f"{found.beyond_1_mev_confirmed_by_linear_programme}"
    )


if __name__ == "__main__":
    main()

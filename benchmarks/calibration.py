"""Do the error bars of reaction energies hold? Cross-validation on measured lithium reductions.

    python benchmarks/calibration.py [--json]

Every halide and chalcogenide is predicted from a fit that has seen no compound of its metal. Measured
enthalpies are read from the installed pymatgen, calculated energies from the embedded snapshot.
"""

import argparse
import json
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import norm

from screening.phases.composition import atomic_number, symbol
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Snapshot
from screening.reactors.calibration import (
    VALENCE,
    Measured,
    Reductions,
    alloy_errors,
    calibrate,
    leave_one_cation_out,
    li_reductions,
    lithium_salts,
    measured_enthalpies,
    mixing_errors,
)
from screening.reactors.uncertainty import ErrorModel, phase_amounts

HALIDES_AND_SULFIDES = ("F", "Cl", "Br", "I", "S")

OXIDE_SD_EV_PER_ATOM = 0.024
"""Often quoted; for ternary oxides formed from binary ones (Hautier 2012, doi 10.1103/PhysRevB.85.155208)."""

Z_95 = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Coverage:
    """Measured reductions against the intervals predicted for them; bias and scatter are as found."""

    n: int
    bias_ev_per_ion: float
    scatter_ev_per_li: float
    within_95: float
    within_68: float
    within_95_of_24_mev_per_atom: float


@dataclass(frozen=True)
class Scores:
    """Standard scores (error minus mean, over σ) of reactions that the fit has not seen as such."""

    n: int
    within_95: float
    root_mean_square: float


@dataclass(frozen=True)
class Spread:
    """Errors per atom that are modelled with mean 0."""

    n: int
    mean_ev_per_atom: float
    sd_ev_per_atom: float
    model_sd_ev_per_atom: float
    within_95: float


def coverage(reductions: Reductions, score: np.ndarray, keep: np.ndarray) -> Coverage:
    """Coverage of the chosen reductions from cross-validated standard scores."""
    chosen = reductions.take(keep)
    per_li = chosen.error_ev / chosen.lithium
    per_atom = np.abs(chosen.error_ev) / (chosen.atoms + chosen.lithium)
    return Coverage(
        len(chosen),
        float(per_li.mean()),
        float(per_li.std(ddof=1)),
        float((np.abs(score[keep]) < Z_95).mean()),
        float((np.abs(score[keep]) < 1.0).mean()),
        float((per_atom < Z_95 * OXIDE_SD_EV_PER_ATOM).mean()),
    )


def scores(score: np.ndarray) -> Scores:
    """Summary of standard scores."""
    return Scores(len(score), float((np.abs(score) < Z_95).mean()), float(np.sqrt((score**2).mean())))


def exchanges(reductions: Reductions, model: ErrorModel) -> np.ndarray:
    """Standard scores of exchanging the anion of a metal at equal valence, per Li-equivalent."""
    bias = {atomic_number(a.symbol): (a.bias_ev_per_ion, a.bias_sd_ev_per_ion) for a in model.anions}
    mean, sd = np.array([bias[z] for z in reductions.anion.tolist()]).T
    rest = reductions.error_ev / reductions.lithium - mean
    variance = (model.reduction_sd_ev_per_atom * reductions.atoms / reductions.lithium) ** 2 + sd**2
    valence = reductions.lithium / reductions.metals
    i, j = np.triu_indices(len(reductions), 1)
    pair = (reductions.cation[i] == reductions.cation[j]) & (reductions.anion[i] != reductions.anion[j])
    pair &= valence[i] == valence[j]
    i, j = i[pair], j[pair]
    return (rest[i] - rest[j]) / np.sqrt(variance[i] + variance[j])


def multinary_reductions(snapshot: Snapshot, measured: Measured, model: ErrorModel) -> np.ndarray:
    """Standard scores of reducing compounds of three and more elements to elements and lithium salts."""
    salts = lithium_salts(measured)
    start, row, units = [0], [], []
    for i, formula in enumerate(measured.formula):
        anions = [z for z in formula.atomic_numbers if symbol(z) in VALENCE]
        if len(formula.atomic_numbers) > 2 and anions and all(z in salts for z in anions):
            row += [i, *(salts[z] for z in anions)]
            units += [-1.0, *(formula.amount_of(z) / measured.formula[salts[z]].amount_of(z) for z in anions)]
            start.append(len(row))
    atoms = np.array([measured.formula[i].n_atoms for i in row])
    forms = phase_amounts(np.array(start), measured.phase[row], np.array(units) * atoms, len(snapshot))
    error = np.add.reduceat(np.array(units) * measured.error_ev[row], start[:-1])
    statistics = model.of_phases(snapshot.phases)
    return (error - statistics.mean(forms)) / statistics.standard_deviation(forms)


def spread(errors: np.ndarray, model_sd: float) -> Spread:
    """Errors per atom against the σ that the model gives them."""
    inside = float((np.abs(errors) < Z_95 * model_sd).mean())
    return Spread(len(errors), float(errors.mean()), float(errors.std(ddof=1)), model_sd, inside)


def show(model: ErrorModel, found: dict[str, Coverage], others: dict[str, Scores]) -> None:
    """The fit and its coverage as tables."""
    print("fitted error model (true minus calculated)")
    for a in model.anions:
        bias = f"{a.bias_ev_per_ion:+.3f} ± {a.bias_sd_ev_per_ion:.3f} eV/Li"
        print(f"  {a.symbol:>2}  {bias}  n = {a.n_measured}")
    print(f"  σ {model.reduction_sd_ev_per_atom:.3f} eV per atom that is not yet a lithium salt")
    print("\nlithium reductions, each metal predicted from all others: share inside the intervals")
    print("                          n   bias  scatter eV/Li    95 %    68 %   ±1.96·24 meV/atom")
    for name, c in found.items():
        print(
            f"  {name:<20} {c.n:5d}  {c.bias_ev_per_ion:+.3f}  {c.scatter_ev_per_li:.3f}"
            f"         {c.within_95:7.1%} {c.within_68:7.1%} {c.within_95_of_24_mev_per_atom:9.1%}"
        )
    print("\nreactions outside the fit: share inside 95 %, root mean square of standard scores")
    for name, s in others.items():
        print(f"  {name:<40} n = {s.n:4d}  {s.within_95:.1%}  {s.root_mean_square:.2f}")


def main() -> None:
    """Print the calibration and how it fares."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    as_json = parser.parse_args().json
    snapshot = open_snapshot()
    measured = measured_enthalpies(snapshot)
    reductions, model = li_reductions(measured), calibrate(snapshot)
    predicted = leave_one_cation_out(reductions)
    score = (reductions.error_ev - predicted.mean_ev) / predicted.sd_ev
    anion = np.array([symbol(z) for z in reductions.anion.tolist()])
    groups = {"halides and sulfides": np.isin(anion, HALIDES_AND_SULFIDES), "all": np.ones(len(anion), bool)}
    groups |= {a.symbol: anion == a.symbol for a in model.anions if a.n_measured}
    found = {name: coverage(reductions, score, keep) for name, keep in groups.items()}
    others = {
        "anion exchange, same metal": scores(exchanges(reductions, model)),
        "reduction, three or more elements": scores(multinary_reductions(snapshot, measured, model)),
    }
    spreads = {
        "ternary salt from binary salts": spread(mixing_errors(measured), model.mixing_sd_ev_per_atom),
        "lithium alloys": spread(alloy_errors(measured, of_lithium=True), model.alloy_sd_ev_per_atom),
        "other intermetallics": spread(
            alloy_errors(measured, of_lithium=False), model.intermetallic_sd_ev_per_atom
        ),
    }
    if as_json:
        tables = {"coverage": found, "scores": others, "spread": spreads}
        plain = {k: {name: asdict(row) for name, row in table.items()} for k, table in tables.items()}
        print(json.dumps({"model": asdict(model), **plain}, indent=1))
        return
    show(model, found, others)
    print("\nerrors per atom modelled with mean 0")
    for name, e in spreads.items():
        print(
            f"  {name:<40} n = {e.n:4d}  mean {e.mean_ev_per_atom:+.3f}  sd {e.sd_ev_per_atom:.3f}"
            f"  σ {e.model_sd_ev_per_atom:.3f} eV/atom covers {e.within_95:.1%}"
        )


if __name__ == "__main__":
    main()

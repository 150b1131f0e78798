"""Write the measured anchors of the embedded snapshot, and what they change of each of its phases.

    pip install chemicals && pip install --no-deps reaction-network
    python data/anchors.py [--report] [--figure FILE]

Writes screening/phases/anchors.csv (measured and estimated binary compounds, measured others) and
data/mp2019/anchored.parquet (shift and standard deviation of each phase). Enthalpies of formation at 298 K
are those that pymatgen carries with their uncertainties (Wang et al. 2021, doi 10.1038/s41598-021-94550-5),
and those of the CRC Handbook as the package chemicals carries them; the NIST-JANAF and FREED tables of
reaction-network, which hold Gibbs energies only, serve as further witnesses: their enthalpy is the intercept
of a line through 300 to 500 K, which holds for compounds of elements that do not melt or boil there.

A binary salt of a metal and an anion of which no compound is measured is estimated: calculated energy plus
the mean error of the anion and of the metal per charge, both shrunk towards zero (crossed random effects).
``--report`` prints the cross-validation that docs/energies.md quotes, and writes nothing.
"""

import argparse
import gzip
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from molecular_units import EV_TO_J_PER_MOL, crc, tabulated
from scipy.special import erfinv

from screening.errors import InputError
from screening.phases.anchored import (
    ANCHORS_FILE,
    ANION_CHARGE,
    BINARIES,
    ESTIMATE,
    TABLE,
    Anchors,
    anchor_shift,
)
from screening.phases.composition import parse_formula, symbol
from screening.phases.library import locate
from screening.phases.snapshot import Snapshot
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages
from screening.thermo.sources import load_snapshot

TOP = Path(__file__).resolve().parents[1]

WITNESSES_NEVER = ("Br", "I", "Hg", "P", "Ga")
"""Elements that melt or boil between 300 and 500 K by more than the slope of the line forgives."""

LEAST_SD_EV_PER_ATOM = 0.005
"""Of any measured enthalpy: half a kJ per mole of atoms, the agreement of good tables."""

SINGLE_SD_EV_PER_ATOM = 0.02
"""Of a value that no second table confirms and that states no uncertainty: the CRC against pymatgen's."""

AGREE_EV_PER_ATOM = 0.05
"""Tables that differ by more speak of different things; the median counts, and half the spread as its σ."""

DOUBTFUL_SD_EV_PER_ATOM = 0.06
"""A measured value less sure than this is no anchor: calculated energies are as good."""

ANOTHER_COMPOUND_EV_PER_ATOM = 0.6
"""A value of a single table that is further from the calculated energy belongs to another compound (the
Handbook's PrO, 6.3 eV/atom); the largest error that two tables agree on is 0.5."""

MOST_ATOMS = 60.0
"""Atoms per formula above which a tabulated compound is organic or a hydrate."""

DECIMALS = 5
"""Of energies in the table: 0.01 meV."""

HEAD = """# Enthalpies of formation at 298 K of compounds of the embedded snapshot, with standard deviation
# and what they add to its corrected energies, eV/atom. Written by data/anchors.py, which names the sources.
"""

DISTRUSTED = ("Yb", "Sm", "Eu")
"""Whose calculated salts say nothing of the errors of others."""

SHRINKAGE = 1.0
"""Ratio of scatter to variance of the effects, squared: errors of anions, of metals and of single compounds
are all about 0.15 eV per charge."""


def witnesses(name: str) -> Iterator[tuple[str, float]]:
    """Enthalpies (eV per formula) from the Gibbs energies that reaction-network carries."""
    spec = importlib.util.find_spec("rxn_network")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps reaction-network")
    with gzip.open(Path(spec.origin).parent / "data" / name / "compounds.json.gz", "rt") as stream:
        table = json.load(stream)
    for text, gibbs in table.items():
        near = {int(t): g for t, g in gibbs.items() if int(t) <= 500}
        if len(near) > 2 and not any(z in text for z in WITNESSES_NEVER):
            yield text, float(np.polyfit(list(near), list(near.values()), 1)[1])


def published() -> pd.DataFrame:
    """Every tabulated enthalpy: formula, eV per formula, uncertainty, source."""
    own = [(row["formula"], row["exp energy"], row["uncertainty"], "pymatgen") for row in tabulated()]
    solids = crc()
    solids = solids.loc[solids.Hfs.notna(), ["formula", "Hfs"]]
    handbook = [(f, h / EV_TO_J_PER_MOL, np.nan, "CRC") for f, h in solids.itertuples(index=False)]
    further = [(f, h, np.nan, name.upper()) for name in ("nist", "freed") for f, h in witnesses(name)]
    return pd.DataFrame([*own, *handbook, *further], columns=["formula", "ev", "sd_ev", "source"])


def combined(values: pd.DataFrame) -> tuple[float, float]:
    """Robust mean and standard deviation (eV/atom) of what the tables say of one compound."""
    own = values[values.source == "pymatgen"]
    h = values.ev.to_numpy()
    if len(own):
        value, stated = float(own.ev.iloc[0]), float(own.sd_ev.iloc[0] or 0.0)
        sd = max(LEAST_SD_EV_PER_ATOM, stated if np.isfinite(stated) and stated > 0.0 else 0.01)
        others = h[values.source != "pymatgen"]
        if not len(others) or np.abs(others - value).min() <= AGREE_EV_PER_ATOM:
            return value, sd
        return float(np.median(h)), max(sd, float(np.ptp(h)) / 2.0)
    return float(np.median(h)), max(SINGLE_SD_EV_PER_ATOM, float(np.ptp(h)) / 2.0)


def measured_anchors(snapshot: Snapshot) -> pd.DataFrame:
    """Measured compounds that the snapshot holds: phase, formula, eV/atom, sd, sources."""
    table = published()
    rows = []
    for text, ev, sd_ev, source in table.itertuples(index=False):
        try:
            formula = parse_formula(text)
        except InputError:
            continue
        phase = snapshot.find(formula) if 1.0 < formula.n_atoms <= MOST_ATOMS else None
        if phase is not None and len(formula.atomic_numbers) > 1:
            rows.append((phase, ev / formula.n_atoms, (sd_ev or np.nan) / formula.n_atoms, source))
    every = pd.DataFrame(rows, columns=["phase", "ev", "sd_ev", "source"])
    found = []
    for phase, values in every.groupby("phase"):
        if {"pymatgen", "CRC"}.isdisjoint(values.source):
            continue  # NIST and FREED alone do not tell a solid from its vapour
        value, sd = combined(values)
        off = abs(value - snapshot.phases.formation_energy_ev_per_atom[phase])
        if len(set(values.source)) == 1 and off > ANOTHER_COMPOUND_EV_PER_ATOM:
            continue
        if sd <= DOUBTFUL_SD_EV_PER_ATOM:
            found.append((phase, value, sd, " ".join(sorted(set(values.source)))))
    return pd.DataFrame(found, columns=["phase", "ev_per_atom", "sd_ev_per_atom", "source"])


@dataclass(frozen=True, eq=False, kw_only=True)
class Salts:
    """Binary salts as columns: metal, anion, charge per atom of the compound, measured minus calculated."""

    phase: np.ndarray
    metal: np.ndarray
    anion: np.ndarray
    charge_per_atom: np.ndarray
    error_ev_per_charge: np.ndarray

    def take(self, rows: np.ndarray) -> "Salts":
        """These rows only."""
        return Salts(**{name: column[rows] for name, column in vars(self).items()})


def binary_salts(snapshot: Snapshot, phases: np.ndarray, measured: np.ndarray) -> Salts:
    """The salts of one metal and one anion among the phases; `measured` is NaN where not measured."""
    rows = []
    for phase, value in zip(phases.tolist(), measured.tolist(), strict=True):
        formula = snapshot.formula(phase)
        named = {symbol(z): x for z, x in zip(formula.atomic_numbers, formula.fractions, strict=True)}
        anions = [x for x in named if x in ANION_CHARGE]
        if len(named) == 2 and len(anions) == 1 and not set(named) & {*DISTRUSTED, "H", "C", "N", "P"}:
            (metal,) = set(named) - set(anions)
            charge = named[anions[0]] * ANION_CHARGE[anions[0]]
            calculated = snapshot.phases.formation_energy_ev_per_atom[phase]
            rows.append((phase, metal, anions[0], charge, (value - calculated) / charge))
    columns = (np.array(column) for column in zip(*rows, strict=True))
    return Salts(**dict(zip(Salts.__dataclass_fields__, columns, strict=True)))


def predict(salts: Salts, metal: np.ndarray, anion: np.ndarray) -> np.ndarray:
    """Mean error per charge of salts of these metals and anions, from crossed effects fitted to `salts`."""
    names = [*dict.fromkeys(salts.anion), *dict.fromkeys(salts.metal)]
    place = {name: i + 1 for i, name in enumerate(names)}

    def design(metals: np.ndarray, anions: np.ndarray) -> np.ndarray:
        matrix = np.zeros((len(metals), len(names) + 1))
        matrix[:, 0] = 1.0
        for column in (metals, anions):
            for row, name in enumerate(column):
                if name in place:
                    matrix[row, place[name]] = 1.0
        return matrix

    known = design(salts.metal, salts.anion)
    ridge = SHRINKAGE * np.diag([0.0] + [1.0] * len(names))
    weights = np.linalg.solve(known.T @ known + ridge, known.T @ salts.error_ev_per_charge)
    return design(metal, anion) @ weights


def left_out_errors(salts: Salts) -> np.ndarray:
    """Error per charge of each salt, predicted from all of other pairs of metal and anion."""
    errors = np.empty(len(salts.phase))
    pairs = np.char.add(np.char.add(salts.metal.astype(str), "-"), salts.anion.astype(str))
    for pair in np.unique(pairs):
        here = pairs == pair
        predicted = predict(salts.take(~here), salts.metal[here], salts.anion[here])
        errors[here] = salts.error_ev_per_charge[here] - predicted
    return errors


def estimated_anchors(snapshot: Snapshot, measured: pd.DataFrame) -> tuple[pd.DataFrame, Salts]:
    """Stable binary salts of pairs without any measured compound, and the salts that they rest on."""
    known = binary_salts(snapshot, measured.phase.to_numpy(), measured.ev_per_atom.to_numpy())
    pairs = set(zip(known.metal.tolist(), known.anion.tolist(), strict=True))
    binary = np.flatnonzero((snapshot.phases.n_elements == 2) & ~snapshot.phases.estimated)
    hull = assemblages(snapshot, Compositions.of_phases(snapshot, binary)).energy_ev_per_atom
    stable = binary[snapshot.phases.formation_energy_ev_per_atom[binary] <= hull + 1e-6]
    others = binary_salts(snapshot, stable, np.full(len(stable), np.nan))
    lacking = [(m, a) not in pairs for m, a in zip(others.metal, others.anion, strict=True)]
    others = others.take(np.flatnonzero(np.array(lacking) & np.isin(others.metal, known.metal)))
    sd_per_charge = float(np.sqrt(np.mean(left_out_errors(known) ** 2)))
    change = predict(known, others.metal, others.anion) * others.charge_per_atom
    table = pd.DataFrame(
        {
            "phase": others.phase,
            "ev_per_atom": snapshot.phases.formation_energy_ev_per_atom[others.phase] + change,
            "sd_ev_per_atom": sd_per_charge * others.charge_per_atom,
            "source": ESTIMATE,
        }
    )
    return table, known


def draw(path: Path, panels: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Histograms of errors as calculated and as predicted, in the style of the package."""
    from matplotlib.figure import Figure

    from screening.plots.style import BLUE, COLUMN_IN, figure_style

    with figure_style():
        figure = Figure(figsize=(2.0 * COLUMN_IN, 2.2), layout="constrained")
        for axes, (label, (raw, left)) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
            bins = np.linspace(-0.6, 0.6, 49) * (2.0 if "charge" in label else 0.8)
            for errors, name, look in (
                (raw, "as calculated", {"color": "0.75"}),
                (left, "predicted", {"color": BLUE, "histtype": "step"}),
            ):
                spread = np.sqrt(np.mean(errors**2))
                axes.hist(np.clip(errors, bins[0], bins[-1]), bins, label=f"{name}: {spread:.3f} rms", **look)
            axes.set(xlabel=label, ylabel="Compounds")
            axes.set_ylim(top=1.3 * axes.get_ylim()[1])
            axes.legend(loc="upper left")
        figure.savefig(path)


def report(snapshot: Snapshot, anchors: Anchors, known: Salts, figure: Path | None) -> None:
    """Print how well binaries predict each other, and ternaries that are predicted from their binaries."""
    errors = left_out_errors(known)
    print("binary salts, all of the same metal and anion left out (eV per charge):")
    for anion in [*ANION_CHARGE, ""]:
        here = known.anion == anion if anion else np.ones(len(errors), bool)
        raw = known.error_ev_per_charge[here]
        print(
            f"  {anion or 'all':4}{here.sum():5d}  as calculated {np.sqrt(np.mean(raw**2)):.3f}"
            f"  predicted {np.sqrt(np.mean(errors[here] ** 2)):.3f}"
        )
    large = np.array([len(formula.atomic_numbers) > 2 for formula in anchors.formula])
    measured = np.flatnonzero(anchors.measured & large)
    rows = np.array([snapshot.find(anchors.formula[i]) for i in measured])
    blind = anchor_shift(snapshot, anchors, rows, own=False)
    truth = anchors.ev_per_atom[measured]
    raw = truth - snapshot.phases.formation_energy_ev_per_atom[rows]
    left = raw - blind.shift_ev_per_atom
    sd = np.hypot(blind.sd_ev_per_atom, anchors.sd_ev_per_atom[measured])
    print("compounds of three and more elements, from their binaries (eV/atom):")
    kinds = np.array(blind.kind)
    if figure is not None:
        whole = kinds == BINARIES
        salts = (known.error_ev_per_charge, errors)
        draw(
            figure,
            {
                "Binary salts: measured − calculated (eV/charge)": salts,
                "Ternary compounds: measured − calculated (eV/atom)": (raw[whole], left[whole]),
            },
        )
    for kind in dict.fromkeys(kinds.tolist()):
        here = kinds == kind
        inside = np.abs(left[here]) <= np.sqrt(2.0) * erfinv(0.95) * sd[here]
        print(
            f"  {kind:28}{here.sum():5d}  as calculated {np.sqrt(np.mean(raw[here] ** 2)):.3f}"
            f"  anchored {np.sqrt(np.mean(left[here] ** 2)):.3f}  within 95 % {inside.mean():.1%}"
        )


def main() -> None:
    """Build or report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--report", action="store_true", help="Print the cross-validation only.")
    parser.add_argument("--figure", type=Path, help="Draw it as well.")
    asked = parser.parse_args()
    snapshot = load_snapshot()
    measured = measured_anchors(snapshot)
    estimates, known = estimated_anchors(snapshot, measured)
    table = pd.concat([measured, estimates]).sort_values("phase")
    calculated = snapshot.phases.formation_energy_ev_per_atom[table.phase]
    table = table.assign(
        formula=snapshot.phases.formula[table.phase], shift_ev_per_atom=table.ev_per_atom - calculated
    )
    table = table[list(Anchors.__dataclass_fields__)].round(DECIMALS)
    anchors = Anchors.of(table)
    report(snapshot, anchors, known, asked.figure)
    if asked.report:
        return
    with (TOP / "screening" / "phases" / ANCHORS_FILE).open("w", encoding="utf-8") as stream:
        stream.write(HEAD)
        table.to_csv(stream, index=False)
    every = np.flatnonzero(snapshot.phases.n_elements > 1)
    found = anchor_shift(snapshot, anchors, every)
    pd.DataFrame(
        {
            "formula": snapshot.phases.formula[every],
            "shift_ev_per_atom": found.shift_ev_per_atom.astype(np.float32),
            "sd_ev_per_atom": found.sd_ev_per_atom.astype(np.float32),
            "kind": pd.Categorical(found.kind),
        }
    ).to_parquet(locate() / TABLE, index=False, compression="zstd")


if __name__ == "__main__":
    main()

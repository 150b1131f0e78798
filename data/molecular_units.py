"""Write the corrections of molecules and molecular units of the embedded snapshot, from measured enthalpies.

    pip install chemicals && python data/molecular_units.py

Writes screening/phases/molecules.csv and molecular_units.csv. Measured are the enthalpies of formation at
298 K that pymatgen carries (Wang et al. 2021), those of the CRC Handbook as the package chemicals carries
them, and data/measured_hydrates.csv and measured_polysulfides.csv; where several hold a compound, pymatgen's
counts. The correction of a unit is what measured minus calculated adds per unit: a robust least-squares fit
(soft L1) over all compounds that the rule of screening/phases/molecular_units.py recognises. One term per
halide ion stands beside, fixed by the plain halides of groups 1 and 2, so that NH4Cl and hydrates leave the
error of the halide where it is.
The uncertainty is the root mean square, per unit, of what each compound is off when all compounds of its
metals are left out.

Gibbs energies of solids rest on a descriptor of their volume (screening/phases/temperature.py), which leaves
out what a unit adds to the entropy by itself. That is fitted likewise, to the entropies at 298 K of the CRC
Handbook and, for hydrates, to those that follow from data/hydrate_solubility.csv.
"""

import argparse
import gzip
import json
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymatgen
from scipy.optimize import least_squares

from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula, symbol
from screening.phases.library import open_snapshot
from screening.phases.molecular_units import OTHER, OXYANIONS, UNITS, molecular_units
from screening.phases.snapshot import Snapshot
from screening.phases.temperature import ROOM_K, reduced_mass_g, sisso_ev_per_atom
from screening.reactors.measured import Measured

TARGET = Path(__file__).resolve().parents[1] / "screening" / "phases"

MEASURED = [Path(__file__).with_name(f"measured_{what}.csv") for what in ("hydrates", "polysulfides")]

SOLUBILITIES = Path(__file__).with_name("hydrate_solubility.csv")

EV_TO_J_PER_MOL = 96485.33
GAS_J_PER_K, CAL_TO_J, WATER_J_PER_K = 8.314462618, 4.184, 69.95
"""The last one is the entropy of liquid water (CODATA)."""
HALIDES = ("F", "Cl", "Br", "I")
SOFT_EV = 0.2
"""Residual from which a compound counts less; about the scatter of carbonates and hydroxides."""

OTHER_STRUCTURE = ("BaO2H2(H2O)8", "MgSO4(H2O)6")
"""Measured compounds that the snapshot holds far above their hydrates of more and of less water: its
structure is not that of the compound."""

FEWEST = 3
"""Compounds below which a unit has no uncertainty of its own."""

NON_METALS = {"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I", "As", "Te"}
SALTS_OF = {"Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba"}

MOLECULES = (
    *(
        "H2O",
        "H2O2",
        "CO2",
        "CO",
        "NO",
        "NO2",
        "N2O",
        "NH3",
        "SO2",
        "SO3",
        "H2S",
        "H2Se",
        "HCl",
        "HF",
        "HBr",
        "HI",
    ),
    *("CH4", "C2H2", "C2H4", "HCN", "CS2", "COS", "PH3", "AsH3", "SiH4", "GeH4"),
)
"""Gases that take measured values: those of moist air, of acids and of hydrogen compounds."""

MODELS = ("H2S", "HF", "HCl", "HBr", "HI", "SO2", "SO3", "N2O", "NO", "NO2")
"""Gases that stand in for solids with the same bonds, of which few are measured: LiHS, KHF2, S8O."""

HALIDE_GASES = ("BF3", "BCl3", "SiF4", "SiCl4", "PF5", "SF4", "SF6", "NF3", "CCl4", "CCl2F2", "WF6")
"""Gases that keep their calculated enthalpy, as the salts do that hold them (LiPF6, Na2SiF6), and take
measured entropies."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Measured compounds with units, or plain halides."""

    formula: list[Formula]
    design: np.ndarray
    error_ev: np.ndarray

    def take(self, keep: np.ndarray) -> "Rows":
        """These rows only."""
        return Rows(
            [f for f, k in zip(self.formula, keep, strict=True) if k], self.design[keep], self.error_ev[keep]
        )


def crc() -> pd.DataFrame:
    """Enthalpies, Gibbs energies (J/mol) and entropies of the CRC Handbook by formula and state."""
    from chemicals.identifiers import search_chemical

    table = crc_table("Heat Capacity", "Standard Thermodynamic Properties of Chemical Substances")
    formulas = []
    for number in table.index:
        try:
            formulas.append(str(search_chemical(str(number)).formula))
        except ValueError:
            formulas.append("")
    return table.assign(formula=formulas)


def tabulated() -> list[dict[str, Any]]:
    """Enthalpies that pymatgen carries for its own fit of corrections (doi 10.1038/s41598-021-94550-5)."""
    path = next(found for root in pymatgen.__path__ for found in Path(root).rglob("exp_compounds.json.gz"))
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return list(json.load(stream))


def measured_by_table(snapshot: Snapshot) -> Measured:
    """Those of compounds that the snapshot holds, beside its energies."""
    rows = [(parse_formula(row["formula"]), row["exp energy"]) for row in tabulated()]
    held = [(f, ev, snapshot.find(f)) for f, ev in rows if len(f.atomic_numbers) > 1]
    formulas, evs, phases = zip(*[each for each in held if each[2] is not None], strict=True)
    energies = snapshot.phases.formation_energy_ev_per_atom[[*phases]]
    return Measured(
        formula=formulas,
        phase=np.array(phases),
        measured_ev=np.array(evs, dtype=float),
        calculated_ev=energies * [formula.n_atoms for formula in formulas],
        energy_scheme=snapshot.manifest.energy_scheme,
    )


def measured_rows(snapshot: Snapshot, table: pd.DataFrame, gases: pd.DataFrame) -> Rows:
    """Compounds whose units are recognised, and the halides that fix the halide terms."""
    own = measured_by_table(snapshot)
    found = dict(zip(own.phase.tolist(), zip(own.formula, own.measured_ev, strict=True), strict=True))
    own_tables = pd.concat([pd.read_csv(path, comment="#") for path in MEASURED])
    further = [(f, kj * 1e3) for f, kj, *_ in own_tables.itertuples(index=False)]
    further += list(table.loc[table.Hfs.notna(), ["formula", "Hfs"]].itertuples(index=False))
    for text, j_per_mol in further:
        try:
            formula = parse_formula(text)
        except InputError:
            continue
        phase = snapshot.find(formula)
        if phase is not None and phase not in found and formula.n_atoms > 1:
            found[phase] = (formula, j_per_mol / EV_TO_J_PER_MOL)
    for gas in gases.itertuples():
        phase = snapshot.find(parse_formula(gas.formula))
        found.pop(phase, None)
        if gas.formula in MODELS:
            found[phase] = (
                parse_formula(gas.formula),
                gas.formation_enthalpy_kj_per_mol * 1e3 / EV_TO_J_PER_MOL,
            )
    left_out = [snapshot.find(parse_formula(name)) for name in OTHER_STRUCTURE]
    phases = np.array(sorted(found))
    here = snapshot.phases.take(phases)
    units = molecular_units(here)
    formulas, design, errors = [], [], []
    for i, phase in enumerate(phases.tolist()):
        formula, measured = found[phase]
        names = [symbol(z) for z in formula.atomic_numbers]
        plain = len(names) == 2 and len(set(names) & SALTS_OF) == len(set(names) & set(HALIDES)) == 1
        if not (units.count[i].any() or plain) or phase in left_out:
            continue
        halide = [0.0] * len(HALIDES)
        oxidised = any(units.count[i, UNITS.index(u)] for u in UNITS if u[:-2] in HALIDES)
        if not (units.count[i, [UNITS.index(u) for u in OTHER]].any() or oxidised):
            halide = [formula.amount_of(z) if symbol(z) in HALIDES else 0.0 for z in formula.atomic_numbers]
            halide = [sum(h for h, n in zip(halide, names, strict=True) if n == x) for x in HALIDES]
        scale = formula.n_atoms / here.atoms[i]
        formulas.append(formula)
        design.append([*(units.count[i] * scale), *halide])
        errors.append(measured - here.formation_energy_ev_per_atom[i] * formula.n_atoms)
    return Rows(formulas, np.array(design), np.array(errors))


def crc_table(folder: str, name: str) -> pd.DataFrame:
    """A table of the CRC Handbook."""
    import chemicals

    return pd.read_csv(Path(chemicals.__file__).parent / folder / f"CRC {name}.tsv", sep="\t", index_col=0)


def hydrate_entropies() -> list[tuple[str, float]]:
    """Hydrates and their entropies (J/(mol K)): those of the solution less that of dissolution."""
    ions = crc_table("Electrolytes", "Thermodynamic Properties of Aqueous Ions").set_index("Formula")["S(aq)"]
    found = []
    for row in pd.read_csv(SOLUBILITIES, comment="#").itertuples():
        dissolved = float(ions[row.ions.split()].sum()) + row.waters * WATER_J_PER_K
        gained = row.enthalpy_kcal_per_mol * 1e3 * CAL_TO_J / ROOM_K
        gained += GAS_J_PER_K * np.log(10.0) * row.log10_k
        found.append((row.formula, dissolved - gained))
    return found


def entropy_rows(snapshot: Snapshot, table: pd.DataFrame) -> Rows:
    """Compounds with units whose entropy is measured; their error is -TS less the descriptor's."""
    found: dict[int, tuple[Formula, float]] = {}
    solids = table.loc[table.S0s.notna(), ["formula", "S0s"]].itertuples(index=False)
    for text, entropy in (*hydrate_entropies(), *solids):
        try:
            formula = parse_formula(text)
        except InputError:
            continue
        phase = snapshot.find(formula)
        if phase is not None and formula.n_atoms > 1:
            found.setdefault(phase, (formula, entropy))
    numbers = np.array(sorted(found))
    here = snapshot.phases.take(numbers)
    count = molecular_units(here).count
    formulas, entropies = zip(*(found[i] for i in numbers.tolist()), strict=True)
    n_atoms = np.array([f.n_atoms for f in formulas])
    descriptor = sisso_ev_per_atom(here.volume_per_atom_a3, reduced_mass_g(here), ROOM_K) * n_atoms
    error = -ROOM_K * np.array(entropies) / EV_TO_J_PER_MOL - descriptor
    rows = Rows(list(formulas), count * (n_atoms / here.atoms)[:, None], error)
    return rows.take(count.any(axis=1))


def thermal(rows: Rows) -> np.ndarray:
    """What each unit adds to the descriptor at 298 K (eV); 0 where few compounds tell."""
    enough = (rows.design > 0).sum(axis=0) >= FEWEST
    return np.where(enough, fitted(rows), 0.0)


def fitted(rows: Rows) -> np.ndarray:
    """Corrections (eV) per unit and halide ion; 0 for what no compound holds."""
    start = np.linalg.lstsq(rows.design, rows.error_ev, rcond=None)[0]
    size = np.sqrt(rows.design.sum(axis=1))
    return least_squares(
        lambda c: (rows.design @ c - rows.error_ev) / size, start, loss="soft_l1", f_scale=SOFT_EV
    ).x


def metals(formula: Formula) -> frozenset[str]:
    """Elements that are left out together; a compound without a metal alone."""
    names = {symbol(z) for z in formula.atomic_numbers}
    return frozenset(names - NON_METALS or {formula.text})


def held_out(rows: Rows) -> np.ndarray:
    """Measured minus corrected, (n,) eV, each with the compounds of its metals left out; NaN where none is
    left.
    """
    groups = [metals(f) for f in rows.formula]
    residual = np.empty(len(groups))
    for group in set(groups):
        mine = np.array([g == group for g in groups])
        others = rows.take(~np.array([bool(g & group) for g in groups]))
        residual[mine] = rows.error_ev[mine] - rows.design[mine] @ fitted(others)
        unknown = (others.design != 0.0).sum(axis=0) < FEWEST - 1
        residual[mine & rows.design[:, unknown].any(axis=1)] = np.nan
    return residual


def units_table(rows: Rows) -> pd.DataFrame:
    """Correction, uncertainty and evidence by unit; the uncertainty of few data is that of all oxyanions."""
    correction, residual, n = fitted(rows), held_out(rows), len(UNITS)
    share = rows.design[:, :n] * np.abs(correction[:n])
    largest = share.max(axis=1)
    others = [UNITS.index(unit) for unit in OTHER]
    of_others = rows.design[:, others].sum(axis=1)
    sd_of_others = _rms(residual[of_others > 0] / of_others[of_others > 0])
    anions = [UNITS.index(unit) for unit in OXYANIONS]
    on_anions = share[:, anions].sum(axis=1) > 0.5 * share.sum(axis=1)
    pooled = _rms((residual / rows.design[:, anions].sum(axis=1).clip(1.0))[on_anions])
    listed = []
    for k, unit in enumerate(UNITS):
        main = (share[:, k] == largest) & (share[:, k] > 0.5 * share.sum(axis=1))
        sd = _rms(residual[main] / rows.design[main, k]) if main.sum() >= FEWEST else pooled
        sd = sd_of_others if unit in OTHER else sd
        n_metals = len({metals(f) for f, d in zip(rows.formula, rows.design[:, k], strict=True) if d > 0})
        listed.append(
            (unit, round(correction[k], 3), round(sd, 3), int((rows.design[:, k] > 0).sum()), n_metals)
        )
    return pd.DataFrame(listed, columns=["unit", "correction_ev", "sd_ev", "n_measured", "n_metals"])


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def molecules_table(table: pd.DataFrame) -> pd.DataFrame:
    """Measured enthalpy and Gibbs energy of formation of the gases, kJ/mol at 298.15 K."""
    by_amounts: dict[tuple[tuple[int, float], ...], tuple[float, float]] = {}
    for row in table[table.Hfg.notna()].to_dict("records"):
        try:
            key = _amounts(row["formula"])
        except InputError:
            continue
        by_amounts.setdefault(key, (row["Hfg"] / 1e3, row["Gfg"] / 1e3))
    wanted = {}
    for name in (*MOLECULES, *HALIDE_GASES):
        wanted[name] = (*by_amounts[_amounts(name)], name in MOLECULES)
    listed = [(name, round(h, 2), round(g, 2), int(own)) for name, (h, g, own) in wanted.items()]
    return pd.DataFrame(
        listed,
        columns=["formula", "formation_enthalpy_kj_per_mol", "gibbs_energy_kj_per_mol", "measured_enthalpy"],
    )


def _amounts(text: str) -> tuple[tuple[int, float], ...]:
    formula = parse_formula(text)
    return tuple(zip(formula.atomic_numbers, formula.amounts, strict=True))


def show(rows: Rows) -> None:
    """Print what each compound is off, before, after, and with its metals left out of the fit (eV)."""
    after, out = rows.error_ev - rows.design @ fitted(rows), held_out(rows)
    for f, before, now, left_out in zip(rows.formula, rows.error_ev, after, out, strict=True):
        print(f"{f.text:24} {before:8.3f} {now:8.3f} {left_out:8.3f}")


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--rows", action="store_true", help="print what each compound is off")
    parser_args = parser.parse_args()
    out = parser_args.out
    warnings.simplefilter("ignore")
    snapshot, table = open_snapshot(), crc()
    gases = molecules_table(table)
    rows = measured_rows(snapshot, table, gases)
    if parser_args.rows:
        show(rows)
    entropies = entropy_rows(snapshot, table)
    units = units_table(rows)
    units.insert(3, "thermal_ev", thermal(entropies).round(3))
    units["n_entropies"] = (entropies.design > 0).sum(axis=0)
    print(units.to_string(), len(rows.formula))
    print(gases.to_string())
    versions = " and ".join(f"{name} {version(name)}" for name in ("pymatgen", "chemicals"))
    head = f"# Written by data/molecular_units.py from {versions}.\n"
    (out / "molecular_units.csv").write_text(head + units.to_csv(index=False), "utf-8")
    (out / "molecules.csv").write_text(head + gases.to_csv(index=False), "utf-8")


if __name__ == "__main__":
    main()

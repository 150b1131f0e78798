"""Write screening/phases/off_measured.csv: compounds whose calculated energy is far from the measured one.

    pip install chemicals && python data/measured_against.py

Measured are the anchors of screening/phases/anchors.csv and, for liquids and gases, the enthalpies of
formation of the CRC Handbook at 298 K as the package chemicals carries them (the liquid where both are
tabulated); calculated are the corrected energies of the embedded snapshot. Organic compounds are left out,
since one formula stands for several. So are elements of distrusted.csv, which are told by themselves, and
bromides to tellurides of alkali and alkaline-earth metals, whose error is that of the free anion, which the
error model knows.
"""

import argparse
from pathlib import Path

import pandas as pd
from molecular_units import EV_TO_J_PER_MOL, crc

from screening.errors import InputError
from screening.phases.anchored import Anchors
from screening.phases.composition import parse_formula, symbol
from screening.phases.corrections import molecules
from screening.phases.distrust import OFF_EV_PER_ATOM, distrusted
from screening.phases.molecular_units import SALT_CHARGE
from screening.thermo.sources import load_snapshot

TARGET = Path(__file__).resolve().parents[1] / "screening" / "phases" / "off_measured.csv"

FREE_ANIONS = {"Br", "I", "Se", "Te"}

VAPOURS = (
    *("AlO", "BH", "BH3", "C2N", "CCl2", "CF2", "CIF3", "CNCl"),
    *("CrO3", "HN", "NF2", "NaAlF4", "PO2", "SiO", "SiS"),
)
"""Species of vapours and flames, whose enthalpy is not that of a compound as it is made."""

HEAD = f"""\
# Compounds of the embedded snapshot whose corrected energy lies over {OFF_EV_PER_ATOM:g} eV/atom from the
# measured enthalpy of formation, eV/atom; anchored: whether anchored energies are right.
# Written by data/measured_against.py.
"""


def main() -> None:
    """Write the table."""
    argparse.ArgumentParser(description=str(__doc__).splitlines()[0]).parse_args()
    snapshot, anchors = load_snapshot(), Anchors.read()
    found = {
        snapshot.find(formula): (float(ev), "1")
        for formula, ev, measured in zip(anchors.formula, anchors.ev_per_atom, anchors.measured, strict=True)
        if measured
    }
    gases = {snapshot.find(gas.formula) for gas in molecules() if gas.measured}
    table = crc()
    fluids = table.assign(h=table.Hfl.fillna(table.Hfg))[lambda rows: rows.h.notna() & rows.Hfs.isna()]
    for text, joules in fluids[["formula", "h"]].itertuples(index=False):
        try:
            formula = parse_formula(text)
        except InputError:
            continue
        names = {symbol(z) for z in formula.atomic_numbers}
        phase = snapshot.find(formula) if len(names) > 1 and not {"C", "H"} <= names else None
        if phase is not None and phase not in gases and snapshot.phases.formula[phase] not in VAPOURS:
            found.setdefault(phase, (joules / EV_TO_J_PER_MOL / formula.n_atoms, "0"))
    rows, told = [], {each.element for each in distrusted(snapshot.manifest.energy_scheme)}
    for phase, (measured, anchored) in found.items():
        calculated = float(snapshot.phases.formation_energy_ev_per_atom[phase])
        names = {symbol(z) for z in snapshot.formula(phase).atomic_numbers}
        free = names - FREE_ANIONS <= SALT_CHARGE.keys() and names & FREE_ANIONS
        if abs(measured - calculated) > OFF_EV_PER_ATOM and not (free or names & told):
            rows.append((snapshot.phases.formula[phase], round(calculated, 3), round(measured, 3), anchored))
    columns = ["formula", "calculated_ev_per_atom", "measured_ev_per_atom", "anchored"]
    off = pd.DataFrame(rows, columns=columns).sort_values("formula")
    TARGET.write_text(HEAD + off.to_csv(index=False), "utf-8")


if __name__ == "__main__":
    main()

"""Phases are shown as chemists write them, and the formula unit stays what it was."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from pymatgen.core import Composition

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import PHASES_FILE
from screening.phases.spelling import conventional, respell


@pytest.mark.parametrize(
    "formula",
    [
        *("NaOH", "LiOH", "Mg(OH)2", "NH4Cl", "(NH4)2SO4", "VOPO4", "CaCO3", "H2O", "H2S", "NH3", "HCN"),
        *("POCl3", "Li10GeP2S12", "Li6PS5Cl", "LiAlCl4", "Li3PO4", "Al2(SO4)3", "MgCl2(H2O)6", "C3H4O3"),
        *("CH4", "LiNH2", "NaOH(H2O)4", "NaOH(H2O)", "Ba(OH)2(H2O)8", "Mg(OH)Cl", "MgCl2(H2O)", "Cu2(OH)3Cl"),
        *("Na2CO3(H2O)7", "LiMgCl3(H2O)7", "Mg3(PO4)2(H2O)22", "MgSO4(H2O)6", "Ca(NO3)2(H2O)4"),
        *("LiCl(H2O)", "AlCl3(H2O)6", "CaCl2(H2O)2", "CuCl2(H2O)2", "KF(H2O)2", "LiOH(H2O)"),
    ],
)  # fmt: skip
def test_common_compounds_are_spelled_by_convention(formula: str) -> None:
    assert conventional(Composition(formula).get_el_amt_dict()) == formula
    doubled = {element: 2.0 * n for element, n in Composition(formula).get_el_amt_dict().items()}
    assert conventional(doubled) == formula


@pytest.mark.parametrize("formula", ["KH4O4F", "NaH8O5", "BaH2O3", "H8PtO6", "Fe2H4O2F5"])
def test_what_the_charges_do_not_allow_is_no_hydrate(formula: str) -> None:
    assert conventional(Composition(formula).get_el_amt_dict()) == formula


def test_the_snapshot_s_formulas_keep_their_atoms_and_stay_distinct() -> None:
    snapshot = open_snapshot(keep_dilute=True)
    assert snapshot.directory is not None
    stored = pq.read_table(snapshot.directory / PHASES_FILE).column("formula").to_pylist()
    shown = snapshot.phases.formula[: len(stored)].tolist()
    changed = [(a, b) for a, b in zip(stored, shown, strict=True) if a != b and len(Composition(a)) > 1]
    assert 500 < len(changed) < 1500
    for before, after in changed:
        written = parse_formula(after)
        assert written.n_atoms == pytest.approx(Composition(before).num_atoms)
        assert Composition(before).almost_equals(Composition(after))
    assert len(set(shown)) == len(set(stored))
    snapshot.verify(snapshot.directory)


def test_many_phases_are_spelled_like_one() -> None:
    formulas = ["LiHO", "H4NCl", "LiAlCl4", "VPO5", "H4(CO)3", "SbHCSO3F8"]
    held = [parse_formula(each) for each in formulas]
    column = np.array(formulas, dtype=object)
    respell(
        column,
        np.append(0, np.cumsum([len(each.amounts) for each in held])),
        np.concatenate([each.atomic_numbers for each in held]),
        np.concatenate([each.amounts for each in held]),
    )
    assert column.tolist() == [conventional(Composition(each).get_el_amt_dict()) for each in formulas]

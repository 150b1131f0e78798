"""Moisture flags against handbook chemistry: what hydrolyses is flagged, what lies on the shelf is not."""

from dataclasses import fields

import numpy as np
import pytest

from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import Phases
from screening.reactors.moisture import moisture_hazard

FREED = {
    **dict.fromkeys(("LiAlCl4", "SiCl4", "PCl3", "PCl5", "BCl3", "GeCl4", "BeCl2", "AlCl3"), "HCl"),
    **dict.fromkeys(("MgCl2", "POCl3", "FeOCl", "MgCl2(H2O)6", "CrO2Cl2", "TeCl4", "K2TeCl6"), "HCl"),
    **{"Li3HoCl6": "HCl", "SOCl2": "HCl", "Li3YBr6": "HBr", "MgI2": "HI", "SiI4": "HI"},
    **dict.fromkeys(("NbF5", "LiPF6", "LiBF4", "SiF4", "TiF4", "AsF5", "LiPO2F2", "SbF3"), "HF"),
    **dict.fromkeys(("Li10GeP2S12", "Li6PS5Cl", "Li2S", "La2O2S", "P2S5", "FeS2", "Li3PO3S"), "H2S"),
    **dict.fromkeys(("Na8Al6Si6O24S2", "K2S5", "KFeS2", "COS"), "H2S"),
    **{"Al2Se3": "H2Se", "Bi2O2Se": "H2Se", "Al2Te3": "H2Te", "PSCl3": "H2S, HCl", "TiSCl2": "H2S, HCl"},
    **dict.fromkeys(("AlP", "Ca3P2", "Li3P", "Zn3P2", "InP", "LiFeP", "Ca4OP2"), "PH3"),
    **{"Li3As": "AsH3", "Mg3As2": "AsH3", "Li3Sb": "SbH3"},
    **dict.fromkeys(("Li3N", "Mg3N2", "AlN", "LiNH2", "CaCN2", "Zn3N2"), "NH3"),
    **{"NaCN": "HCN", "LiH": "H2", "LiAlH4": "H2", "LiBH4": "H2", "CaH2": "H2"},
    **{"Al4C3": "CH4", "Be2C": "CH4", "CaC2": "C2H2", "Li2C2": "C2H2", "LaC2": "C2H2"},
}

SAFE = (
    *("NaCl", "LiCl", "KBr", "LiI", "CaCl2", "BaBr2", "SrI2", "LiClH2O", "Ca5P3O12Cl", "Na8Al6Si6O24Cl2"),
    *("Li3OCl", "NaClO4", "MgCl2O8", "FeCl2O8", "KClO3", "LiIO3", "CuI2O6", "CsI"),
    *(
        "CaF2",
        "LiF",
        "MgF2",
        "AlF3",
        "YF3",
        "LaOF",
        "Na3AlF6",
        "Ca5P3O12F",
        "Al2SiO4F2",
        "Mg2PO4F",
        "LiVPO4F",
    ),
    *("MgSO4", "Li2SO4", "Al2S3O12", "MnSO4", "CaSO4(H2O)2", "Na2SO3", "CuSO4", "K2S2O7", "Na2S2O3"),
    *("Cu4SO4(OH)6", "N2H8SO4", "La2O2SO4", "CaSeO4", "Na2SeO3", "TeO2", "Li2TeO3", "S", "Mn2SO4(OH)2"),
    *("Li3PO4", "LiFePO4", "Mn3P2O8", "AlPO4", "LiPO3", "Zr2OP2O8", "LiH2PO4", "Ni2P", "FeP", "Na3AsO4"),
    *("LiNO3", "Mg(NO3)2", "NH4NO3", "TiN", "Si3N4", "BN", "GaN", "LaTiO2N"),
    *("NaOH", "Ca(OH)2", "Li2CO3", "CaC2O4", "NaHCO3", "TiC", "WC", "SiC", "TiH2", "Li2O", "MgO", "LiAl"),
)


def _phases(formulas: tuple[str, ...]) -> Phases:
    parsed = [parse_formula(formula) for formula in formulas]
    columns = {
        "formula": np.array(formulas, dtype=object),
        "row_start": np.append(0, np.cumsum([len(p.atomic_numbers) for p in parsed])),
        "atomic_number": np.concatenate([p.atomic_numbers for p in parsed]),
        "amount": np.concatenate([p.amounts for p in parsed]),
    }
    # The rule sees compositions only.
    unseen = {field.name: np.full(len(parsed), np.nan) for field in fields(Phases)}
    return Phases(**{**unseen, **columns})


@pytest.mark.parametrize(("formula", "gas"), FREED.items())
def test_what_moist_air_takes_apart_is_flagged(formula: str, gas: str) -> None:
    assert moisture_hazard(_phases((formula,))).tolist() == [gas]


@pytest.mark.parametrize("formula", SAFE)
def test_what_lies_on_the_shelf_is_not(formula: str) -> None:
    assert moisture_hazard(_phases((formula,))).tolist() == [""]


def test_a_table_is_flagged_as_its_rows_are() -> None:
    formulas = (*FREED, *SAFE)
    expected = [*FREED.values(), *("" for _ in SAFE)]
    assert moisture_hazard(_phases(formulas)).tolist() == expected
    assert moisture_hazard(open_snapshot().phases.take(np.array([], dtype=np.int64))).tolist() == []

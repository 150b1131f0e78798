"""Start structures of the atlas: orderings that are enumerated find those that crystals have."""

import importlib
from types import ModuleType

import pytest

from .conftest import DATA


@pytest.fixture
def structures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`data/atlas_structures.py`."""
    monkeypatch.syspath_prepend(str(DATA))
    return importlib.import_module("atlas_structures")


@pytest.mark.parametrize(
    ("packing", "family", "charge", "group"),
    [
        ("ccp", "A3MX6", 3, "C2/m"),  # Li3InCl6
        ("P-3m1", "A3MX6", 3, "P321"),  # Li3YCl6, its lithium ordered
        ("ccp", "A2MX6", 4, "C2/m"),  # Li2ZrCl6
        ("hcp", "A2MX6", 4, "P-31m"),  # Li2ZrF6
        ("hcp", "AMX6", 5, "R-3"),  # LiSbF6
    ],
)
def test_the_ordering_of_lowest_energy_is_that_of_the_crystal(
    structures: ModuleType, packing: str, family: str, charge: int, group: str
) -> None:
    (kind,) = (k for k in structures.structure_types() if (k.name, k.formula) == (packing, family))
    found = next(structures.starts(kind, structures.letters(A="Li", M="Y", X="Cl"), {"A": 1, "M": charge}))
    assert found.get_space_group_info(symprec=0.1)[0] == group
    amounts = structures.amounts_of(family)
    in_formula = found.composition.get_el_amt_dict()
    times = in_formula["Cl"] / amounts["X"]
    assert in_formula == {"Li": amounts["A"] * times, "Y": amounts["M"] * times, "Cl": amounts["X"] * times}


def test_every_type_fills_without_atoms_that_touch(structures: ModuleType) -> None:
    for kind in structures.structure_types():
        if "packing" not in kind.entry:
            first = next(structures.starts(kind, structures.letters(A="Na", M="Mg", X="Cl", Y="S"), {}))
            assert first.is_valid(tol=1.9)
            assert kind.source

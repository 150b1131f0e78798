"""The literature cells against what a balance weighs; the user's CIF files."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from screening.errors import InputError
from screening.phases.composition import parse_formula
from screening.phases.structures import CELLS_FILE, find_cell, literature_cells, read_cells

# g/cm³ at room temperature, CRC Handbook of Chemistry and Physics
DENSITIES_G_PER_CM3 = {
    "Li": 0.534,
    "Al": 2.70,
    "Si": 2.329,
    "Ge": 5.323,
    "Mg": 1.74,
    "Y": 4.47,
    "Ho": 8.80,
    "LiF": 2.640,
    "LiCl": 2.07,
    "LiBr": 3.464,
    "LiI": 4.06,
    "NaCl": 2.17,
    "Li2O": 2.013,
    "Li2S": 1.64,
    "MgF2": 3.148,
    "MgI2": 4.43,
}

BY_NAME = {cell.formula.text: cell for cell in literature_cells()}


@pytest.mark.parametrize("formula", DENSITIES_G_PER_CM3)
def test_cells_have_the_density_of_the_substance(formula: str) -> None:
    assert BY_NAME[formula].structure.density == pytest.approx(DENSITIES_G_PER_CM3[formula], rel=0.025)


@pytest.mark.parametrize("formula", BY_NAME)
def test_cells_hold_their_formula(formula: str) -> None:
    cell = BY_NAME[formula]
    assert parse_formula(cell.structure.composition.reduced_formula).atomic_numbers == (
        parse_formula(formula).atomic_numbers
    )
    atoms = cell.structure.composition.get_atomic_fraction
    wanted = parse_formula(formula)
    for element, amount in cell.structure.composition.items():
        assert atoms(element) == pytest.approx(wanted.amount_of(element.Z) / wanted.n_atoms)
        assert amount == round(amount)


@pytest.mark.parametrize("formula", BY_NAME)
def test_cells_have_the_space_group_they_name(formula: str) -> None:
    content = tomllib.loads((files("screening.phases") / CELLS_FILE).read_text("utf-8"))
    named = {entry["formula"]: entry["space_group"] for entry in content["cell"]}
    assert SpacegroupAnalyzer(BY_NAME[formula].structure).get_space_group_symbol() == named[formula]


def test_no_two_atoms_of_a_cell_overlap() -> None:
    for cell in literature_cells():
        assert cell.structure.is_valid(tol=1.5), cell.formula.text


def test_the_chloroaluminate_has_tetrahedra() -> None:
    structure = BY_NAME["LiAlCl4"].structure
    for site in (site for site in structure if site.specie.symbol == "Al"):
        near = structure.get_neighbors(site, 2.3)
        assert [each.specie.symbol for each in near] == ["Cl"] * 4


def test_a_phase_without_a_cell_is_not_found() -> None:
    assert find_cell(parse_formula("Li3YI6"), literature_cells()) is None


@pytest.mark.parametrize("spelling", ["LiCl", "ClLi", "Li2Cl2"])
def test_a_cell_is_found_by_composition(spelling: str) -> None:
    found = find_cell(parse_formula(spelling), literature_cells())
    assert found is not None
    assert found.formula.text == "LiCl"


def test_a_given_cif_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "mine.cif"
    wide = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.3), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    wide.to(filename=str(path))
    found = find_cell(parse_formula("LiCl"), (*read_cells([path]), *literature_cells()))
    assert found is not None
    assert found.source == "your file mine.cif"
    assert found.structure.lattice.a == pytest.approx(5.3)


@pytest.mark.parametrize(
    "content", [b"", b"data_x\n_cell_length_a 3\n", b"\xff\xfe\x00", b"loop_\n_a\n1 2 3"]
)
def test_what_is_no_cif_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.cif"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.cif.*give a CIF file"):
        read_cells([path])


def test_a_missing_cif_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_cells([tmp_path / "none.cif"])

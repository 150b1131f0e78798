"""The literature cells against what a balance weighs; the user's CIF files."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pymatgen.core import Composition, Element, Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from screening.errors import InputError
from screening.handoff.recipe import shelf
from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.snapshot import PHASES_FILE
from screening.phases.structures import CELLS_FILE, find_cell, literature_cells, read_cells

# Registry numbers of cells that are neither elements nor stocked salts, for the density of the solid.
OTHER_CAS = {"MoS2": "1317-33-5", "ZnO": "1314-13-2", "Al2O3": "1344-28-1", "Cu3N": "1308-80-1"}

# No handbook density: the volume is compared with the snapshot's, which adds up volumes of the elements.
WITHOUT_DENSITY = {"LiAl", "LiAlCl4", "Li3P", "Li3Sb", "Li6PS5Cl", "Li10GeP2S12"}

HALIDES = {"Li3YCl6": "LiCl", "Li3HoCl6": "LiCl", "Li3YBr6": "LiBr"}
"""Close-packed halides, and the salt whose ions are packed as closely."""

BY_NAME = {cell.formula.text: cell for cell in literature_cells()}

REFINED = {"Li10GeP2S12": 0.035}
"""Composition of a cell against its name where occupancies were refined: Li20.2Ge2.06P3.94S24."""

ELEMENTS = [name for name, cell in BY_NAME.items() if len(cell.formula.atomic_numbers) == 1]
SALTS = sorted(set(BY_NAME) - set(ELEMENTS) - WITHOUT_DENSITY - set(HALIDES))


@pytest.mark.parametrize("symbol", ELEMENTS)
def test_cells_of_elements_have_their_density(symbol: str) -> None:
    kg_per_m3 = float(Element(symbol).density_of_solid)
    assert BY_NAME[symbol].structure.density == pytest.approx(kg_per_m3 / 1e3, rel=0.025)


@pytest.mark.parametrize("formula", SALTS)
def test_cells_of_compounds_have_the_density_of_the_substance(formula: str) -> None:
    chemicals = pytest.importorskip("chemicals", reason="the database of the test extra is not installed")
    cas = OTHER_CAS.get(formula) or shelf()[formula].cas
    m3_per_mol = chemicals.volume.rho_data_CRC_inorg_s_const.loc[cas, "Vm"]
    density = chemicals.MW(cas) / m3_per_mol / 1e6  # as weighed: pores make it less than a crystal's
    assert BY_NAME[formula].structure.density == pytest.approx(density, rel=0.05)


@pytest.mark.parametrize("formula", sorted(WITHOUT_DENSITY))
def test_cells_without_a_density_have_the_volume_of_their_elements(formula: str) -> None:
    directory = open_snapshot().directory
    assert directory is not None
    table = pq.read_table(directory / PHASES_FILE, columns=["formula", "volume_per_atom_a3"]).to_pandas()
    expected = float(
        table.set_index("formula").loc[Composition(formula).reduced_formula].iloc[0]
    )  # before it is replaced
    structure = BY_NAME[formula].structure
    atoms = structure.composition.num_atoms
    assert structure.volume / atoms == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("formula", HALIDES)
def test_halide_ions_take_the_room_that_they_take_in_their_salt(formula: str) -> None:
    def per_halide(name: str) -> float:
        structure = BY_NAME[name].structure
        halide = name[-2:] if name in HALIDES.values() else HALIDES[name][-2:]
        return float(structure.volume / structure.composition[halide])

    assert per_halide(formula) == pytest.approx(per_halide(HALIDES[formula]), rel=0.1)


def test_all_cells_but_two_were_compared_with_a_record() -> None:
    content = tomllib.loads((files("screening.phases") / CELLS_FILE).read_text("utf-8"))
    assert [entry["formula"] for entry in content["cell"] if "record" not in entry] == ["LiAl", "Li6PS5Cl"]
    assert {entry["source"] for entry in content["cell"]} == set(content["sources"])


def test_no_phase_has_two_cells() -> None:
    assert len(BY_NAME) == len(literature_cells())


@pytest.mark.parametrize(
    ("formula", "metal"), [("AlCl3", "Al"), ("FeCl3", "Fe"), ("MgCl2", "Mg"), ("AlF3", "Al")]
)
def test_layers_hold_octahedra(formula: str, metal: str) -> None:
    structure = BY_NAME[formula].structure
    for site in (site for site in structure if site.specie.symbol == metal):
        near = sorted(each.nn_distance for each in structure.get_neighbors(site, 4.5))
        assert near[5] < 1.05 * near[0]
        assert near[6] > 1.2 * near[5]


@pytest.mark.parametrize("formula", BY_NAME)
def test_cells_hold_their_formula(formula: str) -> None:
    cell = BY_NAME[formula]
    assert parse_formula(cell.structure.composition.reduced_formula).atomic_numbers == (
        parse_formula(formula).atomic_numbers
    )
    atoms = cell.structure.composition.get_atomic_fraction
    wanted = parse_formula(formula)
    for element, amount in cell.structure.composition.items():
        limit = REFINED.get(formula, 1e-6)
        assert atoms(element) == pytest.approx(wanted.amount_of(element.Z) / wanted.n_atoms, rel=limit)
        assert formula in REFINED or amount == pytest.approx(round(amount))


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

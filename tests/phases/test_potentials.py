"""A structure of one's own: what is refused without and before any potential; the potentials themselves."""

import importlib.util
import os
import time
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import screening as scr
from screening.errors import InputError
from screening.phases import potentials
from screening.phases.additions import Origin
from screening.phases.composition import parse_formula
from screening.phases.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return scr.load_snapshot()


def li3ycl6(lithium: float = 1.0) -> Structure:
    """The arrangement of Li3InCl6, C2/m, ideal."""
    places = [[0, 0, 0], [0, 1 / 3, 0], [0, 0.5, 0.5], [0.245, 0, 0.235], [0.245, 0.165, 0.765]]
    occupied = ["Y", {"Li": lithium}, "Li", "Cl", "Cl"]
    return Structure.from_spacegroup("C2/m", Lattice.monoclinic(6.4, 11.06, 6.4, 109.8), occupied, places)


def written(structure: Structure, path: Path) -> Path:
    structure.to(str(path), fmt="cif")
    return path


def test_salts_of_a_phase_are_those_of_lowest_energy(snapshot: Snapshot) -> None:
    salts, share = potentials._salts_of(parse_formula("Li3YCl6"), snapshot, "x")
    assert dict(zip(salts, share.tolist(), strict=True)) == pytest.approx({"LiCl": 0.6, "YCl3": 0.4})


def test_what_no_salts_make_is_refused(snapshot: Snapshot) -> None:
    for text in ("Li6PSe5Cl", "Li3OCl", "YCl2"):
        with pytest.raises(InputError, match="is not made of salts"):
            potentials._salts_of(parse_formula(text), snapshot, "x")


def test_partly_occupied_sites_are_ordered_or_refused() -> None:
    whole = potentials._ordered(li3ycl6(), "x")
    assert whole.is_ordered
    assert len(whole) == 10
    with pytest.raises(InputError, match="no whole number of atoms"):
        potentials._ordered(li3ycl6(lithium=0.77), "x")
    half = Structure.from_spacegroup(
        "P4/mmm", Lattice.tetragonal(3.6, 5.1), [{"Li": 0.5, "Na": 0.5}] * 2 + ["Cl"] * 2,
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0, 0, 0.5]],
    )  # fmt: skip
    ordered = potentials._ordered(half, "x")
    assert ordered.composition.reduced_formula == "NaLiCl2"


def test_atoms_on_top_of_each_other_and_large_cells_are_refused() -> None:
    double = Structure(Lattice.cubic(5.0), ["Li", "Cl", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.52]])
    with pytest.raises(InputError, match="on top of each other"):
        potentials._ordered(double, "x")
    large = li3ycl6() * (3, 3, 1)
    assert len(potentials._ordered(large, "x")) == 10
    large.perturb(0.05)
    with pytest.raises(InputError, match="sites in the cell, at most 80"):
        potentials._ordered(large, "x")


def by_hand(monkeypatch: pytest.MonkeyPatch, totals: list[float]) -> None:
    """Potentials that give these total energies (eV/atom)."""
    given = iter(totals)

    def relax(model: str, atoms: object, *, fresh: bool) -> potentials.Relaxed:
        return potentials.Relaxed(
            model=model, energy_ev_per_atom=next(given), volume_a3_per_atom=20.0, steps=1, converged=True
        )

    monkeypatch.setattr(potentials, "relax", relax)
    monkeypatch.setattr(potentials, "_atoms", lambda cell: cell)


def test_a_structure_joins_with_the_energy_of_its_salts(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    table = potentials._relaxed_salts()
    mixture = [0.6 * table["LiCl"][m] + 0.4 * table["YCl3"][m] for m in potentials.MODELS]
    by_hand(monkeypatch, [mixture[0] + 0.010, mixture[1] - 0.004])
    found = potentials.estimate(li3ycl6(), snapshot, "my.cif")
    salts = [snapshot.find(parse_formula(text)) for text in ("LiCl", "YCl3")]
    energy = np.array([0.6, 0.4]) @ snapshot.phases.formation_energy_ev_per_atom[salts]
    assert found.formation_energy_ev_per_atom == pytest.approx(energy + 0.003)
    assert found.origin == Origin.MACHINE_LEARNED
    assert 1.96 * found.uncertainty_ev_per_atom == pytest.approx(potentials.HELD_OUT_EV_PER_ATOM, abs=1e-4)


def test_a_structure_is_told_with_its_height_above_the_hull(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = potentials._relaxed_salts()
    mixture = [0.6 * table["LiCl"][m] + 0.4 * table["YCl3"][m] for m in potentials.MODELS]
    by_hand(monkeypatch, [mixture[0] + 0.010, mixture[1] - 0.004])
    found = scr.estimate(written(li3ycl6(), tmp_path / "my.cif"))
    assert found.above_hull_ev_per_atom == pytest.approx(0.003)  # LiCl and YCl3 are stable
    low, high = found.above_hull_95_ev_per_atom
    assert high - low == pytest.approx(2 * potentials.HELD_OUT_EV_PER_ATOM)
    assert found.to_frame()["origin"].tolist() == [Origin.MACHINE_LEARNED]
    assert "my.cif" in found.display().notes[0]
    with pytest.raises(InputError, match="no CIF"):
        scr.estimate("own.csv")


def test_potentials_that_disagree_give_no_number(monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot) -> None:
    table = potentials._relaxed_salts()
    mixture = [0.6 * table["LiCl"][m] + 0.4 * table["YCl3"][m] for m in potentials.MODELS]
    by_hand(monkeypatch, [mixture[0] + 0.04, mixture[1] - 0.02])
    with pytest.raises(InputError, match=r"disagree about Li3YCl6.*\+40\.0.*-20\.0"):
        potentials.estimate(li3ycl6(), snapshot, "my.cif")


if importlib.util.find_spec("chgnet") is None:

    def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
        path = written(li3ycl6(), tmp_path / "my.cif")
        with pytest.raises(InputError, match=r"interphase-screening\[mlip\]"):
            scr.lithiate("Li3YCl6", phases=path)

elif os.environ.get("INTERPHASE_POTENTIALS"):

    def test_the_potentials_give_the_energy_of_the_atlas(tmp_path: Path) -> None:
        path = written(li3ycl6(), tmp_path / "my.cif")
        own = scr.lithiate("Li3YCl6", phases=path)
        assert own.cathodic_limit_v == pytest.approx(
            scr.lithiate("Li3YCl6", snapshot="mp2019+atlas").cathodic_limit_v, abs=0.02
        )

    def test_forty_atoms_take_a_minute_at_most(tmp_path: Path) -> None:
        cell = li3ycl6() * (2, 2, 1)
        cell.perturb(0.02)  # or it is reduced to ten
        path = written(cell, tmp_path / "forty.cif")
        began = time.process_time()
        found = scr.estimate(path)
        assert time.process_time() - began <= 60.0
        assert found.phase.formula.text == "Li3YCl6"
        assert abs(found.above_hull_ev_per_atom) < potentials.HELD_OUT_EV_PER_ATOM

"""Which phases conduct electrons, and how well."""

import numpy as np
import pytest

from screening.phases.composition import parse_formula
from screening.phases.snapshot import Snapshot
from screening.thermo.conduction import (
    INSULATING_GAP_EV,
    NO_CONDUCTION_GAP_EV,
    PBE_SHARE_OF_GAP,
    ElectronicClass,
    conduction_degree,
    degree_of_gap,
    electronic_class,
    gap_source,
    zintl_phases,
)


class TestDegree:
    def of(self, mp2019: Snapshot, *formulas: str) -> list[float]:
        found = [mp2019.find(parse_formula(formula)) for formula in formulas]
        phases = mp2019.phases.take(np.array(found))
        return conduction_degree(phases).tolist()

    def test_phases_of_metals_conduct_whatever_their_gap(self, mp2019: Snapshot) -> None:
        names = ("Li3Al2", "Li17Pb4", "LiAl", "K", "Rb", "Cs", "Sn", "Bi", "Dy", "Lu", "Ho", "Hg")
        assert self.of(mp2019, *names) == [1.0] * len(names)

    def test_semimetals_conduct(self, mp2019: Snapshot) -> None:
        assert self.of(mp2019, "As", "Sb", "C") == [1.0] * 3

    def test_nonmetals_go_by_the_gap_of_their_stable_form(self, mp2019: Snapshot) -> None:
        ge, si, p, te = self.of(mp2019, "Ge", "Si", "P", "Te")
        assert 0.0 < si < 0.3 < ge < p == te < 1.0
        assert self.of(mp2019, "Se", "B", "S", "Cl", "O") == [0.0] * 5

    def test_zintl_phases_are_graded(self, mp2019: Snapshot) -> None:
        bismuthide, antimonide, phosphide, nitride = self.of(mp2019, "Li3Bi", "Li3Sb", "Li3P", "Li3N")
        assert 1.0 > bismuthide > antimonide > phosphide > nitride == 0.0

    def test_salts_do_not_conduct(self, mp2019: Snapshot) -> None:
        assert self.of(mp2019, "LiF", "LiCl", "LiBr", "LiI", "Li2S", "Li2O", "MgO") == [0.0] * 7

    def test_linear_in_the_gap_without_a_cliff(self) -> None:
        gaps = np.linspace(0.0, 3.0, 3001)
        degree = degree_of_gap(gaps)
        assert degree[0] == 1.0
        assert degree[gaps > NO_CONDUCTION_GAP_EV].max() == 0.0
        assert np.all(np.diff(degree) <= 0.0)
        assert np.abs(np.diff(degree)).max() < 0.001

    def test_polymorphs_count_alike(self, mp2019: Snapshot) -> None:
        phases = mp2019.phases
        i = mp2019.find(parse_formula("Li3Sb"))
        assert i is not None
        gaps = np.array([phases.band_gap_min_ev[i], phases.band_gap_max_ev[i]])
        assert self.of(mp2019, "Li3Sb")[0] == pytest.approx(degree_of_gap(gaps / PBE_SHARE_OF_GAP).mean())
        assert "polymorphs" in gap_source(phases, i)

    def test_all_of_the_snapshot(self, mp2019: Snapshot) -> None:
        phases = mp2019.phases
        degree, classes = conduction_degree(phases), electronic_class(phases)
        assert degree.min() == 0.0
        assert degree.max() == 1.0
        assert (degree[classes == ElectronicClass.METALLIC] == 1.0).all()
        insulating = classes == ElectronicClass.INSULATING
        odd = insulating & (degree > 0.0)  # one polymorph of several conducts
        assert (phases.band_gap_min_ev[odd] < PBE_SHARE_OF_GAP * NO_CONDUCTION_GAP_EV).all()
        assert odd.sum() < 0.01 * insulating.sum()
        assert (degree[classes == ElectronicClass.UNKNOWN] == 0.0).all()


class TestClass:
    def test_words(self, mp2019: Snapshot) -> None:
        expected = {
            **dict.fromkeys(("Li3Al2", "K", "Sn", "Bi", "Dy", "As", "C", "LiGe"), "metallic"),
            **dict.fromkeys(("Li3Bi", "Li3Sb", "Si", "Ge", "P", "CsAu"), "semiconducting"),
            **dict.fromkeys(("S", "LiCl", "N"), "insulating"),
            "TiN": "ambiguous",
            "Li5B4": "unknown",
        }
        classes = electronic_class(mp2019.phases)
        found = {n: mp2019.find(parse_formula(n)) for n in expected}
        assert {n: ElectronicClass(int(classes[i])).label for n, i in found.items()} == expected

    def test_zintl_phases_balance_their_electrons(self, mp2019: Snapshot) -> None:
        zintl = zintl_phases(mp2019.phases)
        assert all(zintl[mp2019.find(parse_formula(n))] for n in ("Li3Bi", "Mg2Sn", "CsAu", "Cs2Pt", "Mg2Pb"))
        assert not any(zintl[mp2019.find(parse_formula(n))] for n in ("LiBi", "LiAl", "Li17Pb4", "Li", "Sn"))

    def test_insulating_lies_above_the_end_of_the_scale(self) -> None:
        assert INSULATING_GAP_EV / PBE_SHARE_OF_GAP > NO_CONDUCTION_GAP_EV

"""``react`` and ``lithiate``: texts, objects and lists; tables, figures and refusals."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import screening as scr
from screening.errors import InputError
from screening.phases.composition import parse_formula, parse_reactant
from screening.phases.library import locate
from screening.phases.snapshot import Snapshot

MIXTURE = "LiAlCl4@50wt + Li6PS5Cl@50wt"


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return scr.load_snapshot()


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


class TestReact:
    def test_the_minimum_is_the_published_one(self, snapshot: Snapshot) -> None:
        """Numbers of the embedded data: -0.530 eV/atom at x(Li) = 0.75 molar."""
        found = scr.react("Li", "LiAlCl4", snapshot=snapshot)
        assert found.minimum.total_ev_per_atom == pytest.approx(-0.530, abs=5e-4)
        assert found.minimum.x_molar == pytest.approx(0.75)
        assert found.minimum.reaction == "3 Li + LiAlCl4 -> 4 LiCl + Al"

    def test_the_alloy_reacts_less_than_lithium(self, snapshot: Snapshot) -> None:
        """-0.594 and -0.428 eV/atom, as in Figure 1F."""
        lithium, alloy = scr.react(["Li", "LiAl"], "Li6PS5Cl", snapshot=snapshot)
        assert lithium.minimum.total_ev_per_atom == pytest.approx(-0.594, abs=5e-4)
        assert alloy.minimum.total_ev_per_atom == pytest.approx(-0.428, abs=5e-4)

    def test_a_mixture_reacts_with_all_its_parts(self, snapshot: Snapshot) -> None:
        reaction = scr.react(MIXTURE, "Li", snapshot=snapshot).minimum.reaction
        assert all(formula in reaction for formula in ("LiAlCl4", "Li6PS5Cl", "LiCl", "Li2S"))

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("Li", parse_formula("LiAlCl4")),
            (parse_reactant("Li"), "LiAlCl4"),
            (parse_formula("Li"), parse_reactant(" LiAlCl4 ")),
        ],
    )
    def test_texts_and_objects_say_the_same(self, snapshot: Snapshot, a: object, b: object) -> None:
        assert scr.react(a, b, snapshot=snapshot) == scr.react("Li", "LiAlCl4", snapshot=snapshot)

    @pytest.mark.parametrize("given", ["mp2019", locate("mp2019"), str(locate("mp2019"))])
    def test_names_paths_and_open_snapshots_say_the_same(self, snapshot: Snapshot, given: str | Path) -> None:
        assert scr.react("Li", "MgF2", snapshot=given) == scr.react("Li", "MgF2", snapshot=snapshot)

    def test_of_lists_each_meets_each(self, snapshot: Snapshot) -> None:
        found = scr.react(["Li", "LiAl"], pd.Series(["LiAlCl4", "MgF2"]), snapshot=snapshot)
        assert [(each.a, each.b) for each in found] == list(product(["Li", "LiAl"], ["LiAlCl4", "MgF2"]))
        assert len(found[1:]) == 3
        assert len(found.to_frame()) == sum(len(each.kinks) for each in found)

    def test_own_phases_and_a_temperature_are_taken(self, tmp_path: Path) -> None:
        own = tmp_path / "own.csv"
        own.write_text(
            "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,volume_per_atom_a3\n"
            "Li3AlCl6,-2.1,0.02,20.0\n",
            "utf-8",
        )
        found = scr.react("Li", "Li3AlCl6", phases=str(own), temperature_k=600.0)
        assert "own.csv" in found.provenance.source
        assert "600 K" in found.provenance.energy_scheme

    @pytest.mark.parametrize(
        ("a", "b", "said"),
        [
            ("<script>alert(1)</script>", "Li", "not a formula"),
            ("Li", "LiXq4", "no element"),
            ("Li", 5, "5 is no formula"),
            ("Li", [], "empty list"),
            ("Li", ["LiAlCl4", "Li2Al2Cl8"], "the same composition"),
            ("Li", "Li2", "the same composition"),
            ("Li", "Li3YI6", "has no Li3YI6"),
            ("Li\n", "Li\tCl\x1b[31m", "formula"),
        ],
    )
    def test_what_cannot_be_used_is_refused_in_one_line(
        self, snapshot: Snapshot, a: object, b: object, said: str
    ) -> None:
        with pytest.raises(InputError, match=said) as refused:
            scr.react(a, b, snapshot=snapshot)
        assert "\n" not in str(refused.value)

    def test_a_notebook_shows_units_subscripts_and_the_stamp(self, snapshot: Snapshot) -> None:
        found = scr.react("Li", "LiAlCl4", snapshot=snapshot)
        html = found._repr_html_()
        assert "total (eV/atom)" in html
        assert "3 Li + LiAlCl₄ -&gt; 4 LiCl + Al" in html
        assert html.endswith(f"{found.provenance.date}</small></p></div>")

    def test_an_estimate_is_marked(self, snapshot: Snapshot) -> None:
        for found in (scr.react("Li", "Li3HoCl6", snapshot=snapshot), scr.react(["Li"], "Li3HoCl6")):
            assert "* machine-learned: Li₃HoCl₆" in found._repr_html_()


class TestFigures:
    def test_figure_1a_takes_one_line(self) -> None:
        axes = scr.react(["Li", "LiAl"], "LiAlCl4").plot(axis="molar")
        assert isinstance(axes, Axes)
        assert axes.get_xlabel() == "x in x (Li or LiAl) + (1 − x) LiAlCl₄"
        assert plt.get_fignums() == [axes.figure.number]

    def test_given_axes_are_drawn_on_and_returned(self, snapshot: Snapshot) -> None:
        _, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
        found = scr.react("Li", "Li6PS5Cl", snapshot=snapshot)
        assert found.plot(left) is left
        assert found.plot(ax=right, quantity="mutual", axis="mass") is right
        assert "mutual" in right.get_ylabel()
        assert right.get_ylim()[0] > left.get_ylim()[0]
        assert plt.get_fignums() == [left.figure.number]

    def test_no_setting_of_matplotlib_changes(self, snapshot: Snapshot) -> None:
        before = dict(mpl.rcParams)
        scr.react("Li", "LiAlCl4", snapshot=snapshot).plot()
        scr.lithiate("LiAlCl4", snapshot=snapshot).plot()
        assert dict(mpl.rcParams) == before

    @pytest.mark.parametrize("options", [{"axis": "volume"}, {"quantity": "enthalpy"}])
    def test_an_unknown_axis_is_refused(self, snapshot: Snapshot, options: dict[str, str]) -> None:
        with pytest.raises(InputError, match="give one of"):
            scr.react("Li", "LiAlCl4", snapshot=snapshot).plot(**options)

    def test_files_are_written_by_their_suffix(self, snapshot: Snapshot, tmp_path: Path) -> None:
        found = scr.react(["Li", "LiAl"], "LiAlCl4", snapshot=snapshot)
        found.save(tmp_path / "a.csv")
        found.save(str(tmp_path / "a.svg"), axis="molar")
        assert pd.read_csv(tmp_path / "a.csv").provenance.str.contains("mp2019").all()
        found.save(tmp_path / "a.xlsx")
        assert (
            pd.read_excel(tmp_path / "a.xlsx")["reaction"].tolist() == found.to_frame()["reaction"].tolist()
        )
        svg = (tmp_path / "a.svg").read_text("utf-8")
        assert "LiAlCl₄" in svg
        assert "mp2019" in svg
        assert plt.get_fignums() == []
        with pytest.raises(InputError, match="unknown figure suffix"):
            found.save(tmp_path / "a.gif")


class TestLithiate:
    def test_limits_and_plateaus_are_the_published_ones(self, snapshot: Snapshot) -> None:
        """LiAlCl4 1.59 - 4.45 V; Li6PS5Cl 1.72 V: 5 Li, 1.27: 5.14, 1.17: 5.43, 0.94: 6, 0.87: 8."""
        salt, electrolyte = scr.lithiate("LiAlCl4", "Li6PS5Cl", snapshot=snapshot)
        assert salt.cathodic_limit_v == pytest.approx(1.59, abs=0.005)
        assert salt.anodic_limit_v == pytest.approx(4.45, abs=0.005)
        expected = [(1.72, 5.0), (1.27, 5.14), (1.17, 5.43), (0.94, 6.0), (0.87, 8.0)]
        for step, (voltage, uptake) in zip(electrolyte.steps, expected, strict=True):
            assert step.voltage_v == pytest.approx(voltage, abs=0.006)
            assert step.uptake_per_formula == pytest.approx(uptake, abs=0.005)
        assert electrolyte.decomposition_energy_0v_ev_per_atom == pytest.approx(-0.960, abs=5e-4)

    def test_one_compound_is_one_result_and_a_list_is_several(self, snapshot: Snapshot) -> None:
        one = scr.lithiate("MgF2", snapshot=snapshot)
        assert list(scr.lithiate(["MgF2"], snapshot=snapshot)) == [one]
        assert one == scr.lithiate(parse_formula("MgF2"), snapshot=snapshot)

    def test_another_element_is_named_everywhere(self, snapshot: Snapshot) -> None:
        found = scr.lithiate("NaAlCl4", element="Na", snapshot=snapshot)
        assert "V vs Na/Na+" in found._repr_html_()
        assert found.plot().get_ylabel() == "Voltage against Na/Na+ (V)"

    def test_stairs_fall_from_the_cathodic_limit_to_zero(self, snapshot: Snapshot) -> None:
        found = scr.lithiate("LiAlCl4", "MgF2", snapshot=snapshot)
        axes = found.plot()
        for line, each in zip(axes.lines, found, strict=True):
            x, y = line.get_data()
            assert y[0] == each.cathodic_limit_v
            assert y[-1] == 0.0
            assert (y[1:] <= y[:-1]).all()
            assert x[-1] == each.steps[-1].uptake_per_formula
        key = [text.get_text() for text in axes.texts]
        assert "4 LiCl + Al" in key
        assert sum(text in key for text in ("2 LiF + Mg", "4 LiCl + Al", "4 LiCl + LiAl")) == 3

    def test_capacity_is_another_axis(self, snapshot: Snapshot) -> None:
        axes = scr.lithiate("LiAlCl4", snapshot=snapshot).plot(plt.figure().subplots(), axis="capacity")
        assert axes.lines[0].get_xdata()[-1] == pytest.approx(800.7, abs=0.1)
        with pytest.raises(InputError, match="give one of uptake, capacity"):
            scr.lithiate("LiAlCl4", snapshot=snapshot).plot(axis="time")

    def test_what_takes_nothing_up_is_said_and_drawn(self, snapshot: Snapshot) -> None:
        found = scr.lithiate("LiF", snapshot=snapshot)
        assert "LiF takes up no Li above 0 V" in found._repr_html_()
        assert found.plot().get_legend().get_texts()[0].get_text() == "LiF (takes up no Li)"

    def test_no_compound_is_refused(self) -> None:
        with pytest.raises(InputError, match="no compound"):
            scr.lithiate()

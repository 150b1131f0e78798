"""What is drawn is what was computed: data of the lines, and what the axes say of them."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from screening.phases.composition import parse_reactant
from screening.plots.interface import plot_reactions
from screening.plots.staircases import plot_staircases
from screening.thermo.interface import AXES, InterfaceReaction, react
from screening.thermo.lithiation import Lithiation, lithiate
from screening.thermo.sources import load_snapshot

MASS_LI_G, MASS_LIALCL4_G = 6.94, 175.73


def reaction_of(a: str, b: str) -> InterfaceReaction:
    return react(load_snapshot("mp2019", None, None), parse_reactant(a), parse_reactant(b))


def staircase_of(formula: str) -> Lithiation:
    return lithiate(load_snapshot("mp2019", None, None), parse_reactant(formula))


def empty_axes() -> Axes:
    return Figure(figsize=(3.4, 3.4)).add_subplot()


def curve_of(axes: Axes) -> Line2D:
    """The curve itself: the line with most points."""
    return max(axes.lines, key=lambda line: len(line.get_xdata()))


def marks_of(axes: Axes) -> np.ndarray:
    """Places of the marked kinks, (n, 2) float array."""
    marked = next(line for line in axes.lines if line.get_marker() not in ("None", "", None))
    return np.column_stack([marked.get_xdata(), marked.get_ydata()])


@pytest.mark.parametrize(
    ("axis", "x_of_minimum"),
    [
        ("atomic", 3 / 9),
        ("molar", 3 / 4),
        ("mass", 3 * MASS_LI_G / (3 * MASS_LI_G + MASS_LIALCL4_G)),
    ],
)
def test_the_minimum_lies_where_three_lithium_meet_one_reactor(axis: str, x_of_minimum: float) -> None:
    reaction = reaction_of("Li", "LiAlCl4")
    axes = plot_reactions(reaction, empty_axes(), axis=axis)
    x, y = (np.asarray(values) for values in curve_of(axes).get_data())
    assert x[y.argmin()] == pytest.approx(x_of_minimum, abs=2e-4)
    assert y.min() == pytest.approx(reaction.minimum.total_ev_per_atom)
    assert (x[0], x[-1]) == (0.0, 1.0)
    np.testing.assert_allclose(marks_of(axes)[:, 0], [kink.x(axis) for kink in reaction.kinks[1:-1]])
    np.testing.assert_allclose(marks_of(axes)[:, 1], [k.total_ev_per_atom for k in reaction.kinks[1:-1]])
    said = {"atomic": "tom", "molar": "x Li + (1 − x) LiAlCl", "mass": "ass"}[axis]
    assert said in axes.get_xlabel()
    assert "Li" in axes.get_xlabel()
    assert "energy" in axes.get_ylabel()
    assert "eV/atom" in axes.get_ylabel()


def test_mutual_energies_are_drawn_where_they_are_asked_for() -> None:
    reaction = reaction_of("Li", "Li10GeP2S12")
    assert reaction.kinks[0].total_ev_per_atom < 0.0
    for quantity in ("total", "mutual"):
        axes = plot_reactions(reaction, empty_axes(), quantity=quantity)
        drawn = np.asarray(curve_of(axes).get_ydata())
        expected = [getattr(kink, f"{quantity}_ev_per_atom") for kink in reaction.kinks]
        assert drawn[0] == pytest.approx(expected[0])
        assert drawn.min() == pytest.approx(min(expected))
        assert quantity in axes.get_ylabel()


@pytest.mark.parametrize("axis", ["uptake", "capacity"])
def test_a_staircase_falls_through_its_plateaus(axis: str) -> None:
    staircase = staircase_of("Li3InCl6")
    axes = plot_staircases(staircase, empty_axes(), axis=axis)
    x, y = (np.asarray(values) for values in curve_of(axes).get_data())
    assert np.all(np.diff(x) >= 0.0)
    assert np.all(np.diff(y) <= 0.0)
    ends = [s.uptake_per_formula if axis == "uptake" else s.capacity_mah_per_g for s in staircase.steps]
    volts = [step.voltage_v for step in staircase.steps]
    assert sorted(set(x)) == pytest.approx([0.0, *ends])
    assert sorted(set(y)) == pytest.approx([0.0, *reversed(volts)])
    assert "V" in axes.get_ylabel()
    assert ("mAh/g" in axes.get_xlabel()) == (axis == "capacity")


def test_an_estimate_bears_its_star_in_legend_and_key() -> None:
    for axes in (
        plot_reactions(reaction_of("Li", "Li3HoCl6"), empty_axes()),
        plot_staircases(staircase_of("Li3HoCl6"), empty_axes()),
    ):
        (name,) = [text.get_text() for text in axes.get_legend().get_texts()]
        assert name.startswith("Li") and "*" in name
        assert any("machine-learned" in text.get_text() for text in axes.texts)


@pytest.mark.parametrize("axis", AXES)
def test_a_name_stands_beside_the_kink_that_it_names(axis: str) -> None:
    reaction = reaction_of("Li", "LiAlCl4")
    axes = plot_reactions(reaction, empty_axes(), axis=axis)
    pointed = {(round(text.xy[0], 9), round(text.xy[1], 9)) for text in axes.texts if hasattr(text, "xy")}
    named = (reaction.minimum, reaction.end_at_excess_a)
    assert {(round(k.x(axis), 9), round(k.total_ev_per_atom, 9)) for k in named} <= pointed


def test_the_name_of_a_plateau_points_to_its_middle() -> None:
    staircase = staircase_of("Li3InCl6")
    axes = plot_staircases(staircase, empty_axes())
    pointed = [text.xy for text in axes.texts if hasattr(text, "xy") and " V: " not in text.get_text()]
    ends = np.array([0.0, *(step.uptake_per_formula for step in staircase.steps)])
    middles = np.column_stack([(ends[1:] + ends[:-1]) / 2.0, [step.voltage_v for step in staircase.steps]])
    np.testing.assert_allclose(sorted(pointed), middles)

"""Figures of reaction energies: letters keep clear, nothing is clipped, and the key says what it names."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Annotation, Text

from screening.campaign.document import Flags, Reactor
from screening.campaign.figures import reactor_figures
from screening.cli import main
from screening.errors import InputError
from screening.files import write_figure
from screening.phases.composition import parse_reactant
from screening.plots.interface import STYLES, plot_reactions, reaction_energy_figure
from screening.plots.letters import width_in_points, wrapped
from screening.thermo.interface import InterfaceReaction, react
from screening.thermo.sources import load_snapshot

MIXTURE = "LiAlCl4@50wt+Li6PS5Cl@50wt"
ELECTROLYTE = "Li6PS5Cl"

CROWDED = (
    (("Li|LiAlCl4", "LiAl|LiAlCl4"), "atomic"),
    (("Li|MgF2", "LiMg2|MgF2"), "atomic"),
    (("Li|Li3YBr6", "Y|Li3YBr6"), "atomic"),
    (("Li|Li10GeP2S12", "LiGe|Li10GeP2S12"), "atomic"),
    ((f"Li|{ELECTROLYTE}", f"LiMg2|{ELECTROLYTE}"), "atomic"),
    ((f"Li|{ELECTROLYTE}", f"Ho|{ELECTROLYTE}"), "atomic"),
    (("Li|LiAlCl4", "Li|Li3YBr6", "Li|Li3HoCl6"), "mass"),
    ((f"Li|{MIXTURE}", f"Li|{ELECTROLYTE}"), "molar"),
)

MANY = tuple(
    f"Li|{b}" for b in ("LiAlCl4", "MgF2", "MgI2", "AlCl3", "ZnCl2", "SnCl2", "FeCl3", "CuCl", "BiCl3")
)


@cache
def curve(pair: str, at_hull: bool = False) -> InterfaceReaction:
    a, b = pair.split("|")
    held = load_snapshot("mp2019", None, None)
    return react(held, parse_reactant(a), parse_reactant(b), at_hull=at_hull)


def figure_of(pairs: tuple[str, ...], axis: str = "atomic", *, mutual: bool = False) -> Figure:
    figure = reaction_energy_figure([curve(pair) for pair in pairs], axis=axis, mutual=mutual)
    FigureCanvasAgg(figure).draw()
    return figure


def key_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.xycoords != "data"]


def names_of(figure: Figure) -> list[Annotation]:
    """What stands beside the curves: products, and letters where there is no room for them."""
    return [t for t in figure.axes[0].texts if isinstance(t, Annotation) and t.xycoords == "data"]


def box_of(text: Text) -> np.ndarray:
    """Corners of the ink of a text, (2, 2) float array; the line height above and below is no ink."""
    box = Text.get_window_extent(text)
    return np.array([[box.x0, box.y0 + 0.15 * box.height], [box.x1, box.y1 - 0.15 * box.height]])


def spread_along(line: np.ndarray) -> np.ndarray:
    """A line as points close to each other, pixels."""
    steps = np.linspace(0.0, 1.0, 50)[:, None]
    return np.concatenate([a + steps * (b - a) for a, b in pairwise(line)] if len(line) > 1 else [line])


def assert_inside(figure: Figure) -> None:
    """All that is drawn lies on the page."""
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert 0.0 <= box.x0 < box.x1 <= width
    assert 0.0 <= box.y0 < box.y1 <= height


@pytest.mark.parametrize(("pairs", "axis"), CROWDED)
def test_no_name_covers_a_curve_a_kink_another_name_or_the_legend(pairs: tuple[str, ...], axis: str) -> None:
    figure = figure_of(pairs, axis)
    axes = figure.axes[0]
    assert_inside(figure)
    letters = names_of(figure)
    boxes = [box_of(letter) for letter in letters]
    assert len(boxes) >= len(pairs)
    frame, legend = axes.get_window_extent(), axes.get_legend().get_window_extent()
    marker_px = 0.5 * 3.2 * figure.dpi / 72.0
    for number, (low, high) in enumerate(boxes):
        for line in axes.lines:
            drawn = axes.transData.transform(np.column_stack(line.get_data()))
            margin = marker_px if line.get_marker() != "None" else 0.0
            points = drawn if margin else spread_along(drawn)
            inside = ((points > low - margin) & (points < high + margin)).all(axis=1)
            assert not inside.any(), letters[number].get_text()
        for other_low, other_high in boxes[:number]:
            assert (low >= other_high).any() or (other_low >= high).any()
        assert high[1] < legend.y0
        assert frame.x0 < low[0] < high[0] < frame.x1
        assert low[1] > frame.y0


def test_letters_and_formulas_stay_text_in_svg(tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    reaction = curve("Li|LiAlCl4")
    write_figure(path, reaction_energy_figure([reaction]), reaction.provenance, trim=False)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text("utf-8"))
    assert "4 LiCl + Al" in texts
    assert not any("  " in text for text in texts)  # svg shows two spaces as one


def test_the_key_says_which_is_the_minimum_and_which_the_rich_end() -> None:
    figure = figure_of(("Li|LiAlCl4", "LiAl|LiAlCl4"))
    assert {"4 LiCl + Al", "4 Al + 4 LiCl"} <= {name.get_text() for name in names_of(figure)}
    small = Figure(figsize=(1.5, 1.5))  # no room for words
    plot_reactions([curve("Li|LiAlCl4"), curve("LiAl|LiAlCl4")], small.add_axes((0.2, 0.2, 0.7, 0.7)))
    assert [name.get_text() for name in names_of(small)] == ["a", "b", "c"]
    assert " ".join(key_of(small)) == (
        "a, minimum: 3 Li + LiAlCl₄ → 4 LiCl + Al "
        "b, Li-rich end: 21 Li + 4 LiAlCl₄ → 16 LiCl + Li₉Al₄ "
        "c, minimum and LiAl-rich end: 3 LiAl + LiAlCl₄ → 4 Al + 4 LiCl"
    )


def test_the_letter_of_the_minimum_stands_at_the_minimum_of_what_is_drawn() -> None:
    reaction = curve("Y|Li3YBr6")  # above the hull: the pure reactor decays by itself, which is no minimum
    lowest = names_of(figure_of(("Y|Li3YBr6",)))[0]
    assert lowest.xy == (reaction.minimum.x_atomic, reaction.minimum.total_ev_per_atom)
    assert 0.0 < reaction.minimum.x_atomic < 1.0
    mutual = figure_of(("Y|Li3YBr6",), mutual=True)
    (lowest,) = names_of(mutual)
    assert lowest.xy == (reaction.minimum_mutual.x_atomic, reaction.minimum_mutual.mutual_ev_per_atom)
    (alone,) = names_of(figure_of(("LiBr|Li3YBr6",)))
    assert alone.get_text() == "3 LiBr + YBr₃"


def test_the_energy_axis_says_total_or_mutual() -> None:
    labels = [figure_of(("Li|LiAlCl4",), mutual=m).axes[0].get_ylabel() for m in (False, True)]
    assert labels == ["Reaction energy, total (eV/atom)", "Reaction energy, mutual (eV/atom)"]


@pytest.mark.parametrize("below", [0, 1])
def test_on_axes_of_ones_own_the_key_is_neither_clipped_nor_hidden(below: int) -> None:
    figure = Figure(figsize=(7.0, 3.0 * (1 + below)))
    grid = figure.subplots(1 + below, 2, squeeze=False)
    sizes = [axes.get_position().height * figure.get_size_inches()[1] for axes in grid.flat]
    for axes in grid[0]:
        plot_reactions([curve(f"Li|{b}") for b in ("LiAlCl4", "Li10GeP2S12", "Li3YBr6")], axes)
    FigureCanvasAgg(figure).draw()
    for axes in grid[0]:
        key = [text.get_window_extent() for text in axes.texts if text.xycoords != "data"]
        assert key
        assert min(box.y0 for box in key) > (grid[1, 0].get_window_extent().y1 if below else 0.0)
    heights = [axes.get_position().height * figure.get_size_inches()[1] for axes in grid.flat]
    np.testing.assert_allclose(heights, sizes)  # the page grew, the axes did not


def test_a_curve_to_compare_with_is_grey_and_has_no_name() -> None:
    axes = plot_reactions(curve("Li|LiAlCl4"), Figure(), axis="molar", reference=curve("Li|MgF2"))
    assert axes.get_xlabel() == "x in x Li + (1 − x) LiAlCl₄"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Li | LiAlCl₄", "Li | MgF₂"]
    assert not any("Mg" in text.get_text() for text in axes.texts)


def test_estimated_and_at_hull_are_marked_and_explained() -> None:
    formula = "Li3.25Ge0.25P0.75S4"
    figure = reaction_energy_figure([curve("Li|Li3HoCl6"), curve(f"Li|{formula}", at_hull=True)])
    FigureCanvasAgg(figure).draw()
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["Li | Li₃HoCl₆*", "Li | Li₃.₂₅Ge₀.₂₅P₀.₇₅S₄†"]
    key = " ".join(key_of(figure))
    assert "* machine-learned: Li₃HoCl₆" in key
    assert "† taken at its hull energy: Li₃.₂₅Ge₀.₂₅P₀.₇₅S₄" in key
    assert_inside(figure)
    assert "*" not in "".join(key_of(figure_of(("Li|LiAlCl4",))))


def test_many_curves_are_all_drawn_and_told_apart() -> None:
    figure = figure_of(MANY)
    axes = figure.axes[0]
    looks = {(s.get_color(), s.get_linestyle(), s.get_marker()) for s in axes.get_legend().legend_handles}
    assert len(looks) == len(MANY)
    drawn = {(line.get_color(), line.get_linestyle()) for line in axes.lines if line.get_marker() == "None"}
    assert len(drawn) == len(MANY) + 1  # and the line at 0
    assert axes.get_xlabel() == "Atomic fraction of Li"
    assert_inside(figure)


def test_more_curves_than_can_be_told_apart_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    count = len(STYLES) + 1
    with pytest.raises(InputError, match=f"{count} curves"):
        reaction_energy_figure([curve("Li|LiAlCl4")] * count)
    many = [f"Li{n}AlCl{n + 3}" for n in range(1, count + 1)]
    figure = tmp_path / "x.png"
    monkeypatch.setattr("sys.argv", ["screening", "react", "Li", *many, "--plot", str(figure)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert f"{count} curves" in capsys.readouterr().err
    assert not figure.exists()


def test_a_flat_curve_gets_a_plain_energy_axis() -> None:
    figure = figure_of(("Li|LiF",))
    assert_inside(figure)
    low, high = figure.axes[0].get_ylim()
    assert low < -0.05
    assert high > 0.0
    assert max(len(label.get_text()) for label in figure.axes[0].get_yticklabels()) <= 5
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["Li | LiF (no reaction)"]
    assert names_of(figure) == []


@pytest.mark.parametrize("pairs", [("Li|LiAlCl4", "LiAl|LiAlCl4"), ("Li|LiF",), (f"Li|{MIXTURE}",)])
def test_a_picture_is_as_wide_as_a_column(pairs: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    write_figure(path, figure_of(pairs), curve(pairs[0]).provenance, trim=False)
    assert imread(path).shape[1] == round(85.0 / 25.4 * 300.0)


def test_what_does_not_react_has_no_figure() -> None:
    def reactor(formula: str) -> Reactor:
        with_anode, electrolyte = curve(f"Li|{formula}"), curve(f"Li|{ELECTROLYTE}")
        return Reactor(
            formula=formula,
            anode="Li",
            electrolyte=ELECTROLYTE,
            rank=None,
            score=0.0,
            estimated=False,
            pareto=False,
            passes_filters=False,
            filters={},
            flags=Flags(toxic=False, moisture_hazard=""),
            criteria={},
            alloy=None,
            energy_above_hull_ev_per_atom=0.0,
            plateaus=(),
            curves=(with_anode, electrolyte),
        )

    assert reactor_figures(reactor("LiF")) == {}
    assert list(reactor_figures(reactor("LiAlCl4"))) == ["figure_1a_LiAlCl4"]


def test_lines_of_text_break_before_a_number_and_keep_within_the_width() -> None:
    text = "a, minimum: 2.813 LiCl + 1.978 Li₂S + 0.3957 AlP + 0.2086 Al"
    for width in (60.0, 90.0, 150.0):
        lines = wrapped(text, 6.0, width)
        assert " ".join(lines) == text
        assert max(width_in_points(line, 6.0) for line in lines) <= width
        assert not any(re.search(r"[0-9]$", line) for line in lines)

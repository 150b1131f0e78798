"""The figure of a whole campaign: the front is a front, and letters keep out of each other's way."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.text import Annotation

from screening.campaign.figures import CampaignMap, Marked
from screening.files import write_figure
from screening.plots.campaign import LETTERS, campaign_figure, front
from screening.provenance import Provenance


@settings(max_examples=60, deadline=None)
@given(arrays(int, (12, 2), elements=st.integers(0, 6)))
def test_the_front_dominates_all_and_nobody_dominates_it(points: np.ndarray) -> None:
    found = points[front(points[:, 0], points[:, 1])]
    for point in points:
        assert (found >= point).all(axis=1).any()
    for one in found:
        better = (points >= one).all(axis=1) & (points > one).any(axis=1)
        assert not better.any()
    assert np.all(np.diff(found[:, 0]) < 0)


def a_map(x: np.ndarray, y: np.ndarray, marked: tuple[Marked, ...], **further: object) -> CampaignMap:
    """Candidates that are better to the left and above."""
    return CampaignMap(
        role="reactor",
        x=x,
        y=y,
        x_gain=-x,
        y_gain=y,
        stepped=True,
        x_label="x",
        y_label="y",
        marked=marked,
        **further,
    )


@pytest.mark.parametrize("spread", [1.0, 0.02])
def test_no_letter_covers_another(spread: float) -> None:
    rng = np.random.default_rng(3)
    x, y = -rng.random(500), rng.random(500)
    marked = tuple(
        Marked(
            f"A{i}B", -0.5 + spread * (rng.random() - 0.5), 0.5 + spread * (rng.random() - 0.5), i % 5 == 0
        )
        for i in range(25)
    )
    drawn = a_map(x, y, marked, stable=("LiF",), unranked=("BiCl3",))
    figure = campaign_figure(drawn)
    figure.canvas.draw()
    (axes,) = figure.axes
    letters = [t for t in axes.texts if isinstance(t, Annotation) and t.get_text() in LETTERS]
    assert len(letters) == 25
    points = axes.transData.transform([letter.xy for letter in letters]) * 72.0 / figure.dpi
    places = points + [letter.xyann for letter in letters]
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert apart[~np.eye(25, dtype=bool)].min() > 5.0
    assert "do not react: LiF" in [t.get_text() for t in axes.texts]


def six() -> CampaignMap:
    """A handful of candidates, the best of them known, one of them on an estimate."""
    x, y = np.array([-1.3, -1.0, -0.6, -0.4]), np.array([4.5, 2.9, 1.3, 1.3])
    names = ("Li10GeP2S12", "LiAlCl4", "MgI2", "Li3HoCl6")
    places = zip(names, x, y, strict=True)
    marked = tuple(Marked(n, float(a), float(b), control=False, known=True) for n, a, b in places)
    controls = tuple(f"Li{i}Cl" for i in range(2, 40))
    on_estimates = frozenset({"Li3HoCl6", "HoI3"})
    return a_map(
        x, y, marked, stable=controls, unranked=("HoI3",), origins=dict.fromkeys(on_estimates, "estimated")
    )


def test_estimated_candidates_are_marked_and_the_mark_is_explained() -> None:
    texts = [text.get_text() for text in campaign_figure(six()).axes[0].texts]
    assert "d: Li₃HoCl₆*" in texts
    assert "b: LiAlCl₄" in texts
    assert "without a rank: HoI₃*" in texts
    assert "* rests on a phase whose energy is estimated" in texts


def test_the_front_shows_around_the_mark_of_a_known_reactor() -> None:
    (axes,) = campaign_figure(six()).axes
    ring, diamonds = (
        next(line for line in axes.lines if line.get_label() == name)
        for name in ("2-criteria front", "known reactor")
    )
    assert ring.get_markerfacecolor() == "none"
    assert ring.get_markersize() > diamonds.get_markersize() * 2**0.5  # a diamond is as wide as its diagonal


def test_letters_stay_text_in_svg_and_the_picture_is_as_wide_as_a_column(tmp_path: Path) -> None:
    figure, stamp = campaign_figure(six()), Provenance.now("mp2019", "0" * 64)
    for suffix in ("svg", "png"):
        write_figure(tmp_path / f"campaign.{suffix}", figure, stamp, trim=False)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "campaign.svg").read_text("utf-8"))
    assert {"a", "b", "c", "d"} <= set(texts)
    assert imread(tmp_path / "campaign.png").shape[1] == round(85.0 / 25.4 * 300.0)


def test_nothing_is_clipped_at_the_edges_of_the_page() -> None:
    figure = campaign_figure(six())
    FigureCanvasAgg(figure).draw()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert 0.0 <= box.x0 < box.x1 <= width
    assert 0.0 <= box.y0 < box.y1 <= height


def test_points_lie_where_their_numbers_are_and_reactors_are_no_controls() -> None:
    x, y = np.array([1.0, 2.0, 3.0]), np.array([30.0, 20.0, 10.0])
    marked = (
        Marked("LiAlCl4", 1.0, 30.0, control=False, known=True),
        Marked("MgF2", 2.0, 20.0, control=False),
        Marked("LiF", 3.0, 10.0, control=True),
    )
    drawn = CampaignMap(
        x=x,
        y=y,
        x_gain=-x,
        y_gain=y,
        stepped=True,
        x_label="across",
        y_label="up",
        marked=marked,
        stable=(),
        unranked=(),
        role="reactor",
    )
    (axes,) = campaign_figure(drawn).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("across", "up")
    np.testing.assert_array_equal(axes.lines[0].get_data(), [x, y])
    places = {line.get_label(): np.column_stack(line.get_data()).tolist() for line in axes.lines}
    assert places["known reactor"] == [[1.0, 30.0]]
    assert places["named in the study"] == [[2.0, 20.0]]
    assert places["negative control"] == [[3.0, 10.0]]
    assert places["2-criteria front"] == [[1.0, 30.0]]

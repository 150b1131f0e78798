"""The figure of a whole campaign: the front is a front, and letters keep out of each other's way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.text import Annotation

from screening.campaign.figures import CampaignMap, Marked
from screening.plots.campaign import LETTERS, campaign_figure, front


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
    drawn = CampaignMap(x, y, -x, y, True, "x", "y", marked, ("LiF",), ("BiCl3",))
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

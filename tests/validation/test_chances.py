"""Chances in words: none is 0 % or 100 %, and none is told twice."""

import pytest

from screening.validation.layers import chance_words
from screening.validation.mechanism import NO_SPREAD, _doubt


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        *((0.0, "less than 1%"), (0.0099, "less than 1%"), (0.01, "1%"), (0.594, "59%")),
        *((0.99, "99%"), (0.997, "more than 99%"), (1.0, "more than 99%")),
    ],
)
def test_no_chance_is_none_or_all(chance: float, words: str) -> None:
    assert chance_words(chance) == words


def test_an_energy_without_a_spread_decides_nothing() -> None:
    assert _doubt(0.0, 0.0, 0.0) == NO_SPREAD
    assert "wrong with a chance of 31%" in _doubt(-0.01, 0.0, 0.02)

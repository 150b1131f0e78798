"""The look of figures: set within, put back afterwards, and nothing else put back with it."""

import matplotlib as mpl
import pytest

from screening.plots.style import figure_style


def test_only_the_look_is_put_back() -> None:
    size, interactive = mpl.rcParams["font.size"], mpl.rcParams["interactive"]
    try:
        with pytest.raises(ValueError, match="inside"), figure_style():
            assert mpl.rcParams["font.size"] == 7.0
            mpl.rcParams["interactive"] = not interactive  # as pyplot does on its first import in a notebook
            raise ValueError("inside")
        assert mpl.rcParams["font.size"] == size
        assert mpl.rcParams["interactive"] is not interactive
    finally:
        mpl.rcParams["interactive"] = interactive

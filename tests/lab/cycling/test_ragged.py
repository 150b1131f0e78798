"""Quantiles of pieces against numpy, piece by piece."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from screening.lab.cycling.ragged import median_of_three, piece_minima, piece_quantiles

QUANTILES = (0.05, 0.5, 0.95)
lengths = st.lists(st.integers(0, 9), min_size=1, max_size=30)


@given(lengths, st.integers(0, 2**32 - 1))
def test_quantiles_are_numpys(sizes, seed):
    stop = np.cumsum(sizes)
    start = stop - sizes
    values = np.random.default_rng(seed).normal(size=int(stop[-1]))
    result = piece_quantiles(values, start, stop, QUANTILES)
    for piece, (low, high) in enumerate(zip(start, stop, strict=True)):
        if low == high:
            assert np.isnan(result[:, piece]).all()
        else:
            np.testing.assert_allclose(
                result[:, piece], np.quantile(values[low:high], QUANTILES), rtol=0, atol=1e-12
            )


@given(lengths, st.integers(0, 2**32 - 1))
def test_minima_are_numpys(sizes, seed):
    stop = np.cumsum(sizes)
    start = stop - sizes
    values = np.random.default_rng(seed).normal(size=int(stop[-1]))
    expected = [
        values[low:high].min() if high > low else np.inf for low, high in zip(start, stop, strict=True)
    ]
    np.testing.assert_array_equal(piece_minima(values, start, stop), expected)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=50))
def test_median_of_three_is_numpys(numbers):
    values = np.array(numbers)
    windows = np.lib.stride_tricks.sliding_window_view(values, 3)
    np.testing.assert_array_equal(median_of_three(values), np.median(windows, axis=1))

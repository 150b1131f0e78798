"""Fewer points for the same picture: long records are thinned to what a screen can show, extremes kept."""

import numpy as np

PANEL_POINTS = 6_000
"""Points of one panel of a printed figure: two per pixel column of a wide 300 dpi panel."""


def thinned(time: np.ndarray, values: np.ndarray, points: int = PANEL_POINTS) -> np.ndarray:
    """Rows to draw: the smallest and the largest value of every time bin.

    Parameters
    ----------
    time, values : numpy.ndarray, shape (n_rows,)
        Time (not decreasing) and the value to draw.
    points : int
        How many rows to keep at most.

    Returns
    -------
    numpy.ndarray of int, shape (<= points,)
        In order; all rows where there are no more than `points`. The first and the last row, and the record's
        smallest and largest value, are always among them.
    """
    count = len(values)
    if count <= points:
        return np.arange(count)
    from tsdownsample import MinMaxDownsampler

    kept = MinMaxDownsampler().downsample(
        np.ascontiguousarray(time, dtype=float),
        np.ascontiguousarray(values, dtype=float),
        n_out=(points - 2) // 2 * 2,
    )
    return np.unique(np.concatenate([[0], kept.astype(np.int64), [count - 1]]))

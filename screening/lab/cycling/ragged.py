"""Order statistics of many unequal pieces of one long array, without a loop over the pieces.

Pieces of one length are gathered into a matrix and partitioned together. N rows can hold at most sqrt(2 N)
different lengths, so the loop over lengths is short however the record is cut.
"""

import numpy as np


def piece_quantiles(
    values: np.ndarray, start: np.ndarray, stop: np.ndarray, quantiles: tuple[float, ...]
) -> np.ndarray:
    """Quantiles of every piece ``values[start:stop]``, linearly interpolated as by `numpy.quantile`.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows,)
        Finite numbers.
    start, stop : numpy.ndarray of int, shape (n_pieces,)
        The pieces; they may overlap.
    quantiles : tuple of float
        Between 0 and 1.

    Returns
    -------
    numpy.ndarray, shape (n_quantiles, n_pieces)
        NaN for empty pieces.
    """
    result = np.full((len(quantiles), len(start)), np.nan)
    lengths = np.maximum(stop - start, 0)
    order = np.argsort(lengths, kind="stable")
    edges = np.flatnonzero(np.diff(lengths[order])) + 1
    for pieces in np.split(order, edges):
        length = int(lengths[pieces[0]]) if len(pieces) else 0
        if not length:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(values, length)
        positions = np.asarray(quantiles) * (length - 1)
        low = positions.astype(int)
        high = np.minimum(low + 1, length - 1)
        block = np.partition(windows[start[pieces]], np.unique([low, high]), axis=1)
        share = (positions - low)[:, None]
        result[:, pieces] = block[:, low].T * (1.0 - share) + block[:, high].T * share
    return result


def piece_minima(values: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Minimum of every piece, shape (n_pieces,); pieces are disjoint and in order, inf where one is empty."""
    result = np.full(len(start), np.inf)
    full = np.flatnonzero(stop > start)
    if len(full):
        edges = np.column_stack([start[full], stop[full]]).ravel()
        edges = edges[:-1] if edges[-1] == len(values) else edges
        result[full] = np.minimum.reduceat(values, edges)[::2]
    return result


def median_of_three(values: np.ndarray) -> np.ndarray:
    """Median of every three neighbours, shape (n_rows - 2,); element i covers rows i, i + 1, i + 2."""
    first, second, third = values[:-2], values[1:-1], values[2:]
    low = np.minimum(first, second)
    high = np.maximum(first, second)
    np.minimum(high, third, out=high)
    return np.maximum(low, high, out=low)

"""Zahner Thales .ism: the number of points, then big-endian columns of f, |Z|, phase and time.

A sweep may begin in the middle, turn, and pass its first frequencies again: what lies between the turn and
the end is the spectrum, as in the maker's own reader (zahner_analysis).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from screening.lab.readers.source import File, Reader, Table

_COUNT_AT = 10
"""Bytes before the number of points less one, a big-endian integer of two bytes."""

_NAMES = ("Frequency/Hz", "|Z|/Ohm", "Phase/rad", "Time/s")
_POSSIBLE_HZ = (1e-7, 1e10)


def _read(file: File) -> Iterator[Table]:
    start = _COUNT_AT + 2
    count = int.from_bytes(file.data[_COUNT_AT:start], "big", signed=True) + 1
    size = 8 * len(_NAMES) * count
    if count < 1 or len(file.data) < start + size:
        raise file.refused(
            f"{count} points announced in {len(file.data)} bytes",
            "the file may be truncated; export it as csv",
        )
    values = np.frombuffer(file.data, ">f8", len(_NAMES) * count, start).reshape(len(_NAMES), count)
    frequency, modulus = values[:2]
    possible = (frequency > _POSSIBLE_HZ[0]) & (frequency < _POSSIBLE_HZ[1]) & (modulus > 0)
    if not np.all(np.isfinite(values)) or not possible.all():
        raise file.refused("no frequencies where they should stand", "export it as csv with Thales")
    frame = pd.DataFrame(values.T.astype(float), columns=list(_NAMES), index=range(1, count + 1))
    low, high = sorted((int(frequency.argmin()), int(frequency.argmax())))
    metadata = {"format": "Zahner .ism"}
    if (beside := count - (high + 1 - low)) > 0:
        metadata["left_out"] = f"{beside} point(s) before the turn of the sweep"
    yield Table(
        path=file.path,
        format="Zahner .ism",
        frame=frame.iloc[low : high + 1].rename_axis("point"),
        metadata=metadata,
    )


READERS = (Reader(name="Zahner .ism", knows=lambda file: file.suffix == ".ism", read=_read),)

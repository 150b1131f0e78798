"""PalmSens .pssession: JSON in UTF-16; every data set of its measurements is a table."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from screening.lab.readers.source import File, Reader, Table, damage_told

_MAGIC = '"coreversion"'


def _read(file: File) -> Iterator[Table]:
    # the columns come in the order of their quantities, under names such as Frequency, Z', -Z''
    with damage_told(file, "session", "export its data as csv with PSTrace"):
        content, _ = json.JSONDecoder(object_pairs_hook=_lowered).raw_decode(file.text.content)
        frames = [_frame(each) for each in _data_sets(content["measurements"])]
    for frame in frames:
        yield Table(
            path=file.path,
            format="PalmSens .pssession",
            frame=frame,
            metadata={"format": "PalmSens .pssession", "encoding": file.text.encoding},
            sign_is_known=False,
        )


def _lowered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.lower(): value for name, value in pairs}


def _data_sets(measurements: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The data of each spectrum of a measurement, else its own."""
    for measurement in measurements:
        spectra = measurement.get("eisdatalist") or []
        yield from (each["dataset"] for each in spectra)
        if not spectra and measurement.get("dataset"):
            yield measurement["dataset"]


def _frame(data_set: dict[str, Any]) -> pd.DataFrame:
    columns = {}
    for each in data_set["values"]:
        name, unit = each["unit"].get("q") or each.get("description", ""), each["unit"].get("s") or ""
        columns[f"{name} ({unit})" if unit else name] = [point.get("v") for point in each["datavalues"]]
    longest = max(map(len, columns.values()), default=0)
    kept = {name: values for name, values in columns.items() if len(values) == longest}
    return pd.DataFrame(kept, index=pd.RangeIndex(1, longest + 1, name="point"))


READERS = (
    Reader(
        name="PalmSens .pssession",
        knows=lambda file: file.suffix == ".pssession" or _MAGIC in file.opening[:500].lower(),
        read=_read,
    ),
)

"""What is written is read back, by this package and by the standard's own validator."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from screening.errors import InputError
from screening.lab.cycling.export import ColumnNames, bdf_frame, write_bdf
from screening.lab.cycling.table import FlagKind, cycling_data_from_arrays
from screening.lab.readers.cycling import read_cycling
from screening.provenance import Provenance
from screening.simulate.full import FullCellTruth, simulate_full_cell

STAMP = Provenance.now("simulated", "0" * 64)


@pytest.fixture(scope="module")
def data():
    return simulate_full_cell(FullCellTruth(cycles=2))


@pytest.mark.parametrize("suffix", [".bdf.csv", ".bdf.parquet"])
@pytest.mark.parametrize("names", list(ColumnNames))
def test_round_trip(suffix, names, data, tmp_path):
    path = tmp_path / f"cell{suffix}"
    write_bdf(path, data, STAMP, names)
    again = read_cycling(path)
    assert again.sources[0].format.startswith("Battery Data Format")
    assert list(again.table.columns) == list(data.table.columns)
    for name in data.table:
        np.testing.assert_array_equal(again.table[name], data.table[name])
    assert [flag.kind for flag in again.flags] == [FlagKind.SIMULATED]  # as its stamp says


@pytest.mark.parametrize("suffix", [".bdf.csv", ".bdf.parquet"])
@pytest.mark.parametrize("names", list(ColumnNames))
@pytest.mark.filterwarnings("error::UserWarning", "error::RuntimeWarning")
def test_the_standard_s_validator_accepts_it(suffix, names, data, tmp_path):
    bdf = pytest.importorskip("bdf")
    path = tmp_path / f"cell{suffix}"
    write_bdf(path, data, STAMP, names)
    assert bdf.validate(bdf_frame(data, names))["ok"]
    assert bdf.validate(str(path))["ok"]


def test_the_validator_would_refuse_other_names(data):
    bdf = pytest.importorskip("bdf")
    assert not bdf.validate(bdf_frame(data).rename(columns={"Current / A": "Strom"}))["ok"]


def test_notes_stand_beside_the_columns(data, tmp_path):
    write_bdf(tmp_path / "cell.bdf.csv", data, STAMP)
    write_bdf(tmp_path / "cell.bdf.parquet", data, STAMP)
    beside = json.loads((tmp_path / "cell.bdf.csv.metadata.json").read_text("utf-8"))
    inside = pq.read_schema(tmp_path / "cell.bdf.parquet").metadata
    for key, value in beside.items():
        assert json.loads(inside[key.encode()]) == value
    assert beside["provenance"]["source_checksum"] == "0" * 64
    assert beside["current_sign"] == "positive on charge"
    assert beside["flags"][0]["kind"] == "simulated, not measured"
    assert beside["active_mass_mg"] == 7.0


def test_columns_that_the_standard_does_not_know_stay_behind(tmp_path):
    time = np.arange(20.0)
    record = cycling_data_from_arrays(
        time, 3.0 + time, time, frequency_hertz=np.where(time > 10, 1.0, np.nan)
    )
    assert list(bdf_frame(record)) == ["Test Time / s", "Voltage / V", "Current / A"]
    assert len(bdf_frame(record)) == 11  # and with the frequency its points, which would pass for cycling
    write_bdf(tmp_path / "cell.bdf.csv", record, STAMP)
    notes = json.loads((tmp_path / "cell.bdf.csv.metadata.json").read_text("utf-8"))
    assert notes["impedance_points_left_out"] == 9
    assert len(read_cycling(tmp_path / "cell.bdf.csv")) == 11


def test_nothing_half_written(data, tmp_path):
    with pytest.raises(InputError, match="unknown suffix"):
        write_bdf(tmp_path / "cell.xlsx", data, STAMP)
    with pytest.raises(InputError, match="cannot write"):
        write_bdf(tmp_path / "absent" / "cell.csv", data, STAMP)
    assert list(tmp_path.iterdir()) == []

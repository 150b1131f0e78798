"""Which raw files belong to one cell, and what kind of cell a record is of."""

from pathlib import Path

import numpy as np
import pytest

from screening.lab.beginnings import find_cells
from screening.lab.cell import Kind
from screening.lab.cycling.kind import kind_of
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.lab.readers.cycling import read_cycling

HOUR_S = 3600.0


def record(path: Path, charged_v: float, discharged_v: float) -> Path:
    """Two hours each way at 1 mA, a row a minute."""
    time_s = np.arange(0.0, 4 * HOUR_S, 60.0)
    turned = (time_s // HOUR_S) % 2 == 1
    current, voltage = np.where(turned, -1e-3, 1e-3), np.where(turned, discharged_v, charged_v)
    rows = "\n".join(f"{t:.0f},{v:.4f},{i:.4f}" for t, v, i in zip(time_s, voltage, current, strict=True))
    path.write_text(f"Time/s,Voltage/V,Current/A\n{rows}\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("charged_v", "discharged_v", "kind"),
    [
        (0.03, -0.03, Kind.SYMMETRIC),
        (3.9, 3.6, Kind.FULL),
        (0.9, 0.08, Kind.FULL),  # graphite against lithium
        (0.03, 0.02, None),  # a symmetric cell written without signs, or a shorted one
    ],
)
def test_kind_follows_the_sign_of_the_voltage(
    charged_v: float, discharged_v: float, kind: Kind | None, tmp_path: Path
) -> None:
    assert kind_of(read_cycling([record(tmp_path / "r.csv", charged_v, discharged_v)])) is kind


def test_cells_that_are_told_by_a_number_stay_apart(tmp_path: Path) -> None:
    names = ("LPSCl_cell01", "LPSCl_cell02", "A1", "A2", "LPSCl_C01", "LPSCl_C02", "B_part1", "B_part2")
    for name in names:
        record(tmp_path / f"{name}.csv", 0.03, -0.03)
    cells, passed = find_cells(tmp_path)
    assert passed == []
    assert sorted(len(cell.cycling) for cell in cells.values()) == [1] * 6 + [2]
    assert len(cells["B cycling"].cycling) == 2


def test_a_record_of_one_direction_is_of_a_full_cell_where_its_voltage_is() -> None:
    time = np.arange(100.0)
    charge = cycling_data_from_arrays(time, np.linspace(0.2, 3.4, 100) ** 0.3 * 2.4, np.full(100, 1e-3))
    plating = cycling_data_from_arrays(time, np.linspace(0.05, 0.3, 100), np.full(100, 1e-3))
    assert kind_of(charge) is Kind.FULL
    assert kind_of(plating) is None


def test_single_spectra_at_several_temperatures_are_one_pellet(tmp_path: Path) -> None:
    hertz = np.geomspace(1e6, 0.1, 40)
    for name, ohm in (
        ("LPSC_-5C", 400.0),
        ("LPSC_25C", 90.0),
        ("rest_25C_001", 60.0),
        ("rest_25C_002", 50.0),
    ):
        z = 10.0 + ohm / (1.0 + 2j * np.pi * hertz * ohm * 1e-8)
        rows = "\n".join(f"{f:.6g},{v.real:.8g},{v.imag:.8g}" for f, v in zip(hertz, z, strict=True))
        (tmp_path / f"{name}.csv").write_text(f"freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n{rows}\n", "utf-8")
    cells, passed = find_cells(tmp_path)
    assert passed == []
    assert {name: (cell.kind, len(cell.impedance)) for name, cell in cells.items()} == {
        "LPSC impedance": (Kind.PELLET, 2),
        "rest impedance": (None, 2),
    }

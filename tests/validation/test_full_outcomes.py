"""What raw files of a full cell are reduced to, on simulated cells of known truth."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from screening.lab.analysis import CellAnalysis, analyse_cell
from screening.lab.cell import Experiment
from screening.lab.cycling.export import write_bdf
from screening.lab.sheets import read_cell
from screening.provenance import Provenance
from screening.simulate.full import FullCellTruth, simulate_full_cell

TRUTH = FullCellTruth(cycles=30, final_retention=0.9, interval_s=300.0)
SAMPLING = 0.02
"""A row every five minutes of a discharge of three hours."""

Measured = Callable[[FullCellTruth], CellAnalysis]


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    """A simulated full cell, read back from its sheet and its raw file."""

    def make(truth: FullCellTruth) -> CellAnalysis:
        stamp = Provenance.now("simulated full cell", "0" * 64)
        write_bdf(tmp_path / "raw.csv", simulate_full_cell(truth, seed=1), stamp)
        sheet = tmp_path / "cell.toml"
        sheet.write_text(
            'origin = "simulated"\nkind = "full"\nreactor = "LiAlCl4"\nwt_percent = 50.0\n'
            "diameter_mm = 10.0\n"
            '[cathode]\nmaterial = "LiCoO2"\ncomposite_mg = 10.0\nactive_fraction = 0.7\n'
            '[files]\ncycling = ["raw.csv"]\n',
            "utf-8",
        )
        return analyse_cell(read_cell(sheet, Experiment))

    return make


def test_a_cell_that_has_not_failed_gives_a_bound(measured: Measured) -> None:
    cell = measured(TRUTH)
    life = cell.outcomes["life_cycles"]
    assert (life.value, life.at_least) == (30.0, True)
    assert cell.value("coulombic_efficiency") == pytest.approx(TRUTH.steady_efficiency, abs=0.003)
    assert cell.value("first_efficiency") == pytest.approx(TRUTH.first_efficiency, abs=0.01)
    # capacity falls linearly from cycle 1 to 30; the median of cycles 2 to 30 is that of cycle 16
    middle = TRUTH.first_discharge_mah_g * (1.0 - 0.1 * 15 / 29)
    assert cell.value("discharge_mah_per_g") == pytest.approx(middle, rel=SAMPLING)


def test_a_cell_fails_where_its_capacity_falls_below_four_fifths(measured: Measured) -> None:
    life = measured(replace(TRUTH, final_retention=0.6)).outcomes["life_cycles"]
    assert not life.at_least
    # 1 − 0.4 (k − 1)/29 is 0.8 at k = 15.5
    assert life.value == pytest.approx(15.0, abs=1.0)


def test_too_short_a_record_gives_no_steady_figures(measured: Measured) -> None:
    cell = measured(replace(TRUTH, cycles=3))
    assert not {"coulombic_efficiency", "discharge_mah_per_g"} & set(cell.outcomes)
    assert any("no steady efficiency" in remark for remark in cell.remarks)
    assert np.isfinite(cell.outcomes["life_cycles"].value)

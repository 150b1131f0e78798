"""The folder of the glove box: sheets for raw files, one line a cell, faulty sheets told and passed over."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

import screening as scr
from screening.cli import main
from screening.errors import InputError
from screening.lab.beginnings import Found, sheets
from screening.lab.briefs import brief
from screening.lab.cell import Kind
from screening.lab.cycling.kind import kind_of
from screening.lab.cycling.table import cycling_data_from_arrays
from screening.lab.outcomes import Outcome
from screening.lab.short import Short

RAW = {
    "a/ctrl_1.csv": "simulated-symmetric-control.csv",
    "full-cell.csv": "simulated-full.csv",
    "rest.csv": "simulated-rest.csv",
    "pattern.csv": "simulated-rest-xrd.csv",
}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    scr.write_example(folder)
    return folder


@pytest.fixture
def raw(example: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    (folder / "a").mkdir(parents=True)
    for name, source in RAW.items():
        shutil.copy(example / "raw" / source, folder / name)
    (folder / "notes.txt").write_text("hello")
    return folder


def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["screening", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


def test_init_tells_full_from_symmetric_and_the_sheets_work(
    raw: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = call(capsys, monkeypatch, "cells", "init", str(raw), "--diameter-mm", "13")
    assert status == 0
    kinds = {line.split()[0]: line.split()[1] for line in out.splitlines()[:3]}
    assert kinds == {"a-ctrl_1.toml": "symmetric", "full-cell.toml": "full", "rest.toml": "rest"}
    assert "notes.txt" in err
    assert "pattern.csv: a powder pattern" in err
    assert "diameter_mm = 13.0" in (raw / "a-ctrl_1.toml").read_text()
    kept = (raw / "rest.toml").read_text() + "# mine\n"
    (raw / "rest.toml").write_text(kept)
    assert "kept" in call(capsys, monkeypatch, "cells", "init", str(raw), "--diameter-mm", "10")[2]
    assert (raw / "rest.toml").read_text() == kept
    status, out, _ = call(capsys, monkeypatch, "cells", str(raw))
    assert status == 0
    said = {line.split()[0]: line for line in out.splitlines()[:3]}
    assert "short (hard) at 20.1 h" in said["a-ctrl_1"]
    assert "71 % after 100 cycles" in said["full-cell"]
    assert "no short at rest" in said["rest"]
    assert "react" in said["rest"]


def test_a_faulty_sheet_is_told_and_passed_over(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(example, tmp_path / "cells"))
    (folder / "broken.toml").write_text('origin = "measured"\nkind = "full"\n')
    table, figure = tmp_path / "cells.csv", tmp_path / "cells.png"
    words = ("cells", str(folder), "--csv", str(table), "--plot", str(figure))
    status, out, err = call(capsys, monkeypatch, *words)
    assert status == 0
    assert "broken.toml" in err
    assert "a full cell needs the table [cathode]" in err
    rows = pd.read_csv(table).set_index("cell")
    assert len(rows) == 21
    lives = rows[rows["quantity"] == "life_h"].sort_values("place")["value"].dropna()
    assert lives.is_monotonic_decreasing
    assert rows.loc["simulated-symmetric-control", "brief"] in out
    assert imread(figure).shape[1] == pytest.approx(2008, rel=0.1)
    (only,) = {path.name for path in folder.glob("*.toml")} & {"broken.toml"}
    for path in folder.glob("*.toml"):
        if path.name != only:
            path.unlink()
    assert call(capsys, monkeypatch, "cells", str(folder))[0] == 2


def test_the_lines_are_json_too(
    raw: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call(capsys, monkeypatch, "cells", "init", str(raw), "--area-cm2", "1")
    told = json.loads(call(capsys, monkeypatch, "cells", str(raw), "--json")[1])
    assert {row["cell"] for row in told["cells"]} == {"a-ctrl_1", "full-cell", "rest"}
    assert told["skipped"] == []


def test_the_record_tells_the_kind_of_a_cell() -> None:
    time = np.arange(0.0, 4000.0, 10.0)
    current = np.where(time % 1000.0 < 500.0, 1e-3, -1e-3)
    turning, keeping = 0.05 * np.sign(current), 3.8 + 0.1 * np.sign(current)
    assert kind_of(cycling_data_from_arrays(time, turning, current)) is Kind.SYMMETRIC
    assert kind_of(cycling_data_from_arrays(time, keeping, current)) is Kind.FULL
    assert kind_of(cycling_data_from_arrays(time, keeping, np.abs(current))) is Kind.FULL  # 3.8 V both ways
    half_cell = np.where(current > 0.0, 0.9, 0.2)  # two unlike electrodes: capacity and efficiency are meant
    assert kind_of(cycling_data_from_arrays(time, half_cell, current)) is Kind.FULL


def test_a_kind_that_the_record_denies_is_refused(example: Path) -> None:
    record = example / "raw" / "simulated-full.csv"
    with pytest.raises(InputError, match="said to be symmetric, and its voltage is that of a full cell"):
        scr.read_cycling(record, area_cm2=1.0, kind="symmetric")
    assert "discharge capacity" in str(scr.read_cycling(record, area_cm2=1.0))


def test_what_cannot_be_a_cell_is_told_with_its_own_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing reader was once told as "no powder pattern in it"."""
    monkeypatch.setitem(sys.modules, "fastnda", None)
    (tmp_path / "cell.nda").write_bytes(b"NEWARE" + bytes(2048))
    resting = "\n".join(f"{10 * i},{3.0 + 0.001 * i},0" for i in range(50))
    (tmp_path / "resting.csv").write_text(f"Test Time / s,Voltage / V,Current / A\n{resting}\n", "utf-8")
    status, _, err = call(capsys, monkeypatch, "cells", "init", str(tmp_path), "--diameter-mm", "10")
    assert status == 2
    told = dict(line.removeprefix("left aside: ").split(": ", 1) for line in err.splitlines()[:2])
    assert "needs the extra 'neware'" in told["cell.nda"]
    assert "pip install" in told["cell.nda"]
    assert told["resting.csv"] == "a cycler's record in which no current flows"
    assert not list(tmp_path.glob("*.toml"))


def test_sheets_differ_without_regard_to_case_and_a_folder_without_any_is_told_how_to_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _, err = call(capsys, monkeypatch, "cells", str(tmp_path))
    assert status == 2 and "screening cells init" in err
    cells = {f"{name} impedance": Found(impedance=[tmp_path / f"{name}.csv"]) for name in ("PEIS", "peis")}
    names = [path.name for path, _ in sheets(tmp_path, cells, [])]
    assert names == ["PEIS.toml", "peis-2.toml"]


def test_an_efficiency_above_one_is_not_rounded_to_it_and_doubts_come_last(example: Path) -> None:
    cells = scr.api.cells.read_cells(example).cells
    cell = next(each for each in cells if each.sheet.kind is Kind.FULL and each.short is not None)
    found = Outcome("first_efficiency", 1.0021, None, False, "")
    doubt = replace(cell.short, verdict=Short.INDETERMINATE)
    told = brief(replace(cell, outcomes={"first_efficiency": found}, short=doubt))
    assert told.split("; ")[0] == "first CE 100.2 %"
    assert told.split("; ")[-1].startswith("a short is not excluded")


def test_a_figure_without_a_number_is_refused_and_the_lines_stand(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("duan-2023-rest-10wt", "duan-2023-six-MgF2"):
        shutil.copy(example / f"{name}.toml", tmp_path)
    figure = tmp_path / "cells.png"
    status, out, err = call(capsys, monkeypatch, "cells", str(tmp_path), "--plot", str(figure))
    assert status == 2
    assert "no short at rest" in out
    assert "no cell has a number of retention_100_cycles, completion_h" in err
    assert not figure.exists()
    axes = scr.api.cells.read_cells(example).plot()
    shown = {text.get_text() for panel in axes.figure.axes for text in panel.texts}
    assert {"> 1500", "20.11, short"} <= shown

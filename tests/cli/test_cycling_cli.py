"""``screening cycling``: what it prints, writes and refuses."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from screening.cli import main
from screening.simulate.symmetric import Scenario, simulate

SHEET = """
label = "<script>alert(1)</script> & $x$"
diameter_mm = 10.0
[separator]
conductivity_s_per_cm = 1.0e-3
thickness_um = 620.0
"""


@pytest.fixture
def run(monkeypatch, capsys):
    def _run(*arguments):
        monkeypatch.setattr(sys, "argv", ["screening", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        out, err = capsys.readouterr()
        return int(leaving.value.code or 0), out, err

    return _run


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(SHEET)
    return path


@pytest.fixture
def record(tmp_path):
    """A simulated hard short, as a csv in Battery Data Format names."""
    path = tmp_path / "record.csv"
    simulate(Scenario.HARD_AT_BOUNDARY, 4).data.table.to_csv(path, index=False)
    return path


def test_verdict_is_printed(run, record, sheet):
    status, out, err = run("cycling", record, "--cell", sheet)
    assert (status, err) == (0, "")
    assert "hard at 20" in out
    assert "resistance collapse" in out


def test_former_keys_of_a_sheet_are_hinted_at_once_on_stderr(run, record, sheet):
    _, present, _ = run("cycling", record, "--cell", sheet)
    sheet.write_text(SHEET.replace("[separator]", "[electrolyte]").replace("diameter_mm", "die_mm"))
    status, out, err = run("cycling", record, "--cell", sheet)
    assert (status, out) == (0, present)
    assert sorted(err.splitlines()) == [
        "note: [electrolyte] is now [separator]",
        "note: die_mm is now diameter_mm",
    ]


def test_an_area_or_a_diameter_serves_without_a_sheet(run, record):
    _, by_area, _ = run("cycling", record, "--area-cm2", np.pi / 4)
    _, by_diameter, _ = run("cycling", record, "--diameter-mm", 10)
    assert by_area == by_diameter
    assert "Ω cm² at first" in by_area
    status, _, err = run("cycling", record, "--area-cm2", 1, "--diameter-mm", 10)
    assert (status, "area_cm2 given, and diameter_mm; keep one" in err) == (2, True)
    status, _, err = run("cycling", record, "--diameter-mm", -1)
    assert (status, "diameter_mm = -1.0; give a number above 0" in err) == (2, True)


def test_no_figures_of_a_cell_that_is_not_symmetric(run, tmp_path):
    rows = [f"{60 * k},{3.5 + 1e-3 * k},{1e-3 if k // 30 % 2 else -1e-3}" for k in range(120)]
    path = tmp_path / "full.csv"
    path.write_text("\n".join(["Test Time / s,Voltage / V,Current / A", *rows]) + "\n")
    status, out, _ = run("cycling", path, "--diameter-mm", 10)
    assert status == 0  # the record tells that it is a full cell
    assert "discharge capacity" in out
    assert "ASR" not in out
    status, out, err = run("cycling", path, "--diameter-mm", 10, "--kind", "symmetric")
    assert (status, out) == (2, "")
    assert "said to be symmetric, and its voltage is that of a full cell" in err


HEAVY = ("matplotlib", "plotly", "scipy.stats", "numba", "pymatgen", "openpyxl", "xlsxwriter")


@pytest.mark.parametrize("verb", ["eis", "cycling"])
def test_no_drawing_or_compiling_library_is_loaded_without_need(verb, tmp_path, record, sheet):
    spectrum = tmp_path / "z.csv"
    spectrum.write_text("f/Hz,Z'/Ohm,Z''/Ohm\n" + "".join(f"{10**k},{10 + k},{-1 - k}\n" for k in range(9)))
    arguments = [str(spectrum)] if verb == "eis" else [str(record), "--cell", str(sheet)]
    code = (
        "import sys\nfrom screening.cli import main\n"
        f"try:\n    main()\nfinally:\n    print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, verb, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_json_alone_on_stdout(run, record, sheet):
    status, out, _ = run("cycling", record, "--cell", sheet, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["short"]["verdict"] == "hard"
    assert found["short"]["time_h"] == pytest.approx(20.0, abs=1.0)
    assert found["short"]["settings"]["collapse_ratio"] == 0.8
    assert found["electrolyte_asr_ohm_cm2"] == pytest.approx(62.0)


def test_files_are_written(run, record, sheet, tmp_path):
    out_dir = tmp_path / "out"
    status, out, _ = run("cycling", record, "--cell", sheet, "--out", out_dir)
    assert status == 0
    for name in ("half_cycles", "cycles", "evidence", "flags"):
        csv, parquet = pd.read_csv(out_dir / f"{name}.csv"), pd.read_parquet(out_dir / f"{name}.parquet")
        assert len(csv) == len(parquet)
        assert list(csv.columns[:-1]) == list(parquet.columns)
    content = json.loads((out_dir / "cell.json").read_text())
    assert len(content["tables"]["cycles"]) == content["cycles"]
    for line in out.splitlines():
        if line.startswith("wrote "):
            assert (out_dir / line.rsplit("/", 1)[1]).stat().st_size > 0
    assert not list(out_dir.glob(".*"))


def test_page_is_self_contained_and_escaped(run, record, sheet, tmp_path):
    run("cycling", record, "--cell", sheet, "--out", tmp_path / "out")
    page = (tmp_path / "out" / "cell.html").read_text()
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert 'src="http' not in page
    assert "interphase-screening" in page


def test_exported_record_passes_the_standards_own_validator(run, record, sheet, tmp_path):
    bdf = pytest.importorskip("bdf", reason="batterydf is not installed")
    run("cycling", record, "--cell", sheet, "--out", tmp_path / "out")
    frame = bdf.read(tmp_path / "out" / "record.bdf.csv")
    assert bdf.validate(frame)["ok"]


def test_full_cell(run, tmp_path):
    half, samples = 3600.0, 50
    sign = np.repeat([1.0, -1.0] * 4, samples)
    time = (np.arange(len(sign)) + 1) * half / samples
    voltage = 3.7 + 0.1 * sign + 0.2 * sign * np.tile(np.linspace(-1, 1, samples), 8)
    path = tmp_path / "full.csv"
    pd.DataFrame({"test_time_second": time, "voltage_volt": voltage, "current_ampere": 1e-3 * sign}).to_csv(
        path, index=False
    )
    sheet = tmp_path / "cell.toml"
    sheet.write_text("area_cm2 = 0.785\n[cathode]\ncomposite_mg = 10.0\nactive_fraction = 0.7\n")
    status, out, err = run("cycling", path, "--kind", "full", "--cell", sheet, "--out", tmp_path / "out")
    assert (status, err) == (0, "")
    assert "mAh/g of active material" in out
    cycles = pd.read_csv(tmp_path / "out" / "cycles.csv")
    assert cycles["discharge_capacity_mah_per_g"].iloc[-1] == pytest.approx(1.0 / 7e-3, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "told"),
    [("area_cm2 = -1.0", "area_cm2"), ("colour = 3", "unknown key"), ("label = 'x'", "area")],
)
def test_wrong_sheet_is_one_line_and_status_2(run, record, tmp_path, text, told):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    status, out, err = run("cycling", record, "--cell", path, "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_missing_file_and_symmetric_cell_called_full(run, record, sheet, tmp_path):
    status, _, err = run("cycling", tmp_path / "absent.csv", "--cell", sheet)
    assert status == 2
    assert err.count("\n") == 1
    status, _, err = run("cycling", record, "--cell", sheet, "--kind", "full")
    assert status == 2
    assert "symmetric" in err

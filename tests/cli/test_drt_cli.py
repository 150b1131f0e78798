import json
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from screening.cli import app
from screening.errors import InputError
from screening.simulate.impedance import rest_study

runner = CliRunner()


@pytest.fixture
def csv(tmp_path):
    spectrum = rest_study().spectra(1)[0]
    path = tmp_path / "cell.csv"
    table = pd.DataFrame({"freq/Hz": spectrum.frequency_hz, "Re(Z)/Ohm": spectrum.z_ohm.real})
    table.assign(**{"-Im(Z)/Ohm": -spectrum.z_ohm.imag}).to_csv(path, index=False)
    return path


def test_the_simulated_series_is_told_written_and_labelled(tmp_path):
    out = tmp_path / "out"
    result = runner.invoke(app, ["drt", "--simulated-rest", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "simulated spectra: no measurement" in result.output
    assert re.search(r"^ +1 +9\.9e-08 → 1e-07 .* 49 of 49", result.output, re.MULTILINE)
    assert re.search(r"^ +5 .*not closed: R is a bound", result.output, re.MULTILINE)
    assert result.output.index("49 of 49") < result.output.index("window tau1")
    assert re.search(r"window tau2: fades, .* settled 1[67]\.", result.output)
    assert "short circuit: none" in result.output
    names = {path.name for path in out.iterdir()}
    tables = {
        f"{t}.{s}" for t in ("processes", "spectra", "elements", "series", "leak") for s in ("csv", "parquet")
    }
    assert tables | {"gamma.parquet", "drt.json", "drt.png", "drt.svg"} == names
    svg = (out / "drt.svg").read_text("utf-8")
    assert svg.count(">simulated<") == 3
    content = json.loads((out / "drt.json").read_text("utf-8"))
    assert content["simulated"] is True
    assert "simulated" in content["provenance"]["source"]
    assert pd.read_csv(out / "series.csv").provenance.str.contains("simulated").all()


def test_a_file_gives_its_processes_as_json(csv):
    result = runner.invoke(app, ["drt", str(csv), "--json", "--area-cm2", "0.785", "--interfaces", "2"])
    assert result.exit_code == 0, result.output
    content = json.loads(result.output)
    assert content["simulated"] is False
    found = {row["window"]: row for row in content["processes"]}
    assert found["tau1"]["resistance_ohm"] == pytest.approx(30.0, rel=0.05)
    assert found["tau1"]["resistance_ohm_cm2"] == pytest.approx(found["tau1"]["resistance_ohm"] * 0.785 / 2)
    assert "series" not in content


def test_frequencies_can_be_left_out_and_areas_asked_for(csv):
    result = runner.invoke(app, ["drt", str(csv), "--min-hz", "1000", "--areas", "--cpe", "0.8"])
    assert result.exit_code == 0, result.output
    assert "areas under γ" in result.output
    assert "Processes by windows" in result.output


def test_what_was_assumed_of_a_table_without_names_is_told(csv):
    csv.write_text(csv.read_text("utf-8").split("\n", 1)[1], "utf-8")
    for command in ("eis", "drt"):
        result = runner.invoke(app, [command, str(csv)])
        assert "header: none; the columns are taken for frequency, Z' and Z''" in result.output


def test_windows_come_from_a_file(csv, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[window]]\nname = "all"\nprocess = "p"\nlow_s = 1e-9\nhigh_s = 100.0\n', "utf-8")
    result = runner.invoke(app, ["drt", str(csv), "--json", "--windows", str(path)])
    found = json.loads(result.output)["processes"]
    assert [row["window"] for row in found] == ["all"]
    assert found[0]["resistance_ohm"] == pytest.approx(83.0, rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give files or --simulated-rest"),
        (["--simulated-rest", "x.csv"], "give files or --simulated-rest"),
        (["--simulated-rest", "--regularisation", "magic"], "unknown rule 'magic'"),
        (["--simulated-rest", "--regularisation", "-1"], "λ of -1"),
        (["--simulated-rest", "--windows", "absent.toml"], "cannot read windows"),
        (["--simulated-rest", "--interfaces", "0"], "0 interfaces"),
        (["--simulated-rest", "--min-hz", "6e6"], "point"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, message):
    result = runner.invoke(app, ["drt", *arguments])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


def test_a_spectrum_of_three_points_is_refused(tmp_path):
    path = tmp_path / "three.csv"
    path.write_text("freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm\n1000,1,0.1\n100,2,0.5\n10,3,0.2\n", "utf-8")
    result = runner.invoke(app, ["drt", str(path)])
    assert isinstance(result.exception, InputError)
    assert "3 points are too few" in str(result.exception)


def test_the_numbers_of_the_table_are_finite(csv):
    content = json.loads(runner.invoke(app, ["drt", str(csv), "--json"]).output)
    assert all(np.isfinite(row["total_ohm"]) for row in content["spectra"])

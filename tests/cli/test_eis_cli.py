"""``screening eis`` and ``screening arrhenius``: what they print, write and refuse."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from screening.cli import main
from screening.lab.impedance.circuits import EquivalentCircuit

BOLTZMANN = 8.617333262e-5
ENERGY = 0.40


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
def pellets(tmp_path):
    """Pellets at four temperatures; R falls with 0.40 eV in the σT form, 100 Ω at 25 °C."""
    frequency = np.geomspace(7e6, 1, 50)
    evaluate = EquivalentCircuit.parse("L-p(R,CPE)-CPE").impedance()
    paths = []
    for temperature in (-20, 0, 25, 60):
        kelvin = temperature + 273.15
        resistance = 100 * kelvin / 298.15 * np.exp(ENERGY / BOLTZMANN * (1 / kelvin - 1 / 298.15))
        z = evaluate(frequency, np.array([2e-7, resistance, 2e-10, 0.95, 3e-7, 0.9]))
        rows = (f"{f},{v.real},{-v.imag}\n" for f, v in zip(frequency, z, strict=True))
        paths.append(tmp_path / f"pellet_{temperature}C.csv")
        paths[-1].write_text("freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm\n" + "".join(rows))
    return paths


def test_eis_says_what_it_found(run, pellets, tmp_path):
    status, out, _ = run("eis", *pellets, "--kk")
    assert status == 0
    assert out.count("passed") == 4
    assert "sign of Z'': -Z'' by the name '-Im(Z)/Ohm', as the Kramers-Kronig test confirms" in out
    status, out, _ = run("eis", pellets[0], "--kk", "--out", tmp_path / "out", "--plot", tmp_path / "p.svg")
    table = pd.read_csv(tmp_path / "out" / "kramers_kronig.csv")
    assert list(table["verdict"]) == ["passed"]
    assert table["provenance"].str.contains("interphase-screening").all()
    assert len(pd.read_parquet(tmp_path / "out" / "points.parquet")) == 50
    assert (tmp_path / "out" / "eis.png").stat().st_size > 1000
    assert "<svg" in (tmp_path / "p.svg").read_text("utf-8")


def test_eis_json_is_json_only(run, pellets):
    status, out, _ = run("eis", pellets[0], "--kk", "--json")
    content = json.loads(out)
    assert status == 0
    assert content["spectra"][0]["points"] == 50
    assert content["kramers_kronig"][0]["verdict"] == "passed"


def test_arrhenius_gives_energy_and_conductivity(run, pellets, tmp_path):
    arguments = ("arrhenius", *pellets, "--circuit", "L-p(R,CPE)-CPE", "--at", "40")
    geometry = ("--thickness-mm", 1, "--diameter-mm", 10)
    status, out, _ = run(*arguments, *geometry, "--json", "--out", tmp_path / "out")
    assert status == 0
    first, second = json.loads(out)["lines"]
    assert first["form"].startswith("σT")
    assert first["activation_energy_ev"]["value"] == pytest.approx(ENERGY, abs=1e-4)
    assert second["activation_energy_ev"]["value"] == pytest.approx(ENERGY - BOLTZMANN * 288, abs=2e-3)
    at_25 = first["conductivity_s_per_cm"][0]
    assert at_25["temperature_c"] == 25
    assert at_25["value"] == pytest.approx(0.1 / (100 * np.pi * 0.25), rel=1e-3)
    written = json.loads((tmp_path / "out" / "arrhenius.json").read_text("utf-8"))
    assert written["provenance"]["source"].startswith("pellet_-20C.csv")
    status, out, _ = run(*arguments)
    assert "Ea = 0.4000" in out
    assert "temperatures from: file name" in out
    assert "conductances instead of conductivities" in out
    status, out, _ = run(*arguments, *[x for t in (20, 40, 65, 100) for x in ("--temperature-c", t)])
    assert "temperatures from: option" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eis", "absent.mpt"], "absent.mpt: cannot be read"),
        (["arrhenius", "{0}", "--thickness-mm", "1"], "a thickness without a diameter"),
        (["arrhenius", "{0}", "{1}", "--thickness-mm", "0", "--diameter-mm", "10"], "length of zero"),
        (["arrhenius", "{0}", "{1}", "--temperature-c", "25"], "1 temperature(s) for 2 file(s)"),
        (["arrhenius", "{0}"], "1 temperature(s) for 1"),
        (["arrhenius", "{0}", "{1}", "--circuit", "R-X"], "circuit 'R-X' is not understood"),
        (["eis", "{0}", "--plot", "x.gif"], "unknown figure suffix"),
        (["eis"], "Missing argument"),
    ],
)
def test_mistakes_end_in_one_line(arguments, message, run, pellets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, err = run(*[a.format(*pellets) for a in arguments])
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_name_without_temperature_asks_for_one(run, pellets):
    other = pellets[0].rename(pellets[0].with_name("cold.csv"))
    status, _, err = run("arrhenius", other, pellets[1])
    assert status == 2
    assert "give --temperature-c" in err


def test_real_pellets(run, lab_data):
    status, out, _ = run("arrhenius", *sorted((lab_data / "lpscl-blocking").glob("*.mpr")), "--json")
    content = json.loads(out)
    assert status == 0
    assert content["lines"][0]["activation_energy_ev"]["value"] == pytest.approx(0.383, abs=0.01)
    assert {point["kramers_kronig"] for point in content["points"]} == {"passed"}

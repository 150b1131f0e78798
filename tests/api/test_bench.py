"""Spectra, pellets and powder patterns at the front door."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import screening as scr
from screening.api.bench import simulated_rest_series
from screening.api.patterns import Pattern, Patterns
from screening.errors import InputError
from screening.lab.diffraction.findings import Identification, Identifications
from screening.lab.diffraction.pattern import PowderPattern
from screening.lab.impedance.circuits import EquivalentCircuit
from screening.lab.impedance.spectra import Spectra
from screening.phases.structures import literature_cells
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.validation.diffraction import references

BOLTZMANN = 8.617333262e-5
ENERGY = 0.40
CIRCUIT = "L-p(R,CPE)-CPE"
FREQUENCY = np.geomspace(7e6, 1, 50)


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def pellets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pellets at four temperatures; R falls with 0.40 eV in the σT form, 100 Ω at 25 °C."""
    folder = tmp_path_factory.mktemp("pellets")
    evaluate = EquivalentCircuit.parse(CIRCUIT).impedance()
    for temperature in (-20, 0, 25, 60):
        kelvin = temperature + 273.15
        resistance = 100 * kelvin / 298.15 * np.exp(ENERGY / BOLTZMANN * (1 / kelvin - 1 / 298.15))
        z = evaluate(FREQUENCY, np.array([2e-7, resistance, 2e-10, 0.95, 3e-7, 0.9]))
        rows = (f"{f},{v.real},{-v.imag}\n" for f, v in zip(FREQUENCY, z, strict=True))
        path = folder / f"pellet_{temperature}C.csv"
        path.write_text("freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm\n" + "".join(rows), "utf-8")
    return folder


@pytest.fixture(scope="module")
def series() -> Spectra:
    return simulated_rest_series()


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LiCl and LiAl, and no reactor."""
    blank = PowderPattern(np.linspace(10.0, 80.0, 100), np.ones(100))
    known = references(("LiCl", "LiAl"), literature_cells(), blank).known
    counts = simulate_pattern([Content(each, 3000.0) for each in known], Scan(), seed=5)
    path = tmp_path_factory.mktemp("xrd") / "<b>after.xy"
    np.savetxt(path, np.column_stack([counts.two_theta_deg, counts.intensity]), fmt="%.3f")
    return path


class TestSpectra:
    def test_a_pattern_a_path_and_a_list_mean_files(self, pellets: Path) -> None:
        every = scr.read_eis(str(pellets / "*.csv"))
        assert len(every) == 4
        assert len(scr.read_eis(pellets / "pellet_0C.csv")) == 1
        assert [s.label for s in scr.read_eis(sorted(pellets.iterdir()))] == [s.label for s in every]
        assert len(every.to_frame()) == 4 * len(FREQUENCY)
        assert len(every[1:3]) == 2
        assert every[1:3].provenance == every.provenance

    def test_no_file_is_told_in_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no file fits the pattern"):
            scr.read_eis(str(tmp_path / "*.mpr"))
        with pytest.raises(InputError, match="cannot be read"):
            scr.read_eis(tmp_path / "absent.mpr")
        with pytest.raises(InputError, match="no files"):
            scr.read_eis([])

    def test_a_file_without_spectra_is_left_out_and_named(self, pellets: Path, tmp_path: Path) -> None:
        for path in pellets.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / "aborted.csv").write_text("freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm\n", "utf-8")
        (tmp_path / "empty.csv").touch()
        (tmp_path / "other.csv").write_bytes(b"\x89PNG\0\0\0")
        (tmp_path / "inner.csv").mkdir()
        every = scr.read_eis(str(tmp_path / "*.csv"))
        assert [s.label for s in every] == [s.label for s in scr.read_eis(str(pellets / "*.csv"))]
        assert [line.split(": ")[0].rpartition("/")[2] for line in every.left_out] == [
            *("aborted.csv", "empty.csv", "inner.csv", "other.csv")
        ]
        assert set(every.left_out) <= set(every.display().notes)
        assert every.as_dict()["left_out"] == list(every.left_out)
        assert "aborted" not in every.provenance.line()
        with pytest.raises(InputError, match="absent"):
            scr.read_eis([*pellets.iterdir(), tmp_path / "absent.csv"])
        with pytest.raises(InputError, match="is empty"):
            scr.read_eis(tmp_path / "empty.csv")

    def test_a_label_from_outside_is_escaped(self, pellets: Path, tmp_path: Path) -> None:
        path = tmp_path / "<script>1.csv"
        path.write_text((pellets / "pellet_0C.csv").read_text("utf-8"), "utf-8")
        html = scr.read_eis(path)._repr_html_()
        assert "<script>" not in html
        assert "&lt;script&gt;1" in html

    def test_plots_go_on_given_axes(self, pellets: Path) -> None:
        spectra = scr.read_eis(pellets / "pellet_0C.csv", area_cm2=0.5)
        _, (left, *pair) = plt.subplots(1, 3)
        assert spectra.plot(left) is left
        assert left.get_xlabel() == "Z′ (Ω·cm²)" or left.get_xlabel().endswith("Ω·cm²)")
        assert spectra.plot(pair, kind="bode") is pair[0]
        assert isinstance(spectra.plot(), Axes)
        assert len(spectra.plot(kind="bode").figure.axes) == 2
        with pytest.raises(InputError, match="give two"):
            spectra.plot(left, kind="bode")

    def test_spectra_are_tested_and_written(self, pellets: Path, tmp_path: Path) -> None:
        tests = scr.read_eis(str(pellets / "*.csv")).kramers_kronig()
        assert set(tests.to_frame()["verdict"]) == {"passed"}
        assert "Residual" in tests.plot(plt.figure().subplots()).get_ylabel()
        tests.write(tmp_path / "out")
        names = {path.name for path in (tmp_path / "out").iterdir()}
        assert names == {"spectra.csv", "kramers_kronig.csv", "points.parquet", "eis.png"}

    def test_frequencies_are_cut(self, pellets: Path) -> None:
        cut = scr.read_eis(pellets / "pellet_0C.csv").within(1e3, 1e6)
        assert 1e3 <= cut[0].frequency_hz.min() < cut[0].frequency_hz.max() <= 1e6


class TestRelaxationTimes:
    def test_a_series_is_resolved_shown_and_written(self, series: Spectra, tmp_path: Path) -> None:
        found = series.drt()
        html = found._repr_html_()
        assert "fades" in html
        assert "simulated spectra: no measurement" in html
        assert "short circuit: none" in html
        assert set(found.to_frame()["window"]) >= {"tau1", "tau2"}
        axes = found.plot()
        assert isinstance(axes, Axes)
        assert len(axes.figure.axes) >= 3
        for kind in ("waterfall", "map", "processes"):
            given = plt.figure().subplots()
            assert found.plot(given, kind=kind) is given
        with pytest.raises(InputError, match="give one of"):
            found.plot(kind="pie")
        found.write(tmp_path)
        assert (tmp_path / "drt.json").is_file()

    def test_settings_reach_the_deconvolution(self, series: Spectra, tmp_path: Path) -> None:
        windows = tmp_path / "mine.toml"
        windows.write_text('[[window]]\nname = "all"\nprocess = "p"\nlow_s = 1e-9\nhigh_s = 100.0\n', "utf-8")
        found = series[:1].drt(windows=str(windows), refit=False, cpe_exponent=0.8)
        assert found.as_dict()["method"] == "area"
        assert found.as_dict()["options"]["terms"] != series[:1].drt().as_dict()["options"]["terms"]
        assert set(found.to_frame()["window"]) == {"all"}


class TestArrhenius:
    def test_energy_and_conductivity(self, pellets: Path) -> None:
        found = scr.arrhenius(
            str(pellets / "*.csv"), thickness_mm=1.0, diameter_mm=10.0, circuit=CIRCUIT, at_c=[40.0]
        )
        line = found.lines[0]
        assert line.activation_energy_ev.value == pytest.approx(ENERGY, abs=1e-4)
        assert line.at(25.0).value == pytest.approx(0.1 / (100 * np.pi * 0.25), rel=1e-3)
        html = found._repr_html_()
        assert "σ(40 °C)" in html
        assert "temperatures from: file name" in html
        axes = plt.figure().subplots()
        assert found.plot(axes) is axes
        assert list(found.to_frame()["temperature_from"]) == ["file name"] * 4

    @pytest.mark.parametrize("lengths", [{"thickness_mm": 1.0}, {"thickness_mm": 0.0, "diameter_mm": 10.0}])
    def test_half_a_geometry_is_refused(self, pellets: Path, lengths: dict[str, float]) -> None:
        with pytest.raises(InputError, match=r"thickness without|length of zero"):
            scr.arrhenius(str(pellets / "*.csv"), **lengths)


class TestPatterns:
    def test_phases_are_told(self, pattern: Path) -> None:
        read = scr.read_xrd(pattern)
        assert isinstance(read, Pattern)
        found = read.identify("LiCl", "LiAl", "LiAlCl4", "Li3YI6")
        assert isinstance(found, Identification)
        told = found.to_frame().set_index("name")["presence"].to_dict()
        assert told == {"LiCl": "seen", "LiAl": "seen", "LiAlCl4": "absent"}
        assert found.without_structure == ("Li3YI6",)
        html = found._repr_html_()
        assert "<b>after" not in html
        assert "LiAlCl₄" in html
        assert found.provenance.line().replace("<", "&lt;").replace(">", "&gt;") in html

    def test_several_patterns_stay_together(self, pattern: Path, tmp_path: Path) -> None:
        read = scr.read_xrd([pattern, pattern])
        assert isinstance(read, Patterns)
        found = read.identify("LiCl", "LiAl")
        assert isinstance(found, Identifications)
        assert len(found.to_frame()) == 4
        assert len(found.plot().figure.axes) == 4
        found.write(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {"phases.csv", "fit.csv", "xrd.png"}
        assert len(pd.read_csv(tmp_path / "phases.csv")) == 4

    def test_patterns_are_drawn_on_given_axes(self, pattern: Path) -> None:
        _, (left, right) = plt.subplots(1, 2)
        read = scr.read_xrd(pattern, wavelength=1.5406)
        assert read.plot(left) is left
        assert read.identify("LiCl", "LiAl").plot(right) is right
        assert "1.5406" in read._repr_html_()

    def test_nothing_to_look_for_is_refused(self, pattern: Path) -> None:
        with pytest.raises(InputError, match="no phase to look for"):
            scr.read_xrd(pattern).identify()
        with pytest.raises(InputError, match="no wavelength"):
            scr.read_xrd(pattern, wavelength="blue")

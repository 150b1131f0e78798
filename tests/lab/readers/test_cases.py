"""Small files of known content, one habit of an instrument each: read right, or truly refused."""

import os
from pathlib import Path

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.cycling.counters import compare_counters
from screening.lab.cycling.fullcell import full_cell_cycles
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.cycling.symmetric import assess_symmetric
from screening.lab.impedance.kramers_kronig import Verdict, kramers_kronig
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.impedance import read_spectra
from screening.lab.sheets import read_cell

VARIABLE = "INTERPHASE_LAB_CASES"

EIS_REFUSED = {
    "hdr_ohmcm2.txt": "given per area",
    "hdr_nohdr_index.txt": "an index or a time rather than a frequency",
    "hdr_nohdr_time_first.txt": "an index or a time rather than a frequency",
}
CYCLING_REFUSED = {
    "cyc_mAcm2.csv": "current density",
}
TRUTHS = (
    *("hdr_*.txt", "z*.z", "z*.txt", "eis_lead*.csv", "lead*.csv", "lcr_sign.csv", "cyc_*.csv"),
    *("neware_*.csv", "german_*.csv", "maccor_minutes.txt", "*.toml"),
)
"""Files whose truth is asserted here."""


def folder() -> Path:
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path(__file__).resolve().parents[4] / "shared" / "cases" / "lab"


@pytest.fixture(scope="module")
def cases() -> Path:
    if not folder().is_dir():
        pytest.skip(f"measured files are absent ({VARIABLE} or ../shared/cases/lab)")
    return folder()


def matching(cases: Path, *patterns: str) -> list[Path]:
    found = sorted(path for pattern in patterns for path in cases.glob(pattern))
    assert found
    return found


def test_every_file_has_its_truth(cases):
    asserted = {path for pattern in TRUTHS for path in cases.glob(pattern)}
    assert {path for path in cases.iterdir() if path.name != "README.md"} == asserted
    for path in cases.glob("*.toml"):
        assert read_cell(path).label in ("x", "yadg", "batmo")


def test_every_heading_of_an_impedance_table(cases):
    f = 10.0 ** np.linspace(5, -1, 31)
    z = 10 + 50 / (1 + 2e-3j * np.pi * f)
    for path in matching(cases, "hdr_*.txt"):
        if path.name in EIS_REFUSED:
            with pytest.raises(InputError, match=EIS_REFUSED[path.name]):
                read_spectra(path)
            continue
        (spectrum,) = read_spectra(path)
        np.testing.assert_allclose(spectrum.frequency_hz, f, rtol=1e-6, err_msg=path.name)
        np.testing.assert_allclose(spectrum.z_ohm, z, rtol=1e-5, err_msg=path.name)
        assumed = path.name == "hdr_nohdr_im_positive.txt"
        assert ("taken for frequency, Z' and Z''" in spectrum.metadata.get("header", "")) == assumed


def test_tables_of_zview(cases):
    for path in matching(cases, "z*.z", "z*.txt"):
        (spectrum,) = read_spectra(path)
        assert (len(spectrum), spectrum.frequency_hz[0]) == (26, 1e5)
        assert spectrum.z_ohm[0] == pytest.approx(10.0001 - 0.0795773j)
        assert spectrum.z_ohm[-1].real == pytest.approx(60, abs=0.01)


def test_empty_cells_and_a_sign(cases):
    for path in matching(cases, "eis_lead*.csv"):
        (spectrum,) = read_spectra(path)
        assert (len(spectrum), spectrum.frequency_hz[0]) == (31, 1e6), path.name
    for path in matching(cases, "lead*.csv"):
        assert len(read_cycling(path)) == 60, path.name
    (spectrum,) = read_spectra(cases / "lcr_sign.csv")
    phase = np.degrees(np.angle(spectrum.z_ohm))
    assert (phase.min(), phase.max()) == pytest.approx((-9, 0), abs=0.02)
    modulus = np.abs(spectrum.z_ohm)
    assert modulus[0] / modulus[-1] == pytest.approx(1.12)
    assert not spectrum.remarks
    assert kramers_kronig([spectrum])[0].verdict is Verdict.PASSED


def test_every_heading_of_a_cycler_table(cases):
    for path in matching(cases, "cyc_*.csv"):
        if path.name in CYCLING_REFUSED:
            with pytest.raises(InputError, match=CYCLING_REFUSED[path.name]):
                read_cycling(path)
            continue
        data = read_cycling(path)
        halves = half_cycles(data)
        assert len(data) == 241, path.name
        assert data.time_s[-1] == pytest.approx(240 * 60.0, rel=1e-6), path.name
        assert halves.sign.tolist() == [1, -1, 1, -1], path.name
        np.testing.assert_allclose(halves.charge_ah, 1e-3, rtol=1e-6, err_msg=path.name)
        np.testing.assert_allclose(halves.on_time_s, 3600.0, rtol=1e-6, err_msg=path.name)
        np.testing.assert_allclose(np.diff(data.time_s), 60.0, rtol=1e-4, err_msg=path.name)
        np.testing.assert_allclose(np.abs(data.current_a), 1e-3, rtol=1e-9, err_msg=path.name)
        np.testing.assert_allclose(data.voltage_v, 0.05 * np.sign(data.current_a), rtol=1e-9)


def test_times_that_files_tell_in_other_words(cases):
    data = read_cycling(cases / "neware_total_zero.csv")
    assert data.time_s[-1] == 6 * 3600
    np.testing.assert_allclose(half_cycles(data).charge_ah, [1e-3] * 6, rtol=1e-6)
    np.testing.assert_allclose(full_cell_cycles(data).coulombic_efficiency, [1.0] * 3, rtol=1e-6)
    data = read_cycling(cases / "maccor_minutes.txt")
    assert (len(data), data.time_s[-1]) == (960, 959 * 60.0)
    assert np.all(np.diff(data.time_s) == 60.0)
    charge = half_cycles(data).charge_ah
    np.testing.assert_allclose(charge, [1e-3] * 15 + [59e-3 / 60], rtol=1e-6)  # the last row is of minute 959
    life = assess_symmetric(data, read_cell(cases / "cell.toml")).life
    assert life.throughput_mah_per_cm2 == pytest.approx(20.4, abs=0.05)


def test_languages_and_encodings(cases):
    for first, *others in (
        matching(cases, "neware_cn_*.csv", "neware_en_*.csv"),
        matching(cases, "german_*.csv"),
    ):
        expected = read_cycling(first)
        halves = half_cycles(expected)
        assert halves.sign.tolist() == [1, -1] * 3
        # rows of the German tables stand a second apart where the current turns
        np.testing.assert_allclose(halves.charge_ah, 1e-3, rtol=3e-4, err_msg=first.name)
        np.testing.assert_allclose(np.abs(expected.current_a[expected.current_a != 0]), 1e-3)
        for path in others:
            data = read_cycling(path)
            for name in ("time_s", "voltage_v", "current_a"):
                np.testing.assert_allclose(getattr(data, name), getattr(expected, name), err_msg=path.name)


def test_spectra_are_no_record_of_cycling(lab_data):
    """Sweeps, each closed by a row at 0 Hz whose current is that of the excitation."""
    data = read_cycling(lab_data / "ssb-fullcell" / "Sample2_PEIS_AtRest.csv")
    assert data.is_impedance.all()
    assert not len(half_cycles(data))
    with pytest.raises(InputError, match="no current flows"):
        full_cell_cycles(data)


def test_measured_files_of_other_formats(lab_data):
    """Truths from the README of the measured files."""
    eis = lab_data / "eis-formats"
    (spectrum,) = read_spectra(eis / "exampleDataAutolab.txt")
    assert len(spectrum) == 41
    assert spectrum.z_ohm[0] == pytest.approx(0.0137859 + 0.0071919j, abs=1e-7)
    (spectrum,) = read_spectra(eis / "exampleDataVersaStudio.par")
    assert (len(spectrum), spectrum.frequency_hz[0]) == (61, 1e5)
    assert spectrum.z_ohm[0] == pytest.approx(55.31571 + 4.575431j)
    (spectrum,) = read_spectra(eis / "exampleDataPowersuite.txt")
    assert (len(spectrum), spectrum.z_ohm[-1]) == (30, pytest.approx(423929.46 - 49014.063j))
    (relaxis,) = read_spectra(eis / "PEIS_LPSCl_IonBlocking_-25C_RelaxIS.txt")
    (biologic,) = read_spectra(lab_data / "lpscl-blocking" / "peis_-25C.mpr")
    np.testing.assert_allclose(relaxis.z_ohm, biologic.z_ohm, rtol=1e-6)
    folder = lab_data / "cycling-formats"
    truths = {
        "maccor_002.txt.gz": (7446, 228_590),
        "neware_time_bug.bdf.csv.gz": (13_086, 125_628),
        "neware_uio.csv.gz": (9065, 518_538),
        "nw_regular_export_ife_example.csv.gz": (9294, None),
        "pec.csv.gz": (16_255, None),
        "Test25195.csv": (19, None),
        "biologic_absolute_time.txt": (8, None),
        "novonix_excel_quoted.csv.gz": (3942, None),
    }
    for name, (rows, last) in truths.items():
        data = read_cycling(folder / name)
        assert len(data) == rows, name
        if last is not None:
            assert data.time_s[-1] == pytest.approx(last, abs=1.0), name
    pec = read_cycling(folder / "pec.csv.gz")
    comparison = compare_counters(pec, half_cycles(pec))
    assert np.abs(comparison.relative_difference).max() < 1e-5  # its steps begin with a row, and end without
    ife = half_cycles(read_cycling(folder / "nw_regular_export_ife_example.csv.gz"))
    assert len(ife) == 40  # 20 cycles
    np.testing.assert_allclose(ife.charge_ah[:2], [0.02256, 0.33067], rtol=4e-3)  # of its own table of cycles
    assert read_cycling(folder / "Test25195.csv").time_s[0] == 0.002
    uio = full_cell_cycles(read_cycling(folder / "neware_uio.csv.gz"))
    np.testing.assert_allclose(uio.coulombic_efficiency[:2], [0.83545, 0.9721], atol=1e-3)

"""Small files of known content, one habit of an instrument each: read right, or truly refused."""

import os
from pathlib import Path

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.cycling.fullcell import full_cell_cycles
from screening.lab.cycling.halfcycles import half_cycles
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.impedance import read_spectra

VARIABLE = "INTERPHASE_LAB_CASES"

EIS_REFUSED = {
    "hdr_ohmcm2.txt": "given per area",
    "hdr_nohdr_index.txt": "an index or a time rather than a frequency",
    "hdr_nohdr_time_first.txt": "an index or a time rather than a frequency",
}
CYCLING_REFUSED = {
    "cyc_mAcm2.csv": "current density",
}
CHARGE_TOLERANCE = 0.02
"""The first sample of a step may be counted to either side: one of 60."""


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
    assert (spectrum.z_ohm.imag < 0).all()


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
        np.testing.assert_allclose(halves.charge_ah, 1e-3, rtol=CHARGE_TOLERANCE, err_msg=path.name)
        np.testing.assert_allclose(np.abs(data.voltage_v), 0.05, rtol=1e-9)


def test_times_that_files_tell_in_other_words(cases):
    data = read_cycling(cases / "neware_total_zero.csv")
    assert data.time_s[-1] == 6 * 3600
    np.testing.assert_allclose(full_cell_cycles(data).coulombic_efficiency, 1.0, rtol=1e-6)
    data = read_cycling(cases / "maccor_minutes.txt")
    assert (len(data), data.time_s[-1]) == (960, pytest.approx(16 * 3600, abs=61))
    np.testing.assert_allclose(half_cycles(data).charge_ah, 1e-3, rtol=CHARGE_TOLERANCE)


def test_languages_and_encodings(cases):
    for path in matching(cases, "neware_cn_*.csv", "neware_en_*.csv", "german_*.csv"):
        halves = half_cycles(read_cycling(path))
        assert len(halves) == 6, path.name
        np.testing.assert_allclose(halves.charge_ah, 1e-3, rtol=1e-3, err_msg=path.name)


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
        "nw_regular_export_ife_example.csv.gz": (9295, None),
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
    uio = full_cell_cycles(read_cycling(folder / "neware_uio.csv.gz"))
    np.testing.assert_allclose(uio.coulombic_efficiency[:2], [0.83545, 0.9721], atol=1e-3)

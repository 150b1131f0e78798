"""Powder patterns in the formats that diffractometers write; all written by code."""

from pathlib import Path

import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.diffraction.pattern import CU_KA_A
from screening.lab.readers.diffraction import read_pattern

X = np.round(np.arange(10.0, 14.0, 0.02), 4)
Y = np.round(100.0 + 50.0 * np.exp(-(((X - 12.0) / 0.1) ** 2)))

XRDML = """<?xml version="1.0" encoding="UTF-8"?>
<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5" status="Completed">
<xrdMeasurement measurementType="Scan" status="Completed"><scan appendNumber="0" mode="Continuous"
scanAxis="Gonio" status="Completed"><dataPoints><positions axis="2Theta" unit="deg">
<startPosition>{first}</startPosition><endPosition>{last}</endPosition></positions>
<commonCountingTime unit="seconds">1.0</commonCountingTime>
<intensities unit="counts">{counts}</intensities></dataPoints></scan></xrdMeasurement></xrdMeasurements>
"""


def table(separator: str = " ", decimal: str = ".", head: str = "") -> str:
    rows = (f"{x:.3f}{separator}{y:.1f}".replace(".", decimal) for x, y in zip(X, Y, strict=True))
    return head + "\n".join(rows) + "\n"


def centidegrees() -> str:
    return "".join(f"{100 * x:.1f} {y:.1f} {y**0.5:.3f}\n" for x, y in zip(X, Y, strict=True))


def xrdml() -> str:
    return XRDML.format(first=X[0], last=X[-1], counts=" ".join(f"{y:.0f}" for y in Y))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.xy", table()),
        ("errors.xye", table(head="").replace("\n", " 1.0\n")),
        ("named.csv", table(",", head="2theta,counts\n")),
        ("commented.txt", table("\t", head="# sample 3\n# Mo K-alpha\n")),
        ("comma.csv", table(";", ",", "Winkel;Impulse\n")),
        ("comma.txt", table("\t", ",")),
        ("instrument.xrdml", xrdml()),
        ("counts.uxd", "_START=10.0\n_STEPSIZE=0.02\n_COUNTS\n" + " ".join(f"{y:.0f}" for y in Y)),
        ("pairs.uxd", "_2THETACOUNTS\n" + table()),
        ("bank.gsas", f"made\nBANK 1 {len(X)} {len(X)} CONS 1000 2 0 0 FXYE\n" + centidegrees()),
        ("powder.cif", "data_a\nloop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n" + table()),
    ],
)
def test_every_format_gives_the_same_pattern(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    found = read_pattern(path, 0.71073)
    assert found.two_theta_deg == pytest.approx(X, abs=1e-6)
    assert found.intensity == pytest.approx(Y)
    assert (found.wavelength_a, found.name) == (0.71073, name)


@pytest.mark.parametrize("content", [b"hello\n", b"\x00\x01\x02", b"1 2\n3 4\n", b"<xrdMeasurements/>"])
def test_what_holds_no_pattern_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.xy"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.xy") as refused:
        read_pattern(path)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_pattern(tmp_path / "none.xy")


@pytest.mark.parametrize(
    ("head", "wavelength"),
    [
        ("# wavelength 0.7093\n", 0.7093),
        ("_WL1 = 1.78897\n", 1.78897),
        ('*HW_XG_WAVE_LENGTH_ALPHA1 "0.709300"\n', 0.7093),
        ('<kAlpha1 unit="Angstrom">1.788970</kAlpha1>\n', 1.78897),
        ("# Anode: Co Ka\n", 1.7903),
        ("# lambda = 1.54060 A\n", CU_KA_A),
    ],
)
def test_the_wavelength_that_a_file_states_is_taken_and_no_other(
    tmp_path: Path, head: str, wavelength: float
) -> None:
    path = tmp_path / "a.xy"
    path.write_text(head + table(), "utf-8")
    found = read_pattern(path)
    assert found.wavelength_a == pytest.approx(wavelength)
    doublet = "for the 1.5406 Å that the file states of the doublet"
    assert found.wavelength_from == (doublet if wavelength == CU_KA_A else "as the file states")
    assert read_pattern(path, wavelength * 1.0005).wavelength_from == "as given"
    with pytest.raises(InputError, match=r"a\.xy: the file states a wavelength of .* Å, not 0\.41 Å"):
        read_pattern(path, 0.41)


def test_an_assumed_wavelength_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xy"
    path.write_text(table(), "utf-8")
    found = read_pattern(path)
    assert (found.wavelength_a, found.wavelength_from) == (CU_KA_A, "assumed: the file states none")


@pytest.mark.parametrize(
    ("name", "head", "message"),
    [
        ("a.cif", "data_x\n_cell_length_a 4\nloop_\n_atom_site_label\nLi\n", "a crystal structure"),
        ("a.csv", "q (1/A),I\n", "a scattering vector q"),
        ("b.csv", "q [nm^-1],I\n", "a scattering vector q"),
    ],
)
def test_what_is_no_pattern_over_angles_is_refused(
    tmp_path: Path, name: str, head: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(head + table(","), "utf-8")
    with pytest.raises(InputError, match=message):
        read_pattern(path)


@pytest.mark.parametrize(
    ("header", "what"),
    [("d (A),Intensity", "lattice"), ("2theta (rad),I", "radians"), ("theta (deg),counts", "not 2θ")],
)
def test_an_abscissa_other_than_2theta_in_degrees_is_refused(header: str, what: str, tmp_path: Path) -> None:
    rows = "\n".join(f"{1 + k / 100},{100 + k % 7}" for k in range(100))
    path = tmp_path / "pattern.csv"
    path.write_text(f"{header}\n{rows}\n", "utf-8")
    with pytest.raises(InputError, match=what):
        read_pattern(path)
    path.write_text(f"2theta (deg),Intensity\n{rows}\n", "utf-8")
    assert read_pattern(path).range_deg == (1.0, 1.99)


@pytest.mark.parametrize(("first", "last"), [(0.01, 0.5), (0.17, 1.4), (0.7, 4.9)])
def test_a_nameless_abscissa_that_is_too_short_for_degrees_is_refused(first, last, tmp_path: Path) -> None:
    rows = "\n".join(f"{first + (last - first) * k / 99:.5f} {100 + k % 7}" for k in range(100))
    (path := tmp_path / "pattern.xy").write_text(rows + "\n", "utf-8")
    with pytest.raises(InputError, match="a scattering vector or radians"):
        read_pattern(path)


def beside(third: "np.ndarray", head: str = "") -> str:
    return head + "".join(f"{x:.3f},{y:.1f},{z:.4f}\n" for x, y, z in zip(X, Y, third, strict=True))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("two.csv", beside(Y[::-1] * 3, "2theta,fresh,cycled\n"), "column 'cycled'"),
        ("two.xy", beside(300 - Y).replace(",", " "), "column 'column 3'"),
        (
            "fit.csv",
            beside(Y, "2theta,Yobs,Ycalc\n").replace("\n", ",0\n").replace("calc,0", "calc,diff"),
            "",
        ),
        ("counted.csv", beside(np.sqrt(Y), "2theta,counts,x\n"), None),
        ("scaled.csv", beside(3 * np.sqrt(Y)), None),
        ("named.csv", beside(300 - Y, "2theta,counts,esd\n"), None),
        ("errors.xye", beside(300 - Y).replace(",", " "), None),
        ("ours.csv", beside(300 - Y, "2theta,counts,provenance\n"), None),
        ("one.xrdml", xrdml(), None),
        (
            "three.xrdml",
            xrdml().replace("</scan>", "</scan>" + 2 * "<scan></scan>"),
            "2 more scans after the first",
        ),
    ],
)
def test_what_is_not_read_beside_the_first_pattern_is_told(name, content, expected, tmp_path: Path) -> None:
    (path := tmp_path / name).write_text(content, "utf-8")
    found = read_pattern(path)
    assert found.intensity == pytest.approx(Y)
    assert found.not_read == ("columns 'Ycalc', 'diff'" if expected == "" else expected or "")

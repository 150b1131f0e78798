"""Powder patterns written by code, in formats of text and XML."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

X = np.arange(10.0, 40.0, 0.05)
Y = np.round(200.0 + 900.0 * np.exp(-(((X - 28.0) / 0.2) ** 2)))


def columns(separator: str, decimal: str = ".") -> bytes:
    rows = (f"{x:.3f}{separator}{y:.1f}".replace(".", decimal) for x, y in zip(X, Y, strict=True))
    return "\n".join(rows).encode()


def xrdml() -> bytes:
    counts = " ".join(f"{y:.0f}" for y in Y)
    return (
        '<?xml version="1.0"?><xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5">'
        '<xrdMeasurement><scan><dataPoints><positions axis="2Theta" unit="deg">'
        f"<startPosition>{X[0]}</startPosition><endPosition>{X[-1]}</endPosition></positions>"
        f'<intensities unit="counts">{counts}</intensities></dataPoints></scan></xrdMeasurement>'
        "</xrdMeasurements>"
    ).encode()


def ras() -> bytes:
    rows = [f"{x:.4f} {y:.4f} 1.0000" for x, y in zip(X, Y, strict=True)]
    begin = ["*RAS_DATA_START", "*RAS_HEADER_START", "*RAS_HEADER_END", "*RAS_INT_START"]
    return "\r\n".join([*begin, *rows, "*RAS_INT_END", "*RAS_DATA_END", ""]).encode()


def uxd() -> bytes:
    head = ["; made", "_FILEVERSION=2", f"_START={X[0]}", "_STEPSIZE=0.05", "_COUNTS"]
    return "\n".join([*head, " ".join(f"{y:.0f}" for y in Y), ""]).encode()


def gsas() -> bytes:
    rows = [f"{100 * x:.2f} {y:.1f} {y**0.5:.3f}" for x, y in zip(X, Y, strict=True)]
    return "\n".join(["made", f"BANK 1 {len(X)} {len(X)} CONS 1000.0 5.0 0 0 FXYE", *rows, ""]).encode()


def powder_cif() -> bytes:
    rows = [f"{x:.4f} {y:.0f}" for x, y in zip(X, Y, strict=True)]
    return "\n".join(
        ["data_made", "loop_", "_pd_meas_2theta_scan", "_pd_meas_counts_total", *rows, ""]
    ).encode()


FILES = {
    "powder": {
        "a.xy": columns(" "),
        "b.csv": columns(";", ","),
        "c.xrdml": xrdml(),
        "d.ras": ras(),
        "e.uxd": uxd(),
        "f.gsas": gsas(),
        "g.cif": powder_cif(),
    }
}


def reader(name: str) -> Callable[[Path], object]:
    """The reader of patterns."""
    from screening.lab.readers.diffraction import read_pattern

    return read_pattern

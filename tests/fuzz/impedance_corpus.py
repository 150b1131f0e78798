"""Impedance files written by code, in every format that is read; none holds measured values."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

FREQUENCY = np.geomspace(7e6, 0.1, 79)


def cell(frequency: np.ndarray = FREQUENCY, scale: float = 1.0) -> np.ndarray:
    """Two ZARC elements, a resistance and an inductance."""
    s = 2j * np.pi * frequency
    first, second = 20 / (1 + (1e-5 * s) ** 0.9), 15 / (1 + (0.3 * s) ** 0.85)
    return scale * (10 + first + second) + 1e-7 * s


def generic(
    delimiter: str = ",", decimal: str = ".", header: tuple[str, ...] = ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm")
) -> bytes:
    """One table; the sign of the imaginary part is that of the header's third name."""
    sign = -1 if header and header[2].startswith("-") else 1
    z = cell()
    lines = [delimiter.join(header)] if header else []
    for f, v in zip(FREQUENCY, z, strict=True):
        row = (f"{f:.7e}", f"{v.real:.7e}", f"{sign * v.imag:.7e}")
        lines.append(delimiter.join(row).replace(".", decimal))
    return ("\n".join(lines) + "\n").encode()


def mpt(loops: int = 3, decimal: str = ".") -> bytes:
    n = FREQUENCY.size
    head = ["", "Potentio Electrochemical Impedance Spectroscopy", "", "Run on channel : 1 (SN 1)"]
    head += ["Acquisition started on : 02/04/2026 10:02:46", "Electrode surface area : 0.001 cm²"]
    head += [f"Number of loops : {loops}"]
    head += [f"Loop {k} from point number {k * n} to {(k + 1) * n - 1}" for k in range(loops)]
    columns = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm\tPhase(Z)/deg\ttime/s\tcycle number\tCs/µF\t"
    rows = []
    for k in range(loops):
        for i, (f, v) in enumerate(zip(FREQUENCY, cell(scale=1 + 0.1 * k), strict=True)):
            values = (f, v.real, -v.imag, abs(v), np.degrees(np.angle(v)), 3600.0 * k + i, 1.0, 2.5)
            rows.append("\t".join(f"{value:.7E}" for value in values).replace(".", decimal))
    count = len(head) + 3
    lines = ["EC-Lab ASCII FILE", f"Nb header lines : {count}   ", *head, columns, *rows]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def gamry(curves: int = 1, aborted: bool = False) -> bytes:
    lines = ["EXPLAIN", "TAG\tEISPOT", "TITLE\tLABEL\tPotentiostatic EIS\tTest &Identifier"]
    lines += [
        "DATE\tLABEL\t3/18/2026\tDate",
        "TIME\tLABEL\t16:54:44\tTime",
        "AREA\tQUANT\t1.0E+000\t&Area (cm^2)",
    ]
    lines += ["OCVCURVE\tTABLE\t2", "\tPt\tT\tVf\tTemp", "\t#\ts\tV vs. Ref.\tdeg C"]
    lines += ["\t0\t0.25\t5.9E-002\t-327.63", "\t1\t0.5\t5.9E-002\t-327.63"]
    for k in range(curves):
        lines += ["ZCURVE\tTABLE", "\tPt\tTime\tFreq\tZreal\tZimag\tZsig\tZmod\tZphz\tIdc\tVdc\tIERange"]
        lines += ["\t#\ts\tHz\tohm\tohm\tV\tohm\t°\tA\tV\t##"]
        for i, (f, v) in enumerate(zip(FREQUENCY, cell(scale=1 + 0.1 * k), strict=True)):
            phase = np.degrees(np.angle(v))
            values = (600 * k + i, f, v.real, v.imag, 1, abs(v), phase, 0, -0.3)
            lines.append(f"\t{i}\t" + "\t".join(f"{value:.7g}" for value in values) + "\t9")
    if aborted:
        lines += ["EXPERIMENTABORTED\tTOGGLE\tT\tExperiment Aborted"]
        lines += ["FRACURVE\tTABLE\t1", "\tPt\tT", "\t#\tS", "\t0\t1"]
    return ("\n".join(lines) + "\n").encode("latin-1")


def zplot(comments: bool = True) -> bytes:
    names = ("Freq(Hz)", "Ampl", "Bias", "Time(Sec)", "Z'(a)", "Z''(b)", "GD", "Err", "Range")
    if comments:
        lines = ["ZPLOT2 ASCII", "  Measured Data, ZPlot:       3.2c", "    Surface Area:             1"]
        lines += [f"  Data Points:                {FREQUENCY.size}", "  " + "\t".join(names), "End Comments"]
        between = "\t"
    else:
        lines = ['"ZPlotW Data File: Version 3.2c"', '"Raw Data"', "Date: 12-17-2025    Time: 16:24:35"]
        lines += ["0,3,0,1,300000,0.005", str(FREQUENCY.size), '"  ' + "    ".join(names) + '"']
        between = ", "
    for i, (f, v) in enumerate(zip(FREQUENCY, cell(), strict=True)):
        row = (
            f"{f:.6E}",
            "1.0000E-02",
            "0.0000E+00",
            f"{i + 1:.6E}",
            f"{v.real:.6E}",
            f"{v.imag:.6E}",
            "0",
            "0",
            "3",
        )
        lines.append(between.join(row))
    return ("\n".join(lines) + "\n").encode()


def ivium(scans: int = 2) -> bytes:
    content = b"\x00\x1c"
    for k in range(scans):
        rows = (
            f"{v.real:.6E} {v.imag:.6E} {f:.6E}"
            for f, v in zip(FREQUENCY, cell(scale=1 + 0.1 * k), strict=True)
        )
        lines = [f"Title=scan {k + 1}", "Method=Impedance", "primary_data", "3", str(FREQUENCY.size), *rows]
        content += "\r\n".join(lines).encode("latin-1") + b"\r\n\x1e\x00"
    return content


MPR_COLUMNS = ((32, "<f4"), (37, "<f4"), (38, "<f4"), (36, "<f4"), (35, "<f4"), (4, "<f8"))


def _module(short: str, long: str, version: int, data: bytes) -> bytes:
    head = struct.pack(
        "<10s25sII8s", short.ljust(10).encode(), long.ljust(25).encode(), len(data), version, b"02/04/26"
    )
    return b"MODULE" + head + data


def mpr(loops: int = 3) -> bytes:
    """A BioLogic binary file with the modules that readers look for."""
    records = np.zeros(loops * FREQUENCY.size, dtype=[(str(i), kind) for i, kind in MPR_COLUMNS])
    z = np.concatenate([cell(scale=1 + 0.1 * k) for k in range(loops)])
    columns = (
        np.tile(FREQUENCY, loops),
        z.real,
        -z.imag,
        abs(z),
        np.degrees(np.angle(z)),
        np.arange(z.size) * 40.0,
    )
    for name, values in zip(records.dtype.names, columns, strict=True):
        records[name] = values
    ids = b"".join(struct.pack("<H", i) for i, _ in MPR_COLUMNS)
    data = (struct.pack("<IB", records.size, len(MPR_COLUMNS)) + ids).ljust(405, b"\0") + records.tobytes()
    starts = np.arange(loops + 1, dtype="<u4") * FREQUENCY.size
    log = bytearray(600)
    log[465:473] = struct.pack("<d", 46057.418)  # 4 February 2026 in days since 30 December 1899
    return (
        b"BIO-LOGIC MODULAR FILE\x1a".ljust(48)
        + bytes(4)
        + _module("VMP Set", "VMP settings", 0, bytes([0x1D]) + bytes(99))
        + _module("VMP data", "VMP data", 2, data)
        + _module("VMP LOG", "VMP LOG", 0, bytes(log))
        + _module("VMP loop", "VMP loop", 0, struct.pack("<I", loops) + starts.tobytes())
    )


def par(segments: int = 1) -> bytes:
    """VersaStudio: blocks, the names of a segment in its definition, with one too many at the end."""
    names = (
        "Segment #, Point #, E(V), I(A), Elapsed Time(s), Frequency(Hz), E Real, E Imag, Z Real, Z Imag, 0"
    )
    lines = ["<Application>", "Name=VersaStudio", "</Application>", "", "<Instrument>", "Type=VersaSTAT4"]
    lines += ["</Instrument>", ""]
    for k in range(segments):
        lines += [f"<Segment{k + 1}>", "Type=2", "Version=3", f"Definition={names}"]
        for i, (f, v) in enumerate(zip(FREQUENCY, cell(scale=1 + 0.1 * k), strict=True)):
            lines.append(f"{k},{i},0,-3.2E-06,{600 * k + i},{f:.7g},0.01,0,{v.real:.7g},{v.imag:.7g}")
        lines += [f"</Segment{k + 1}>", ""]
    return "\r\n".join(lines).encode()


def ism(beside: int = 0) -> bytes:
    """Zahner: a count, then columns of big-endian doubles; the sweep may first run up to its turn."""
    order = np.concatenate([np.arange(beside, 0, -1), np.arange(FREQUENCY.size)])
    f, z = FREQUENCY[order], cell()[order]
    columns = np.concatenate([f, np.abs(z), np.angle(z), 10.0 * np.arange(f.size)])
    count = struct.pack(">h", f.size - 1)
    return bytes(10) + count + columns.astype(">f8").tobytes() + b"Thales".ljust(600, b"\0")


def dfr() -> bytes:
    """Eco Chemie: a number a line, nine lines a point, Z'' with its sign reversed."""
    lines = ["Version8.0", str(FREQUENCY.size), "0"]
    for i, (f, v) in enumerate(zip(FREQUENCY, cell(), strict=True)):
        lines += [f"{value:.8g}" for value in (f, v.real, -v.imag, 0.1, 1e-6, i, 0, 0, 0)]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def pssession(spectra: int = 2) -> bytes:
    """PalmSens: JSON in UTF-16 with a last character that is none of it."""

    def column(name: str, unit: str, values: np.ndarray) -> dict[str, object]:
        points = [{"v": float(value), "s": 0, "c": 0} for value in values]
        return {"type": "", "description": name, "unit": {"q": name, "s": unit}, "datavalues": points}

    measurements = []
    for k in range(spectra):
        z = cell(scale=1 + 0.1 * k)
        values = [column("Frequency", "Hz", FREQUENCY), column("Z'", "Ohm", z.real)]
        values += [column("-Z''", "Ohm", -z.imag), column("Z", "Ohm", np.abs(z))]
        values += [column("-Phase", "°", -np.degrees(np.angle(z)))]
        measurements.append(
            {"title": "EIS", "dataset": None, "eisdatalist": [{"dataset": {"values": values}}]}
        )
    content = {"type": "PalmSens", "coreversion": "5.9", "measurements": measurements}
    return (json.dumps(content) + "\ufeff").encode("utf-16")


def thales() -> bytes:
    """Zahner's export: numbers with SI prefixes behind them."""

    def written(value: float) -> str:
        power = int(np.floor(np.log10(abs(value)) / 3)) if value else 0
        prefix = {-2: "u", -1: "m", 0: "", 1: "k", 2: "M"}[max(power, -2)]
        return f"{value / 1000.0 ** max(power, -2):.8g}{prefix}"

    lines = ["Number,Frequency/Hz,Impedance/ohm,Phase/deg"]
    for i, (f, v) in enumerate(zip(FREQUENCY, cell(), strict=True)):
        lines.append(f"{i + 1},{written(f)},{written(abs(v))},{written(np.degrees(np.angle(v)))}")
    return ("\n".join(lines) + "\n").encode()


def sheet_rows() -> list[list[object]]:
    z = cell()
    rows = zip(FREQUENCY.tolist(), z.real.tolist(), (-z.imag).tolist(), strict=True)
    return [["Cell 7"], [], ["Frequency (Hz)", "Z' (Ohm)", "-Z'' (Ohm)"], *map(list, rows)]


def xlsx() -> bytes:
    """A sheet of notes before that of the spectrum."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["measured by", "nobody"])
    sheet = book.create_sheet("Impedance")
    for row in sheet_rows():
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def ods() -> bytes:
    cells = (
        "".join(
            f'<table:table-cell office:value-type="float" office:value="{cell!r}"/>'
            if isinstance(cell, float)
            else '<table:table-cell office:value-type="string"><text:p>'
            f"{str(cell).replace(chr(39), '&apos;')}</text:p></table:table-cell>"
            for cell in row
        )
        for row in sheet_rows()
    )
    spaces = {
        name: f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    }
    table = "".join(f"<table:table-row>{row or '<table:table-cell/>'}</table:table-row>" for row in cells)
    xml = f'<?xml version="1.0"?><office:document-content {" ".join(spaces.values())}><office:body>'
    xml += f'<office:spreadsheet><table:table table:name="EIS">{table}</table:table></office:spreadsheet>'
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", xml + "</office:body></office:document-content>")
    return content.getvalue()


FILES: dict[str, dict[str, bytes]] = {
    "csv": {
        "comma.csv": generic(),
        "semicolon.txt": generic(";", ",", ("Frequency (Hz)", "Z' (Ohm)", "Z'' (Ohm)")),
        "tab.txt": generic("\t", ".", ()),
        "thales.csv": thales(),
    },
    "mpt": {"loops.mpt": mpt(), "comma.mpt": mpt(1, ",")},
    "gamry": {"one.dta": gamry(), "aborted.dta": gamry(2, aborted=True)},
    "zplot": {"comments.z": zplot(), "plain.z": zplot(comments=False)},
    "ivium": {"scans.idf": ivium()},
    "mpr": {"loops.mpr": mpr()},
    "par": {"segments.par": par(2)},
    "ism": {"sweep.ism": ism(), "turned.ism": ism(12)},
    "dfr": {"fra.dfr": dfr()},
    "pssession": {"two.pssession": pssession()},
    "spreadsheet": {"eis.xlsx": xlsx(), "eis.ods": ods()},
}
"""Reader name, then file name, then content."""


def reader(name: str) -> Callable[[Path], object]:
    """Function that reads the files of `name`: one function reads them all, by their content."""
    from screening.lab.readers.impedance import read_spectra

    return read_spectra

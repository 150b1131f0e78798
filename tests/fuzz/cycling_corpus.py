"""Cycling files written by code, in every format that is read; none holds measured values.

All of them tell the same short test (`TRUTH`): rest, and twice a charge and a discharge with a rest after
each.
"""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

STARTED_UNIX_S = 1_770_199_366.0
"""4 February 2026, 10:02:46, of a clock without a zone."""

CURRENT_A = 2.5e-4
STEP_S = 30.0


@dataclass(frozen=True)
class Truth:
    """What every file says; each attribute is an array of shape (n_rows,)."""

    time_s: np.ndarray
    step_time_s: np.ndarray
    voltage_v: np.ndarray
    current_a: np.ndarray
    step: np.ndarray
    cycle: np.ndarray
    charge_ah: np.ndarray
    discharge_ah: np.ndarray

    @property
    def step_ah(self) -> np.ndarray:
        """Capacity counted within each step."""
        return np.abs(self.current_a) * self.step_time_s / 3600

    def kinds(self, charge: str, discharge: str, rest: str) -> list[str]:
        """Name of each row's step."""
        return [charge if i > 0 else discharge if i < 0 else rest for i in self.current_a]


def truth(rows: int = 40, cycles: int = 2) -> Truth:
    """Build the test: capacities count within each cycle."""
    columns: list[tuple[float, ...]] = []
    clock = 0.0
    plan = [(1, 0), *((k, s) for k in range(1, cycles + 1) for s in (1, 0, -1, 0))]
    for step, (cycle, sign) in enumerate(plan, start=1):
        for i in range(rows):
            share = i / (rows - 1)
            level = {1: 3.0 + 1.2 * share, -1: 4.2 - 1.2 * share}.get(sign, 3.0 if step % 4 == 1 else 4.2)
            passed = i * STEP_S * CURRENT_A / 3600
            charge = passed if sign > 0 else (rows - 1) * STEP_S * CURRENT_A / 3600 if step % 4 != 1 else 0.0
            columns.append(
                (clock, i * STEP_S, level, sign * CURRENT_A, step, cycle, charge, passed if sign < 0 else 0.0)
            )
            clock += STEP_S
        clock += 0.02 - STEP_S  # the next step begins at once
    return Truth(*(np.array(column) for column in zip(*columns, strict=True)))


TRUTH = truth()


def clock(seconds: float) -> str:
    """Hours, minutes and seconds; the hours run past 24."""
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


def dates(form: str) -> list[str]:
    """Wall clock of each row."""
    moments = (np.datetime64(int(1000 * (STARTED_UNIX_S + t)), "ms").item() for t in TRUTH.time_s)
    return [moment.strftime(form) for moment in moments]


def rows_of(*columns: Iterable[object]) -> Iterator[tuple[object, ...]]:
    """Rows of several columns."""
    return zip(*columns, strict=True)


def text(
    head: list[str], rows: Iterator[tuple[object, ...]], delimiter: str = ",", decimal: str = "."
) -> bytes:
    """Head lines and rows of cells; numbers with nine digits."""
    lines = list(head)
    for row in rows:
        cells = (f"{cell:.9g}" if isinstance(cell, float) else str(cell) for cell in row)
        lines.append(delimiter.join(cell.replace(".", decimal) for cell in cells))
    return ("\n".join(lines) + "\n").encode()


def landt() -> bytes:
    head = ["cell model:,,,", "cell id: ,,,", "Nominal capacity used to define the C rate:Ah,,,"]
    head += [
        "channel_index,cycle_index,step_index,date_time_iso_string,test_time_s,step_time_s,current_A,voltage_V,"
        "discharge_capacity_Ah,charge_capacity_Ah,Pressure_Psi,temperature_1_C,step_name"
    ]
    t = TRUTH
    number = range(1, len(t.time_s) + 1)
    zero = np.zeros(len(t.time_s), dtype=int)
    names = [
        f"{kind}," for kind in t.kinds("charge CC", "discharge CC", "rest")
    ]  # one comma too many, as LANDT has
    columns = (
        number,
        t.cycle.astype(int),
        t.step.astype(int),
        dates("%m/%d/%Y %H:%M:%S"),
        t.time_s,
        t.step_time_s,
    )
    columns += (t.current_a, t.voltage_v, t.discharge_ah, t.charge_ah, zero, zero, names)
    return text(head, rows_of(*columns))


def neware_flat() -> bytes:
    t = TRUTH
    head = [
        "DataPoint,Cycle Index,Step Index,Step Type,Time,Total Time,Current(mA),Voltage(V),Capacity(mAh),Date"
    ]
    columns = (range(1, len(t.time_s) + 1), t.cycle.astype(int), t.step.astype(int))
    columns += (t.kinds("CC Chg", "CC DChg", "Rest"), map(clock, t.step_time_s), map(clock, t.time_s))
    columns += (1e3 * t.current_a, t.voltage_v, 1e3 * t.step_ah)
    return text(head, rows_of(*columns, dates("%Y-%m-%d %H:%M:%S")))


def neware_layered() -> bytes:
    """Lines of cycles, steps and records, each indented by one more cell; the time starts anew with each
    step."""
    t = TRUTH
    lines = ["Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh)", ",Step ID,Step Name,Step Time(h:min:s.ms)"]
    lines += [",,Record ID,Time(h:min:s.ms),Voltage(mV),Current(mA),Capacity(mAh),Realtime"]
    moments, kinds = dates("%Y-%m-%d %H:%M:%S"), t.kinds("CC_Chg", "CC_DChg", "Rest")
    for i in range(len(t.time_s)):
        if i == 0 or t.cycle[i] != t.cycle[i - 1]:
            lines.append(f"{t.cycle[i]:.0f},1,1")
        if i == 0 or t.step[i] != t.step[i - 1]:
            lines.append(f",{t.step[i]:.0f},{kinds[i]},00:00:00.000")
        values = f"{1e3 * t.voltage_v[i]:.4f},{1e3 * t.current_a[i]:.6f},{1e3 * t.step_ah[i]:.6f}"
        lines.append(f",,{i + 1},{clock(t.step_time_s[i])},{values},{moments[i]}")
    return ("\r\n".join(lines) + "\r\n").encode("gb2312")


ARBIN = (
    "Data_Point,Test_Time(s),Date_Time,Step_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V),"
    "Charge_Capacity(Ah),Discharge_Capacity(Ah),Internal_Resistance(Ohm)"
)


def arbin_rows() -> Iterator[tuple[object, ...]]:
    t = TRUTH
    columns = (range(1, len(t.time_s) + 1), t.time_s, dates("%m/%d/%Y %H:%M:%S"), t.step_time_s)
    columns += (
        t.step.astype(int),
        t.cycle.astype(int),
        t.current_a,
        t.voltage_v,
        t.charge_ah,
        t.discharge_ah,
    )
    return rows_of(*columns, np.zeros(len(t.time_s), dtype=int))


def arbin() -> bytes:
    return text([ARBIN], arbin_rows())


def arbin_xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Global_Info"
    book.active.append(["TEST REPORT"])
    sheets = (book.create_sheet("Channel_1-001_1"), book.create_sheet("Channel_1-001_2"))
    rows = [[cell.item() if isinstance(cell, np.generic) else cell for cell in row] for row in arbin_rows()]
    half = len(rows) // 2
    for sheet, part in zip(sheets, (rows[:half], rows[half:]), strict=True):
        sheet.append(ARBIN.split(","))
        for row in part:
            sheet.append(row)
    statistics = book.create_sheet("Statistics_1-001")
    statistics.append(ARBIN.split(","))
    for row in rows[39::160]:
        statistics.append([*row[:5], len(list(statistics.rows)), *row[6:]])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def gamry_charge() -> bytes:
    """A charge and discharge experiment: the rest before it is another table."""
    t = TRUTH
    lines = ["EXPLAIN", "TAG\tPWR800_CHARGE", "TITLE\tLABEL\tCharge\tTest &Identifier"]
    lines += ["OCVCURVE\tTABLE\t1", "\tPt\tT\tVf\tVm\tAch", "\t#\ts\tV vs. Ref.\tV\tV", "\t0\t1\t3\t3\t0"]
    lines += [f"CURVE\tTABLE\t{len(t.time_s)}", "\tPt\tT\tVf\tIm\tVu\tPwr\tSig\tAch\tIERange"]
    lines += ["\t#\ts\tV vs. Ref.\tA\tV\tW\tV\tV\t#"]
    for i, (time, volt, amp) in enumerate(zip(t.time_s, t.voltage_v, t.current_a, strict=True)):
        lines.append(f"\t{i}\t{time:.6f}\t{volt:.7f}\t{amp:.7e}\t0\t0\t0\t0\t8")
    return ("\n".join(lines) + "\n").encode("latin-1")


def maccor() -> bytes:
    """Current without a sign; the state says which way it flows."""
    t = TRUTH
    head = ["Today's Date\t02/04/2026\tDate of Test:\t02/04/2026", "Filename:\ttest.001"]
    head += ["Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time"]
    columns = (range(1, len(t.time_s) + 1), t.cycle.astype(int), t.step.astype(int), map(clock, t.time_s))
    columns += (map(clock, t.step_time_s), t.step_ah, np.zeros(len(t.time_s), dtype=int))
    columns += (np.abs(t.current_a), t.voltage_v, t.kinds("C", "D", "R"), np.ones(len(t.time_s), dtype=int))
    return text(head, rows_of(*columns, dates("%m/%d/%Y %H:%M:%S")), "\t")


def generic(header: str = "time;voltage (V);I/mA", delimiter: str = ";", decimal: str = ",") -> bytes:
    t = TRUTH
    return text([header], rows_of(t.time_s, t.voltage_v, 1e3 * t.current_a), delimiter, decimal)


def bdf(preferred: bool = True) -> bytes:
    t = TRUTH
    header = "Test Time / s,Voltage / V,Current / A,Cycle Count / 1,Step Index / 1"
    if not preferred:
        header = "test_time_second,voltage_volt,current_ampere,cycle_count,step_index"
    columns = (t.time_s, t.voltage_v, t.current_a, t.cycle.astype(int), t.step.astype(int))
    return text([header], rows_of(*columns))


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    t = TRUTH
    names = ("Test Time / s", "Voltage / V", "Current / A", "Cycle Count / 1", "remark")
    columns = (t.time_s, t.voltage_v, t.current_a, t.cycle.astype(np.int32), t.kinds("c", "d", "r"))
    content = io.BytesIO()
    pq.write_table(pa.table(dict(zip(names, columns, strict=True))), content)
    return content.getvalue()


def charge_steps_mah() -> np.ndarray:
    """Charge that each row adds, mA·h; a row at which the current is switched closes a short interval."""
    return 1e3 / 3600 * TRUTH.current_a * np.diff(TRUTH.time_s, prepend=0.0)


def mpt(with_current: bool = True, decimal: str = ".", electrodes: str = "Ewe/V") -> bytes:
    """A galvanostatic text file; with ``Ewe-Ece/V`` both electrodes stand beside their difference."""
    t = TRUTH
    head = ["", "Galvanostatic Cycling with Potential Limitation", "", "Run on channel : 1 (SN 1)"]
    head += ["Acquisition started on : 02/04/2026 10:02:46", "Electrode surface area : 0.001 cm²"]
    head += ["Characteristic mass : 0.001 g"]
    half = np.cumsum(np.append(0, np.diff(np.sign(t.current_a)) != 0))
    columns = {"mode": np.ones(len(t.time_s)), "time/s": t.time_s, "dq/mA.h": charge_steps_mah()}
    both = {"Ewe/V": t.voltage_v + COUNTER_V, "Ece/V": np.full(len(t.time_s), COUNTER_V)}
    columns |= {"Ewe/V": t.voltage_v} if electrodes == "Ewe/V" else {**both, "Ewe-Ece/V": t.voltage_v}
    columns |= {"half cycle": half, "Ns": t.step}
    if with_current:
        columns["<I>/mA"] = 1e3 * t.current_a
    rows = (
        "\t".join(f"{value:.9E}" for value in row).replace(".", decimal)
        for row in zip(*columns.values(), strict=True)
    )
    count = len(head) + 3
    lines = ["EC-Lab ASCII FILE", f"Nb header lines : {count}   ", *head, "\t".join(columns) + "\t", *rows]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


COUNTER_V = -0.15
"""Potential of the counter electrode against a reference, where a file holds one."""

MPR_COLUMNS = ((4, "<f8"), (7, "<f8"), (6, "<f4"), (212, "<u4"))


def _module(short: str, long: str, version: int, data: bytes) -> bytes:
    head = struct.pack(
        "<10s25sII8s", short.ljust(10).encode(), long.ljust(25).encode(), len(data), version, b"02/04/26"
    )
    return b"MODULE" + head + data


def mpr(counter: bool = False) -> bytes:
    """A galvanostatic BioLogic file without a column for the current; with or without a counter electrode."""
    t = TRUTH
    kinds = (*MPR_COLUMNS, (9, "<f4")) if counter else MPR_COLUMNS
    records = np.zeros(len(t.time_s), dtype=[(str(i), kind) for i, kind in kinds])
    working = t.voltage_v + COUNTER_V if counter else t.voltage_v
    against = np.full(len(t.time_s), COUNTER_V)
    values = (t.time_s, charge_steps_mah(), working, t.step, against)[: len(kinds)]
    for name, column in zip(records.dtype.names, values, strict=True):
        records[name] = column
    ids = b"".join(struct.pack("<H", i) for i, _ in kinds)
    data = (struct.pack("<IB", records.size, len(kinds)) + ids).ljust(405, b"\0") + records.tobytes()
    log = bytearray(600)
    log[465:473] = struct.pack("<d", 46057.4185879630)  # the start, in days since 30 December 1899
    return (
        b"BIO-LOGIC MODULAR FILE\x1a".ljust(48)
        + bytes(4)
        + _module("VMP Set", "VMP settings", 0, bytes([0x04]) + bytes(99))
        + _module("VMP data", "VMP data", 2, data)
        + _module("VMP LOG", "VMP LOG", 0, bytes(log))
    )


NDA_RECORD = np.dtype(
    [
        ("identifier", "<u1"),
        ("index", "<u4"),
        ("cycle", "<u4"),
        ("step", "<u1"),
        ("kind", "<u1"),
        ("step_time", "<u4"),
        ("voltage", "<i4"),
        ("current", "<i4"),
        ("unused", "V8"),
        ("capacity", "<i8"),
        ("checksum", "V4"),
    ]
)


def nda() -> bytes:
    """A Neware file of version 3: tenths of a millivolt, and a current range whose unit is 10 nA."""
    t = TRUTH
    records = np.zeros(len(t.time_s), dtype=NDA_RECORD)
    records["identifier"], records["index"] = 85, np.arange(1, len(t.time_s) + 1)
    records["cycle"], records["step"], records["step_time"] = t.cycle, t.step, t.step_time_s
    records["kind"] = [int(kind) for kind in t.kinds("1", "2", "4")]
    records["voltage"], records["current"] = np.round(1e4 * t.voltage_v), np.round(1e8 * t.current_a)
    records["capacity"] = np.round(3600 * 1e8 * t.step_ah)
    begin = 512
    head = bytearray(begin)
    head[:6], head[14], head[16:20] = b"NEWARE", 3, struct.pack("<I", 128)
    head[64:72] = struct.pack("<II", begin, records.nbytes)
    head[154:158] = struct.pack("<i", -5)
    return bytes(head) + records.tobytes()


def _ndc(kind: int, version: int, records: np.ndarray) -> bytes:
    """One table of a .ndax: blocks of 4096 bytes, each with a mask of the rows that count."""
    per_block = (4096 - 132 - 1) // records.dtype.itemsize
    content = bytearray(4096)
    content[0], content[2] = kind, version
    for start in range(0, len(records), per_block):
        part = records[start : start + per_block]
        block = bytearray(4096)
        mask = np.packbits(np.ones(len(part), dtype=np.uint8), bitorder="little").tobytes()
        block[4 : 4 + len(mask)] = mask
        block[132 : 132 + part.nbytes] = part.tobytes()
        content += block
    return bytes(content)


def ndax() -> bytes:
    """A Neware archive of version 14 with the three tables that its reader joins."""
    t = TRUTH
    main = np.zeros(len(t.time_s), dtype=[("voltage", "<f4"), ("current", "<f4")])
    main["voltage"], main["current"] = t.voltage_v, t.current_a
    info_type = [("step_time", "<u4"), ("pad", "V1"), ("cap", "<f4", 4), ("pad2", "V8"), ("dt", "<i4")]
    info_type += [("unix", "<u4"), ("step", "<u4"), ("index", "<u4"), ("ms", "<i2"), ("pad3", "V8")]
    info = np.zeros(len(t.time_s), dtype=info_type)
    info["step_time"], info["dt"] = np.round(1e3 * t.step_time_s), round(1e3 * STEP_S)
    info["unix"], info["step"] = STARTED_UNIX_S + t.time_s, t.step
    info["index"] = np.arange(1, len(t.time_s) + 1)
    info["cap"][:, 0], info["cap"][:, 1] = (np.where(s * t.current_a > 0, t.step_ah, 0.0) for s in (1, -1))
    firsts = np.flatnonzero(np.append(True, np.diff(t.step) != 0))
    steps = np.zeros(
        len(firsts), dtype=[("cycle", "<u4"), ("step", "<u4"), ("a", "V16"), ("kind", "<u1"), ("b", "V12")]
    )
    steps["cycle"], steps["step"] = t.cycle[firsts] - 1, t.step[firsts]
    steps["kind"] = [int(kind) for kind in np.array(t.kinds("1", "2", "4"))[firsts]]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.ndc", _ndc(1, 14, main))
        archive.writestr("data_runInfo.ndc", _ndc(18, 14, info))
        archive.writestr("data_step.ndc", _ndc(7, 14, steps))
    return content.getvalue()


FILES: dict[str, dict[str, bytes]] = {
    "cycling-csv": {
        "landt.csv": landt(),
        "landt.csv.gz": gzip.compress(landt(), mtime=0),
        "neware.csv": neware_flat(),
        "layered.csv": neware_layered(),
        "arbin.csv": arbin(),
        "maccor.txt": maccor(),
        "generic.csv": generic(),
        "preferred.bdf.csv": bdf(),
        "machine.bdf.csv": bdf(preferred=False),
    },
    "cycling-mpt": {"current.mpt": mpt(), "charge.mpt": mpt(with_current=False, decimal=",")},
    "cycling-mpr": {"gcpl.mpr": mpr()},
    "cycling-parquet": {"cell.bdf.parquet": parquet()},
    "cycling-xlsx": {"arbin.xlsx": arbin_xlsx()},
    "cycling-gamry": {"charge.dta": gamry_charge()},
    "nda": {"old.nda": nda()},
    "ndax": {"new.ndax": ndax()},
}
"""Reader name, then file name, then content."""


def reader(name: str) -> Callable[[Path], object]:
    """Function that reads the files of `name`: one function reads them all, by their content."""
    from screening.lab.readers.cycling import read_cycling

    return read_cycling

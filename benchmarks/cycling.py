"""How well shorts are told, on simulated cells that no threshold has seen, and how fast on ten million rows.

    python benchmarks/cycling.py [--json] [--seeds N] [--rows N]

Detection: a hard short counts if the verdict is "hard" within one half-cycle of its onset; an intermittent
one if the verdict is "soft" or "hard"; a slow ramp with any alarm. A false alarm is any alarm in a benign
cell. Everything here is simulated (`screening.simulate.symmetric`).

Speed: the record is written to parquet, then read, checked, segmented and judged by a fresh process, whose
wall time (without imports) and peak memory are reported; the ratio is to a plain pandas group-by of
medians per half-cycle.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from screening.lab.cell import Cell, Separator
from screening.lab.cycling.symmetric import assess_symmetric
from screening.lab.short import Short, ShortVerdict
from screening.simulate.symmetric import BENCHMARK_SEEDS, BENIGN, SHORTED, Scenario, simulate

ROWS = 10_000_000
DEPTHS = (0.30, 0.40, 0.50, 0.70, 0.95)
HARD = (Scenario.HARD, Scenario.HARD_AT_BOUNDARY, Scenario.STEP_SHORT)


def is_detected(scenario: Scenario, verdict: ShortVerdict, onset_s: float, half_cycle_s: float) -> bool:
    """Whether a verdict does a scenario justice."""
    if scenario in HARD:
        near = abs(verdict.time_h * 3600.0 - onset_s) <= half_cycle_s
        return verdict.verdict is Short.HARD and near
    if scenario is Scenario.INTERMITTENT:
        return verdict.verdict in (Short.HARD, Short.SOFT)
    return verdict.verdict.is_alarm


def detection(n_seeds: int) -> dict[str, dict]:
    """Shares of detected shorts and of false alarms, by class, and of detections by depth of the drop."""
    detected: dict[str, float] = {}
    false_alarms: dict[str, float] = {}
    by_depth: dict[str, dict[str, str]] = {}
    for scenario in Scenario:
        hits, depths = [], defaultdict(list)
        for seed in BENCHMARK_SEEDS[:n_seeds]:
            cell = simulate(scenario, seed)
            separator = Separator(
                conductivity_s_per_cm=1e-3, thickness_um=10.0 * cell.electrolyte_asr_ohm_cm2
            )
            verdict = assess_symmetric(cell.data, Cell(separator=separator)).verdict
            if scenario in BENIGN:
                hits.append(verdict.verdict.is_alarm)
                continue
            hits.append(is_detected(scenario, verdict, cell.onset_s, cell.half_cycle_s))
            depths[min(int(np.searchsorted(DEPTHS, cell.drop, side="right")), len(DEPTHS) - 1)].append(
                hits[-1]
            )
        (detected if scenario in SHORTED else false_alarms)[str(scenario)] = float(np.mean(hits))
        if scenario in SHORTED:
            by_depth[str(scenario)] = {
                f"{DEPTHS[i - 1]:.0%}-{DEPTHS[i]:.0%}": f"{sum(depths[i])}/{len(depths[i])}"
                for i in sorted(depths)
            }
    return {"detected": detected, "false_alarms": false_alarms, "detected_by_depth": by_depth}


def write_record(path: Path, rows: int) -> None:
    """Write a simulated record: 1 s sampling, half-cycles of 1 h, a hard short of 50 % after 80 %."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    time_s = np.arange(1, rows + 1, dtype=float)
    sign = np.where((time_s - 1) // 3600 % 2 == 0, 1.0, -1.0)
    voltage = sign * 0.1 * (1.0 + 0.002 * rng.standard_normal(rows))
    voltage[int(0.8 * rows) :] *= 0.5
    columns = {"test_time_second": time_s, "voltage_volt": voltage, "current_ampere": 5e-4 * 0.785 * sign}
    pq.write_table(pa.table(columns), path)


def judge(path: Path) -> dict[str, float | str]:
    """Read and judge a record in this process; wall time without imports, and peak memory."""
    from screening.lab.readers.cycling import read_cycling

    started, started_cpu = time.perf_counter(), time.process_time()
    data = read_cycling(path, area_cm2=0.785)
    read_s = time.perf_counter() - started
    report = assess_symmetric(data)
    wall_s = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return {
        "rows": len(data),
        "wall_s": wall_s,
        "cpu_s": time.process_time() - started_cpu,
        "read_s": read_s,
        "peak_rss_mb": peak_mb,
        "verdict": str(report.verdict.verdict),
        "verdict_h": report.verdict.time_h,
    }


def pandas_group_by_s(path: Path) -> float:
    """Wall time of the nearest thing pandas has: read, cut at sign changes, median per half-cycle."""
    import pandas as pd

    started = time.perf_counter()
    frame = pd.read_parquet(path)
    half_cycle = (np.sign(frame["current_ampere"]).diff() != 0).cumsum()
    frame.groupby(half_cycle)["voltage_volt"].median()
    return time.perf_counter() - started


def size(rows: int) -> dict[str, float | str]:
    """Time and memory of a fresh process on a record of many rows."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "simulated.parquet"
        write_record(path, rows)
        command = [sys.executable, str(Path(__file__).resolve()), "--judge", str(path)]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        peer_s = pandas_group_by_s(path)
    return {**result, "pandas_group_by_s": peer_s, "ratio_to_pandas_group_by": result["wall_s"] / peer_s}


def main() -> None:
    """Run both parts and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--seeds", type=int, default=len(BENCHMARK_SEEDS), help="cells per class")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the size test")
    parser.add_argument("--judge", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.judge:
        print(json.dumps(judge(arguments.judge)))
        return
    result = {**size(arguments.rows), "seeds_per_class": arguments.seeds, **detection(arguments.seeds)}
    if arguments.json:
        print(json.dumps(result))
        return
    timing = f"{result['wall_s']:.2f} s ({result['cpu_s']:.2f} s of processor)"
    print(f"{result['rows']:,} rows: {timing}, {result['peak_rss_mb']:.0f} MB")
    print(f"  {result['ratio_to_pandas_group_by']:.2f} x the time of a pandas group-by of medians")
    for kind in ("detected", "false_alarms"):
        print(f"{kind} ({arguments.seeds} simulated cells a class)")
        for name, share in result[kind].items():
            depth = result["detected_by_depth"].get(name, "") if kind == "detected" else ""
            print(f"  {name:40s} {share:7.1%}  {depth}")


if __name__ == "__main__":
    main()

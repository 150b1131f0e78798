"""What befalls long runs, put to campaigns of the command line: kills, other writers, full disks, clocks.

    python benchmarks/chaos.py [--json] [--rounds N] [--only WORD] [--seed SEED]

Every trial is one command in a fresh directory. Its contract: exit status 0 means that every candidate is in
exactly one row, with the values of a quiet run; any other end is one line without a traceback; files of
others stay byte for byte; and the same command, given again, ends with status 0 and those rows. Trials are
bounded in number and in time. The full disk is a small tmpfs and needs root on Linux; else it is left out.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

STUDY = """name = "{name}"
[candidates]
formulas = ["LiAlCl4", "MgF2"]
[candidates.query]
anions = ["{anion}"]
"""
COMMAND = """
from screening.campaign.run import run
from screening.cli import main
run.__kwdefaults__["chunk"] = 100
main()
"""
"""The command line, with parts so small that a short campaign has many."""

LIMIT_S = 600.0
"""A command that takes longer hangs."""

DISK_KB = (64, 200, 400, 800, 1600)
LATER_S = 10 * 365 * 86400.0
"""Files look this much younger than the clock after it was set back."""


@dataclass(frozen=True, kw_only=True)
class End:
    """How a command ended."""

    status: int
    said: str

    @property
    def in_order(self) -> bool:
        """Whether it ended as a command may: done, refused, out of reach, or killed by the trial."""
        return "Traceback" not in self.said and self.status in (0, 1, 2, 3, -signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A study, its directory, and the rows of a quiet run; the chance of a trial."""

    folder: Path
    quiet: pd.DataFrame
    quiet_s: float
    chance: random.Random

    @property
    def out(self) -> Path:
        """Results directory of the trial."""
        return self.folder / "out"

    def start(self, *options: str, study: str = "study") -> "subprocess.Popen[str]":
        """Begin a campaign in a process group of its own."""
        return begin(self.folder / f"{study}.toml", self.out, *options)

    def faults(self, end: End) -> list[str]:
        """What a trial's end and its rows break of the contract, before and after the command is repeated."""
        found = [] if end.in_order else [f"status {end.status}: {end.said[-300:]}"]
        if end.status == 0:
            found += self.wrong_rows("status 0")
        again = finish(self.start())
        return [
            *found,
            *([f"repeated: {again.said[-300:]}"] if again.status else self.wrong_rows("repeated")),
        ]

    def wrong_rows(self, when: str) -> list[str]:
        """Rows lost, doubled or changed against the quiet run."""
        rows = rows_of(self.out)
        if len(rows) != len(self.quiet):
            return [f"{when}: {len(rows)} rows of {len(self.quiet)}"]
        return [] if rows.equals(self.quiet) else [f"{when}: rows differ"]


def begin(study: Path, out: Path, *options: str) -> "subprocess.Popen[str]":
    """Start ``screening run`` on one process."""
    said = (*("run", str(study), "--out", str(out), "--jobs", "1"), *(options or ("--no-figures",)))
    command = [sys.executable, "-c", COMMAND, *said]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: "subprocess.Popen[str]") -> End:
    """Wait for a command; one that hangs is killed and said."""
    try:
        _, said = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return End(status=124, said=f"hung for {LIMIT_S:.0f} s")
    return End(status=process.returncode, said=said)


def rows_of(out: Path) -> pd.DataFrame:
    """All rows in the parts, by candidate."""
    parts = sorted((out / "parts").glob("[0-9]*.parquet"))
    frame = pd.concat([pd.read_parquet(part) for part in parts]) if parts else pd.DataFrame({"phase": []})
    return frame.sort_values("phase").reset_index(drop=True)


def killed(bench: Bench) -> list[str]:
    """Kill -9 of the whole group at a random moment, twice, then resumed."""
    found = []
    for _ in range(2):
        process = bench.start()
        time.sleep(bench.chance.uniform(0.2, 1.0) * bench.quiet_s)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        end = finish(process)
        found += [] if end.in_order else [end.said[-300:]]
    return found + bench.faults(End(status=-signal.SIGKILL, said=""))


def beside(bench: Bench) -> list[str]:
    """A second campaign in the same directory: the same, afresh, or another study; one line, and no harm."""
    first = bench.start()
    time.sleep(bench.chance.uniform(0.3, 0.8) * bench.quiet_s)
    study, *options = bench.chance.choice((["study"], ["study", "--fresh", "--no-figures"], ["other"]))
    second = finish(bench.start(*options, study=study))
    return [*([] if second.in_order else [second.said[-300:]]), *bench.faults(finish(first))]


def removed(bench: Bench) -> list[str]:
    """Parts removed while the campaign runs."""
    process = bench.start()
    deadline = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        parts = sorted((bench.out / "parts").glob("[0-9]*.parquet"))
        if parts:
            bench.chance.choice(parts).unlink(missing_ok=True)
            break
        time.sleep(0.05)
    return bench.faults(finish(process))


def full(bench: Bench) -> list[str]:
    """A disk of a random size, on which figures and tables do not fit; then a larger one."""
    bench.out.mkdir()
    size = bench.chance.choice(DISK_KB)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", bench.out], check=True)
    try:
        end = finish(bench.start("--top", "5"))
        if end.status == 0 and not any(bench.out.glob("*.svg")):
            return [f"{size} kB: status 0 without figures"]
        subprocess.run(["mount", "-o", "remount,size=64m", bench.out], check=True)
        return [f"{size} kB: {fault}" for fault in bench.faults(end)]
    finally:
        subprocess.run(["umount", bench.out], check=True)


def set_back(bench: Bench) -> list[str]:
    """Killed, the clock set back ten years (files of the future), resumed; no draft stays."""
    process = bench.start()
    time.sleep(bench.chance.uniform(0.4, 0.9) * bench.quiet_s)
    os.killpg(process.pid, signal.SIGKILL)
    finish(process)
    for path in bench.out.rglob("*") if bench.out.exists() else ():
        os.utime(path, (time.time() + LATER_S,) * 2)
    found = bench.faults(End(status=-signal.SIGKILL, said=""))
    return found + [f"left: {path.name}" for path in (bench.out / "parts").glob(".*.part.parquet")]


def of_others(bench: Bench) -> list[str]:
    """Files of the user among the results, and a fresh start of another study."""
    found = [f"first: {end.said[-300:]}"] if (end := finish(bench.start(study="other"))).status else []
    mine = [bench.out / name for name in ("notes.txt", "parts/mine.parquet", "figure.svg")]
    for path in mine:
        path.write_bytes(bench.chance.randbytes(64))
    before = [path.read_bytes() for path in mine]
    found += bench.faults(finish(bench.start("--fresh", "--no-figures")))
    return found + [
        f"changed: {path.name}"
        for path, content in zip(mine, before, strict=True)
        if not path.is_file() or path.read_bytes() != content
    ]


TRIALS: tuple[Callable[[Bench], list[str]], ...] = (killed, beside, removed, full, set_back, of_others)


def main() -> int:
    """Run the trials and print one line for each kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--rounds", type=int, default=20, help="trials of each kind")
    parser.add_argument("--only", default="", help="kinds whose description holds this word")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    can_mount = sys.platform == "linux" and os.geteuid() == 0
    result = {}
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        for name, anion in (("study", "I"), ("other", "Br")):
            (folder / f"{name}.toml").write_text(STUDY.format(name=name, anion=anion), "utf-8")
        finish(begin(folder / "study.toml", folder / "first"))  # compiles what is not compiled yet
        began = time.monotonic()
        end = finish(begin(folder / "study.toml", folder / "quiet"))
        if end.status:
            raise SystemExit(f"the quiet run failed: {end.said}")
        bench = Bench(
            folder=folder,
            quiet=rows_of(folder / "quiet"),
            quiet_s=time.monotonic() - began,
            chance=random.Random(options.seed),
        )
        for trial in TRIALS:
            what = str(trial.__doc__).rstrip(".")
            if options.only not in what or (trial is full and not can_mount):
                continue
            faults = []
            for _ in range(options.rounds):
                shutil.rmtree(bench.out, ignore_errors=True)
                faults += [trial(bench)]
            bad = [each for each in faults if each]
            result[what] = {"trials": len(faults), "broken": len(bad), "faults": bad}
            if not options.json:
                print(f"{len(faults):4d} trials, {len(bad):3d} broke the contract: {what}", flush=True)
                print(*(f"     {fault}" for each in bad for fault in each), sep="\n", end="\n" if bad else "")
    if options.json:
        print(json.dumps(result))
    return int(any(kind["broken"] for kind in result.values()))


if __name__ == "__main__":
    raise SystemExit(main())

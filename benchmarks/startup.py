"""What does a command cost before its work begins, and the main job on six reactors with all its figures?

    python benchmarks/startup.py [--json] [--repeat 3] [--everything] [--compile]

Each command runs as a user starts it, in a process of its own, and is measured by its processor time (user
and system, with its workers) over that of the yardstick

    python -c "import pymatgen.core, pandas, matplotlib.pyplot"

measured in the same run. Rounds take turns, so that other work on the machine meets all alike; the least of
each counts, and compiled code lies on disk before. `--compile` measures what the first commands on a computer
take, with an empty directory for compiled code; `--everything` the study of all compounds (minutes).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

YARDSTICK = "import pymatgen.core, pandas, matplotlib.pyplot"
COMMAND = "from screening.cli import main; main()"
REST, CYCLED = "cells/raw/simulated-rest.csv", "cells/raw/simulated-symmetric-control.csv"

COMMANDS: dict[str, tuple[tuple[str, ...], float]] = {
    "--help": (("--help",), 0.25),
    "react": (("react", "Li", "LiAlCl4", "Li6PS5Cl"), 1.0),
    "lithiate": (("lithiate", "LiAlCl4", "MgF2"), 1.0),
    "eis": (("eis", REST), 1.0),
    "cycling": (("cycling", CYCLED, "--diameter-mm", "13"), 1.0),
    "drt": (("drt", REST), 1.0),
    "run, no figures": (("run", "--no-figures", "--fresh", "--out", "plain"), 1.5),
    "run": (("run", "--fresh", "--out", "drawn"), 4.0),
}
"""Commands with the processor time that they should take on a quiet core, s. That of eis, cycling and drt is
for all but the analysis itself."""

EVERYTHING = (("run", "everything", "--no-figures", "--fresh", "--out", "everything"), 15.0)
"""Asked in wall time on two cores."""


@dataclass(frozen=True)
class Cost:
    """What one process took, s."""

    cpu_s: float
    wall_s: float


def cost(code: str, *words: str, cwd: Path, **environment: str) -> Cost:
    """Run code in a process of its own and see what it and its children take."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=cwd,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def least(costs: list[Cost]) -> Cost:
    """The least of several."""
    return Cost(min(each.cpu_s for each in costs), min(each.wall_s for each in costs))


def first_times(names: list[str], directory: Path) -> dict[str, Cost]:
    """What the commands take one after the other where nothing is compiled yet."""
    kernels = str(directory / "kernels")
    return {
        f"first {name}": cost(COMMAND, *COMMANDS[name][0], cwd=directory, NUMBA_CACHE_DIR=kernels)
        for name in names
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which the least counts")
    parser.add_argument("--everything", action="store_true", help="the study of all compounds, too")
    parser.add_argument("--compile", action="store_true", help="first uses, nothing compiled before")
    arguments = parser.parse_args()
    jobs = COMMANDS | ({"run everything": EVERYTHING} if arguments.everything else {})
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        cost(COMMAND, "experiments", "example", "cells", cwd=directory)
        for words, _ in jobs.values():  # compiles what is not
            cost(COMMAND, *words, cwd=directory)
        rounds = [
            {"yardstick": cost(YARDSTICK, cwd=directory)}
            | {job: cost(COMMAND, *words, cwd=directory) for job, (words, _) in jobs.items()}
            for _ in range(arguments.repeat)
        ]
        found = {job: least([each[job] for each in rounds]) for job in rounds[0]}
        if arguments.compile:
            found |= first_times(["react", "run, no figures", "drt"], directory)
    if arguments.json:
        print(json.dumps({job: asdict(each) for job, each in found.items()}, indent=1))
        return
    print(f"{'':18} {'CPU (s)':>8} {'wall (s)':>9} {'ratio':>6} {'asked (s)':>10}")
    for job, each in found.items():
        asked = jobs[job][1] if job in jobs else ""
        ratio = each.cpu_s / found["yardstick"].cpu_s
        print(f"{job:18} {each.cpu_s:8.2f} {each.wall_s:9.2f} {ratio:6.2f} {asked:>10}")


if __name__ == "__main__":
    main()

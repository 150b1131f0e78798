"""Twenty users of the explorer at once: how long a pair takes, from the request to the answer.

Each user asks for pairs of their own, one after the other without a pause, as no person does. The peer is the
same pair from the library in one process, without server: the ratio is what the page costs.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import requests

import screening as scr
from screening.explore.pages.pair import FIELD, FIELDS

WARM_UP = 2


def body(b: str) -> str:
    """What the page sends when B changes."""
    values = {"a": "Li", "b": b, "axis": "atomic", "quantity": "total", "ion": "Li"}
    inputs = [{"id": FIELD.id(name), "property": "value", "value": values.get(name, "")} for name in FIELDS]
    changed = json.dumps(FIELD.id("b"), sort_keys=True, separators=(",", ":"))
    return json.dumps(
        {
            "output": "pair.children",
            "outputs": {"id": "pair", "property": "children"},
            "inputs": inputs,
            "changedPropIds": [f"{changed}.value"],
        }
    )


def formulas(count: int, seed: int) -> list[str]:
    """Compounds that hold no lithium, drawn from the snapshot."""
    phases = scr.load_snapshot().phases
    names = [str(name) for name in phases.formula[(phases.n_elements > 1) & (phases.n_elements < 4)]]
    names = [name for name in names if "Li" not in name]
    return [str(name) for name in np.random.default_rng(seed).choice(names, count, replace=False)]


def user(address: str, pairs: list[str], times: list[float]) -> None:
    """One user: pair after pair."""
    session = requests.Session()
    head = {"Content-Type": "application/json", "Origin": address}
    for b in pairs:
        began = time.perf_counter()
        answer = session.post(f"{address}/_dash-update-component", body(b), headers=head, timeout=120)
        times.append(time.perf_counter() - began)
        if answer.status_code != 200 or "fault in the program" in answer.text:
            raise SystemExit(f"{b}: {answer.status_code} {answer.text[:200]}")


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=10, help="Pairs of each user.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    chosen = formulas(given.users * given.pairs + WARM_UP, given.seed)
    held = scr.load_snapshot()
    scr.react("Li", chosen[-1], snapshot=held), scr.lithiate(chosen[-1], snapshot=held)
    began = time.perf_counter()
    for b in chosen[: given.pairs]:
        scr.react("Li", b, snapshot=held), scr.lithiate(b, snapshot=held)
    alone = (time.perf_counter() - began) / given.pairs
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from screening.cli import main; main()", "explore", "--no-browser"]
        command += ["--port", "0", "--folder", folder, "--experiments", f"{folder}/cells"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            address = server.stderr.readline().split("/  ")[0]
            user(address, chosen[-WARM_UP:], [])
            times: list[list[float]] = [[] for _ in range(given.users)]
            users = [
                threading.Thread(
                    target=user, args=(address, chosen[k :: given.users][: given.pairs], times[k])
                )
                for k in range(given.users)
            ]
            for each in users:
                each.start()
            for each in users:
                each.join()
            server.terminate()
    every = sorted(t for each in times for t in each)
    told = {
        "users": given.users,
        "pairs": len(every),
        "median_s": statistics.median(every),
        "p95_s": every[int(0.95 * len(every)) - 1],
        "alone_s": alone,
        "cost_of_the_page": statistics.median(every) / given.users / alone,
    }
    if given.json:
        print(json.dumps(told))
        return
    for key, value in told.items():
        print(f"{key:18} {value:.3g}")


if __name__ == "__main__":
    main()

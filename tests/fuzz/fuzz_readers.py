"""Damage instrument files at random and read them: only an error the user can mend may come out.

    python tests/fuzz/fuzz_readers.py --list
    python tests/fuzz/fuzz_readers.py --reader mpt --seconds 60
    python tests/fuzz/fuzz_readers.py --reader formula --cases 1000000
    python tests/fuzz/fuzz_readers.py --reader formula --first 4711 --cases 1     # one case again

Every ``*_corpus.py`` beside this file adds readers: ``FILES`` maps a reader's name to files (name to bytes),
``reader(name)`` gives the function that reads a path. A case fails if anything but ScreeningError is raised,
if its message is of several lines or repeats the file, if it takes more than ten seconds of processor time or
stands still for minutes, or if it asks for more memory than the limit. Each case has a seed of its own: a run
that was stopped goes on with ``--first``.
"""

import argparse
import importlib
import math
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable
from itertools import count, islice
from pathlib import Path

from screening.errors import ScreeningError

HERE = Path(__file__).resolve().parent
HANG_S = 10
"""Of processor time: how busy the machine is says nothing of a reader."""

STILL_S = 300
"""Of any time: what waits for a lock or a program takes no processor time."""

LONGEST_MESSAGE = 1000
"""Characters of a refusal: what, where, remedy, and no copy of the input."""

TOLD_EVERY = 50_000
"""Cases between two lines of a long run."""

MEMORY_BYTES = 6 * 2**30
"""Address space, not memory in use: threads of the numerical libraries reserve a part of it."""

TOKENS = (
    b"",
    b"nan",
    b"inf",
    b"1e999",
    b"-",
    b"0",
    b"1,5",
    b"1.2.3",
    b"\t\t",
    b'"',
    b";",
    b"99999999999999999999",
)


class Hang(BaseException):
    """The reader took too long; no reader can catch this by accident."""


def corpora() -> dict[str, object]:
    """Name of each reader, with the module that knows it."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    modules = [importlib.import_module(path.stem) for path in sorted(HERE.glob("*_corpus.py"))]
    return {name: module for module in modules for name in module.FILES}


def lab_data(suffix: str, limit: int = 12) -> dict[str, bytes]:
    """Measured files of one kind, where they are at hand; never needed."""
    given = os.environ.get("INTERPHASE_LAB_DATA")
    folder = Path(given) if given else HERE.parents[2] / "shared" / "lab-data"
    files = sorted(folder.rglob(f"*.{suffix}")) if folder.is_dir() else []
    return {path.name: path.read_bytes() for path in files[:limit]}


def truncate(data: bytearray, rng: random.Random, _: bytes) -> None:
    del data[rng.randrange(len(data) + 1) :]


def flip(data: bytearray, rng: random.Random, _: bytes) -> None:
    for _i in range(rng.choice((1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def overwrite(data: bytearray, rng: random.Random, _: bytes) -> None:
    start = rng.randrange(len(data))
    length = min(rng.choice((1, 4, 64, 1024)), len(data) - start)
    fill = rng.choice((b"\0", b"\xff", b" ", None))
    data[start : start + length] = fill * length if fill else rng.randbytes(length)


def splice(data: bytearray, rng: random.Random, other: bytes) -> None:
    start, cut = rng.randrange(len(data)), rng.randrange(len(other))
    data[start:] = other[cut:]


def repeat(data: bytearray, rng: random.Random, _: bytes) -> None:
    start = rng.randrange(len(data))
    block = data[start : start + rng.choice((1, 16, 256, 4096))]
    data[start:start] = block * rng.choice((1, 2, 50))


def remove(data: bytearray, rng: random.Random, _: bytes) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 2, 30, 500))]


def replace_cells(data: bytearray, rng: random.Random, _: bytes) -> None:
    for _i in range(rng.choice((1, 1, 5))):
        start = rng.randrange(len(data) + 1)
        stop = start
        while stop < len(data) and data[stop] not in b"\t,; \n":
            stop += 1
        data[start:stop] = rng.choice(TOKENS)


def shuffle_lines(data: bytearray, rng: random.Random, _: bytes) -> None:
    lines = bytes(data).split(b"\n")
    rng.shuffle(lines)
    data[:] = b"\n".join(lines)


def rubbish(data: bytearray, rng: random.Random, _: bytes) -> None:
    keep = rng.choice((0, 0, 50))
    data[keep:] = rng.randbytes(rng.choice((1, 10, 1000, 50_000)))


MUTATIONS = (truncate, flip, overwrite, splice, repeat, remove, replace_cells, shuffle_lines, rubbish)


def damaged(files: dict[str, bytes], rng: random.Random) -> tuple[str, bytes]:
    """Name and content of one damaged file; one in fifty is left whole."""
    name = rng.choice(sorted(files))
    data = bytearray(files[name])
    for _ in range(rng.choice((1, 1, 1, 2, 3)) if rng.random() > 0.02 else 0):
        if data:
            rng.choice(MUTATIONS)(data, rng, files[rng.choice(sorted(files))])
    return name, bytes(data)


class Outcome:
    """What came out of a reading: an empty `reason` if the contract was kept."""

    def __init__(self) -> None:
        self.reason = ""

    def __enter__(self) -> "Outcome":
        signal.setitimer(signal.ITIMER_PROF, HANG_S)
        signal.setitimer(signal.ITIMER_REAL, STILL_S)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> bool:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if isinstance(error, KeyboardInterrupt):
            return False
        if isinstance(error, ScreeningError):
            message = str(error)
            if "\n" in message or len(message) > LONGEST_MESSAGE:
                self.reason = f"message of several lines or {len(message)} characters: {message}"
        elif isinstance(error, Hang):
            self.reason = f"took more than {HANG_S} s of processor time, or {STILL_S} s"
        elif error is not None:
            self.reason = "".join(traceback.format_exception(kind, error, trace, limit=-3))
        return True


def run(name: str, cases: Iterable[int], seconds: float, seed: str, keep: Path | None) -> tuple[int, int]:
    """Passed and failed cases of one reader, within a time of this processor."""
    module = corpora()[name]
    files = {**module.FILES[name], **(lab_data(name) if name in ("mpr", "ndax", "nda") else {})}
    read = module.reader(name)
    passed = failed = 0
    end = time.process_time() + seconds
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            if time.process_time() > end:
                break
            file, content = damaged(files, random.Random(f"{seed} {name} {case}"))
            path = Path(folder) / file
            path.write_bytes(content)
            with Outcome() as outcome:
                read(path)
            reason = outcome.reason
            passed, failed = passed + (not reason), failed + bool(reason)
            if reason:
                print(f"FAIL {name} {file} (case {case} of seed {seed})\n{reason}", flush=True)
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{name}-{case}-{file}").write_bytes(content)
            if (passed + failed) % TOLD_EVERY == 0:
                print(f"{name}: up to case {case}, {failed} failed", flush=True)
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reader", action="append", help="name of a reader; all of them by default")
    parser.add_argument("--seconds", type=float, help="processor time for each reader; 60 without --cases")
    parser.add_argument("--cases", type=int, help="number of cases for each reader")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", default="0", help="a number or a name")
    parser.add_argument("--keep", type=Path, help="directory for the files that fail")
    parser.add_argument("--list", action="store_true", help="print the names of the readers and leave")
    options = parser.parse_args()
    names = sorted(corpora())
    if options.list:
        print("\n".join(names))
        return 0
    unknown = set(options.reader or ()) - set(names)
    if unknown:
        parser.error(f"unknown reader {', '.join(sorted(unknown))}; choose from {', '.join(names)}")

    def alarm(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, alarm)
    signal.signal(signal.SIGALRM, alarm)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    total = [0, 0]
    seconds = options.seconds or (math.inf if options.cases else 60.0)
    for name in options.reader or names:
        passed, failed = run(
            name, islice(count(options.first), options.cases), seconds, options.seed, options.keep
        )
        total = [total[0] + passed, total[1] + failed]
        print(f"{name}: {passed} passed, {failed} failed", flush=True)
    print(f"{total[0]} passed, {total[1]} failed")
    return 1 if total[1] else 0


if __name__ == "__main__":
    raise SystemExit(main())

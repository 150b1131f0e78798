"""Do the tests notice a fault? Single faults, one at a time, against the tests of the room they are in.

    python benchmarks/mutation.py [--room thermo ...] [--faults 25] [--seed 1] [--seconds 120]
                                  [--record faults.jsonl [--again]]

Faults are those of cosmic-ray (pip install cosmic-ray pytest-cov), drawn at random over the lines of a room;
each is put into a copy of the tree, and the room's own tests that pass through its line, by a run without
faults, go until the first failure. A fault is *noticed* if a test fails or the time limit ends a run that
would otherwise pass. Boundary changes (``<`` to ``<=``) and
annotations are left out: most of them change nothing. A campaign over all rooms takes hours; with a record it
goes on where it was ended, and ``--again`` tries those that were not noticed once more, after new tests.
"""

import argparse
import ast
import difflib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import matplotlib.figure  # noqa: F401 - libraries that tests take seconds to import come with a fork
import numba
import pandas as pd  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pydantic  # noqa: F401
import pymatgen.core  # noqa: F401
import pytest
import scipy.optimize
import scipy.stats  # noqa: F401

TOP = Path(__file__).resolve().parents[1]

OUTPUT = "mutation-output.txt"
"""What the tests of one fault said, in the copy of the tree."""

ROOMS: dict[str, tuple[str, ...]] = {
    "top level": ("tests",),
    "phases": ("tests/phases",),
    "thermo": ("tests/thermo", "tests/laws/test_hull_laws.py", "tests/oracles"),
    "reactors": ("tests/reactors",),
    "layer": ("tests/layer",),
    "campaign": ("tests/campaign",),
    "validation": ("tests/validation",),
    "handoff": ("tests/handoff",),
    "plots": ("tests/plots",),
    "report": ("tests/report",),
    "lab": ("tests/lab",),
    "lab/readers": ("tests/lab/readers",),
    "lab/impedance": ("tests/lab/impedance", "tests/laws/test_drt_laws.py"),
    "lab/cycling": ("tests/lab/cycling",),
    "lab/diffraction": ("tests/lab/diffraction",),
    "simulate": ("tests/simulate",),
    "api": ("tests/api",),
    "explore": ("tests/explore",),
    "cli": ("tests/cli",),
}
"""Room of the package, and the tests that belong to it."""

NUMBER = re.compile(r"\d+(?:\.\d+)?")
LEAST_STEP = 20.0
"""Numbers above this are not changed by one: nothing that a reader sees would be another."""

SHALLOW = ("top level", "lab")
"""Rooms whose modules and tests are those right in their folder."""

OPERATORS = (
    "core/ReplaceBinaryOperator_Add_Sub",
    "core/ReplaceBinaryOperator_Sub_Add",
    "core/ReplaceBinaryOperator_Mul_Div",
    "core/ReplaceBinaryOperator_Div_Mul",
    "core/ReplaceBinaryOperator_Pow_Mul",
    "core/ReplaceUnaryOperator_USub_UAdd",
    "core/ReplaceUnaryOperator_Delete_Not",
    "core/ReplaceComparisonOperator_Lt_Gt",
    "core/ReplaceComparisonOperator_Gt_Lt",
    "core/ReplaceComparisonOperator_LtE_GtE",
    "core/ReplaceComparisonOperator_GtE_LtE",
    "core/ReplaceComparisonOperator_Eq_NotEq",
    "core/ReplaceComparisonOperator_NotEq_Eq",
    "core/ReplaceComparisonOperator_Is_IsNot",
    "core/ReplaceComparisonOperator_IsNot_Is",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/AddNot",
    "core/ReplaceContinueWithBreak",
    "core/NumberReplacer",
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One changed line of a module; `module` is its path from the top of the tree."""

    module: str
    line: int
    before: str
    after: str

    def put_into(self, code: str) -> str:
        """The module with the fault, at the line that reads as before and lies nearest to where it was."""
        lines = code.splitlines(keepends=True)
        alike = [i for i, line in enumerate(lines) if line.strip() == self.before]
        if not alike:
            raise LookupError(f"{self.module} has no line that reads {self.before!r} any more")
        place = min(alike, key=lambda i: abs(i + 1 - self.line))
        lines[place] = lines[place].replace(self.before, self.after)
        return "".join(lines)


def modules_of(room: str) -> list[Path]:
    """Modules of a room of the package, those of ``lab`` by their own rooms."""
    folder = TOP / "screening" / ("" if room == "top level" else room)
    return sorted(folder.glob("*.py") if room in SHALLOW else folder.rglob("*.py"))


def silent_lines(code: str) -> set[int]:
    """Lines whose change no test can see: docstrings, imports and decorators of dataclasses."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(code)):
        said = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if said or isinstance(node, ast.Import | ast.ImportFrom):
            lines.update(range(node.lineno, node.end_lineno + 1))
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            lines.update(d.lineno for d in node.decorator_list)
    return lines


def statement_lines(code: str, line: int) -> range:
    """Lines of the innermost statement that a line belongs to, without those of its body."""
    spans = [
        (node.lineno, node.body[0].lineno - 1 if hasattr(node, "body") else node.end_lineno)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.stmt)
    ]
    around = [(last - first, first, last) for first, last in spans if first <= line <= last]
    _, first, last = min(around, default=(0, line, line))
    return range(first, last + 1)


def is_python(code: str) -> bool:
    """Whether a text can be compiled: a star that unpacks is no product."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def is_small_step(before: str, after: str) -> bool:
    """Whether all that changes is a number above `LEAST_STEP`, by one: 821 pixels for 820 are no fault."""
    numbers = (NUMBER.findall(line) for line in (before, after))
    changed = [float(old) for old, new in zip(*numbers, strict=False) if old != new]
    rest = {"".join(NUMBER.sub("", line).split()) for line in (before, after)}
    return len(rest) == 1 and min(changed, default=0.0) > LEAST_STEP


def is_a_check_less(before: str, after: str) -> bool:
    """Whether all that changes is ``zip(…, strict=True)``, which tells nothing of lists of one length."""
    return after == before.replace("strict=True", "strict=False")


def faults_of(module: Path, wanted: int, random_source: random.Random) -> Iterator[Fault]:
    """At most ``wanted`` faults of a module, drawn over all operators and places."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    code = module.read_text(encoding="utf-8")
    nodes = list(ast_nodes(get_ast(code)))
    places = [
        (name, count)
        for name in OPERATORS
        for count in range(sum(len(list(get_operator(name)().mutation_positions(node))) for node in nodes))
    ]
    silent = silent_lines(code)
    random_source.shuffle(places)
    lines: set[int] = set()
    for name, count in places:
        changed = mutate_code(code, get_operator(name)(), count)
        if changed is None or changed == code or not is_python(changed):
            continue
        pairs = zip(code.splitlines(), changed.splitlines(), strict=False)
        line, before, after = next((i, a, b) for i, (a, b) in enumerate(pairs, 1) if a != b)
        if line in silent or line in lines or is_small_step(before, after) or is_a_check_less(before, after):
            continue
        lines.add(line)
        name = module.relative_to(TOP).as_posix()
        yield Fault(module=name, line=line, before=before.strip(), after=after.strip())
        if len(lines) == wanted:
            return


def draw(room: str, n_faults: int, seed: int) -> list[Fault]:
    """Faults of a room, as many a module as its share of the lines asks for, at least one."""
    random_source = random.Random(f"{seed} {room}")
    modules = modules_of(room)
    sizes = {module: len(module.read_text(encoding="utf-8").splitlines()) for module in modules}
    total = sum(sizes.values())
    drawn = [
        fault
        for module in modules
        for fault in faults_of(module, max(1, round(n_faults * sizes[module] / total)), random_source)
    ]
    return random_source.sample(drawn, min(n_faults, len(drawn)))


def _tests_of(phases: Sequence[str], every: set[str]) -> set[str]:
    """Tests in whose phases (``file::test|run``) a line is passed; a fixture's is shared by its file."""
    shared = {phase.split("::")[0] for phase in phases if phase.endswith("|setup")}
    own = {phase.rpartition("|")[0] for phase in phases if phase}
    return own | {test for test in every if test.split("::")[0] in shared}


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A copy of the checkout that may be broken."""

    path: Path

    @classmethod
    def made(cls, work: Path) -> "Tree":
        """Copy what the tests read; data of the laboratory stay beside the checkout, where they are."""
        kept = shutil.ignore_patterns(".git", "__pycache__", "site", "results", ".*_cache")
        shutil.copytree(TOP, work / "tree", ignore=kept)
        if (shared := TOP.parent / "shared").exists():
            (work / "shared").symlink_to(shared.resolve())
        return cls(path=work / "tree")

    def run(self, tests: Sequence[str], seconds: float, kernels: str = "kernels") -> tuple[bool, str]:
        """Whether tests pass within a time, and which one did not; in a fork, which has the libraries."""
        child = get_context("fork").Process(target=self._pytest, args=(tests, kernels))
        child.start()
        child.join(seconds)
        if child.is_alive():
            os.killpg(child.pid, signal.SIGKILL)
            child.join()
            return False, f"not done in {seconds:.0f} s"
        lines = (self.path / OUTPUT).read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line for line in lines if line.startswith(("FAILED", "ERROR", "E  "))]
        return child.exitcode == 0, (told or lines or [""])[-1]

    def _pytest(self, tests: Sequence[str], kernels: str) -> None:
        os.setsid()
        os.chdir(self.path)
        sys.path.insert(0, str(self.path))
        os.environ |= {"PYTHONPATH": str(self.path), "NUMBA_CACHE_DIR": str(self.path.parent / kernels)}
        numba.core.config.reload_config()
        sys.dont_write_bytecode = True
        said = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1), os.dup2(said, 2)
        sys.exit(int(pytest.main(["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *tests])))

    def files_of(self, room: str) -> list[str]:
        """Test files of a room."""
        places = [self.path / test for test in ROOMS[room]]
        found = [
            sorted(place.glob("test_*.py") if room in SHALLOW else place.rglob("test_*.py"))
            if place.is_dir()
            else [place]
            for place in places
        ]
        return [file.relative_to(self.path).as_posix() for each in found for file in each if file.is_file()]

    def passed_through(self, room: str, seconds: float) -> dict[str, dict[int, list[str]]]:
        """Tests that pass through each line of each module, by a run without faults; none on import.

        Raises
        ------
        SystemExit
            If a test of the room fails as it is.
        """
        from coverage import CoverageData

        options = ["--cov=screening", "--cov-context=test", "--cov-report="]
        passed, last = self.run([*self.files_of(room), *options], seconds)
        if not passed:
            sys.exit(f"{room}: its tests do not pass as they are: {last}")
        data = CoverageData(str(self.path / ".coverage"))
        data.read()
        every = {test.rpartition("|")[0] for test in data.measured_contexts() if test}
        return {
            Path(file).relative_to(self.path).as_posix(): {
                line: sorted(_tests_of(phases, every))
                for line, phases in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }

    def tests_of(self, room: str, fault: Fault, through: dict[str, dict[int, list[str]]]) -> list[str]:
        """Tests that may notice a fault, the nearest first: all of the room where it stands on import."""
        place = self.path / fault.module
        name = Path(fault.module).stem.rstrip("s")
        files = sorted(self.files_of(room), key=lambda file: name not in file)
        if place.suffix != ".py" or "njit" in place.read_text(encoding="utf-8"):
            return files
        lines = through.get(fault.module, {})
        own = statement_lines(place.read_text(encoding="utf-8"), fault.line)
        tests = {test for line in own for test in lines.get(line, ())}
        if not tests and any(line in lines for line in own):
            return files
        return sorted(tests, key=lambda test: (name not in test, test))

    def notices(self, fault: Fault, tests: Sequence[str], seconds: float) -> tuple[bool, str]:
        """Whether a test of the room fails with the fault in place, and which."""
        if not tests:
            return False, "no test comes here"
        place = self.path / fault.module
        sound, times = place.read_text(encoding="utf-8"), place.stat()
        # Compiled kernels do not know when a function that they call has changed: compile anew.
        kernels = "faulty-kernels" if "njit" in sound else "kernels"
        shutil.rmtree(self.path.parent / "faulty-kernels", ignore_errors=True)
        try:
            place.write_text(fault.put_into(sound), encoding="utf-8")
            passed, told = self.run(tests, seconds, kernels)
        finally:
            place.write_text(sound, encoding="utf-8")
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
        return not passed, told


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What became of one fault."""

    room: str
    seed: int
    fault: Fault
    noticed: bool
    told: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """Faults that were tried, one JSON object a line; of two lines about one fault the later counts."""

    path: Path | None

    def read(self, room: str, seed: int) -> dict[Fault, Tried]:
        """Faults of a room that were tried before."""
        if self.path is None or not self.path.exists():
            return {}
        lines = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
        tried = [Tried(**{**line, "fault": Fault(**line["fault"])}) for line in lines]
        return {t.fault: t for t in tried if (t.room, t.seed) == (room, seed)}

    def add(self, tried: Tried) -> None:
        """Write one more line."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(tried), ensure_ascii=False) + "\n")


def try_room(room: str, tree: Tree, record: Record, asked: argparse.Namespace) -> tuple[int, int]:
    """Faults noticed and tried in a room; those that were not are printed."""
    tried = record.read(room, asked.seed)
    faults = draw(room, asked.faults, asked.seed) if not (asked.again and tried) else list(tried)
    waiting = [f for f in faults if f not in tried or (asked.again and not tried[f].noticed)]
    if waiting:
        start = time.monotonic()
        through = tree.passed_through(room, 20 * asked.seconds)
        sound = time.monotonic() - start
        print(f"{room}: sound in {sound:.0f} s", flush=True)
        # A slow machine must not count as a noticed fault: the limit follows the sound run.
        limit = max(asked.seconds, 3 * sound)
    for fault in waiting:
        noticed, told = tree.notices(fault, tree.tests_of(room, fault, through), limit)
        tried[fault] = Tried(room=room, seed=asked.seed, fault=fault, noticed=noticed, told=told)
        record.add(tried[fault])
    missed = [fault for fault in faults if not tried[fault].noticed]
    for fault in missed:
        print(f"  not noticed: {fault.module}:{fault.line}", flush=True)
        print("".join(f"    {line}\n" for line in difflib.ndiff([fault.before], [fault.after])), end="")
    print(f"{room}: {len(faults) - len(missed)} of {len(faults)} noticed", flush=True)
    return len(faults) - len(missed), len(faults)


def main() -> None:
    """Try the rooms asked for and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--room", action="append", choices=list(ROOMS), help="Default: every room.")
    parser.add_argument("--faults", type=int, default=25, help="Faults a room.")
    parser.add_argument("--seed", type=int, default=1, help="Another seed draws another set of faults.")
    parser.add_argument("--seconds", type=float, default=120.0, help="Time limit of a room's tests.")
    parser.add_argument("--record", type=Path, help="Where outcomes are kept, to go on from there.")
    parser.add_argument("--again", action="store_true", help="Try again what the record says was missed.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        tree = Tree.made(Path(work))
        record = Record(path=asked.record)
        rows = [(room, *try_room(room, tree, record, asked)) for room in asked.room or ROOMS]
    print(f"\n{'room':<18}{'noticed':>9}{'tried':>7}")
    for room, noticed, tried in rows:
        print(f"{room:<18}{noticed:>9}{tried:>7}")


if __name__ == "__main__":
    main()

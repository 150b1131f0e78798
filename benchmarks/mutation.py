"""Do the tests notice a fault? Single faults, one at a time, against the tests of the room they are in.

    python benchmarks/mutation.py [--room thermo ...] [--faults 25] [--seed 1] [--seconds 120]

Faults are those of cosmic-ray (pip install cosmic-ray), drawn at random over the lines of a room; each is
put into a copy of the tree, and the room's own tests run until the first failure. A fault is *noticed* if a
test fails or the time limit ends a run that would otherwise pass. Boundary changes (``<`` to ``<=``) and
annotations are left out: most of them change nothing. A campaign over all rooms takes hours.
"""

import argparse
import ast
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]

ROOMS: dict[str, tuple[str, ...]] = {
    "units": ("tests/test_units.py",),
    "phases": ("tests/phases",),
    "thermo": ("tests/thermo", "tests/laws/test_hull_laws.py", "tests/oracles"),
    "reactors": ("tests/reactors",),
    "campaign": ("tests/campaign",),
    "validation": ("tests/validation",),
    "handoff": ("tests/handoff",),
    "plots": ("tests/plots",),
    "report": ("tests/report",),
    "lab/readers": ("tests/lab/readers",),
    "lab/impedance": ("tests/lab/impedance", "tests/laws/test_drt_laws.py"),
    "lab/cycling": ("tests/lab/cycling",),
    "lab/diffraction": ("tests/lab/diffraction",),
    "simulate": ("tests/simulate",),
    "api": ("tests/api",),
    "cli": ("tests/cli",),
}
"""Room of the package, and the tests that belong to it."""

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
    """One changed line of a module."""

    module: Path
    line: int
    before: str
    after: str
    code: str


def modules_of(room: str) -> list[Path]:
    """Modules of a room of the package, those of ``lab`` by their own rooms."""
    single = TOP / "screening" / f"{room}.py"
    return [single] if single.is_file() else sorted((TOP / "screening" / room).rglob("*.py"))


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
        if changed is None or changed == code:
            continue
        pairs = zip(code.splitlines(), changed.splitlines(), strict=False)
        line, before, after = next((i, a, b) for i, (a, b) in enumerate(pairs, 1) if a != b)
        if line in silent or line in lines:
            continue
        lines.add(line)
        yield Fault(module=module, line=line, before=before.strip(), after=after.strip(), code=changed)
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

    def run(self, room: str, seconds: float, nearest: str = "", kernels: str = "kernels") -> tuple[bool, str]:
        """Whether the room's tests pass within a time, and the last line of their output."""
        files = [f for t in ROOMS[room] for f in self._files(self.path / t)]
        files.sort(key=lambda file: nearest not in file.stem)
        environment = os.environ | {
            "PYTHONPATH": str(self.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": str(self.path.parent / kernels),
        }
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
        try:
            done = subprocess.run(
                [*command, *map(str, files)],
                cwd=self.path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False, f"not done in {seconds:.0f} s"
        return done.returncode == 0, (done.stdout.strip().splitlines() or [""])[-1]

    @staticmethod
    def _files(path: Path) -> list[Path]:
        return sorted(path.rglob("test_*.py")) if path.is_dir() else [path] * path.is_file()

    def notices(self, room: str, fault: Fault, seconds: float) -> bool:
        """Whether a test of the room fails with the fault in place."""
        place = self.path / fault.module.relative_to(TOP)
        sound = place.read_text(encoding="utf-8")
        # Compiled kernels do not know when a function that they call has changed: compile anew.
        kernels = "faulty-kernels" if "njit" in sound else "kernels"
        shutil.rmtree(self.path.parent / "faulty-kernels", ignore_errors=True)
        try:
            place.write_text(fault.code, encoding="utf-8")
            passed, _ = self.run(room, seconds, nearest=fault.module.stem, kernels=kernels)
        finally:
            place.write_text(sound, encoding="utf-8")
        return not passed


def try_room(room: str, tree: Tree, n_faults: int, seed: int, seconds: float) -> tuple[int, int]:
    """Faults noticed and tried in a room; those that were not are printed."""
    start = time.monotonic()
    passed, last = tree.run(room, 10 * seconds)
    if not passed:
        sys.exit(f"{room}: its tests do not pass as they are: {last}")
    sound = time.monotonic() - start
    print(f"{room}: sound in {sound:.0f} s ({last})", flush=True)
    # A slow machine must not count as a noticed fault: the limit follows the sound run.
    limit = max(seconds, 3 * sound)
    missed = 0
    faults = draw(room, n_faults, seed)
    for fault in faults:
        if not tree.notices(room, fault, limit):
            missed += 1
            print(f"  not noticed: {fault.module.relative_to(TOP)}:{fault.line}", flush=True)
            print("".join(f"    {line}\n" for line in difflib.ndiff([fault.before], [fault.after])), end="")
    print(f"{room}: {len(faults) - missed} of {len(faults)} noticed", flush=True)
    return len(faults) - missed, len(faults)


def main() -> None:
    """Try the rooms asked for and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--room", action="append", choices=list(ROOMS), help="Default: every room.")
    parser.add_argument("--faults", type=int, default=25, help="Faults a room.")
    parser.add_argument("--seed", type=int, default=1, help="Another seed draws another set of faults.")
    parser.add_argument("--seconds", type=float, default=120.0, help="Time limit of a room's tests.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        tree = Tree.made(Path(work))
        rows = [
            (room, *try_room(room, tree, asked.faults, asked.seed, asked.seconds))
            for room in asked.room or ROOMS
        ]
    print(f"\n{'room':<18}{'noticed':>9}{'tried':>7}")
    for room, noticed, tried in rows:
        print(f"{room:<18}{noticed:>9}{tried:>7}")


if __name__ == "__main__":
    main()

"""Which module may know which: read from the source, so that nothing need be imported."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "screening"

FLOORS = {
    **dict.fromkeys(("", "errors", "units", "provenance", "files", "names", "display", "ragged"), 0),
    **{"kernels": 0, "kernel_cache": 0},
    **{"phases": 1, "thermo": 2, "reactors": 3, "layer": 4, "campaign": 5},
    "lab": 5,
    "simulate": 6,
    **dict.fromkeys(("validation", "handoff"), 7),
    **{"plots": 8, "report": 9, "api": 10, "explore": 11, "cli": 12},
}
"""Data flow from low floors to high ones; parts of one floor do not know each other."""

THERMODYNAMIC_ARM = frozenset({"phases", "thermo", "reactors", "layer", "campaign"})
BENCH_ARM = frozenset({"lab", "simulate"})
FOUNDATIONS = frozenset(part for part, floor in FLOORS.items() if floor == 0)

LIVE_CLIENT = "mp_api"
LIVE_MODULE = "screening.phases.materials_project"
PLOTTING = frozenset({"matplotlib", "plotly"})
PLOTTING_PARTS = frozenset({"plots", "report"})
FIGURE_WRITER = "screening.files"

MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 60


@dataclass(frozen=True)
class Import:
    """One module that another imports: at once, within a function, or only for its types."""

    target: str
    when_called: bool
    for_types: bool


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text("utf-8"))

    @property
    def part(self) -> str:
        """Part of the package that it belongs to, by which floors are counted."""
        return [*self.name.split("."), ""][1]

    @cached_property
    def imports(self) -> list[Import]:
        return [
            Import(target, when_called, for_types)
            for node, when_called, for_types in import_statements(self.tree)
            for target in self.targets(node)
        ]

    def targets(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        """Dotted names that one statement imports; relative ones are resolved."""
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        base = node.module or ""
        if node.level:
            own = self.name.split(".")
            package = own if self.path.name == "__init__.py" else own[:-1]
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def import_statements(
    node: ast.AST, *, when_called: bool = False, for_types: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    """Import statements below a node, each with whether it waits for a call or is for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, when_called, for_types
            continue
        yield from import_statements(
            child,
            when_called=when_called or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef),
            for_types=for_types or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"),
        )


def modules_of(package: Path) -> dict[str, Module]:
    """All modules of a package by dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path)
    return found


def known(modules: dict[str, Module], module: Module) -> set[str]:
    """Own modules that a module imports, without packages that a name only passes through."""
    found = {i.target for i in module.imports if i.target in modules and i.target != module.name}
    return {target for target in found if not any(other.startswith(f"{target}.") for other in found)}


def cycles(modules: dict[str, Module]) -> Iterator[str]:
    """Rings of modules that import each other, imports inside functions among them."""
    edges = {name: known(modules, module) for name, module in modules.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> Iterator[str]:
        if name in trail:
            yield "cycle: " + " -> ".join((*trail[trail.index(name) :], name))
        elif name not in done:
            for other in sorted(edges[name]):
                yield from visit(other, (*trail, name))
            done.add(name)

    for name in modules:
        yield from visit(name, ())


def upward_imports(modules: dict[str, Module]) -> Iterator[str]:
    """Imports that do not go down the house."""
    for name, module in modules.items():
        if module.part not in FLOORS:
            yield f"{name}: belongs to no floor"
            continue
        for target in sorted(known(modules, module)):
            other = modules[target].part
            if other in (module.part, ""):
                continue
            arms = {module.part, other}
            if arms & BENCH_ARM and arms & THERMODYNAMIC_ARM:
                yield f"{name}: imports {target}, the other arm"
            elif FLOORS.get(other, 0) > FLOORS[module.part]:
                yield f"{name}: imports {target}, a higher floor"
            elif FLOORS.get(other, 0) == FLOORS[module.part] and module.part not in FOUNDATIONS:
                yield f"{name}: imports {target}, a neighbour of its own floor"


def misplaced_libraries(modules: dict[str, Module]) -> Iterator[str]:
    """The live client and plotting libraries outside their rooms."""
    for name, module in modules.items():
        for each in module.imports:
            library = each.target.partition(".")[0]
            if each.for_types:
                continue
            if library == LIVE_CLIENT and not (name == LIVE_MODULE and each.when_called):
                yield f"{name}: imports {each.target} outside a function of {LIVE_MODULE}"
            allowed = module.part in PLOTTING_PARTS or (name == FIGURE_WRITER and each.when_called)
            if library in PLOTTING and not allowed:
                yield f"{name}: imports {each.target}"


def prints(modules: dict[str, Module]) -> Iterator[str]:
    """Calls of print outside the command line."""
    for name, module in modules.items():
        for node in ast.walk(module.tree):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if called and node.func.id == "print" and module.part != "cli":
                yield f"{name}:{node.lineno}: prints"


def public_definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Public functions, classes and methods; what a function holds is its own affair, and overloads have the
    docstring of what they overload."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            overloads = any(ast.unparse(each) == "overload" for each in child.decorator_list)
            if not (child.name.startswith("_") or overloads):
                yield f"{prefix}.{child.name}", child
                if isinstance(child, ast.ClassDef):
                    yield from public_definitions(child, f"{prefix}.{child.name}")
        elif isinstance(child, ast.If | ast.Try):
            yield from public_definitions(child, prefix)


def undocumented(modules: dict[str, Module]) -> Iterator[str]:
    """Public names without a docstring."""
    for name, module in modules.items():
        for label, node in [(name, module.tree), *public_definitions(module.tree, name)]:
            if ast.get_docstring(node) is None:
                yield f"{label}: no docstring"


def too_long(modules: dict[str, Module]) -> Iterator[str]:
    """Modules and functions beyond what a reader keeps in mind."""
    for name, module in modules.items():
        lines = len(module.path.read_text("utf-8").splitlines())
        if lines > MOST_LINES_OF_A_MODULE:
            yield f"{name}: {lines} lines"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    yield f"{name}.{node.name}: {length} lines"


Rule = Callable[[dict[str, Module]], Iterator[str]]
RULES = (cycles, upward_imports, misplaced_libraries, prints, undocumented, too_long)


@pytest.fixture(scope="module")
def package() -> dict[str, Module]:
    return modules_of(PACKAGE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps(rule: Rule, package: dict[str, Module]) -> None:
    assert list(rule(package)) == []


# ------------------------------------------------------------------ a house built wrongly on purpose

WRONG = {
    "__init__.py": '"""Doc."""',
    "errors.py": '"""Doc."""\nfrom screening.phases.one import a',
    "files.py": '"""Doc."""\nimport matplotlib\ndef save():\n    """Doc."""\n    import matplotlib.pyplot',
    "phases/__init__.py": '"""Doc."""',
    "phases/one.py": '"""Doc."""\nfrom screening.phases import two\nimport screening.lab.bench\nprint(1)',
    "phases/two.py": '"""Doc."""\ndef f():\n    """Doc."""\n    from .one import a',
    "phases/materials_project.py": '"""Doc."""\nimport mp_api\ndef f():\n    """D."""\n    import mp_api.a',
    "thermo/__init__.py": '"""Doc."""',
    "thermo/hull.py": '"""Doc."""\nfrom mp_api.client import x\nfrom plotly import y\nclass Hull:\n'
    '    """Doc."""\n    def bare(self): ...\n    def _private(self): ...\ndef naked(): ...',
    "lab/__init__.py": '"""Doc."""\nfrom .tool import t\nNAME = 1',
    "lab/early.py": '"""Doc."""\nfrom screening.simulate import full',
    "simulate/__init__.py": '"""Doc."""',
    "simulate/full.py": '"""Doc."""\nfrom screening.lab import bench\nfrom screening.phases import two',
    "lab/tool.py": '"""Doc."""\nfrom screening.lab import NAME',
    "lab/bench.py": '"""Doc."""\ndef f():\n    """Doc."""\n    import screening.thermo.hull',
    "plots/__init__.py": '"""Doc."""',
    "plots/curves.py": '"""Doc."""\nimport matplotlib\nfrom screening.thermo import hull',
    "campaign.py": '"""Doc."""\nif TYPE_CHECKING:\n    from matplotlib.axes import Axes',
    "plots/page.py": '"""Doc."""\nfrom screening import report',
    "report/__init__.py": '"""Doc."""\nimport plotly',
    "validation.py": '"""Doc."""\nfrom screening.lab import bench\nfrom screening.thermo import hull',
    "handoff.py": '"""Doc."""\nfrom screening.validation import v',
    "attic/__init__.py": '"""Doc."""',
    "cli/__init__.py": '"""Doc."""\nfrom screening.plots import curves\nprint(2)',
    "units.py": '"""Doc."""\n' + "A = 1\n" * MOST_LINES_OF_A_MODULE,
    "provenance.py": '"""Doc."""\ndef f():\n    """Doc."""\n' + "    a = 1\n" * MOST_LINES_OF_A_FUNCTION,
}

FOUND = {
    cycles: [
        "cycle: screening.phases.one -> screening.phases.two -> screening.phases.one",
        "cycle: screening.lab -> screening.lab.tool -> screening.lab",
    ],
    upward_imports: [
        "screening.attic: belongs to no floor",
        "screening.errors: imports screening.phases.one, a higher floor",
        "screening.lab.bench: imports screening.thermo.hull, the other arm",
        "screening.lab.early: imports screening.simulate.full, a higher floor",
        "screening.simulate.full: imports screening.phases.two, the other arm",
        "screening.phases.one: imports screening.lab.bench, the other arm",
        "screening.handoff: imports screening.validation, a neighbour of its own floor",
        "screening.plots.page: imports screening.report, a higher floor",
    ],
    misplaced_libraries: [
        "screening.files: imports matplotlib",
        "screening.phases.materials_project: imports mp_api outside a function",
        "screening.thermo.hull: imports mp_api.client outside a function",
        "screening.thermo.hull: imports plotly",
    ],
    prints: ["screening.phases.one:4: prints"],
    undocumented: ["screening.thermo.hull.Hull.bare: no doc", "screening.thermo.hull.naked: no doc"],
    too_long: ["screening.provenance.f: 62 lines", "screening.units: 401 lines"],
}


@pytest.fixture
def wrong_house(tmp_path: Path) -> dict[str, Module]:
    for name, text in WRONG.items():
        path = tmp_path / "screening" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return modules_of(tmp_path / "screening")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_wrong_house_is_seen(rule: Rule, wrong_house: dict[str, Module]) -> None:
    said = list(rule(wrong_house))
    for expected in FOUND[rule]:
        assert any(line.startswith(expected) for line in said), (expected, said)
    blameless = ("cli", "campaign", "plots.curves", "phases.two:", "validation")
    assert not [line for line in said if line.startswith(tuple(f"screening.{name}" for name in blameless))]

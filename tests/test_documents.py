"""The documents tell the truth: their commands run, what they show is printed, what they name exists.

Blocks by their fence: ``sh`` is run line by line, ``python`` as a whole, both in one directory (the desk); a
block with a ``title`` is a file there; ``text`` below either is what was printed. ``bash`` and ``py`` are not
run, and `NOT_RUN` says why.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from screening.lab.impedance.circuits import EquivalentCircuit

ROOT = Path(__file__).parents[1]
SITE = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
DOCUMENTS = ["README.md", "docs/tutorial.md", *(name for name in SITE if name != "docs/tutorial.md")]
ALL = [*DOCUMENTS, "CONTRIBUTING.md", "data/README.md"]

SET_UP = ["pip install . && screening run", "pip install '.[test]' && pytest"]
"""The README's set-up commands: .ci/run types them in a fresh environment."""

NOT_RUN = {
    "pip install": "set-up: .ci/run types the README's in a fresh environment, and installs the extras",
    "python -m venv": "set-up",
    "python benchmarks/": "minutes each; test_named_script_answers asks each for --help",
    "python data/build_embedded.py": "fetches a wheel; tests/data covers what it writes",
    "python data/build_atlas.py": "needs torch and an hour; tests/phases/test_atlas.py reads what it wrote",
    "python notebooks/execute.py": "minutes; tests/test_notebooks.py runs each notebook",
    "python tests/fuzz/": "a minute; .ci/run runs it for every reader",
    "screening run everything": "takes a minute and a gigabyte; metal-halides runs here",
    "screening handoff LiAlCl4 --results results/everything": "needs that run",
    "screening figure Li3YCl6 --phases runs/": "runs of one's own; tests/phases/test_runs.py makes some",
    "screening handoff LiAlCl4 --programs": "needs the extra; tests/handoff/test_programs.py",
    "screening cells init": "raw files of one's own; tests/cli/test_cells_cli.py has some",
    "screening cells my-raw-files": "the same",
    "screening eis cell.mpr": "files of an instrument; tests/lab/readers have some",
    "screening cycling cell.ndax": "the same",
    "py -m venv": "set-up on Windows",
    "conda env create": "set-up with conda",
    "screening explore": "stays until it is ended; tests/explore drives it",
    "dask ": "needs a cluster that stays; tests/campaign/test_run.py starts one",
    "export MP_API_KEY": "a key of one's own",
    "screening snapshot fetch": "needs a key; tests/cli/test_snapshot_live.py has the server software",
    "screening snapshot diff mp2019 today": "needs what was fetched; the same tests",
    "screening run --snapshot today": "needs what was fetched; the same tests",
    "import screening as scr\n\nscr.fetch_snapshot": "needs a key; tests/api/test_snapshots.py",
}
"""Beginnings of lines in ``bash`` and blocks in ``py``, and why they are not run here."""

RELATIVE, ABSOLUTE = 0.01, 0.005
"""Agreement of shown with printed numbers: fits of simulated spectra end a little differently from one
processor to the next; everything else is equal."""


# ------------------------------------------------------------------------------------- reading documents


@dataclass(frozen=True)
class Block:
    """One fenced block, with the word behind its fence and the title, if any."""

    document: str
    number: int
    kind: str
    title: str
    body: str

    def __str__(self) -> str:
        return f"{Path(self.document).stem}-{self.number}"

    @property
    def lines(self) -> list[str]:
        """Commands, without their comments."""
        bare = (re.sub(r"\s+# .*$", "", line).strip() for line in self.body.splitlines())
        return [line for line in bare if line]


def blocks_of(document: str) -> list[Block]:
    """Fenced blocks of a document."""
    text = (ROOT / document).read_text("utf-8")
    found = re.findall(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', text, flags=re.MULTILINE | re.DOTALL)
    assert len(found) == len(re.findall(r"^```", text, flags=re.MULTILINE)) / 2, f"{document}: a fence is odd"
    return [Block(document, number, *each) for number, each in enumerate(found)]


BLOCKS = [block for document in ALL for block in blocks_of(document)]
RUN = [block for block in BLOCKS if block.kind in ("sh", "python")]


def shown_below(block: Block) -> str:
    """What a document shows of the output of one of its blocks."""
    return next((b.body for a, b in pairwise(BLOCKS) if a == block and b.kind == "text"), "")


def untold(shown: str, printed: str) -> Iterator[str]:
    """Shown lines that were not printed in this order, with nothing in between unless ``…`` stands there."""
    rows = [line for line in printed.splitlines() if line.strip()]
    free, start = True, 0
    for line in filter(str.strip, shown.splitlines()):
        if line == "…":
            free = True
            continue
        stop = len(rows) if free else start + 1
        found = next((n for n in range(start, min(stop, len(rows))) if alike(line, rows[n])), None)
        if found is None:
            yield line
        else:
            start, free = found + 1, False


def alike(shown: str, printed: str) -> bool:
    """Whether two lines say the same; a shown line may break off with ``…``."""
    words, told = shown.split(), printed.split()
    if words[-1:] == ["…"]:
        words = words[:-1]
        told = told[: len(words)]
    return len(words) == len(told) and all(map(same, words, told))


def same(shown: str, printed: str) -> bool:
    """Whether two words are the same, or numbers that agree."""
    if shown == printed:
        return True
    numbers = [re.fullmatch(r"(\W*?)(-?\d+(?:\.\d+)?)(\D*)", word) for word in (shown, printed)]
    if not all(numbers) or "." not in shown:
        return False
    (before, a, after), (was_before, b, was_after) = (match.groups() for match in numbers)
    close = abs(float(a) - float(b)) <= max(ABSOLUTE, RELATIVE * abs(float(b)))
    return close and (before, after) == (was_before, was_after)


# ------------------------------------------------------------------------------------------ the desk


def run_line(line: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one line as a shell would, with this environment's commands first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=directory,
        env={**os.environ, "PATH": path, "COLUMNS": "110"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass
class Desk:
    """Where a reader types the commands. A line that several documents give runs once."""

    directory: Path
    done: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        if line not in self.done:
            self.done[line] = run_line(line, self.directory)
        return self.done[line]


def write_pellets(directory: Path) -> None:
    """Spectra of a blocked pellet, 100 Ω at 25 °C and 0.40 eV in the σT form: files of the reader's own."""
    frequency = np.geomspace(7e6, 1.0, 50)
    evaluate, rng = EquivalentCircuit.parse("L-R-p(R,CPE)-CPE").impedance(), np.random.default_rng(1)
    for celsius in (-20, 0, 25, 40):
        kelvin = celsius + 273.15
        resistance = 100.0 * kelvin / 298.15 * np.exp(0.40 / 8.617333e-5 * (1.0 / kelvin - 1.0 / 298.15))
        z = evaluate(frequency, np.array([2e-7, 3.0, resistance, 2e-9, 0.95, 3e-7, 0.9]))
        z *= 1.0 + 0.002 * (rng.normal(size=50) + 1j * rng.normal(size=50))
        rows = (f"{f},{v.real},{-v.imag}\n" for f, v in zip(frequency, z, strict=True))
        path = directory / f"pellet_{celsius}C.csv"
        path.write_text("freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm\n" + "".join(rows), "utf-8")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The desk after the README's first command, with the example study and all files that documents give."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    for block in BLOCKS:
        if block.title:
            (desk.directory / block.title).write_text(block.body, "utf-8")
    write_pellets(desk.directory)
    for line in ("screening run", "screening experiments example my-cells"):
        done = desk.run(line)
        assert done.returncode == 0, done.stderr
    return desk


# ---------------------------------------------------------------------------------------------- tests


@pytest.mark.parametrize("block", [b for b in RUN if b.kind == "sh" and b.lines[0] not in SET_UP], ids=str)
def test_commands_run_and_print_what_is_shown(block: Block, desk: Desk) -> None:
    printed = ""
    for line in block.lines:
        done = desk.run(line)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        printed += done.stdout
    assert list(untold(shown_below(block), printed)) == []


@pytest.mark.parametrize("document", sorted({block.document for block in RUN if block.kind == "python"}))
def test_python_runs_and_prints_what_is_shown(
    document: str, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All snippets of a document in one session, after the commands above each."""
    monkeypatch.chdir(desk.directory)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in (block for block in RUN if block.document == document):
        if block.kind == "sh":
            for line in block.lines if block.lines[0] not in SET_UP else ():
                desk.run(line)
            continue
        exec(compile(block.body, str(block), "exec"), names)
        assert list(untold(shown_below(block), capsys.readouterr().out)) == [], str(block)


def test_readme_has_two_set_up_commands() -> None:
    lines = [line for block in blocks_of("README.md") if block.kind == "sh" for line in block.lines]
    assert [line for line in lines if line.startswith("pip ")] == SET_UP


def test_files_of_documents_have_names_of_their_own() -> None:
    titles = [block.title for block in BLOCKS if block.title]
    assert len(titles) == len(set(titles))


def test_what_is_not_run_has_a_reason() -> None:
    left = [line for block in BLOCKS if block.kind == "bash" for line in block.lines]
    left += [block.body for block in BLOCKS if block.kind == "py"]
    assert [line for line in left if not line.startswith(tuple(NOT_RUN))] == []
    assert [reason for reason in NOT_RUN if not any(line.startswith(reason) for line in left)] == []


def test_no_command_hides_in_another_block() -> None:
    known = {"sh", "bash", "python", "py", "text", "toml", "csv"}
    assert {f"{block}: {block.kind}" for block in BLOCKS if block.kind not in known} == set()
    command = re.compile(r"^(?: {4}|\t)\$? ?(?:screening|pip|python|dask|mkdocs) ", flags=re.MULTILINE)
    assert [name for name in ALL if command.search((ROOT / name).read_text("utf-8"))] == []


def test_a_wrong_command_is_noticed(tmp_path: Path) -> None:
    assert run_line("screening lithiate Xx", tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("rank 1\n…\nrank 3", True),
        ("rank 1\nrank 3", False),
        ("rank 3\n…\nrank 1", False),
        ("rank 1\nrank 2 0.80 V", True),
        ("rank 1\nrank 2 0.90 V", False),
        ("rank 1\nrank 2 0.80 eV", False),
        ("rank 1\nrank 2 …", True),
        ("rank 4", False),
    ],
)
def test_a_stale_output_is_noticed(shown: str, told: bool) -> None:
    assert (list(untold(shown, "title\nrank 1\nrank 2  0.804 V\nrank 3\n")) == []) is told


def named_scripts() -> list[str]:
    text = "\n".join((ROOT / name).read_text("utf-8") for name in ALL)
    return sorted(set(re.findall(r"python ((?:benchmarks|data|tests)/[\w/]+\.py)", text)))


def test_every_benchmark_is_named() -> None:
    written = {f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.py")}
    assert written <= set(named_scripts())


@pytest.mark.parametrize("script", named_scripts())
def test_named_script_answers(script: str) -> None:
    """Scripts of documents take minutes or a network: here they say what they would do."""
    done = subprocess.run(
        [sys.executable, ROOT / script, "--help"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout


def words_of(drawing: str) -> list[str]:
    """Texts of an svg, in order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawing)


def test_the_figure_of_the_readme_is_what_a_run_draws(desk: Desk) -> None:
    (name,) = re.findall(r"\]\(docs/figures/(\w+\.svg)\)", (ROOT / "README.md").read_text("utf-8"))
    kept = words_of((ROOT / "docs" / "figures" / name).read_text("utf-8"))
    drawn = words_of((desk.directory / "results" / "six-reactors" / name).read_text("utf-8"))
    assert kept
    assert kept == drawn

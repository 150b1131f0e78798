"""The documents tell the truth: every command of the README runs, every benchmark named exists."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def shell_lines(document: str) -> list[str]:
    """Lines of the ``sh`` blocks of a document."""
    text = (ROOT / document).read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def run_line(line: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one line as a shell would, with this environment's commands first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_readme_has_two_set_up_commands() -> None:
    set_up = [line for line in shell_lines("README.md") if line.startswith("pip ")]
    assert set_up == ["pip install . && screening run", "pip install '.[test]' && pytest"]


USED = [line for line in shell_lines("README.md") if not line.startswith("pip ")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a new user types the README's commands, after the first one."""
    directory = tmp_path_factory.mktemp("desk")
    done = run_line("screening run", directory)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.mark.parametrize("line", USED)
def test_readme_command_runs(line: str, desk: Path) -> None:
    done = run_line(line, desk)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_command_is_noticed(tmp_path: Path) -> None:
    assert run_line("screening lithiate Xx", tmp_path).returncode == 2


def test_readme_python_example_runs(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    code = re.search(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "example.py").write_text(code[1], "utf-8")
    done = run_line("python example.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "LiAlCl4" in done.stdout


def named_scripts() -> list[str]:
    text = "\n".join((ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    return sorted(set(re.findall(r"python ((?:benchmarks|data|tests)/[\w/]+\.py)", text)))


def test_every_benchmark_is_named() -> None:
    written = {f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.py")}
    assert written <= set(named_scripts())


@pytest.mark.parametrize("script", named_scripts())
def test_named_script_answers(script: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / script, "--help"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout

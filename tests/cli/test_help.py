"""Help: verbs in groups, one line each, completion for the shell."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from screening.cli import VERBS, app

runner = CliRunner()
COMMAND = [sys.executable, "-c", "from screening.cli import main; main()"]


@pytest.fixture(scope="module")
def page() -> list[str]:
    return runner.invoke(app, ["--help"], terminal_width=80).output.splitlines()


def test_verbs_stand_in_groups(page: list[str]) -> None:
    text = "\n".join(page)
    for heading in ("Screen", "Interfaces", "Lab", "Data"):
        assert text.count(f"\n{heading}:\n") == 1
    assert "Commands:" not in text
    verbs = ("react", "figure", "lithiate", "stack", "series", "design")
    assert re.search("Interfaces:\n" + "".join(rf"  {verb} .*\n" for verb in verbs) + "\nLab:", text)


def test_each_verb_takes_one_line_of_a_narrow_terminal(page: list[str]) -> None:
    assert all(len(line) <= 80 for line in page)
    listed = [line for line in page if re.match(r"  [a-z]+ ", line)]
    assert len(listed) == len(VERBS) + 2, "and two groups of verbs"
    assert not [line for line in listed if line.rstrip().endswith("...")]


@pytest.mark.parametrize(("verb", "choices"), [("react", "<atomic|molar|mass>"), ("drt", "<modulus|unit>")])
def test_choices_are_listed(verb: str, choices: str) -> None:
    assert choices in runner.invoke(app, [verb, "--help"]).output


def test_completion_can_be_installed_and_completes(tmp_path: Path) -> None:
    home = {**os.environ, "HOME": str(tmp_path), "SHELL": "/bin/bash"}
    # which shell it is for, typer learns from the process that called: here a shell, whoever runs the tests
    install = f"{shlex.join([*COMMAND, '--install-completion'])}; exit $?"
    told = subprocess.run(["bash", "-c", install], env=home, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "screening.sh" in (tmp_path / ".bashrc").read_text("utf-8")
    asked = {
        **home,
        "COMP_WORDS": "screening lith",
        "COMP_CWORD": "1",
        "_SCREENING_COMPLETE": "complete_bash",
    }
    assert subprocess.check_output(COMMAND, env=asked, text=True).split() == ["lithiate"]

"""Files from outside that nest too deep, or are pipes without a writer, end in one line, wherever read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import Document
from screening.campaign.study import read_study
from screening.errors import InputError, ScreeningError
from screening.files import DEEPEST, from_json, from_toml
from screening.lab.impedance.windows import Windows
from screening.lab.readers.text import read_bytes
from screening.lab.sheets import read_cell
from screening.phases.computed import entry_of_run
from screening.phases.dumps import read_rows
from screening.phases.manifest import Manifest
from screening.phases.sheets import Sheet
from screening.phases.structures import read_cells
from screening.report.comparison import validation_section
from screening.validation.next_cells import read_shelf

DEEP = 100_000


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("ranking.json", Document.read),
        ("validation.json", lambda path: validation_section(path.parent)),
        ("manifest.json", lambda path: Manifest.read(path.parent)),
        ("study.toml", read_study),
        ("cell.toml", read_cell),
        ("windows.toml", lambda path: Windows.parse(path.read_text("utf-8"), str(path))),
    ],
)
def test_what_nests_too_deep_is_refused(
    name: str, read: Callable[[Path], object], opening: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    nested = opening * DEEP if path.suffix == ".json" else "a = " + ("[" if opening == "[" else "{a=") * DEEP
    path.write_text(nested, "utf-8")
    with pytest.raises(ScreeningError, match=r"nested too deep|damaged|TOML") as refused:
        read(path)
    assert name in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("levels", [DEEPEST + 1, 300, 900, 20_000])
def test_what_parsers_still_take_but_nothing_else_does_is_refused(levels: int) -> None:
    """A table of dotted keys nests without a bracket."""
    with pytest.raises(ValueError, match="nested too deep"):
        from_toml(f"[{'.'.join('a' * levels)}]")
    with pytest.raises(ValueError, match="nested too deep"):
        from_json('[{"a":' * (levels // 2 + 1) + "1" + "}]" * (levels // 2 + 1))


def test_what_nests_as_deep_as_is_allowed_is_read() -> None:
    assert from_toml(f"{'.'.join('a' * (DEEPEST - 1))} = 1")
    assert from_json("[" * DEEPEST + "]" * DEEPEST)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("ranking.json", Document.read),
        ("study.toml", read_study),
        ("cell.toml", read_cell),
        ("windows.toml", Windows.read),
        ("spectrum.mpt", read_bytes),
        ("candidates.csv", Sheet.read),
        ("dump.json.gz", read_rows),
        ("cell.cif", lambda path: read_cells([path])),
        ("vasprun.xml", entry_of_run),
        ("shelf.txt", lambda path: read_shelf(path, ResultsDirectory(path.parent))),
    ],
)
def test_a_pipe_without_a_writer_is_refused_at_once(
    name: str, read: Callable[[Path], object], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="a named pipe, not a file") as refused:
        read(tmp_path / name)
    assert name in str(refused.value)


def test_a_pipe_that_a_shell_opened_is_read(tmp_path: Path) -> None:
    study = 'name = "piped"\n[candidates]\nformulas = ["MgF2"]\n'
    code = "from screening.campaign.study import read_study; from pathlib import Path\n"
    code += "print(read_study(Path('/dev/stdin')).name)"
    told = subprocess.check_output([sys.executable, "-c", code], input=study, text=True)
    assert told == "piped\n"

"""The stamp names its files, and what was simulated stays so under any name."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from screening.files import write_csv
from screening.lab.cycling.table import FlagKind
from screening.lab.impedance.analysis import analyse
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.impedance import read_series
from screening.lab.readers.stamp import is_simulated, stamp
from screening.provenance import Provenance
from screening.report.cycling import provenance_of
from screening.validation.example_study import write_example

TABLE = pd.DataFrame({"time_s": [0.0, 1.0], "note": ["a, b", 'c "d"']})


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cells")
    write_example(directory)
    return directory / "raw"


def test_a_copy_of_a_simulated_table_is_still_simulated(raw: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cellA.csv"
    shutil.copy(raw / "simulated-rest.csv", copy)
    assert stamp([copy]).source == "cellA.csv (simulated)"
    spectra = read_series([copy])
    assert analyse(spectra[:2]).simulated


def test_the_notes_beside_a_record_are_read(raw: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cellB.csv"
    shutil.copy(raw / "simulated-symmetric-layer.csv", copy)
    assert stamp([copy]).source == "cellB.csv"
    shutil.copy(raw / "simulated-symmetric-layer.csv.metadata.json", tmp_path / "cellB.csv.metadata.json")
    assert stamp([copy]).source == "cellB.csv (simulated)"
    data = read_cycling(copy)
    assert [flag.file for flag in data.flags if flag.kind is FlagKind.SIMULATED] == ["cellB.csv"]
    assert provenance_of(data).source == "cellB.csv (simulated)"


def test_what_came_from_simulated_files_says_so_again(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    write_csv(first, TABLE, Provenance.now("cellA.csv (simulated)", "0" * 64))
    write_csv(second, TABLE, Provenance.now("cellA.csv", "0" * 64))
    assert is_simulated(first)
    assert not is_simulated(second)
    assert stamp([first, second]).source == "a.csv (simulated), b.csv"
    assert stamp([second] * 3 + [first]).source == "b.csv and 3 more files (simulated)"


@pytest.mark.parametrize(
    "content",
    [
        b"provenance",
        b"provenance\n",
        b"a,provenance\n1\n",
        b"a,provenance\n1,simulated rest series\n",
        b"a,provenance\n1,interphase-screening simulated\n",
        b'a,provenance\n1,"unclosed',
        b"simulated,b\n1,2\n",
        b"\xff\xfe\x00provenance\x00\n",
    ],
)
def test_files_without_a_whole_stamp_are_taken_for_measured(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cell.csv"
    path.write_bytes(content)
    path.with_name("cell.csv.metadata.json").write_text(json.dumps(["simulated"]), "utf-8")
    assert not is_simulated(path)
    assert stamp([path]).source == "cell.csv"

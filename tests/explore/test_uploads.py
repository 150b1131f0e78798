"""Uploads: names that are obeyed by nothing, files that are damaged on purpose, bounds of time and memory."""

import base64
import importlib.util
import io
import random
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from screening.errors import InputError
from screening.explore import held, reading
from screening.explore.disk import Place, received, safe_name

BENCH = {"verb": "bench", "area_cm2": None, "reactor": "", "electrolyte": "Li6PS5Cl", "sought": [], "cif": []}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folder=tmp_path / "results", experiments=tmp_path / "cells")


def sent(**files: bytes) -> tuple[list[str], list[str]]:
    contents = [
        f"data:application/octet-stream;base64,{base64.b64encode(x).decode()}" for x in files.values()
    ]
    return contents, [*files]


def test_names_of_files_are_never_obeyed() -> None:
    for given in (
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/passwd",
        ".bashrc",
        "a\x00b\n.csv",
        "-rf",
        "x" * 300,
    ):
        name = safe_name(given)
        assert name
        assert not set(name) & set("/\\\0\n ")
        assert not name.startswith((".", "-"))
        assert len(name) <= 101
    assert safe_name("cell 7 (Zürich).mpr") == "cell_7_Z_rich_.mpr"
    found = received(*sent(**{"a/x.csv": b"1", "b/x.csv": b"2"}))
    assert sorted(found.values()) == [b"1", b"2"]


def test_what_did_not_arrive_whole_is_told() -> None:
    with pytest.raises(InputError, match="did not arrive whole"):
        received(["data:text/csv;base64,@@@"], ["a.csv"])


def test_damaged_files_end_in_lines_to_mend(place: Place) -> None:
    """Files of every reader, damaged as in its fuzz, read at once in the other process."""
    path = Path(__file__).parents[1] / "fuzz" / "fuzz_readers.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    rng, files = random.Random(17), {}
    for number, (name, module) in enumerate(sorted(fuzz.corpora().items())):
        file, content = fuzz.damaged(module.FILES[name], rng)
        files[safe_name(f"{number:02d}{Path(file).suffix}")] = content
    files["sheet.toml"] = b'kind = "rest"\n[files]\nimpedance = ["../../../../etc/passwd"]\n'
    files["broken.toml"] = b"kind = \xff\xfe"
    token = place.keep(files)
    asked = {**BENCH, "files": str(place.files(token)[0].parent)}
    told = place.task(token, asked).answer(asked)
    words = str(told)
    assert "fault in the program" not in words
    assert "root:" not in words
    assert {"sheet.toml: cannot be used", "broken.toml: cannot be used"} <= {
        b["title"] for b in told["blocks"]
    }


def test_a_list_that_unpacks_without_end_is_given_up(place: Place) -> None:
    """A small workbook whose one sheet is gigabytes of blanks."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            book.writestr(name, "<x/>")
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(300):
                sheet.write(b" " * 2**20)
    assert len(packed.getvalue()) < 2**20
    token = place.keep({"list.xlsx": packed.getvalue()})
    asked = {"verb": "list", "paths": [str(place.files(token)[0])]}
    with pytest.raises(InputError):
        place.task(token, asked).answer(asked, seconds=60)


def test_reading_ends_in_time(place: Place) -> None:
    token = place.keep({"a.csv": b"formula\nLiF\n"})
    asked = {"verb": "list", "paths": [str(place.files(token)[0])]}
    task = place.task(token, asked)
    with pytest.raises(InputError, match=r"longer than 0\.05 s"):
        task.answer(asked, seconds=0.05)
    assert task.answer(asked)["count"] == 1


def test_a_token_is_no_path(place: Place) -> None:
    for token in ("", "..", "../../etc", "0" * 19, "g" * 20):
        with pytest.raises(InputError, match="not kept here"):
            place.files(token)
    for name in ("", "..", "a/b", ".hidden", "x" * 200):
        with pytest.raises(InputError, match="no such run"):
            place.run(name)


@pytest.mark.parametrize(
    ("name", "why"), [("a.mpr", ".mpr file cannot be read"), ("b.ndax", "Neware"), ("c.xlsx", "workbook")]
)
def test_a_damaged_record_is_refused_by_its_own_reader(name: str, why: str, tmp_path: Path) -> None:
    for folder in ("files", "task"):
        (tmp_path / folder).mkdir()
    (tmp_path / "files" / name).write_bytes(b"garbage\x00\x01")
    told = reading.bench(tmp_path / "task", {**BENCH, "files": str(tmp_path / "files")})
    (block,) = told["blocks"]
    assert block["table"]["rows"][0][0].startswith(f"{name}: ")
    assert why in block["table"]["rows"][0][0]


def test_phases_of_ones_own_come_from_a_workbook(place: Place) -> None:
    row = {"formula": "Li7AlCl10", "formation_energy_ev_per_atom": -2.0, "uncertainty_ev_per_atom": 0.02}
    book = io.BytesIO()
    pd.DataFrame([row]).to_excel(book, index=False)
    token = place.keep({"own.XLSX": book.getvalue()})
    snapshot, _ = held.held({"phases": token}, place)
    assert snapshot.phases.formula[
        snapshot.phases.added & ~np.isin(snapshot.phases.origin.astype(str), ["estimated", "machine-learned"])
    ].tolist() == ["Li7AlCl10"]
    with pytest.raises(InputError, match="2 tables of phases"):
        held.own_phases({"phases": place.keep({"a.csv": b"", "b.csv": b""})}, place)

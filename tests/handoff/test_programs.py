"""Programs of cyclers hold the currents, times and limits that were meant, read from their own formats."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from screening.errors import InputError
from screening.handoff.plan import Plan
from screening.handoff.programs import write_programs

AREA_CM2 = 1.3273229  # of a die of 13 mm
WIDTH = 20  # of a column of an EC-Lab settings file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("programs")
    write_programs(path, Plan(die_mm=13.0), 1.5)
    return path


def settings(path: Path) -> dict[str, list[str]]:
    """Rows of the technique by name, one cell for each sequence."""
    lines = path.read_text("utf-8").split("Modulo Bat\n")[1].splitlines()
    cut = [[line[k : k + WIDTH].strip() for k in range(0, len(line), WIDTH)] for line in lines]
    return {cells[0]: cells[1:] for cells in cut if cells}


def test_what_is_written(folder: Path) -> None:
    kinds = {
        "rest": ("mps", "jsonld"),
        **dict.fromkeys(("symmetric", "steps", "full"), ("mps", "xml", "jsonld")),
    }
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{kind}" for name, of_name in kinds.items() for kind in of_name
    }


def test_rest_takes_an_impedance_each_hour_for_two_days(folder: Path) -> None:
    rest = settings(folder / "rest.mps")
    assert rest["ctrl_type"][:3] == ["Rest", "PEIS", "Loop"]
    assert (rest["ctrl1_val"][1], rest["ctrl1_val_unit"][1]) == ("10.000", "mV")
    assert (rest["ctrl2_val"][1], rest["ctrl2_val_unit"][1]) == ("7000.000", "kHz")
    assert (rest["ctrl3_val"][1], rest["ctrl3_val_unit"][1]) == ("100.000", "mHz")
    assert (rest["lim1_value"][0], rest["lim1_value_unit"][0]) == ("3600.000", "s")
    assert rest["ctrl_repeat"][2] == "47"  # besides the first time


def test_currents_are_densities_times_the_area(folder: Path) -> None:
    steps = settings(folder / "steps.mps")
    to_ma = {"uA": 1e-3, "mA": 1.0}
    read = [
        float(value) * to_ma[unit]
        for value, unit in zip(steps["ctrl1_val"], steps["ctrl1_val_unit"], strict=True)
        if value
    ]
    meant = [sign * each * AREA_CM2 for each in (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0) for sign in (1.0, -1.0)]
    assert read == pytest.approx(meant, abs=1e-3)
    loops = [k for k, kind in enumerate(steps["ctrl_type"]) if kind == "Loop"]
    assert [int(steps["ctrl_seq"][k]) for k in loops] == [k - 2 for k in loops]  # its own two half-cycles
    assert {steps["ctrl_repeat"][k] for k in loops} == {"2"}
    text = (folder / "steps.mps").read_text("utf-8")
    assert "Ewe min = -1.00000 V" in text
    assert "Ewe max = 1.00000 V" in text


def test_a_full_cell_goes_between_its_voltages(folder: Path) -> None:
    root = ElementTree.fromstring((folder / "full.xml").read_text("utf-8"))
    limits = [step.find("Limit/Main") for step in root.iter() if step.tag.startswith("Step")]
    told = [
        (
            float(limit.findall("Curr")[0].attrib["Value"]),
            float(limit.findall("Stop_Volt")[0].attrib["Value"]),
        )
        for limit in limits
        if limit is not None and limit.findall("Stop_Volt")
    ]
    assert told == [(pytest.approx(0.45), 42000.0), (pytest.approx(0.45), 26000.0)]  # mA; 0.1 mV
    assert json.loads((folder / "full.jsonld").read_text("utf-8"))["@context"]


def test_without_a_capacity_there_is_no_full_cell(tmp_path: Path) -> None:
    assert not [path for path in write_programs(tmp_path, Plan()) if path.name.startswith("full")]
    with pytest.raises(InputError, match="-1 is no capacity"):
        write_programs(tmp_path, Plan(), -1.0)

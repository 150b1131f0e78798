"""One sheet for a cell, one analysis of it, and one verdict on a short from all its raw files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from screening.api.cells import read_cell, read_cycling
from screening.errors import InputError
from screening.lab.analysis import analyse_cell
from screening.lab.cell import Cell, Experiment, Kind, Separator
from screening.lab.cycling.export import write_bdf
from screening.lab.short import Short
from screening.provenance import Provenance
from screening.simulate.impedance import Circuit, Zarc, frequencies_hz, measure
from screening.simulate.symmetric import Scenario, simulate

STAMP = Provenance.now("test", "0" * 64)


def written(directory: Path, text: str) -> Path:
    path = directory / "cell.toml"
    path.write_text(text, "utf-8")
    return path


def test_an_area_makes_a_sheet_and_so_does_nothing(tmp_path: Path) -> None:
    cell = read_cell(written(tmp_path, "area_cm2 = 1.5\n"))
    assert (cell.electrode_area_cm2, cell.name, cell.hints) == (1.5, "cell", ())
    assert read_cell(written(tmp_path, "")).electrode_area_cm2 is None
    with pytest.raises(InputError, match="origin: is missing"):
        read_cell(written(tmp_path, "area_cm2 = 1.5\n"), Experiment)


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("die_mm = 10.0", "diameter_mm = 10.0", "die_mm is now diameter_mm"),
        ('sulfide = "Li3PS4"', 'electrolyte = "Li3PS4"', "sulfide is now electrolyte"),
        (
            "[electrolyte]\nconductivity_s_per_cm = 1e-3\nthickness_um = 620.0",
            "[separator]\nconductivity_s_per_cm = 1e-3\nthickness_um = 620.0",
            "[electrolyte] is now [separator]",
        ),
        (
            "composite_mass_mg = 10.0\nactive_fraction = 0.7",
            "[cathode]\ncomposite_mg = 10.0\nactive_fraction = 0.7",
            "composite_mass_mg is now composite_mg in [cathode]",
        ),
        (
            "active_mass_mg = 7.0",
            "[cathode]\nactive_mg = 7.0",
            "active_mass_mg is now active_mg in [cathode]",
        ),
    ],
)
def test_former_keys_are_read_with_a_hint(tmp_path: Path, old: str, new: str, hint: str) -> None:
    former = read_cell(written(tmp_path, old))
    assert hint in former.hints
    present = read_cell(written(tmp_path, new))
    assert present.hints == ()
    assert former.model_dump() == present.model_dump()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("die_mm = -1.0", ("cell.toml: die_mm", "greater than 0")),
        ("die_mm = 10.0\ndiameter_mm = 9.0", ("die_mm and diameter_mm both given", "keep the latter")),
        ("active_mass_mg = 7.0\n[cathode]\nactive_mg = 7.0", ("active_mg in [cathode] both given",)),
        ("composite_mass_mg = 10.0", ("cathode", "belong together")),
        ('cathode = "LCO"\nactive_mass_mg = 7.0', ("cathode is no table", "heading in brackets")),
        ("[electrolyte]\nthickness_um = 600.0", ("separator.conductivity_s_per_cm", "is missing")),
    ],
)
def test_faults_of_former_keys_are_one_line(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        read_cell(written(tmp_path, text))
    line = str(caught.value)
    assert "\n" not in line
    assert all(word in line for word in words), line


def spectra(directory: Path, *, leaks: bool) -> str:
    """Eight spectra; beside the cell of the last three may lie an electronic path."""
    rng = np.random.default_rng(3)
    healthy = Circuit(10.0, 1e-7, (Zarc(30, 1e-7, 0.9), Zarc(25, 1.5, 0.9)))
    last = replace(healthy, leak_s=0.02 if leaks else 0.0)
    series = [
        measure(cell, frequencies_hz(), relative_noise=0.005, rng=rng, time_s=3600.0 * number)
        for number, cell in enumerate([healthy] * 5 + [last] * 3)
    ]
    table = pd.concat([each.to_frame().assign(loop=number) for number, each in enumerate(series, start=1)])
    table.to_csv(directory / "eis.csv", index=False)
    return "eis.csv"


def symmetric(directory: Path, more: str = "", impedance: str = "") -> Path:
    cell = simulate(Scenario.STABILISING, 3)
    write_bdf(directory / "record.csv", cell.data, STAMP)
    files = 'cycling = ["record.csv"]\n' + (f'impedance = ["{impedance}"]\n' if impedance else "")
    head = f'origin = "simulated"\nkind = "symmetric"\narea_cm2 = {cell.area_cm2}\n'
    return written(directory, f"{head}{more}\n[files]\n{files}")


def test_a_symmetric_cell_with_both_kinds_of_file_gets_one_verdict(tmp_path: Path) -> None:
    path = symmetric(tmp_path, impedance=spectra(tmp_path, leaks=True))
    found = analyse_cell(read_cell(path, Experiment))
    assert found.faults == ()
    assert found.short is not None
    assert found.short.verdict is Short.SOFT
    assert found.short.evidence[0].source == "impedance"
    assert {item.source for item in found.short.evidence} == {"impedance", "cycling"}
    assert any(remark.startswith("short circuit (soft): ") for remark in found.remarks)
    assert "life_h" not in found.outcomes  # the record ends without failure, and the cell is not healthy
    assert any("does not date" in remark for remark in found.remarks)
    assert "asr_ohm_cm2" in found.outcomes
    assert read_cycling(tmp_path / "record.csv", cell=path).verdict == found.short


def test_calm_impedance_beside_calm_cycling_is_no_short(tmp_path: Path) -> None:
    path = symmetric(tmp_path, impedance=spectra(tmp_path, leaks=False))
    found = analyse_cell(read_cell(path, Experiment))
    assert found.short is not None
    assert found.short.verdict is Short.NONE
    assert found.outcomes["life_h"].at_least
    assert "life_h" in found._repr_html_()


def test_one_record_has_one_answer_whoever_asks(tmp_path: Path) -> None:
    separator = "\n[separator]\nconductivity_s_per_cm = 1e-4\nthickness_um = 1000.0\n"
    path = symmetric(tmp_path, separator)
    found = analyse_cell(read_cell(path, Experiment))
    asked = read_cycling(tmp_path / "record.csv", cell=path)
    assert found.short is not None
    assert found.short.verdict is Short.SUSPECTED
    assert asked.verdict == found.short
    assert asked.summary()["short"]["verdict"] == "suspected"


def test_a_cell_is_analysed_once_until_something_changes(tmp_path: Path) -> None:
    path = symmetric(tmp_path)
    first = analyse_cell(read_cell(path, Experiment))
    assert analyse_cell(read_cell(path, Experiment)) is first
    record = tmp_path / "record.csv"
    lines = record.read_text("utf-8").splitlines()
    record.write_text("\n".join(lines[: len(lines) // 2]) + "\n", "utf-8")
    second = analyse_cell(read_cell(path, Experiment))
    assert second is not first
    assert second.outcomes["life_h"].value < first.outcomes["life_h"].value
    path.write_text(path.read_text("utf-8").replace("[files]", 'notes = "x"\n[files]'), "utf-8")
    assert analyse_cell(read_cell(path, Experiment)) is not second
    assert second.figures_only().cycling is None


def test_read_cycling_takes_paths_cells_and_an_area(tmp_path: Path) -> None:
    symmetric(tmp_path)
    record = str(tmp_path / "record.csv")
    found = read_cycling(record, area_cm2=0.785)
    assert found.report.sheet.electrode_area_cm2 == 0.785
    same = read_cycling([record], cell=Cell(area_cm2=0.785), kind=Kind.SYMMETRIC)
    pd.testing.assert_frame_equal(found.to_frame(), same.to_frame())
    shown = found.display().frame.set_index("quantity")["value"]
    assert shown["short"] == "none"
    assert found.plot(quantity="voltage").get_ylabel() == "Voltage (V)"
    with pytest.raises(InputError, match="no quantity 'colour'"):
        found.plot(quantity="colour")
    with pytest.raises(InputError, match="keep one"):
        read_cycling(record, cell=Cell(area_cm2=0.785), area_cm2=1.0)
    with pytest.raises(InputError, match="area_cm2 = nan"):
        read_cycling(record, area_cm2=float("nan"))
    with pytest.raises(InputError, match="choose symmetric, full, plating"):
        read_cycling(record, area_cm2=1.0, kind="pellet")


def test_separator_resistance_needs_an_area() -> None:
    separator = Separator(conductivity_s_per_cm=1e-3, thickness_um=620.0)
    assert Cell(separator=separator).separator_ohm is None
    assert Cell(separator=separator, area_cm2=0.5).separator_ohm == pytest.approx(124.0)

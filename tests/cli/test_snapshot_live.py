"""``screening snapshot fetch`` and ``diff``: from the shell to the files, and the key nowhere."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from mp_server.doctored import doctored
from mp_server.gateway import KEY, Fault
from mp_server.server import Service, free_port
from pymatgen.core import Lattice, Structure

from screening.cli import main
from screening.phases.library import HOME_VARIABLE, snapshot_home
from screening.phases.structures import literature_cells

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def run(monkeypatch: Patch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["screening", "snapshot", *arguments])
    with pytest.raises(SystemExit) as leaving:
        main()
    return int(leaving.value.code or 0)


def fetched(monkeypatch: Patch, service: Service, name: str, *arguments: str) -> int:
    return run(monkeypatch, "fetch", "--name", name, "--endpoint", service.url, *arguments)


# --- fetch ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "systems",
    [
        ("--chemsys", "Li-Al-Cl", "Li-Mg-I"),
        ("--chemsys", "Li-Al-Cl", "--chemsys", "Li-Mg-I"),
        ("--chemsys", "Li-Al-Cl,Li-Mg-I"),
    ],
)
def test_systems_may_be_named_in_any_usual_way(
    service: Service, monkeypatch: Patch, capsys: Capture, systems: tuple[str, ...]
) -> None:
    assert fetched(monkeypatch, service, "mine", *systems, "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["query"]["chemical_systems"] == ["Al-Cl-Li", "I-Li-Mg"]


@pytest.mark.parametrize("elements", [("Li", "Al", "Cl"), ("Li,Al,Cl",), ("Li Al Cl",)])
def test_elements_are_one_system(
    service: Service, monkeypatch: Patch, capsys: Capture, elements: tuple[str, ...]
) -> None:
    assert fetched(monkeypatch, service, "mine", "--elements", *elements) == 0
    assert "mine: 8 phases, GGA/GGA+U, MP2020 corrections, 0 K" in capsys.readouterr().out
    assert run(monkeypatch, "verify", "mine") == 0


def test_a_study_s_systems_are_fetched(
    service: Service, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    study = tmp_path / "study.toml"
    study.write_text(
        'name = "small"\n[candidates]\nformulas = ["LiAlCl4", "MgI2"]\n'
        '[conditions]\nelectrolytes = ["Li2O"]\n'
    )
    assert fetched(monkeypatch, service, "mine", "--study", str(study), "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["query"]["chemical_systems"] == ["Al-Cl-Li-O", "I-Li-Mg-O"]


def test_stdout_holds_only_the_result(service: Service, monkeypatch: Patch, capsys: Capture) -> None:
    assert fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al") == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 2
    assert "fetching 3 systems" in captured.err


def test_resuming_is_told(service: Service, monkeypatch: Patch, capsys: Capture) -> None:
    service.fail(Fault("thermo", 500, passed=1))
    assert fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al-Cl", "Li-Mg-I") == 3
    service.reset()
    capsys.readouterr()
    assert fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al-Cl", "Li-Mg-I") == 0
    assert "7 of 13 systems are there from an interrupted fetch" in capsys.readouterr().err


def test_structures_are_fetched_if_asked_for(service: Service, monkeypatch: Patch, capsys: Capture) -> None:
    assert fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al-Cl", "--structures", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["structures"]["held"] == 8
    assert not any(told["structures"]["lacking"].values())
    assert set(told["file_sha256"]) == {"entries.parquet", "phases.parquet", "structures.parquet"}


def test_resuming_structures_is_told_and_so_is_what_lacks_one(
    service: Service, monkeypatch: Patch, capsys: Capture
) -> None:
    monkeypatch.setattr("screening.phases.fetch.STRUCTURES_A_REQUEST", 3)
    system = ("--chemsys", "Li-Al-Cl", "--structures")
    service.fail(Fault("thermo", 500, passed=2))
    assert fetched(monkeypatch, service, "mine", *system) == 3
    service.reset()
    service.fail(Fault("thermo", 200, body=json.dumps({"data": [], "meta": {"total_doc": 0}}), times=1))
    capsys.readouterr()
    assert fetched(monkeypatch, service, "mine", *system) == 0
    error = capsys.readouterr().err
    assert "3 of 8 structures are there from an interrupted fetch" in error
    assert "no structure of 3 of 8 phases: 3 missing" in error


SHEET = ("LiAlCl4", "--electrolyte", "Li2O", "--snapshot", "mine")
MINE = "Materials Project mp-13 (PBE, version 2026.04.13)"


def sheet(monkeypatch: Patch, capsys: Capture, *arguments: str) -> dict[str, dict]:
    """X-ray patterns of a sheet by formula."""
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["screening", "handoff", *SHEET, *arguments, "--json"])
    with pytest.raises(SystemExit) as leaving:
        main()
    captured = capsys.readouterr()
    assert (leaving.value.code or 0, captured.err) == (0, "")
    (content,) = json.loads(captured.out)
    return {each["formula"]: each for each in content["patterns"]}


@pytest.fixture
def without_measured(monkeypatch: Patch) -> None:
    """The literature's cells as if none of AlCl3 were among them."""
    kept = tuple(cell for cell in literature_cells() if cell.formula.text != "AlCl3")
    monkeypatch.setattr("screening.handoff.sheet.literature_cells", lambda: kept)


@pytest.mark.usefixtures("without_measured")
def test_a_bench_sheet_shows_calculated_lines_where_no_measured_cell_is_at_hand(
    service: Service, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al-Cl-O")
    assert sheet(monkeypatch, capsys)["AlCl3"]["lines"] == []
    fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al-Cl-O", "--structures")
    shown = sheet(monkeypatch, capsys)
    assert (shown["AlCl3"]["source"], shown["AlCl3"]["functional"]) == (MINE, "PBE")
    assert shown["AlCl3"]["lines"]
    for measured in ("LiAlCl4", "LiCl", "Li2O", "Li"):
        assert "Materials Project" not in shown[measured]["source"]
        assert shown[measured]["functional"] == ""
    cif = tmp_path / "mine.cif"
    places = [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    Structure(Lattice.cubic(5.0), ["Al", "Cl", "Cl", "Cl"], places).to(filename=str(cif))
    assert sheet(monkeypatch, capsys, "--cif", str(cif))["AlCl3"]["source"] == "your file mine.cif"
    own = tmp_path / "own.csv"
    own.write_text(
        "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,note,volume_per_atom_a3\n"
        "LiAlCl3,-1.0,0.05,mine,20\n"
    )
    gathered = sheet(monkeypatch, capsys, "--phases", str(own), "--temperature", "400")
    assert gathered["AlCl3"]["source"] == MINE


@pytest.mark.usefixtures("without_measured")
def test_a_bench_sheet_says_what_calculated_cells_are(
    service: Service, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al-Cl-O", "--structures")
    monkeypatch.setattr("sys.argv", ["screening", "handoff", *SHEET, "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    page = (tmp_path / "LiAlCl4.html").read_text("utf-8")
    assert f"{MINE}." in page
    assert "] calculated<" in page
    assert "for 1 % by 0.30° at 30° and 0.65° at 60°" in page


def test_a_bench_sheet_on_a_damaged_structure_file_is_refused_in_one_line(
    service: Service, monkeypatch: Patch, capsys: Capture
) -> None:
    fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al-Cl-O", "--structures")
    (snapshot_home() / "mine" / "structures.parquet").write_bytes(b"PAR1")
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["screening", "handoff", *SHEET, "--json"])
    with pytest.raises(SystemExit) as leaving:
        main()
    captured = capsys.readouterr()
    assert (leaving.value.code, captured.out, captured.err.count("\n")) == (2, "", 1)
    assert "structures.parquet: damaged" in captured.err


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        ((), 2, "nothing to fetch"),
        (("--chemsys", "Li-Al", "--elements", "Li"), 2, "--chemsys and --elements together"),
        (("--study", "six-reactors", "Li-Al"), 2, "unexpected 'Li-Al'"),
        (("--study", "absent.toml"), 2, "absent.toml"),
        (("--chemsys", "Li-Xx"), 2, "Xx"),
        (("--chemsys", "Li", "--thermo-type", "PBE"), 2, "unknown scheme 'PBE'"),
        (("--chemsys", "Li", "--timeout", "0"), 2, "no time to wait"),
        (("--chemsys", "Li-Al", "Fe-O", "--thermo-type", "GGA_GGA+U_R2SCAN"), 2, "hull of one system"),
        (("--chemsys", "Li-Ne"), 3, "no elemental reference for Ne"),
        (("--chemsys", "He-Ne"), 3, "gave nothing in He-Ne"),
    ],
)
def test_what_cannot_be_fetched_is_one_line(
    service: Service,
    monkeypatch: Patch,
    capsys: Capture,
    arguments: tuple[str, ...],
    status: int,
    complaint: str,
) -> None:
    assert fetched(monkeypatch, service, "mine", *arguments) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err.splitlines()[-1]
    assert "Traceback" not in captured.err
    assert not list(snapshot_home().rglob("*.*"))


@pytest.mark.parametrize("unset", [True, False])
def test_no_key_and_a_malformed_one_are_one_line(
    service: Service, monkeypatch: Patch, capsys: Capture, unset: bool
) -> None:
    monkeypatch.setenv("MP_API_KEY", "" if unset else KEY + KEY)
    monkeypatch.delenv("PMG_MAPI_KEY", raising=False)
    monkeypatch.setitem(__import__("pymatgen.core").core.SETTINGS, "PMG_MAPI_KEY", "")
    assert fetched(monkeypatch, service, "mine", "--chemsys", "Li-Al") == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert KEY not in error
    assert not service.log


def test_a_refused_connection_is_one_line(service: Service, monkeypatch: Patch, capsys: Capture) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/"
    assert run(monkeypatch, "fetch", "--name", "mine", "--chemsys", "Li", "--endpoint", nobody) == 3
    assert "connection refused" in capsys.readouterr().err.splitlines()[-1]


# --- the key --------------------------------------------------------------------------------------


TWICE = """
import sys
from screening.cli import main
for _ in range(2):
    try:
        main()
    except SystemExit as leaving:
        print("left with", leaving.code)
"""


def test_the_key_is_in_no_file_no_output_and_no_process_list(service: Service, tmp_path: Path) -> None:
    """A process watched from outside while the server keeps it waiting; it fails, then succeeds."""
    import matplotlib as mpl

    home = tmp_path / "user"
    home.mkdir()
    service.fail(Fault("summary", 403, body=json.dumps({"detail": f"bad {KEY}"}), delay_s=0.3, times=1))
    arguments = [sys.executable, "-c", TWICE, "snapshot", "fetch", "--name", "mine", "--chemsys", "Li-Al-Cl"]
    arguments += ["--structures"]
    environment = {
        **os.environ,
        **{"HOME": str(home), HOME_VARIABLE: str(home / "snapshots"), "MP_API_KEY": KEY},
        "MPLCONFIGDIR": mpl.get_cachedir(),  # spares this process a search for fonts
    }
    with subprocess.Popen(
        [*arguments, "--endpoint", service.url],
        env=environment,
        cwd=home,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        seen = set()
        while process.poll() is None:
            listed = Path(f"/proc/{process.pid}/cmdline")
            seen.add(listed.read_text() if listed.exists() else " ".join(arguments))
            time.sleep(0.05)
        output, error = process.communicate()
    assert [line for line in output.splitlines() if "left" in line] == ["left with 3", "left with 0"], error
    assert "status 403" in error
    assert {request.key for request in service.log if "materials" in request.path} == {KEY}
    written = [path for path in home.rglob("*") if path.is_file()]
    tables = {"phases.parquet", "entries.parquet", "structures.parquet"}
    assert {"manifest.json", *tables} <= {path.name for path in written}
    for text in (output, error, *seen, *map(str, written)):
        assert KEY not in text
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    for path in home.rglob("*.parquet"):
        table = pq.read_table(path)
        assert KEY not in table.to_pandas().to_csv() + str(table.schema.metadata)


def test_no_option_takes_a_key(monkeypatch: Patch, capsys: Capture) -> None:
    assert run(monkeypatch, "fetch", "--help") == 0
    assert "--key" not in capsys.readouterr().out


# --- diff -----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.usefixtures("home")
def test_diff_tells_what_it_does_to_a_study(monkeypatch: Patch, capsys: Capture) -> None:
    doctored("other", {"LiAlCl4": -0.5, "MgF2": float("nan")})
    assert run(monkeypatch, "diff", "mp2019", "other", "--study", "six-reactors") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "0 added, 1 gone, 1 changed" in shown
    assert "LiAlCl4 -2.042 -2.542" in shown
    assert "rank before" in shown


@pytest.mark.usefixtures("home")
def test_diff_as_json(monkeypatch: Patch, capsys: Capture) -> None:
    doctored("other", {"LiAlCl4": -0.5, "MgF2": float("nan")})
    assert run(monkeypatch, "diff", "mp2019", "other", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["before"]["name"], told["after"]["name"], told["same_scheme"]) == ("mp2019", "other", True)
    assert told["counts"]["same"] > 900
    assert [told["counts"][kind] for kind in ("added", "gone", "changed")] == [0, 1, 1]
    gone, changed = told["changes"]
    assert (gone["formula"], gone["change"], gone["after_ev_per_atom"]) == ("MgF2", "gone", None)
    assert changed["difference_ev_per_atom"] == pytest.approx(-0.5)


def test_diff_of_fetched_snapshots(
    service: Service, tmp_path: Path, monkeypatch: Patch, capsys: Capture
) -> None:
    fetched(monkeypatch, service, "gga", "--chemsys", "Li-Al-Cl")
    fetched(monkeypatch, service, "r2scan", "--chemsys", "Li-Al-Cl", "--thermo-type", "R2SCAN")
    capsys.readouterr()
    path = tmp_path / "changes.csv"
    assert run(monkeypatch, "diff", "gga", "r2scan", "--csv", str(path)) == 0
    captured = capsys.readouterr()
    assert "schemes differ" in captured.out
    assert "within Al-Cl-Li\n0 added, 0 gone, 5 changed, 3 the same" in captured.out
    table = pd.read_csv(path)
    assert set(table["formula"]) == {"AlCl3", "LiAlCl4", "LiCl", "LiAl", "Li9Al4"}
    assert "gga -> r2scan" in table["provenance"][0]


@pytest.mark.usefixtures("home")
def test_diff_of_an_absent_snapshot_is_one_line(monkeypatch: Patch, capsys: Capture) -> None:
    assert run(monkeypatch, "diff", "mp2019", "absent") == 2
    assert capsys.readouterr().err.startswith("screening: no snapshot 'absent'")


def test_a_damaged_snapshot_does_not_hide_the_others(home: Path, monkeypatch: Patch, capsys: Capture) -> None:
    (home / "broken").mkdir(parents=True)
    (home / "broken" / "manifest.json").write_text("{")
    assert run(monkeypatch, "list") == 0
    captured = capsys.readouterr()
    assert "mp2019" in captured.out
    assert "damaged manifest" in captured.err

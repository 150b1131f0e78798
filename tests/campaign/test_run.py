"""Campaigns survive what happens to long runs: kills, restarts, other studies, phases that fail."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from screening.api.campaigns import screen
from screening.campaign import rows as rows_module
from screening.campaign import run as run_module
from screening.campaign import workers as workers_module
from screening.campaign.outcome import rank_campaign
from screening.campaign.run import Campaign, Progress, Source, run
from screening.campaign.study import Study, parse_study
from screening.campaign.workers import Workers
from screening.errors import IncompleteError, InputError, UnreachableError
from screening.reactors.reduction import Reduction, ScreeningContext, reduce

CHUNK = 100
ONE = Workers(1)

CHILD = """
import sys
from pathlib import Path
from screening.campaign.run import Source, run
from screening.campaign.study import read_study
from screening.campaign.workers import Workers
run(read_study(Path(sys.argv[1])), Source(), Path(sys.argv[2]), workers=Workers(2), chunk=int(sys.argv[3]))
"""


def table(campaign: Campaign) -> pa.Table:
    """Every column of every part, lists included, in the order of the parts."""
    first = min((campaign.store.directory / "parts").glob("[!.]*.parquet"))
    return campaign.store.read(pq.read_schema(first).names)


def assert_same_rows(found: Campaign, expected: Campaign) -> None:
    """Row by row, to the last bit."""
    ours, theirs = table(found), table(expected)
    assert ours.schema.equals(theirs.schema)
    for name in ours.column_names:
        a, b = ours[name].combine_chunks(), theirs[name].combine_chunks()
        if pa.types.is_floating(a.type):
            assert np.array_equal(
                a.to_numpy(zero_copy_only=False), b.to_numpy(zero_copy_only=False), equal_nan=True
            ), name
        else:
            assert a.equals(b), name


def parts(directory: Path) -> list[Path]:
    return sorted((directory / "parts").glob("[!.]*.parquet"))


def wait_for(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class TestRows:
    def test_each_candidate_has_one_row(self, local: Campaign) -> None:
        phases = table(local)["phase"].to_numpy()
        assert sorted(phases) == sorted(local.selection.phase)
        assert len(parts(local.store.directory)) == -(-len(phases) // CHUNK)

    def test_the_size_of_a_part_changes_no_row(self, local: Campaign, study: Study, tmp_path: Path) -> None:
        whole = run(study, Source(), tmp_path, workers=ONE, chunk=10_000)
        assert_same_rows(whole, local)

    def test_every_anode_meets_every_electrolyte(self, tmp_path: Path) -> None:
        grid = parse_study(
            'name = "grid"\n[candidates]\nformulas = ["LiAlCl4", "MgF2"]\n[conditions]\n'
            'anodes = ["Li", "Na", "LiAl"]\nelectrolytes = ["Li6PS5Cl", "Li3PS4"]\n[uncertainty]\ndraws = 20',
            where="grid",
        )
        campaign = run(grid, Source(), tmp_path, workers=ONE)
        found = campaign.store.read(
            ["anode", "electrolyte", "formula", "driving_force_ev_per_ion"]
        ).to_pandas()
        assert found.groupby(["anode", "electrolyte"]).size().tolist() == [2] * 6
        driving = found.pivot_table("driving_force_ev_per_ion", "formula", ["anode", "electrolyte"])
        assert driving["Li", "Li6PS5Cl"].tolist() == driving["Li", "Li3PS4"].tolist()
        assert driving.loc["LiAlCl4"].nunique() == 3
        assert [(o.anode, o.electrolyte, len(o.table)) for o in rank_campaign(campaign)][::5] == [
            ("Li", "Li6PS5Cl", 2),
            ("LiAl", "Li3PS4", 2),
        ]

    def test_an_alloy_leaves_out_the_salts_of_its_mobile_element(self, tmp_path: Path) -> None:
        alloy = parse_study(
            'name = "alloy"\n[candidates.query]\nanions = ["F"]\nn_elements = [2, 2]\n'
            '[conditions]\nanodes = ["LiAl"]\n[uncertainty]\ndraws = 0',
            where="alloy",
        )
        campaign = run(alloy, Source(), tmp_path, workers=ONE)
        assert "simple salt of Li" in {entry.reason for entry in campaign.selection.left_out}
        formulas = campaign.store.read(["formula"])["formula"].to_pylist()
        assert "LiF" not in formulas
        assert "NaF" in formulas

    def test_what_is_not_asked_for_is_not_computed(self, study: Study, tmp_path: Path) -> None:
        cheap = study.model_copy(
            update={"conditions": study.conditions.model_copy(update={"contacts": ("mixing",)})}
        )
        campaign = run(cheap, Source(), tmp_path, workers=ONE, chunk=1000)
        found = campaign.store.read().to_pandas()
        assert found["electrolyte_relief_ev_per_atom"].isna().all()
        assert found["relay_ev_per_atom"].isna().all()
        assert found["mixing_ev_per_atom"].notna().tolist() == found["passes"].tolist()
        (outcome,) = rank_campaign(campaign)
        assert outcome.probabilities is not None
        assert outcome.probabilities.top_1.sum() == pytest.approx(1.0)


class TestResume:
    def test_takes_up_what_is_missing(self, local: Campaign, study: Study, tmp_path: Path) -> None:
        first = run(study, Source(), tmp_path, workers=ONE, chunk=CHUNK)
        for part in parts(tmp_path)[1::2]:
            part.unlink()
        kept = {part: part.stat().st_mtime_ns for part in parts(tmp_path)}
        told: list[Progress] = []
        again = run(study, Source(), tmp_path, workers=ONE, chunk=CHUNK, report=told.append)
        assert told[0].done == sum(pq.read_metadata(part).num_rows for part in kept)
        assert told[-1].done == told[-1].total == len(first.selection)
        assert all(part.stat().st_mtime_ns == when for part, when in kept.items())
        assert_same_rows(again, local)

    @pytest.mark.parametrize("change", ["study", "chunk", "manifest gone", "manifest torn", "part torn"])
    def test_refuses_to_mix(self, study: Study, tmp_path: Path, change: str) -> None:
        few = parse_study('name = "few"\n[candidates]\nformulas = ["MgF2", "MgI2", "LiAlCl4"]', where="few")
        run(few, Source(), tmp_path, workers=ONE, chunk=2)
        before = [part.read_bytes() for part in parts(tmp_path)]
        chunk = 3 if change == "chunk" else 2
        if change == "study":
            few = few.model_copy(update={"uncertainty": few.uncertainty.model_copy(update={"seed": 1})})
        elif change == "manifest gone":
            (tmp_path / "manifest.json").unlink()
        elif change == "manifest torn":
            (tmp_path / "manifest.json").write_text('{"study": ')
        if change == "part torn":
            torn = parts(tmp_path)[0]
            torn.write_bytes(torn.read_bytes()[:-50])
            with pytest.raises(InputError, match="damaged part"):
                rank_campaign(run(few, Source(), tmp_path, workers=ONE, chunk=chunk))
            return
        with pytest.raises(InputError, match=r"holds|damaged"):
            run(few, Source(), tmp_path, workers=ONE, chunk=chunk)
        assert [part.read_bytes() for part in parts(tmp_path)] == before
        if change.startswith("manifest"):  # nobody can tell whose these files are
            with pytest.raises(InputError, match="choose another"):
                run(few, Source(), tmp_path, workers=ONE, chunk=chunk, fresh=True)
            assert [part.read_bytes() for part in parts(tmp_path)] == before
        else:
            run(few, Source(), tmp_path, workers=ONE, chunk=chunk, fresh=True)

    def test_kill_9_loses_no_row_and_doubles_none(
        self, local: Campaign, study: Study, tmp_path: Path
    ) -> None:
        written = tmp_path / "small.toml"
        written.write_text(SMALL)
        out = tmp_path / "out"
        command = [sys.executable, "-c", CHILD, str(written), str(out), "10"]
        with subprocess.Popen(command, start_new_session=True) as child:
            wait_for(lambda: len(parts(out)) >= 5)
            os.killpg(child.pid, signal.SIGKILL)
        torn = parts(out)
        assert 5 <= len(torn) < 145
        assert sum(pq.read_metadata(part).num_rows for part in torn) == 10 * len(torn)
        resumed = run(study, Source(), out, workers=ONE, chunk=10)
        assert_same_rows(resumed, local)

    def test_drafts_of_killed_runs_go(self, study: Study, tmp_path: Path) -> None:
        few = parse_study('name = "few"\n[candidates]\nformulas = ["MgF2"]', where="few")
        run(few, Source(), tmp_path, workers=ONE)
        draft, foreign = (
            tmp_path / "parts" / name for name in (".000-0000000.1.part.parquet", ".mine.parquet")
        )
        for path in (draft, foreign):
            path.write_bytes(b"half")
        os.utime(draft, (4e9, 4e9))  # the clock was set back since
        campaign = run(few, Source(), tmp_path, workers=ONE)
        assert not draft.exists()
        assert foreign.exists()
        assert len(table(campaign)) == 1

    def test_a_part_that_vanishes_meanwhile_is_no_finished_campaign(
        self, study: Study, tmp_path: Path
    ) -> None:
        def remove_the_first(progress: Progress) -> None:
            if progress.done == progress.total:
                parts(tmp_path)[0].unlink()

        with pytest.raises(IncompleteError, match="part 000-0000000 was removed") as refused:
            run(study, Source(), tmp_path, workers=ONE, chunk=CHUNK, report=remove_the_first)
        assert refused.value.exit_status == 1
        assert run(study, Source(), tmp_path, workers=ONE, chunk=CHUNK).store.done()


HOLD = """
import sys
from pathlib import Path
from screening.campaign.store import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


class TestLock:
    FEW = 'name = "few"\n[candidates]\nformulas = ["MgF2", "MgI2"]\n'

    @pytest.mark.parametrize("fresh", [False, True])
    def test_a_directory_in_use_is_refused_and_its_holder_named(self, tmp_path: Path, fresh: bool) -> None:
        few = parse_study(self.FEW, where="few")
        run(few, Source(), tmp_path, workers=ONE)
        before = {path: path.read_bytes() for path in parts(tmp_path)}
        command = [sys.executable, "-c", HOLD, str(tmp_path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **pipes) as holder:  # type: ignore[call-overload]
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(
                InputError, match=f"another campaign is running there .process {holder.pid} on"
            ):
                run(few, Source(), tmp_path, workers=ONE, fresh=fresh)
            holder.kill()
        assert {path: path.read_bytes() for path in parts(tmp_path)} == before
        run(few, Source(), tmp_path, workers=ONE, fresh=fresh)  # a killed process holds nothing

    def test_a_fresh_start_removes_what_the_manifest_names_and_nothing_else(self, tmp_path: Path) -> None:
        few = parse_study(self.FEW, where="few")
        store = run(few, Source(), tmp_path, workers=ONE).store
        store.own(["failures.csv", "../outside.csv"])
        mine = [tmp_path / "parts/mine.parquet", tmp_path / "notes.txt", tmp_path.parent / "outside.csv"]
        for path in (*mine, tmp_path / "failures.csv"):
            path.write_text("rows")
        other = parse_study(self.FEW.replace("MgF2", "MgCl2"), where="few")
        run(other, Source(), tmp_path, workers=ONE, fresh=True)
        assert all(path.read_text() == "rows" for path in mine)
        assert not (tmp_path / "failures.csv").exists()
        assert not list(tmp_path.glob(".discarded*"))

    def test_results_are_not_written_over_a_file_of_another_origin(self, tmp_path: Path) -> None:
        few = parse_study(self.FEW, where="few")
        for name in ("ranking.csv", "backtest.csv", "figure_1a_MgF2.svg"):
            (tmp_path / name).write_text("mine")
            with pytest.raises(InputError, match=f"holds {re.escape(name)} of another origin"):
                screen(few, out=tmp_path, jobs=1, figures="figure" in name)
            assert (tmp_path / name).read_text() == "mine"
            (tmp_path / name).unlink()
        for _ in range(2):  # written, and then its own
            screen(few, out=tmp_path, jobs=1, figures=False)
        assert (tmp_path / "ranking.csv").read_text().startswith('"formula"')

    def test_what_cannot_be_removed_whole_stays_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        few = parse_study(self.FEW, where="few")
        run(few, Source(), tmp_path, workers=ONE, chunk=1)
        before = {path: path.read_bytes() for path in parts(tmp_path)}
        rename = Path.rename

        def refuse_the_second(path: Path, target: Path) -> Path:
            if path == parts_before[1]:
                raise PermissionError(1, "Operation not permitted")
            return rename(path, target)

        parts_before = parts(tmp_path)
        monkeypatch.setattr(Path, "rename", refuse_the_second)
        with pytest.raises(InputError, match="nothing was removed"):
            run(few, Source(), tmp_path, workers=ONE, chunk=1, fresh=True)
        assert {path: path.read_bytes() for path in parts(tmp_path)} == before

    @pytest.mark.parametrize("kind", ["pipe", "directory", "nested"])
    @pytest.mark.parametrize("fresh", [False, True])
    def test_a_manifest_that_is_none_is_refused_at_once(self, tmp_path: Path, kind: str, fresh: bool) -> None:
        manifest = tmp_path / "manifest.json"
        if kind == "pipe":
            os.mkfifo(manifest)
        elif kind == "directory":
            manifest.mkdir()
        else:
            manifest.write_text("[" * 100_000)
        with pytest.raises(InputError, match="no manifest of a campaign"):
            run(parse_study(self.FEW, where="few"), Source(), tmp_path, workers=ONE, fresh=fresh)
        assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


class TestDirectory:
    FEW = 'name = "few"\n[candidates]\nformulas = ["MgF2", "MgI2"]\n'

    def test_the_manifest_is_dated_on_the_day_it_began(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        few = parse_study(self.FEW, where="few")
        for epoch in ("86400", "864000"):
            monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
            run(few, Source(), tmp_path, workers=ONE)
            assert json.loads((tmp_path / "manifest.json").read_text())["date"] == "1970-01-02"

    @pytest.mark.parametrize("fresh", [False, True])
    def test_a_folder_of_the_user_is_left_alone(self, tmp_path: Path, fresh: bool) -> None:
        own = tmp_path / "manifest.json"
        own.write_text('{"name": "my browser extension"}')
        with pytest.raises(InputError, match="choose another directory") as refused:
            run(parse_study(self.FEW, where="few"), Source(), tmp_path, workers=ONE, fresh=fresh)
        assert "remove" not in str(refused.value)
        assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]
        assert own.read_text() == '{"name": "my browser extension"}'

    @pytest.mark.parametrize("there", [False, True])
    def test_nothing_stays_of_a_run_that_computed_nothing(
        self, tmp_path: Path, there: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "results" / "few"
        if there:
            out.mkdir(parents=True)
            (out / "notes.txt").write_text("mine")
        monkeypatch.setattr(workers_module, "CONNECT_S", 1.0)
        workers = Workers(backend="dask", scheduler="tcp://127.0.0.1:1")
        with pytest.raises(UnreachableError):
            run(parse_study(self.FEW, where="few"), Source(), out, workers=workers)
        left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
        assert left == (["results", "results/few", "results/few/notes.txt"] if there else [])

    def test_conditions_that_nobody_can_meet_are_the_users_error(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def refuse(*_: object) -> Reduction:
            raise InputError("no such condition")

        monkeypatch.setattr(rows_module, "reduce", refuse)
        with pytest.raises(InputError, match="no such condition"):
            run(parse_study(self.FEW, where="few"), Source(), tmp_path / "out", workers=ONE)
        assert not (tmp_path / "out").exists()


SMALL = (Path(__file__).parent / "conftest.py").read_text().split('STUDY = """')[1].split('"""')[0]


class TestWorkers:
    def test_a_killed_worker_changes_nothing(self, local: Campaign, study: Study, tmp_path: Path) -> None:
        killed: list[int] = []

        def kill_one(progress: Progress) -> None:
            if progress.done and not killed:
                workers = [
                    child
                    for child in psutil.Process().children(recursive=True)
                    if any("popen_loky" in word for word in child.cmdline())
                ]
                workers[0].kill()
                killed.append(workers[0].pid)

        campaign = run(study, Source(), tmp_path, workers=Workers(2), chunk=20, report=kill_one)
        assert killed
        assert_same_rows(campaign, local)

    def test_the_snapshot_is_read_once_in_a_process(self, study: Study, tmp_path: Path) -> None:
        run_module._load.cache_clear()
        run(study, Source(), tmp_path, workers=ONE, chunk=500)
        assert run_module._load.cache_info().misses == 1

    def test_a_worker_with_other_data_is_refused(self, local: Campaign, study: Study) -> None:
        (task, *_) = run_module._tasks(study, Source(), local.selection, local.store.identity)
        other = replace(task, identity=replace(task.identity, snapshot_checksum="0" * 64))
        with pytest.raises(InputError, match="a worker has"):
            run_module._work(other)

    def test_no_scheduler_is_one_line(
        self, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workers_module, "CONNECT_S", 1.0)
        with pytest.raises(InputError, match="no Dask scheduler given"):
            run(study, Source(), tmp_path, workers=Workers(backend="dask"))
        for address in ("foo", "host:8786", "tcp://host", "tcp://:8786", "tcp://host:99999"):
            with pytest.raises(InputError, match="is no address"):
                run(study, Source(), tmp_path, workers=Workers(backend="dask", scheduler=address))
        with pytest.raises(UnreachableError, match="no Dask scheduler answers"):
            run(study, Source(), tmp_path, workers=Workers(backend="dask", scheduler="tcp://127.0.0.1:1"))


def test_a_service_that_never_answers_is_no_scheduler(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screening.campaign.workers.CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="no Dask scheduler answers"):
            run(study, Source(), tmp_path, workers=Workers(backend="dask", scheduler=address))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two worker processes on loopback."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    told = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    started = [subprocess.Popen([*command, "--no-dashboard", "--scheduler-file", str(told)], **quiet)]
    try:
        wait_for(told.exists)
        wait_for(lambda: told.stat().st_size > 0)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(told)]
        options = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--host", "127.0.0.1"]
        started += [subprocess.Popen([*command, *options], **quiet) for _ in range(2)]

        yield json.loads(told.read_text())["address"], started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_dask_cluster_gives_the_same_rows_though_a_worker_dies(
    local: Campaign,
    study: Study,
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
    tmp_path: Path,
) -> None:
    from distributed import Client

    address, workers = cluster
    with Client(address) as client:
        client.wait_for_workers(2, timeout=300)
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if progress.done and not killed:
            workers[0].kill()
            killed.append(progress.done)

    campaign = run(
        study,
        Source(),
        tmp_path / "out",
        workers=Workers(backend="dask", scheduler=address),
        chunk=20,
        report=kill_one,
    )
    assert killed
    assert killed[0] < len(campaign.selection)
    assert_same_rows(campaign, local)


class TestFailures:
    @pytest.fixture
    def failing(
        self, study: Study, local: Campaign, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> Campaign:
        """The small campaign with three candidates whose walk fails."""
        victims = local.selection.phase[[7, 250, 251]]

        def walk(context: ScreeningContext, phase: np.ndarray) -> Reduction:
            if np.isin(phase, victims).any():
                raise InputError("the hull did not converge")
            return reduce(context, phase)

        monkeypatch.setattr(rows_module, "reduce", walk)
        return run(study, Source(), tmp_path, workers=ONE, chunk=CHUNK)

    def test_are_rows_with_stage_and_reason(self, failing: Campaign, local: Campaign) -> None:
        victims = local.selection.label[[7, 250, 251]]
        failures = failing.store.failures().to_pandas()
        assert sorted(failures["formula"]) == sorted(victims)
        assert set(failures["failure_stage"]) == {"reduction"}
        assert set(failures["failure_reason"]) == {"InputError: the hull did not converge"}
        assert set(failures["anode"]) == {"Li"}
        found = table(failing).to_pandas()
        expected = table(local).to_pandas()
        kept = found[found["failure_reason"].isna()].reset_index(drop=True)
        others = expected[~expected["formula"].isin(victims)].reset_index(drop=True)
        assert kept["formula"].tolist() == others["formula"].tolist()
        assert kept["uptake_mah_per_g"].tolist() == others["uptake_mah_per_g"].tolist()

    def test_are_counted_kept_and_left_out_of_the_ranking(
        self, failing: Campaign, study: Study, tmp_path: Path
    ) -> None:
        told: list[Progress] = []
        again = run(study, Source(), tmp_path, workers=ONE, chunk=CHUNK, report=told.append)
        assert told[-1].failed == 3
        (outcome,) = rank_campaign(again)
        assert len(outcome.table) == len(again.selection) - 3

"""The live connection: the genuine client against the genuine server, in health and in trouble."""

import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from mp_server.documents import DATABASE_VERSION
from mp_server.fixtures import SHORT
from mp_server.gateway import KEY, NON_COMMERCIAL_KEY, Fault
from mp_server.server import Service, free_port
from pymatgen.core import SETTINGS

from screening.errors import InputError, UnreachableError
from screening.phases.entries import Entry
from screening.phases.materials_project import Key, connect, find_key
from screening.phases.schemes import ThermoType
from screening.phases.transport import LONGEST_WAIT_S, Patience, checked_endpoint

SYSTEMS = ["Li", "Al", "Cl", "Al-Li", "Cl-Li", "Al-Cl", "Al-Cl-Li"]
EVERYWHERE = pytest.mark.parametrize("path", ["thermo", "summary", "heartbeat"])


def ask(url: str, patience: Patience = SHORT, key: Key | None = None) -> list[Entry]:
    with connect(key or find_key(), url, patience) as project:
        return project.entries(SYSTEMS, ThermoType.GGA_GGA_U)


def refused(ask_for: Callable[[], object]) -> str:
    """The one line that a failure ends in; nothing below it and no key shines through."""
    with pytest.raises(UnreachableError) as failure:
        ask_for()
    line = str(failure.value)
    assert failure.value.exit_status == 3
    assert "\n" not in line
    shown = "".join(traceback.TracebackException.from_exception(failure.value, capture_locals=True).format())
    assert KEY not in line + shown
    assert failure.value.__suppress_context__ or failure.value.__context__ is None
    return line


# --- in health ------------------------------------------------------------------------------------


def test_entries_are_those_that_the_client_itself_returns(service: Service) -> None:
    from mp_api.client import MPRester

    with MPRester(KEY, endpoint=service.url, mute_progress_bars=True) as rester:
        theirs = rester.get_entries_in_chemsys(
            "Li-Al-Cl", additional_criteria={"thermo_types": [ThermoType.GGA_GGA_U.value]}
        )
    ours = ask(service.url)
    assert len(ours) == len(theirs) > 10
    expected = sorted(
        (e.composition.reduced_formula.rstrip("2"), e.energy_per_atom, e.correction_per_atom) for e in theirs
    )
    found = sorted((e.formula, e.energy_ev_per_atom, e.correction_ev_per_atom) for e in ours)
    for left, right in zip(found, expected, strict=True):
        assert left[0] == right[0]
        assert left[1:] == pytest.approx(right[1:], abs=1e-12)


def test_entries_keep_identifier_run_type_origin_gap_and_volume(service: Service) -> None:
    by_id = {entry.material_id: entry for entry in ask(service.url)}
    salt, polymorph = by_id["mp-11"], by_id["mp-12"]
    assert (salt.formula, salt.elements, salt.amounts) == ("LiCl", (3, 17), (1.0, 1.0))
    assert (salt.run_type, salt.licence, salt.theoretical) == ("GGA", "BY-C", False)
    assert salt.correction_ev_per_atom == pytest.approx(-0.614 / 2)  # chloride anion, MP2020
    assert salt.volume_per_atom_a3 == pytest.approx(16.9)
    assert (salt.band_gap_ev, polymorph.band_gap_ev) == (6.1, 5.9)
    assert polymorph.theoretical


def test_structures_are_not_asked_for(service: Service) -> None:
    ask(service.url)
    asked = [request.query for request in service.log if "materials" in request.path]
    assert len(asked) == 2
    assert all("structure" not in query and "entries" not in query for query in asked)


def test_the_version_is_that_of_the_service(service: Service) -> None:
    with connect(find_key(), service.url, SHORT) as project:
        assert project.database_version == project.serving_now() == DATABASE_VERSION


def test_non_commercial_entries_come_only_to_those_who_accepted_the_terms(service: Service) -> None:
    assert all(entry.licence == "BY-C" for entry in ask(service.url))
    marked = ask(service.url, key=Key(NON_COMMERCIAL_KEY, "this test"))
    assert [entry.material_id for entry in marked if entry.licence == "BY-NC"] == ["mp-25"]


def test_a_system_with_nothing_in_it_is_an_empty_list(service: Service) -> None:
    with connect(find_key(), service.url, SHORT) as project:
        assert project.entries(["He-Ne"], ThermoType.R2SCAN) == []


# --- the key --------------------------------------------------------------------------------------


def test_keys_are_looked_for_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, "PMG_MAPI_KEY", "c" * 32)
    monkeypatch.setenv("PMG_MAPI_KEY", "b" * 32)
    monkeypatch.setenv("MP_API_KEY", "a" * 32)
    assert find_key() == Key("a" * 32, "MP_API_KEY")
    monkeypatch.setenv("MP_API_KEY", "")
    assert find_key() == Key("b" * 32, "PMG_MAPI_KEY")
    monkeypatch.delenv("PMG_MAPI_KEY")
    assert find_key() == Key("c" * 32, "pymatgen's settings file")


def test_no_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MP_API_KEY", "PMG_MAPI_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(SETTINGS, "PMG_MAPI_KEY", "")
    assert "no key" in refused(find_key)


@pytest.mark.parametrize("key", [KEY[:-1], KEY + "x", KEY[:-1] + "\n", KEY[:-1] + "é", "\r\nx-evil: 1" + KEY])
def test_a_malformed_key_is_told_without_repeating_it(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("MP_API_KEY", key)
    line = refused(find_key)
    assert "malformed" in line
    assert key not in line
    assert KEY[:8] not in line


def test_a_key_never_shows_in_a_representation() -> None:
    assert KEY not in repr(Key(KEY, "MP_API_KEY"))


def test_a_redirect_to_another_host_does_not_take_the_key_along(service: Service) -> None:
    elsewhere = service.url.replace("127.0.0.1", "localhost") + "materials/thermo/?chemsys=Li"
    service.fail(Fault("thermo", 307, headers={"Location": elsewhere}, times=1))
    assert "status 401" in refused(lambda: ask(service.url))
    assert [request.key for request in service.log if "thermo" in request.path] == [KEY, ""]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.materialsproject.org/",
        "https://someone:secret@api.materialsproject.org",
        "ftp://api.materialsproject.org",
        "api.materialsproject.org",
        "https://",
        "https://host:port/",
        "https://[::1/",
        "https://host/?key=1",
        "",
    ],
)
def test_addresses_that_a_key_must_not_be_sent_to(url: str) -> None:
    with pytest.raises(InputError) as refusal:
        checked_endpoint(url)
    assert "secret" not in str(refusal.value)


def test_addresses_end_in_a_slash() -> None:
    assert checked_endpoint("https://api.materialsproject.org") == "https://api.materialsproject.org/"
    assert checked_endpoint("http://127.0.0.1:80/") == "http://127.0.0.1:80/"


# --- in trouble -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("thermo", status) for status in (401, 403, 404, 414, 429, 500, 502, 503, 504)),
        *(("heartbeat", status) for status in (403, 404, 500, 503)),
        ("summary", 500),
    ],
)
def test_every_refusal_is_told_with_its_status(service: Service, path: str, status: int) -> None:
    service.fail(Fault(path, status, body=json.dumps({"message": f"no, {KEY}\nTraceback"})))
    assert f"status {status}" in refused(lambda: ask(service.url))
    asked = sum(path in request.path for request in service.log)
    assert asked == (1 + SHORT.retries if status in (429, 502, 503, 504) else 1)


def test_a_rate_limit_is_waited_for_as_long_as_the_server_asks(service: Service) -> None:
    service.fail(Fault("thermo", 429, headers={"Retry-After": "1"}, times=1))
    started = time.monotonic()
    assert ask(service.url)
    assert time.monotonic() - started >= 1.0


def test_a_passing_failure_is_tried_again(service: Service) -> None:
    service.fail(Fault("summary", 503, times=1), Fault("heartbeat", 502, times=1))
    assert ask(service.url)


def test_a_pause_beyond_patience_is_told_at_once(service: Service) -> None:
    service.fail(Fault("thermo", 429, headers={"Retry-After": f"{LONGEST_WAIT_S + 1:.0f}"}))
    started = time.monotonic()
    assert "retry after 121 s" in refused(lambda: ask(service.url))
    assert time.monotonic() - started < 5.0


def test_a_senseless_pause_is_passed_over(service: Service) -> None:
    service.fail(Fault("thermo", 429, headers={"Retry-After": "soon"}))
    assert "status 429" in refused(lambda: ask(service.url))


@EVERYWHERE
def test_a_silent_server_is_not_waited_for_for_ever(service: Service, path: str) -> None:
    service.fail(Fault(path, delay_s=1.0))
    assert "request timed out" in refused(lambda: ask(service.url, Patience(0.2, 0, 0.0)))


def test_a_refused_connection_is_told() -> None:
    assert "refused" in refused(lambda: ask(f"http://127.0.0.1:{free_port()}/", key=Key(KEY, "this test")))


def test_an_untrusted_or_missing_certificate_is_told(service: Service) -> None:
    assert "certificate" in refused(lambda: ask(service.url.replace("http://", "https://")))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("thermo", "<html>busy</html>"),
        ("thermo", ""),
        ("thermo", "null"),
        ("thermo", "[1]"),
        ("thermo", "{}"),
        ("thermo", '{"data": null}'),
        ("thermo", '{"data": [{"colour": 1}]}'),
        ("thermo", "\x00"),
        ("summary", "<html>busy</html>"),
        ("summary", '{"data": [{"band_gap": "wide", "material_id": "mp-11"}]}'),
        ("heartbeat", "<html>busy</html>"),
        ("heartbeat", "[]"),
    ],
)
def test_a_malformed_answer_is_told(service: Service, path: str, body: str) -> None:
    service.fail(Fault(path, 200, body=body))
    assert "understood" in refused(lambda: ask(service.url))


GOOD = {
    "material_id": "mp-aaaaaaal",
    "composition": {"Li": 1.0, "Cl": 1.0},
    "volume": 33.8,
    "energy_per_atom": -3.9,
    "uncorrected_energy_per_atom": -3.6,
    "energy_type": "GGA",
    "thermo_type": "GGA_GGA+U",
    "builder_meta": {"license": "BY-C"},
}


def thermo_answer(*documents: dict[str, Any]) -> Fault:
    body = {"data": list(documents), "meta": {"total_doc": len(documents)}}
    return Fault("thermo", 200, body=json.dumps(body))


def test_the_document_that_the_next_tests_damage_is_good(service: Service) -> None:
    service.fail(thermo_answer(GOOD))
    (entry,) = ask(service.url)
    assert (entry.material_id, entry.energy_ev_per_atom) == ("mp-11", -3.9)


@pytest.mark.parametrize(
    "damage",
    [
        {"material_id": "../../etc"},
        {"composition": {}},
        {"composition": {"Xx": 1.0}},
        {"composition": {"Li": -1.0, "Cl": 2.0}},
        {"composition": None},
        {"volume": -1.0},
        {"volume": None},
        {"energy_per_atom": None},
        {"energy_per_atom": "low"},
        {"uncorrected_energy_per_atom": None},
    ],
)
def test_a_document_without_usable_values_is_told(service: Service, damage: dict[str, Any]) -> None:
    service.fail(thermo_answer(GOOD | damage))
    assert "understood" in refused(lambda: ask(service.url))


def test_an_answer_of_another_scheme_is_refused(service: Service) -> None:
    service.fail(thermo_answer(GOOD, GOOD | {"material_id": "mp-12", "thermo_type": "GGA_GGA+U_R2SCAN"}))
    assert "got 'GGA_GGA+U_R2SCAN'" in refused(lambda: ask(service.url))


def test_pages_that_overlap_are_refused(service: Service) -> None:
    service.fail(thermo_answer(GOOD, GOOD))
    assert "overlap" in refused(lambda: ask(service.url))


@pytest.mark.parametrize("version", ["", None, " ", "2026.04.13\x1b[2J", "x" * 100])
def test_a_service_without_a_version_is_refused(service: Service, version: str | None) -> None:
    service.fail(Fault("heartbeat", 200, body=json.dumps({"db_version": version, "version": "0.87.3"})))
    assert "which version" in refused(lambda: ask(service.url))


def test_without_the_client_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mp_api.client", None)
    with pytest.raises(InputError, match=r"extra 'live'.*pip install 'interphase-screening\[live\]'"):
        ask("http://127.0.0.1:9", key=Key(KEY, "test"))

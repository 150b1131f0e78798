"""Who may ask: foreign hosts, origins and paths are refused, and pages may reach nothing else."""

import json
import socket

import pytest
import requests
from started_explorer import Explorer

from screening.explore.guard import _of_this_machine

UPDATE = "/_dash-update-component"


def asked(explorer: Explorer, path: str = "/", method: str = "GET", **headers: str) -> requests.Response:
    return requests.request(method, explorer.address + path, headers=headers, timeout=30, data="{}")


def body() -> str:
    """A request of the explorer's own page, as its script sends it: what may LiAlC become?"""
    typed, proposed = ({"kind": kind, "name": "a", "page": "pair"} for kind in ("field", "completion"))
    content = {
        "output": f"{json.dumps(proposed, separators=(',', ':'))}.children",
        "outputs": {"id": proposed, "property": "children"},
        "inputs": [{"id": typed, "property": "value", "value": "LiAlC"}],
        "changedPropIds": [f"{json.dumps(typed, separators=(',', ':'))}.value"],
    }
    return json.dumps(content)


def test_the_own_page_is_served_with_a_policy_that_reaches_nothing_else(explorer: Explorer) -> None:
    answer = asked(explorer)
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe" not in policy["script-src"]
    assert not [words for words in policy.values() if "http" in words or "*" in words]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "https://" not in answer.text.replace("https://doi.org", "")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1", ""]
)
def test_a_name_that_is_bound_to_this_machine_elsewhere_is_refused(explorer: Explorer, host: str) -> None:
    port = explorer.address.rpartition(":")[2]
    for path in ("/", "/save/pair/curve.csv?a=Li&b=LiF", "/_dash-layout"):
        assert asked(explorer, path, Host=host.format(port=port)).status_code in (400, 403)
    assert asked(explorer, Host=f"localhost:{port}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://{own}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://{own}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://{own}", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_another_site_posts_is_refused(explorer: Explorer, headers: dict[str, str]) -> None:
    own = explorer.address.removeprefix("http://")
    sent = {name: value.format(own=own) for name, value in headers.items()}
    sent["Content-Type"] = "application/json"
    refused = requests.post(explorer.address + UPDATE, body(), headers=sent, timeout=30)
    assert refused.status_code == 403
    sent = {"Content-Type": "application/json", "Origin": explorer.address}
    answer = requests.post(explorer.address + UPDATE, body(), headers=sent, timeout=30)
    assert "LiAlCl4" in answer.text


@pytest.mark.parametrize("sent", ["{}", "[]", "", '{"output": 1, "inputs": []}'])
def test_what_no_page_sends_is_a_fault_of_the_sender(explorer: Explorer, sent: str) -> None:
    headers = {"Content-Type": "application/json", "Origin": explorer.address}
    assert requests.post(explorer.address + UPDATE, sent, headers=headers, timeout=30).status_code == 400


def test_another_site_can_link_but_not_embed(explorer: Explorer) -> None:
    fetched = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert asked(explorer, "/pair", **fetched).status_code == 403
    assert asked(explorer, "/pair", **followed).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/save/bench/..",
        "/save/bench/bench-..svg?files=0123456789abcdef0123",
        "/save/bench/bench-00.svg?files=../../../../etc",
        "/save/screen/ranking.csv?run=../../six",
        "/save/screen/ranking.csv?run=..",
        "/save/pair/curve.exe?a=Li&b=LiF",
        "/save/pair/curve.csv?a=Li&b=LiF&snapshot=/etc",
        "/save/pair/curve.csv?a=Li&b=LiF&phases=0123456789abcdef0123",
        "/save/nowhere/curve.csv",
        "/assets/..%2f..%2fapp.py",
    ],
)
def test_no_path_leads_out(explorer: Explorer, path: str) -> None:
    answer = asked(explorer, path)
    assert answer.status_code in (400, 404) or "_dash-renderer" in answer.text  # the page, which says so
    assert "Traceback" not in answer.text
    assert "root:" not in answer.text


def test_what_is_too_large_is_refused_unread(explorer: Explorer) -> None:
    host, port = explorer.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        head = f"POST {UPDATE} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {explorer.address}\r\n"
        head += "Content-Type: application/json\r\nContent-Length: 900000000\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(100)


def test_a_saved_file_is_what_the_library_computes(explorer: Explorer) -> None:
    import io

    import pandas as pd

    import screening as scr

    saved = asked(explorer, "/save/pair/curve.csv?a=Li&b=MgF2&energies=anchored")
    assert "attachment" in saved.headers["Content-Disposition"]
    table = pd.read_csv(io.StringIO(saved.text))
    expected = scr.react("Li", "MgF2", energies="anchored").to_frame()
    assert table["total_ev_per_atom"].tolist() == pytest.approx(expected["total_ev_per_atom"].tolist())
    assert "anchored" in table["provenance"][0]


@pytest.mark.parametrize(
    ("asked", "let_in"),
    [
        ("192.168.1.7:8060", True),
        ("[fe80::1]:8060", True),
        ("lab.example:8060", True),
        ("evil.example", False),
    ],
)
def test_beyond_the_loopback_addresses_and_the_own_name_are_hosts(asked: str, let_in: bool) -> None:
    assert _of_this_machine(asked, "lab.example") is let_in

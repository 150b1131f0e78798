"""The five pages in a real browser, each from its start to a saved file; no complaint, no request out."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from driven_browser import BROWSER, DRIVER, Browser, started
from mp_server.gateway import KEY
from mp_server.server import Service
from started_explorer import Explorer

import screening as scr

if not BROWSER or not DRIVER:
    pytest.skip("no browser with its driver (Debian: chromium, chromium-driver)", allow_module_level=True)
pytest.importorskip("selenium.webdriver", reason="selenium is absent (extra `test`)")

WAIT_S = 100
"""Longest wait for a page: a busy machine takes a minute to import and to draw."""

UNNAMED = """
const hidden = (e) => e.offsetParent === null || ['hidden', 'file'].includes(e.type)
  || e.closest('[aria-hidden=true], .grid');
const named = (e) => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.title
  || (e.labels && e.labels.length) || (e.matches('button') && e.textContent.trim());
const controls = 'main :is(input, select, textarea, button, [role=slider], .drop [tabindex])';
return [...document.querySelectorAll(controls)]
  .filter((e) => !hidden(e) && !named(e)).map((e) => e.outerHTML.slice(0, 200));
"""
"""Controls that a screen reader has no name for; the grid's are AG Grid's own."""


class Pages(Browser):
    """A browser on the explorer's pages, which keeps what it downloads."""

    def __init__(self, browser: Browser, downloads: Path) -> None:
        super().__init__(browser.driver)
        self.downloads, self.address = downloads, ""
        self.device("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def visit(self, path: str) -> None:
        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get(self.address + path)

    def until(self, script: str, seconds: int = WAIT_S) -> Any:
        """What a script gives once that is something."""
        for _ in range(seconds * 4):
            if found := self.js(f"return {script}"):
                return found
            time.sleep(0.25)
        raise AssertionError(f"{script}: {self.js('return document.body.innerText')[-1500:]}")

    def shows(self, words: str) -> None:
        self.until(f"document.body.innerText.includes({words!r})")

    def click(self, selector: str) -> None:
        """Click on what a selector finds, once more where progress has just drawn it anew."""
        from selenium.common.exceptions import StaleElementReferenceException

        try:
            super().click(selector)
        except StaleElementReferenceException:
            super().click(selector)

    def write(self, name: str, text: str) -> None:
        from selenium.webdriver.common.keys import Keys

        box = self.find(f"[name='{name}']")
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(text or Keys.DELETE, Keys.ENTER)

    def saved(self, link: str, near: str = "main") -> bytes:
        """The file behind a link, downloaded by a click on it."""
        before = {path.name for path in self.downloads.iterdir()}
        self.click(f"{near} a[href*='{link}']")
        for _ in range(WAIT_S * 4):
            new = [p for p in self.downloads.iterdir() if p.name not in before and p.suffix != ".crdownload"]
            if new:
                return new[0].read_bytes()
            time.sleep(0.25)
        raise AssertionError(f"{link} was not saved")

    def foreign(self) -> list[str]:
        return [url for url in self.requests() if not url.startswith((self.address, "chrome:", "about:"))]

    def faultless(self) -> None:
        assert self.js(UNNAMED) == []
        assert self.foreign() == []
        assert self.complaints() == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    pages = Pages(started(tmp_path_factory.mktemp("profile")), tmp_path_factory.mktemp("downloads"))
    yield pages
    pages.driver.quit()


@pytest.fixture
def pages(browser: Pages, explorer: Explorer) -> Iterator[Pages]:
    browser.address = explorer.address
    yield browser
    browser.device("Emulation.clearDeviceMetricsOverride")
    browser.device("Emulation.setEmulatedMedia", media="", features=[])


def rows(content: bytes) -> pd.DataFrame:
    import io

    return pd.read_csv(io.BytesIO(content))


def test_pair(pages: Pages) -> None:
    pages.visit("/pair")
    pages.shows("4 LiCl + Al")
    pages.write("b", "ZnCl2")
    pages.shows("2 Li + ZnCl₂ -> 2 LiCl + Zn")
    pages.until(
        "[...document.querySelectorAll('datalist option')].some((o) => o.label.includes('above the hull'))"
    )
    pages.until("document.querySelectorAll('.js-plotly-plot').length == 2")
    pages.click("input[value=mass]")
    pages.shows("mass fraction of Li")
    address = pages.driver.current_url
    assert "b=ZnCl2" in address
    assert "axis=mass" in address
    table = rows(pages.saved("/curve.csv"))
    expected = scr.react("Li", "ZnCl2").to_frame()
    assert table["x_mass"].tolist() == pytest.approx(expected["x_mass"].tolist())
    assert b"Mass fraction" in pages.saved("/curve.svg")
    assert pages.saved("/staircase.pdf").startswith(b"%PDF")
    assert pages.saved("/staircase.xlsx").startswith(b"PK")
    pages.click("summary")
    assert "screening react Li ZnCl2 --axis mass" in pages.find("details pre").text
    pages.faultless()
    pages.visit(address.removeprefix(pages.address))  # a link is a result
    pages.shows("mass fraction of Li")
    pages.write("b", "ZnQq2")
    pages.shows("Qq")
    assert pages.texts("[role=alert]")


def test_what_the_server_cannot_answer_is_told(pages: Pages) -> None:
    pages.visit("/bench")
    pages.until("document.querySelector('#bench-files')")
    ask = "fetch('/_dash-update-component', {method: 'POST', body: 'x'.repeat(65 * 2 ** 20)})"
    assert pages.js(f"return {ask}.then((answer) => answer.status)") == 204
    pages.shows("larger than 48 MB together")
    pages.device("Network.enable")
    line = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    pages.device("Network.emulateNetworkConditions", offline=True, **line)
    pages.js("fetch('/pair').catch(() => null)")
    pages.shows("no connection")
    pages.device("Network.emulateNetworkConditions", offline=False, **line)
    pages.js("fetch('/pair')")
    pages.until("document.querySelector('#unanswered').hidden")


def test_pair_on_a_phone_in_the_dark(pages: Pages) -> None:
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    pages.device("Emulation.setEmulatedMedia", media="", features=dark)
    pages.device(
        "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True
    )
    pages.visit("/pair?a=LiCoO2&b=Li6PS5Cl&voltage=2.6,4.2")
    pages.shows("4.2 V vs Li")
    pages.until("document.querySelectorAll('.js-plotly-plot').length == 2")
    assert pages.js("return document.documentElement.scrollWidth <= innerWidth")
    light = "getComputedStyle(document.querySelector('.chart .xtitle')).fill"
    assert pages.js(f"return {light}") == "rgb(232, 234, 237)"


def test_screen(pages: Pages, explorer: Explorer) -> None:
    from selenium.webdriver.common.keys import Keys

    pages.visit("/screen?study=six-reactors&electrolyte=Li3PS4")
    pages.until("document.querySelector('#start')")
    pages.click("#start")
    pages.until("document.querySelectorAll('.ag-row').length >= 6")
    (name,) = (path.name for path in explorer.folder.glob("six-reactors-*"))
    found = scr.read_results(explorer.folder / name)
    assert set(found.table["electrolyte"]) == {"Li3PS4"}
    order = "[...document.querySelectorAll('.ag-row')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)"
    shown = f"{order}.map((r) => r.querySelector('[col-id=formula]').innerText).slice(0, 6)"
    assert pages.js(f"return {shown}") == found.table["formula"].tolist()[:6]
    pages.find("[role=slider][aria-label^='electrolyte relief']").send_keys(Keys.HOME)
    pages.until("/^0$/m.test(document.querySelector('.weights').innerText)")  # the weight itself
    pages.until("document.querySelector('#moved').innerText.includes('move')")
    moved = found.reweighed({"relief": 0.0})["formula"].tolist()[:6]
    assert moved != found.table["formula"].tolist()[:6]
    pages.until(f"JSON.stringify({shown}) == JSON.stringify({moved})")
    assert "relief=0&" in pages.driver.current_url
    assert rows(pages.saved("/ranking.csv"))["formula"].tolist()[:6] == moved
    assert pages.saved("/map.pdf").startswith(b"%PDF")
    pages.click(".ag-row[row-index='1'] [col-id=formula]")
    pages.until("document.querySelector('#chosen a')")
    assert moved[1] in pages.find("#chosen").text
    pages.faultless()
    pages.click("#chosen a")
    pages.shows("The score is the product")
    assert f"formula={moved[1]}" in pages.driver.current_url


def test_own_lists_and_their_faults(pages: Pages) -> None:
    pages.visit("/screen?study=list")
    pages.until("document.querySelector('#pasted')")
    pages.find("#pasted").send_keys("MgF2\nLiAlCl4\nnonsense\n")
    pages.until("document.activeElement.blur() || true")
    pages.shows("2 candidates read")
    pages.shows("row 4")
    pages.click("#start")
    pages.until("document.querySelectorAll('.ag-row').length == 2")


def test_a_killed_server_loses_nothing(pages: Pages, tmp_path: Path) -> None:
    """A campaign of several parts: cancelled, taken up, its server killed, taken up by another."""
    explorer = Explorer(tmp_path / "results", tmp_path / "cells").start()
    try:
        pages.address = explorer.address
        pages.visit("/screen?study=everything")
        pages.until("document.querySelector('#start')")
        pages.click("#start")
        parts = lambda: {p: p.stat().st_mtime_ns for p in explorer.folder.glob("*/parts/[!.]*.parquet")}  # noqa: E731
        while len(parts()) < 2:
            time.sleep(0.2)
        pages.click("[id*=cancel]")
        pages.shows("what is finished is kept")
        kept = parts()
        assert kept
        pages.click("[id*=resume]")
        while len(parts()) < len(kept) + 2:
            time.sleep(0.2)
    finally:
        explorer.kill()
    time.sleep(2)
    stopped = parts()
    time.sleep(2)
    assert parts() == stopped  # nobody works on
    assert {path: stopped[path] for path in kept} == kept
    explorer.start()
    try:
        pages.address = explorer.address
        (run,) = (path.name for path in explorer.folder.glob("everything-*"))
        pages.visit(f"/screen?run={run}")
        pages.shows("what is finished is kept")
        pages.click("[id*=resume]")
        pages.until("document.querySelectorAll('.ag-row').length > 5", 5 * WAIT_S)
        assert {path: parts()[path] for path in stopped} == stopped
        began = time.monotonic()
        pages.find("[role=slider][aria-label^='electrolyte relief']").send_keys("\ue011")  # Home
        pages.until("document.querySelector('#moved').innerText.includes('new among the first 50')")
        assert time.monotonic() - began < WAIT_S
    finally:
        explorer.kill()


def test_candidate(pages: Pages, six_run: Path) -> None:
    pages.visit("/candidate?run=six&formula=MgF2&cathode=LiCoO2&cells=7")
    pages.shows("MgF₂ in six-reactors: rank 4")
    pages.shows("Probability of each rank")
    pages.shows("Volume fractions at each plateau")
    pages.shows("LiCoO₂")
    pages.until("document.querySelectorAll('.js-plotly-plot').length == 4")
    sheet = pages.saved("/sheet.pdf")
    assert sheet.startswith(b"%PDF")
    assert b'"cells": 7' in pages.saved("/sheet.json")
    assert b"MgF" in pages.saved("/figure.svg")
    assert rows(pages.saved("/stack.csv")).shape[0] > 4
    pages.faultless()
    pages.visit("/candidate?run=six&formula=NaCl")
    pages.shows("the run holds no NaCl")


def test_bench(pages: Pages, explorer: Explorer, tmp_path: Path) -> None:
    scr.write_example(tmp_path)
    whole = pd.read_csv(tmp_path / "raw" / "simulated-rest.csv")
    one, pattern = tmp_path / "cell 7.csv", tmp_path / "raw" / "simulated-rest-xrd.csv"
    whole[whole["loop"] <= 2].to_csv(one, index=False)
    pages.visit("/bench?reactor=LiAlCl4")
    pages.until("document.querySelector('#bench-files input')")
    pages.find("#bench-files input").send_keys(f"{one}\n{pattern}\n{tmp_path / 'simulated-rest.toml'}")
    pages.shows("relaxation times")
    pages.shows("short circuit?")
    pages.shows("simulated-rest.toml: cannot be used")  # its raw file did not come along
    pages.until("[...document.querySelectorAll('#bench img')].every((i) => i.complete && i.naturalWidth)")
    pages.shows("simulated-rest-xrd.csv: phases")
    assert pages.saved("/bench-02.pdf").startswith(b"%PDF")
    assert "simulated" in rows(pages.saved("/bench-01.csv"))["provenance"][0]
    pages.faultless()
    pages.write("key-name", "cell-07")
    for name, value in {"reactor": "LiAlCl4", "wt_percent": "50", "diameter_mm": "ten"}.items():
        pages.write(f"key-{name}", value)
    pages.click("#keep-cell")
    pages.shows("'ten' is no number")
    assert not (explorer.experiments / "cell-07.toml").exists()
    pages.write("key-diameter_mm", "10")
    pages.click("#keep-cell")
    pages.shows("kept:")
    cell = scr.read_cell(explorer.experiments / "cell-07.toml")
    assert (cell.reactor, cell.wt_percent, cell.diameter_mm) == ("LiAlCl4", 50.0, 10.0)
    assert [path.name for path in cell.located("impedance")] == ["cell_7.csv"]
    assert [path.name for path in cell.located("diffraction")] == ["simulated-rest-xrd.csv"]


def test_a_reading_tells_how_far_it_is_and_can_be_cancelled(
    pages: Pages, explorer: Explorer, tmp_path: Path
) -> None:
    scr.write_example(tmp_path)
    raw = sorted((tmp_path / "raw").glob("simulated-*.csv"))[:4]
    pages.visit("/bench")
    pages.until("document.querySelector('#bench-files input')")
    going = "!document.querySelector('#bench-going').hidden"
    assert not pages.js(f"return {going}")
    pages.find("#bench-files input").send_keys("\n".join(map(str, raw)))
    pages.until(
        f"{going} && /^reading .*, file [1-4] of 4$/.test(document.querySelector('#bench-far').innerText)"
    )
    pages.click("#bench-cancel")
    pages.shows("the reading was cancelled")
    pages.until("document.querySelector('#bench-going').hidden")
    uploads = explorer.folder / ".explorer" / "uploads"
    assert any((path.parent / "cancel").exists() for path in uploads.glob("*/*/asked.json"))
    pages.write("area_cm2", "0.5")  # asks anew
    pages.shows("relaxation times")
    pages.faultless()


def test_data(pages: Pages, service: Service, explorer: Explorer, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom\nLi7AlCl10,-2.0,0.02\n")
    started_at = Explorer(tmp_path / "results", tmp_path / "cells", ("--endpoint", service.url)).start()
    try:
        pages.address = started_at.address
        pages.visit("/data")
        pages.shows("85098")
        pages.find("#own-files input").send_keys(str(own))
        pages.shows("Li₇AlCl₁₀")
        assert rows(pages.saved("/phases.csv"))["formula"].tolist()[-1] == "Li7AlCl10"
        pages.click("header nav a:first-child")
        pages.write("b", "Li7AlCl10")
        pages.shows("9 Li + 2 Li₇AlCl₁₀")
        assert "phases=" in pages.driver.current_url
        pages.click("header nav a:last-child")
        pages.until("document.querySelector('#fetch-key')")
        for name, text in {"name": "mine", "systems": "Li-Al-Cl", "key": "short"}.items():
            pages.find(f"#fetch-{name}").send_keys(text)
        pages.click("#fetch")
        pages.shows("the key is malformed")
        pages.write("fetch-key", KEY)
        pages.click("#fetch")
        pages.shows("fetched mine:")
        assert KEY not in pages.driver.current_url
        assert pages.find("#fetch-key").get_attribute("value") == ""
        pages.faultless()
    finally:
        started_at.kill()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "phases.parquet" for path in written)
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []

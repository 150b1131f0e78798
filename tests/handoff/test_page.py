"""The sheet on the screen of a phone and on paper, set by a real browser; skipped where none is installed."""

import base64
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from screening.handoff.pages import write_sheets
from screening.handoff.plan import Plan
from screening.handoff.sheet import bench_sheet
from screening.handoff.standing import Part, Standing
from screening.phases.library import open_snapshot
from screening.reactors.criteria import CRITERIA

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

from driven_browser import BROWSER, DRIVER, Browser, started

pytestmark = pytest.mark.skipif(
    BROWSER is None or DRIVER is None, reason="no chromium with chromedriver is installed"
)

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
A4_INCH = {"paperWidth": 8.27, "paperHeight": 11.69}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running = started(tmp_path_factory.mktemp("profile"))
    yield running
    running.driver.quit()


@pytest.fixture(scope="module", params=["LiAlCl4", "Li10GeP2S12"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet with every part there is, the table of all criteria among them."""
    shared = {"value": -123.4, "desirability": 0.5, "weight": 1.0, "factor": 0.94}
    place = Standing(
        formula=request.param,
        study="study",
        rank=46,
        score=0.5,
        failed_filters=(),
        probability_of_rank=0.12,
        parts=tuple(Part(criterion=c.name, unit=c.unit, **shared) for c in CRITERIA),
    )
    sheet = bench_sheet(open_snapshot(), request.param, Plan())
    ranked = replace(sheet, standing=place, standing_note="")
    return write_sheets(tmp_path_factory.mktemp("sheets"), (ranked,))[0]


def printed(browser: Browser) -> bytes:
    made: Any = browser.device("Page.printToPDF", preferCSSPageSize=True, **A4_INCH)
    return base64.b64decode(made["data"])


def test_no_table_runs_out_of_a_phones_view(browser: Browser, page: Path) -> None:
    browser.device("Emulation.setDeviceMetricsOverride", **PHONE)
    try:
        browser.driver.get(page.as_uri())
        spilt = browser.js(
            "return [...document.querySelectorAll('.scroll')]"
            ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.getAttribute('aria-label'))"
        )
        assert spilt == []
        assert browser.js("return document.documentElement.scrollWidth") <= PHONE["width"]
    finally:
        browser.device("Emulation.clearDeviceMetricsOverride")


def test_the_page_prints_on_two_sheets_of_paper(browser: Browser, page: Path) -> None:
    browser.driver.get(page.as_uri())
    (count,) = re.findall(rb"/Count (\d+)", printed(browser))
    assert int(count) <= 2


def test_the_pdf_has_two_pages_with_every_part(page: Path) -> None:
    paper = page.with_suffix(".pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", paper)) == 2

"""A browser that the tests drive, and what it logged since a page was asked for."""

import json
import shutil
from pathlib import Path
from typing import Any

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1300,1000",
)
WAIT_S = 60


def started(profile: Path) -> "Browser":
    """A headless browser with a profile of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Browser(webdriver.Chrome(options=options, service=Service(DRIVER)))


class Browser:
    """A driven browser and what it logged since the page was asked for."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get(page.as_uri())
        WebDriverWait(self.driver, WAIT_S).until(
            lambda driver: driver.execute_script("return document.documentElement.dataset.ready") == "yes"
        )

    def js(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def click(self, selector: str) -> None:
        fold = "arguments[0].closest('details :not(summary)')?.closest('details').setAttribute('open', '')"
        self.js(fold, self.find(selector))
        self.js("arguments[0].scrollIntoView({block: 'center'})", self.find(selector))
        self.find(selector).click()

    def choose(self, selector: str, value: str) -> None:
        from selenium.webdriver.support.ui import Select

        Select(self.find(selector)).select_by_value(value)

    def texts(self, selector: str) -> list[str]:
        return self.js(
            "return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)", selector
        )

    def column(self, name: str) -> list[str]:
        """Shown cells of one column of the ranking, from the top."""
        heads = self.js(
            "const heads = document.querySelectorAll('#ranking-table thead button');"
            "return [...heads].map((head) => head.dataset.column)"
        )
        return self.texts(f"#ranking-table tbody tr > :nth-child({heads.index(name) + 1})")

    def traces(self, chart: str) -> list[dict[str, Any]]:
        return self.js(
            "return document.getElementById(arguments[0]).data.map((t) => "
            "({x: [...t.x], y: [...t.y], mode: t.mode, name: t.name, type: t.type, group: t.legendgroup}))",
            chart,
        )

    def curve(self, name: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Line, circles and band of one curve of the chart of curves, by the name in its legend."""
        traces = self.traces("curves-chart")
        (line,) = (each for each in traces if each["name"] == name and each["mode"] == "lines")
        (circles,) = (each for each in traces if each["name"] == name and each["mode"] == "markers")
        (band,) = (each for each in traces if each["group"] == line["group"] and each["mode"] == "none")
        assert circles["group"] == line["group"]
        return line, circles, band

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "INFO"]

    def requests(self) -> list[str]:
        """Addresses asked for since the page was opened, its own and data within it left out."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        return [url for url in asked if not url.startswith(("data:", "blob:", "file:"))]

    def device(self, command: str, **settings: object) -> Any:
        return self.driver.execute_cdp_cmd(command, settings)

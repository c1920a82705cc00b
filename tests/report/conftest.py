"""A browser that sees files and nothing else, and a report of a made-up output."""

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from factory.data.opened import Output
from factory.report.write import write_report
from tests.report.made import write_output

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
COUNT = 120
PATIENCE_S = 60.0


@dataclass
class Tab:
    """A page, and what went wrong in it: errors of its console, requests that failed, as all do that leave the disk."""

    page: Any
    root: Path
    errors: list[str] = field(default_factory=list)

    def open(self, name: str) -> Any:
        """Loads <root>/<name> and waits until it has shown its data."""
        self.page.goto(f"{self.root.as_uri()}/{name}")
        self.until('!document.body.innerText.includes("Reading the report\'s data")')
        return self.page

    def until(self, condition: str) -> None:
        """Waits for an expression of JavaScript. Playwright's own way would be refused by the page's policy."""
        from playwright.sync_api import Error

        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with suppress(Error):  # on the way to another page
                if self.page.evaluate(condition):
                    return
            time.sleep(0.05)
        pytest.fail(f"never: {condition}; {self.errors}")


def browser_path() -> str | None:
    """Where a Chromium of this machine lies: playwright is to download none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")  # no longer: Playwright runs an event loop, which asyncio of other tests would meet
def chromium() -> Iterator[Any]:
    """A headless one."""
    from playwright.sync_api import sync_playwright

    if (found := browser_path()) is None:
        pytest.skip("there is no chromium: apt-get install chromium to try the report's pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Output:
    """Clips of every fate, some with hostile names."""
    root = tmp_path_factory.mktemp("report") / "it's 100% <b>made</b> #猫?"
    return Output(write_output(root / "out", COUNT))


@pytest.fixture(scope="session")
def report(made: Output) -> Path:
    folder = Path(made.storage.root) / "report"
    write_report(made, folder)
    return folder


@pytest.fixture
def tab(chromium: Any, report: Path, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """On the report. Parametrised indirectly by what a new context is told: its viewport, its colour scheme."""
    context = chromium.new_context(**getattr(request, "param", {}))
    opened = Tab(context.new_page(), report)

    # Not by `route`: a video that loops asks for its file again and again, and each would go through this process.
    context.set_offline(True)
    opened.page.on("console", lambda said: opened.errors.append(said.text) if said.type == "error" else None)
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("requestfailed", lambda failed: opened.errors.append(_failure(failed)) if _failure(failed) else None)
    yield opened
    context.close()
    assert opened.errors == []


def _failure(failed: Any) -> str:
    """Videos that leave the screen are given up by the page itself."""
    return "" if "ERR_ABORTED" in (failed.failure or "") else f"{failed.url}: {failed.failure}"

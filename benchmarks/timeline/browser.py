"""Chromium, and what a page in it costs."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

VIEWPORT: ViewportSize = {"width": 1400, "height": 850}
WATCH_PAINT = (Path(__file__).parent / "paint.js").read_text()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium, without a GPU."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    # Chromium's sandbox does not work for root, which one is in most containers.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*sandbox, "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(browser: Browser, url: str) -> Iterator[Page]:
    """Open the live page in a profile of its own; it notes what it paints."""
    page = browser.new_page(viewport=VIEWPORT)
    page.add_init_script(WATCH_PAINT)
    page.goto(url)
    try:
        yield page
    finally:
        page.close()


class Meter:
    """Asks Chromium what a page has cost."""

    def __init__(self, page: Page) -> None:
        """Watch a page from now on."""
        self._session = page.context.new_cdp_session(page)
        # CPU time rather than wall time: others use this machine, too.
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> float:
        """Return how long the page's main thread has worked."""
        return self._metric("TaskDuration")

    def script_seconds(self) -> float:
        """Return how long the page's scripts have worked, which is a part of it."""
        return self._metric("ScriptDuration")

    def heap(self) -> float:
        """Return the MiB that are left after a full collection."""
        self._session.send("HeapProfiler.collectGarbage")
        return float(self._session.send("Runtime.getHeapUsage")["usedSize"]) / 2**20

    def _metric(self, name: str) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == name))

"""Measure the timeline in Chromium: the canvas alone with many bars, and the whole page with a live feed.

The exit code says nothing about the figures: they are for people to read, and no test depends on time.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.timeline.feed import Feed
from benchmarks.timeline.figures import Frames, Live, live_table, table

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "static"
VIEWPORT: ViewportSize = {"width": 1400, "height": 850}
CANVAS_PAGE = """<!doctype html><div class="timeline" style="width: 1400px; height: 800px; resize: none">
<canvas></canvas><span class="timeline-probe"></span></div>"""
FILLED = "fill => Number(document.querySelector('.shown')?.textContent.replace(/\\D/g, '')) > fill"
WATCH_PAINT = (HERE / "paint.js").read_text()


class Meter:
    """Asks Chromium what a page has cost."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        # CPU time rather than wall time: others use this machine, too.
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds(self) -> float:
        """Return how long the page's main thread has worked."""
        metrics = {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])

    def heap(self) -> float:
        """Return the MiB that are left after a full collection."""
        self._session.send("HeapProfiler.collectGarbage")
        return float(self._session.send("Runtime.getHeapUsage")["usedSize"]) / 2**20


def canvas(browser: Browser, bars: Sequence[int], seconds: float) -> list[Frames]:
    """Pan and zoom over everything, over a good deal and from near, with each number of bars."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "canvas.js"
        rolldown = [str(STATIC / "node_modules/.bin/rolldown"), str(HERE / "canvas.ts"), "--format", "iife"]
        subprocess.run([*rolldown, "--file", str(script)], check=True, stdout=subprocess.DEVNULL)
        for count in bars:
            _say(f"{count:,} bars ...")
            page = browser.new_page(viewport=VIEWPORT)
            page.set_content(CANVAS_PAGE)
            for sheet in ("tokens.css", "timeline.css"):
                page.add_style_tag(path=STATIC / "src/styles" / sheet)
            page.add_script_tag(path=script)
            meter = Meter(page)
            loaded_ms = page.evaluate("bars => timelineBenchmark.load(bars)", count)
            for words, shown in (("everything", count), ("20,000 bars", 20_000), ("1,000 bars", 1_000)):
                page.evaluate("bars => timelineBenchmark.show(bars)", shown)
                for kind in ("pan", "zoom"):
                    found.append(_frames(page, meter, f"{count:,}", f"{kind}, {words}", kind, seconds))
            _say(f"laid out in {loaded_ms:.0f} ms")
            page.close()
    return found


def live(browser: Browser, rate: int, kept: int, seconds: float) -> list[Live]:
    """Let the whole page follow a feed, first empty and then with as much as it keeps."""
    found = []
    for fill in (0, kept):
        _say(f"{rate:,} requests a second, {fill:,} there already ...")
        with Feed(rate, fill) as feed:
            page = browser.new_page(viewport=VIEWPORT)
            page.add_init_script(WATCH_PAINT)
            meter = Meter(page)
            page.goto(feed.url)
            page.wait_for_function(FILLED, arg=fill)
            page.wait_for_timeout(3_000)
            before = meter.heap()
            began = meter.seconds()
            page.evaluate("paintWatch.begin()")
            page.wait_for_timeout(seconds * 1_000)
            watched = page.evaluate("paintWatch.end()")
            busy = (meter.seconds() - began) / seconds
            ages = [
                painted_ms - ended_ns / 1e6
                for batch, painted_ms in watched["painted"]
                for ended_ns in feed.ended_ns_by_batch.get(int(batch), [])
            ]
            found.append(Live(fill, watched["gaps"], ages, busy, before, meter.heap()))
            page.close()
    return found


def _frames(page: Page, meter: Meter, bars: str, words: str, kind: str, seconds: float) -> Frames:
    before = meter.seconds()
    gaps = page.evaluate("([kind, ms]) => timelineBenchmark.run(kind, ms)", [kind, seconds * 1_000])
    return Frames(bars, words, gaps, (meter.seconds() - before) / len(gaps) * 1_000)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.timeline", description=__doc__)
    parser.add_argument("--bars", type=int, nargs="+", default=[100_000, 1_000_000], help="(default %(default)s)")
    parser.add_argument("--rate", type=int, default=2_000, help="requests a second (default %(default)s)")
    parser.add_argument("--kept", type=int, default=100_000, help="requests that the page keeps (default %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=4, help="of each canvas run; live ones take five times as long"
    )
    given = parser.parse_args(arguments)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    load = os.getloadavg()[0]
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=[*sandbox, "--disable-gpu"])
        frames = canvas(browser, given.bars, given.seconds)
        lived = live(browser, given.rate, given.kept, given.seconds * 5)
        browser.close()
    print(f"CPUs {os.cpu_count()}, load {load:.1f} before and {os.getloadavg()[0]:.1f} after, no GPU.\n")
    print(table(frames))
    print(live_table(lived))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""The canvas alone, with as many bars as one likes: how smoothly it pans, zooms and follows."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.timeline.browser import VIEWPORT, Meter
from benchmarks.timeline.figures import Frames

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "static"
PAGE = """<!doctype html><div class="timeline" style="width: 1400px; height: 800px; resize: none">
<canvas></canvas><span class="timeline-probe"></span></div>"""


def draw(browser: Browser, bars: Sequence[int], rate: int, seconds: float) -> Iterator[Frames]:
    """Pan and zoom over everything, over a good deal and from near, with each number of bars; then follow."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "canvas.js"
        rolldown = [str(STATIC / "node_modules/.bin/rolldown"), str(HERE / "canvas.ts"), "--format", "iife"]
        subprocess.run([*rolldown, "--file", str(script)], check=True, stdout=subprocess.DEVNULL)
        for count in bars:
            page = _loaded(browser, script, count)
            meter = Meter(page)
            for words, shown in (("everything", count), ("20,000 bars", 20_000), ("1,000 bars", 1_000)):
                page.evaluate("bars => timelineBenchmark.show(bars)", shown)
                for kind in ("pan", "zoom"):
                    run = f"timelineBenchmark.run({kind!r}, {seconds * 1_000})"
                    yield _frames(page, meter, f"{count:,}", f"{kind}, {words}", run)
            run = f"timelineBenchmark.follow({rate}, {seconds * 1_000})"
            yield _frames(page, meter, f"{count:,}", f"follow, {rate:,} arriving a second", run)
            page.close()


def _loaded(browser: Browser, script: Path, bars: int) -> Page:
    page = browser.new_page(viewport=VIEWPORT)
    page.set_content(PAGE)
    for sheet in ("tokens.css", "timeline.css"):
        page.add_style_tag(path=STATIC / "src/styles" / sheet)
    page.add_script_tag(path=script)
    page.evaluate("bars => timelineBenchmark.load(bars)", bars)
    return page


def _frames(page: Page, meter: Meter, bars: str, words: str, run: str) -> Frames:
    work, script = meter.seconds(), meter.script_seconds()
    gaps = page.evaluate(run)
    frames = len(gaps)
    return Frames(
        bars,
        words,
        gaps,
        (meter.seconds() - work) / frames * 1_000,
        (meter.script_seconds() - script) / frames * 1_000,
    )

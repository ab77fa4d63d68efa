"""The whole page over a real dashboard: how soon it shows a request, how soon it opens, what it keeps."""

from collections.abc import Iterator

import msgspec
from playwright.sync_api import Browser, Page

from benchmarks.timeline.browser import Meter, watched
from benchmarks.timeline.deployment import Deployment
from benchmarks.timeline.figures import Live, Memory, Opening, Sockets

FILL_RATE = 10_000
"""Requests a second, where they only have to be there."""
SHOWN = "least => Number(document.querySelector('.shown')?.textContent.replace(/\\D/g, '')) >= least"
PATIENCE_MS = 120_000


def follow(browser: Browser, rate: int, kept: int, seconds: float) -> Iterator[Live]:
    """Let the page follow what arrives: first an empty one, then one that holds as much as it keeps."""
    with Deployment() as deployment, watched(browser, deployment.url) as page:
        meter = Meter(page)
        for fill in (0, kept):
            if fill:
                deployment.fill(fill, FILL_RATE)
                _until_shown(page, fill)
            with deployment.traffic(rate):
                _until_shown(page, fill + rate if fill == 0 else fill)
                page.wait_for_timeout(1_000)
                work, script = meter.seconds(), meter.script_seconds()
                page.evaluate("paintWatch.begin()")
                page.wait_for_timeout(seconds * 1_000)
                work, script = meter.seconds() - work, meter.script_seconds() - script
                found = page.evaluate("paintWatch.end()")
            frames = len(found["gaps"])
            yield Live(fill, found["gaps"], found["ages"], work / seconds, script / frames * 1_000)


def open_page(browser: Browser, requests: int, times: int) -> Opening:
    """Open the page over and over on a store that holds more than the page gets at first."""
    sockets, pictures = [], []
    with Deployment() as deployment:
        deployment.fill(requests, FILL_RATE)
        for _ in range(times):
            with watched(browser, deployment.url) as page:
                page.wait_for_function("() => paintWatch.greeted()")
                greeted = page.evaluate("paintWatch.greeted()")
                sockets.append(greeted["socketMs"])
                pictures.append(greeted["pictureMs"])
    return Opening(sockets, pictures)


def listen(rate: int, counts: tuple[int, ...], seconds: float) -> Iterator[Sockets]:
    """Let one browser listen, and then many, without any of them drawing."""
    with Deployment() as deployment, deployment.traffic(rate):
        for count in counts:
            began = deployment.cpu_seconds()
            printed = deployment.sockets(count, seconds)
            yield Sockets(count, msgspec.json.decode(printed, type=list[float]), deployment.cpu_seconds() - began)


def remember(browser: Browser, kept: int, requests: int, rate: int, looks: int) -> Iterator[Memory]:
    """Send as many requests as come in an hour through a page that holds as much as it keeps already."""
    with Deployment() as deployment, watched(browser, deployment.url) as page:
        meter = Meter(page)
        deployment.fill(round(kept * 1.1), rate)
        _until_shown(page, kept)
        for look in range(looks + 1):
            if look:
                deployment.fill(requests // looks, rate)
            page.wait_for_timeout(1_500)
            yield Memory(look * requests // looks, meter.heap(), deployment.resident())


def _until_shown(page: Page, requests: int) -> None:
    page.wait_for_function(SHOWN, arg=requests, timeout=PATIENCE_MS)

"""The timeline's canvas as a person meets it: places in time, colours of pixels, fingers."""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs

from playwright.sync_api import CDPSession, Page, expect

from tests.browser.stage import MS, Stage

AXIS_Y = 24
OVERVIEW_Y = 40
HEAD_Y = 22

Colour = tuple[int, int, int]


class Place(NamedTuple):
    """CSS pixels from the canvas's upper left corner."""

    x: float
    y: float


class Canvas:
    """The timeline of a page."""

    def __init__(self, page: Page, stage: Stage) -> None:
        self.page = page
        self.stage = stage
        self.element = page.get_by_role("application", name="Timeline of requests by thread")

    @property
    def width(self) -> float:
        return self.box["width"]

    @property
    def height(self) -> float:
        return self.box["height"]

    @property
    def box(self) -> dict[str, float]:
        box = self.element.bounding_box()
        assert box is not None
        return dict(box)

    @property
    def strip(self) -> float:
        """Where names end and bars begin."""
        return 108 if self.width < 640 else 208

    @property
    def hash(self) -> dict[str, list[str]]:
        """What the address says."""
        return parse_qs(self.page.evaluate("location.hash.slice(1)"))

    @property
    def span(self) -> tuple[float, float]:
        """From when to when the timeline shows, in milliseconds of Unix time, as the address says it."""
        self.expect_hash(r"time=")
        before, after = self.hash["time"][0].split("-")
        return float(before), float(after)

    def expect_hash(self, pattern: str) -> None:
        """Wait until the address says something."""
        expect(self.page).to_have_url(re.compile(f"#.*{pattern}"))

    def look(self, from_ago_ms: float, to_ago_ms: float, also: str = "") -> None:
        """Show a stretch of the story, and hold it."""
        now_ms = self.stage.now_ns / MS
        time = f"{now_ms - from_ago_ms:.3f}-{now_ms - to_ago_ms:.3f}"
        self.page.evaluate("hash => { location.hash = hash }", f"paused=1&time={time}{also}")
        self.page.wait_for_function("time => location.hash.includes(time)", arg=time)
        self.settle()

    def settle(self) -> None:
        """Let what was done be drawn."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    def after(self, act: Callable[[], object]) -> tuple[float, float]:
        """Do something, and return the stretch that shows when that has come to rest."""
        was = self.hash["time"][0]
        act()
        self.page.wait_for_function("was => !location.hash.includes(was)", arg=was)
        return self.span

    def x_of(self, ago_ms: float) -> float:
        """Return where a moment of the story stands."""
        before, after = self.span
        share = (self.stage.now_ns / MS - ago_ms - before) / (after - before)
        return self.strip + share * (self.width - self.strip)

    def find(self, path: str, ago_ms: float) -> Place:
        """Point at a request, from top to bottom where its moment stands, until its tip shows."""
        self.element.scroll_into_view_if_needed()  # on a phone it begins below the fold
        x = self.x_of(ago_ms)
        tip = self.page.locator(".timeline-tip")
        left, top = self.on_page(Place(x, 0))
        for y in range(AXIS_Y + 4, int(self.height) - OVERVIEW_Y, 8):
            self.page.mouse.move(left, top + y)
            self.settle()
            if tip.count() and path in tip.inner_text():
                return Place(x, y)
        raise AssertionError(f"{path} stands nowhere at {x}")

    def on_page(self, place: Place) -> Place:
        box = self.box
        return Place(box["x"] + place.x, box["y"] + place.y)

    def point(self, place: Place) -> None:
        self.page.mouse.move(*self.on_page(place))
        self.settle()

    def away(self) -> None:
        """Point at nothing."""
        self.page.mouse.move(2, 2)
        self.settle()

    def click(self, place: Place) -> None:
        self.page.mouse.click(*self.on_page(place))
        self.settle()

    def drag(self, start: Place, end: Place) -> None:
        self.page.mouse.move(*self.on_page(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.on_page(end), steps=6)
        self.page.mouse.up()
        self.settle()

    def wheel(self, place: Place, x: float, y: float, *modifiers: str) -> None:
        self.point(place)
        for key in modifiers:
            self.page.keyboard.down(key)
        self.page.mouse.wheel(x, y)
        for key in modifiers:
            self.page.keyboard.up(key)
        self.settle()

    def press(self, *keys: str) -> None:
        """Type while the timeline has the focus."""
        self.element.focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def colour(self, place: Place) -> Colour:
        """Return the colour of the device pixel at a place."""
        return self.colours([place])[0]

    def colours(self, places: list[Place]) -> list[Colour]:
        read = """(canvas, places) => {
            const copy = document.createElement("canvas");
            [copy.width, copy.height] = [canvas.width, canvas.height];
            const pen = copy.getContext("2d", { willReadFrequently: true });
            pen.drawImage(canvas, 0, 0);
            const ratio = canvas.width / canvas.clientWidth;
            return places.map(([x, y]) => {
            const [red, green, blue] = pen.getImageData(x * ratio, y * ratio, 1, 1).data;
            return [red, green, blue];
        });
        }"""
        self.settle()
        found = self.element.evaluate(read, [list(place) for place in places])
        return [tuple(colour) for colour in found]

    def css(self, name: str) -> Colour:
        """Return a colour of the style sheet as the canvas draws it."""
        paint = """(canvas, name) => {
            const probe = document.body.appendChild(document.createElement("span"));
            probe.style.color = `var(--rt-timeline-${name})`;
            const pen = document.createElement("canvas").getContext("2d");
            pen.fillStyle = getComputedStyle(probe).color;
            probe.remove();
            pen.fillRect(0, 0, 1, 1);
            return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        }"""
        red, green, blue = self.element.evaluate(paint, name)
        return red, green, blue


class Fingers:
    """Fingers on a touch screen."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.devtools: CDPSession = canvas.page.context.new_cdp_session(canvas.page)
        self.devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def swipe(self, *ways: tuple[Place, Place], steps: int = 8) -> None:
        """Move a finger for each way, all at once."""
        places = [[self.canvas.on_page(place) for place in way] for way in ways]
        for step in range(steps + 1):
            share = step / max(1, steps)
            at = [{"x": a.x + (b.x - a.x) * share, "y": a.y + (b.y - a.y) * share} for a, b in places]
            self._send("touchMove" if step else "touchStart", at)
        self._send("touchEnd", [])
        self.canvas.settle()

    def tap(self, place: Place) -> None:
        self.swipe((place, place), steps=0)

    def _send(self, kind: str, points: list[dict[str, float]]) -> None:
        touches = [point | {"id": number} for number, point in enumerate(points)]
        self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

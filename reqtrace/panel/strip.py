"""This thread's last requests as a small timeline: whose each was, in the colours of the live page."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from reqtrace.reading.queries import end_of
from reqtrace.records import Request, User

WIDTH = 720
"""Of the picture, in units of its view box."""
ROW_HEIGHT = 18
SHOWN_MAX = 24
_LEAST_WIDTH = 3.0
_HUES = 24
_MASK = 0xFFFFFFFF


class Bar(NamedTuple):
    """A request of the thread."""

    request: Request
    x: float
    y: int
    width: float
    fill: str
    edge: str
    is_this: bool
    is_other: bool
    """Whether it was for somebody else than the panel's request."""


class Strip(NamedTuple):
    """The picture."""

    bars: list[Bar]
    height: int
    """In units of the view box: a row for each request that was in flight at once."""
    others: int
    """How many of them were for somebody else."""


def strip_of(request: Request, neighbours: Iterable[Request]) -> Strip:
    """Lay a request and those of its thread out by their time, the nearest of them; overlapping ones below each other.

    Time stands still between two requests: an idle hour would leave no room for either.
    """
    nearest = sorted(neighbours, key=lambda other: abs(other.start_ns - request.start_ns))[: SHOWN_MAX - 1]
    spans = _spans([request, *nearest])
    moments = _moments(spans)
    rows: list[float] = []
    bars = []
    for one, start_ns, end_ns in spans:
        x = moments[start_ns]
        width = max(moments[end_ns] - x, _LEAST_WIDTH)
        row = next((row for row, free in enumerate(rows) if free <= x), len(rows))
        rows[row : row + 1] = [x + width]
        fill, edge = colours_of(one.user)
        is_other = userkey(one.user) is not None and userkey(one.user) != userkey(request.user)
        bars.append(Bar(one, x, row * ROW_HEIGHT, width, fill, edge, one is request, is_other))
    return Strip(bars, max(1, len(rows)) * ROW_HEIGHT, sum(bar.is_other for bar in bars))


def colours_of(user: User) -> tuple[str, str]:
    """Return fill and edge for a user, as the live page has them; grey for nobody in particular."""
    key = userkey(user)
    if key is None:
        return "oklch(92% 0.01 250)", "oklch(70% 0.02 250)"
    hue = hue_of(key)
    return f"oklch(90% 0.06 {hue})", f"oklch(62% 0.12 {hue})"


def userkey(user: User) -> str | None:
    """Name a user by what stays: the primary key, else the label; None for nobody in particular."""
    return (user.id or user.label) if user.state == "authenticated" else None


def hue_of(name: str) -> int:
    """Return the hue in degrees that the page gives to a name (`hueOf` in its `people.ts`)."""
    value = 0x811C9DC5
    units = name.encode("utf-16-le", "surrogatepass")
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = ((value ^ (low | high << 8)) * 0x01000193) & _MASK
    value = ((value ^ (value >> 15)) * 0x2C1B3C6D) & _MASK
    return ((value ^ (value >> 12)) % _HUES) * (360 // _HUES)


def _spans(requests: Iterable[Request]) -> list[tuple[Request, int, int]]:
    """Return requests with their begin and end, by their begin; what still runs ends with the last moment known."""
    ordered = sorted(requests, key=lambda one: one.start_ns)
    last_ns = max(max(one.start_ns, one.start_ns + one.duration_ns) for one in ordered)
    return [(one, one.start_ns, int(min(end_of(one), last_ns))) for one in ordered]


def _moments(spans: Iterable[tuple[Request, int, int]]) -> dict[int, float]:
    """Return where each beginning and end stands: evenly, and wider apart where more time lies between."""
    times = sorted({time for _, *both in spans for time in both})
    gaps = [_weight(later - sooner) for sooner, later in pairwise(times)]
    unit = WIDTH / (sum(gaps) or 1)
    places, at = {times[0]: 0.0}, 0.0
    for time, gap in zip(times[1:], gaps, strict=True):
        at += gap * unit
        places[time] = at
    return places


def _weight(length_ns: int) -> float:
    return 1.0 + min(length_ns / 50_000_000, 3.0)

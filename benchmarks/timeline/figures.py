"""What the timeline's benchmark found, as Markdown."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Frames(NamedTuple):
    """One run of the canvas alone."""

    bars: str
    words: str
    gaps_ms: Sequence[float]
    """Between frames."""
    work_ms: float
    """CPU time of the main thread for a frame, on average."""
    script_ms: float
    """The scripts' part of it."""


class Live(NamedTuple):
    """One run of the whole page."""

    fill: int
    gaps_ms: Sequence[float]
    ages_ms: Sequence[float]
    """From the end of each request to the frame that shows it."""
    work: float
    """CPU time of the main thread, as a share of one core."""
    script_ms: float
    """CPU time of the scripts for a frame, on average."""


class Opening(NamedTuple):
    """How long the page took to open, each time."""

    socket_ms: Sequence[float]
    """From the opening of the socket to the last of the first records."""
    picture_ms: Sequence[float]
    """From the beginning of the navigation to the frame that shows them."""


class Sockets(NamedTuple):
    """So many browsers listened."""

    count: int
    ages_ms: Sequence[float]
    """From the end of each request to its delivery, at each socket."""
    cpu_seconds: float
    """Of the dashboard, over the whole run."""


class Memory(NamedTuple):
    """What was occupied after so many requests more than are kept."""

    requests: int
    heap: float
    """MiB of the page, after a full collection."""
    resident: float
    """MiB of the dashboard."""


def drawing_table(runs: Iterable[Frames]) -> str:
    """Write the runs of the canvas."""
    return _table(
        (
            "bars",
            "what",
            "frames a second",
            "slowest of 20 frames, ms",
            "script, ms a frame",
            "main thread, ms a frame",
        ),
        (
            (bars, words, f"{_rate(gaps):.0f}", f"{share(gaps, 0.95):.0f}", f"{script:.1f}", f"{work:.1f}")
            for bars, words, gaps, work, script in runs
        ),
    )


def live_table(runs: Iterable[Live]) -> str:
    """Write the runs of the page."""
    return _table(
        (
            "there already",
            "event to pixel, ms",
            "95%",
            "frames a second",
            "slowest of 20 frames, ms",
            "script, ms a frame",
            "main thread",
        ),
        (
            (
                f"{fill:,}",
                f"{share(ages, 0.5):.0f}",
                f"{share(ages, 0.95):.0f}",
                f"{_rate(gaps):.0f}",
                f"{share(gaps, 0.95):.0f}",
                f"{script:.1f}",
                f"{work:.0%} of a core",
            )
            for fill, gaps, ages, work, script in runs
        ),
    )


def opening_table(opening: Opening) -> str:
    """Write how long the page took to open."""
    return _table(
        ("opening the page with 5,000 requests", "median, ms", "slowest, ms"),
        (
            (words, f"{statistics.median(values):.0f}", f"{max(values):.0f}")
            for words, values in (
                ("from the socket's opening to the last record", opening.socket_ms),
                ("from the address to the picture", opening.picture_ms),
            )
        ),
    )


def sockets_table(runs: Sequence[Sockets], seconds: float) -> str:
    """Write how the feed serves many; what one socket costs is what the many cost more than the first."""
    first = runs[0]

    def each(run: Sockets) -> str:
        more = run.count - first.count
        return f"{(run.cpu_seconds - first.cpu_seconds) / more / seconds:.2%} of a core" if more else ""

    return _table(
        ("sockets", "event to delivery, ms", "95%", "the dashboard's CPU", "for each further socket"),
        (
            (
                str(run.count),
                f"{share(run.ages_ms, 0.5):.0f}",
                f"{share(run.ages_ms, 0.95):.0f}",
                f"{run.cpu_seconds / seconds:.0%} of a core",
                each(run),
            )
            for run in runs
        ),
    )


def memory_table(looks: Iterable[Memory]) -> str:
    """Write how memory went on."""
    return _table(
        ("requests since as many as are kept were there", "the page's heap, MiB", "the dashboard's memory, MiB"),
        ((f"{requests:,}", f"{heap:.1f}", f"{resident:.1f}") for requests, heap, resident in looks),
    )


def share(values: Sequence[float], share: float) -> float:
    """Return the value that this share of values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _rate(gaps_ms: Sequence[float]) -> float:
    return 1_000 / statistics.mean(gaps_ms)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "| ---: " * len(heads) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"

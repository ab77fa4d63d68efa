"""What the timeline's benchmark found, as Markdown."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Frames(NamedTuple):
    """One run of the canvas alone."""

    bars: str
    words: str
    gaps_ms: Sequence[float]
    """Between frames."""
    work_ms: float
    """CPU time of the main thread for a frame, on average."""


class Live(NamedTuple):
    """One run of the whole page."""

    fill: int
    gaps_ms: Sequence[float]
    ages_ms: Sequence[float]
    """From the end of each request to the frame that shows it."""
    work: float
    """CPU time of the main thread, as a share of one core."""
    heap_before: float
    """MiB."""
    heap_after: float
    """MiB."""


def table(runs: Sequence[Frames]) -> str:
    """Write the runs of the canvas."""
    lines = ["| bars | what | frames a second | slowest of 20 frames, ms | main thread, CPU ms a frame |"]
    lines.append("| ---: | --- | ---: | ---: | ---: |")
    for bars, words, gaps, work in runs:
        lines.append(f"| {bars} | {words} | {_rate(gaps):.0f} | {_share(gaps, 0.95):.0f} | {work:.1f} |")
    return "\n".join(lines) + "\n"


def live_table(runs: Sequence[Live]) -> str:
    """Write the runs of the page."""
    heads = ["there already", "frames a second", "slowest of 20 frames, ms"]
    heads += ["event to pixel, ms", "95%", "main thread", "heap, MiB"]
    lines = [f"| {' | '.join(heads)} |", "| ---: " * len(heads) + "|"]
    for fill, gaps, ages, work, before, after in runs:
        figures = [
            f"{fill:,}",
            f"{_rate(gaps):.0f}",
            f"{_share(gaps, 0.95):.0f}",
            f"{_share(ages, 0.5):.0f}",
            f"{_share(ages, 0.95):.0f}",
            f"{work:.0%} of a core",
            f"{before:.0f}, later {after:.0f}",
        ]
        lines.append(f"| {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def _rate(gaps_ms: Sequence[float]) -> float:
    return 1_000 / statistics.mean(gaps_ms)


def _share(values: Sequence[float], share: float) -> float:
    """Return the value that this share of values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]

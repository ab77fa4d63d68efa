"""From turns to figures: medians of paired differences, and how far the rounds lay apart."""

import statistics
from collections.abc import Sequence
from typing import Self

import msgspec

from benchmarks.pairing import Round


class Figure(msgspec.Struct, frozen=True):
    """A median, and the medians of the rounds that lay farthest off it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]]) -> Self:
        """Sum up what the rounds gave."""
        medians = [statistics.median(values) for values in rounds]
        return cls(statistics.median(value for values in rounds for value in values), min(medians), max(medians))

    def __str__(self) -> str:
        """Show the median with its span."""
        return f"{self.median:.1f} ({self.low:.1f} to {self.high:.1f})"


def wall(rounds: Sequence[Round], case: str) -> Figure:
    """Return the wall time of a request in microseconds."""
    return Figure.of([[turn.wall_ns / 1e3 for turn in each.short[case]] for each in rounds])


def tail(rounds: Sequence[Round], case: str, share: float) -> float:
    """Return the wall time that so large a share of all requests does not exceed, in microseconds."""
    walls = sorted(wall for each in rounds for turn in each.short[case] for wall in turn.walls_ns)
    return walls[min(len(walls) - 1, int(len(walls) * share))] / 1e3


def added_wall(rounds: Sequence[Round], case: str, over: str) -> Figure:
    """Return the wall time that a request takes longer than with another case, in microseconds."""
    return Figure.of(
        [
            [(turn.wall_ns - base.wall_ns) / 1e3 for turn, base in zip(each.short[case], each.short[over], strict=True)]
            for each in rounds
        ]
    )


def added_cpu(rounds: Sequence[Round], case: str, over: str) -> Figure:
    """Return the CPU time of all threads that a request takes more than with another case, in microseconds."""
    return Figure.of(
        [
            [(turn.cpu_ns - base.cpu_ns) / 1e3 for turn, base in zip(each.long[case], each.long[over], strict=True)]
            for each in rounds
        ]
    )

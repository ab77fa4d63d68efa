"""How old the entries of a line are: which position it had reached when, at a few moments."""

from collections.abc import Callable, Iterable
from time import monotonic

MARKS = 40
"""So many moments are kept of the time that is looked back on; by one of them an age is known too small."""


class Clock:
    """Notes moments, for a store in this process; others keep the same in themselves."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        """Know of no moment."""
        self._now = now
        self._marks: list[tuple[int, float]] = []

    def aged(self, last: int, seconds: float) -> int:
        """Return the position up to which all was written so long ago, and note that `last` is reached by now."""
        now = self._now()
        if is_due(self._marks, now, seconds):
            self._marks.append((last, now))
        cut = cut_of(self._marks, now - seconds)
        self._marks = [mark for mark in self._marks if mark[0] > cut]
        return cut


def is_due(marks: Iterable[tuple[int, float]], now: float, seconds: float) -> bool:
    """Tell whether a moment is to be noted; those that seem to come lie before a clock was set back."""
    return all(at > now or now - at >= seconds / MARKS for _, at in marks)


def cut_of(marks: Iterable[tuple[int, float]], until: float) -> int:
    """Return the farthest position that was reached by then; 0 for none."""
    return max((position for position, at in marks if at <= until), default=0)

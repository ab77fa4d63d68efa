"""Whose turn it is: what requests on threads and requests as tasks have in common."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from reqtrace.prove.schedule import Segment, Stop
from reqtrace.records import Frame


class Turns(ABC):
    """Lets one of several requests go on at a time, as a schedule says."""

    def __init__(self, segments: Sequence[Segment], count: int) -> None:
        """Follow `segments`, and let `count` requests come to their ends then."""
        self._segments = [*segments, *((place, 0) for place in range(count))]
        self._ended = [False] * count
        self._left = 0
        self._steps = 0
        """How much has happened: as long as it grows, nobody waits for anybody."""
        self.holder = -1
        """Whose turn it is, by the place in the schedule; -1 before the first and after the last."""
        self.points = [0] * count
        """How many points each request has passed at which it could have given way."""
        self.stops: list[Stop] = []
        self.exact = True
        """Whether the schedule was kept: a request that waits for another cannot go on before it."""

    @abstractmethod
    def _wake(self, place: int) -> None:
        """Let a request go on."""

    def _next(self) -> None:
        """Give the turn to whoever is next and has not ended."""
        while self._segments:
            place, count = self._segments.pop(0)
            if not self._ended[place]:
                self._give(place, count)
                return
        self.holder = -1

    def _give(self, place: int, count: int) -> None:
        self.holder, self._left = place, count
        self._wake(place)

    def _stops_here(self, place: int, where: Callable[[], Frame | None]) -> bool:
        """Count a point; tell whether the request has to stop there, in which case the next one goes on by now."""
        self.points[place] += 1
        self._steps += 1
        if place != self.holder or self._left == 0:
            return False
        self._left -= 1
        if self._left:
            return False
        self.stops.append(Stop(place, where()))
        self._next()
        return True

    def _end(self, place: int) -> None:
        self._ended[place] = True
        self._steps += 1
        if place == self.holder:
            self.stops.append(Stop(place, None, ended=True))
            self._next()

    def _let_another(self) -> None:
        """Let another one go on while the one whose turn it is waits for it; it has its turn once more afterwards."""
        others = [place for place, ended in enumerate(self._ended) if not ended and place != self.holder]
        if others:
            self.exact = False
            self._segments.insert(0, (self.holder, 0))
            self._give(others[0], 0)


def all_others_sleep() -> bool:
    """Tell whether no other thread of this process works, or would if the machine were less busy.

    One that waits for the interpreter sleeps while another one has it; one that waits for a disk goes on by itself.
    Where the system does not tell, the time that has passed must do.
    """
    here = threading.get_native_id()
    try:
        states = [
            (task / "stat").read_text().rpartition(")")[2].split()[0]
            for task in Path("/proc/self/task").iterdir()
            if task.name != str(here)
        ]
    except OSError:  # there is no such folder, or a thread has just ended
        return not Path("/proc/self/task").exists()
    return all(state == "S" for state in states)

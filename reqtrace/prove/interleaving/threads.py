"""Requests on threads that take turns as a schedule says: each goes on alone, until it stands before a given line."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from reqtrace.prove.interleaving.code import Lines, frame_record
from reqtrace.prove.schedule import Seen, Segment, Stop

_PATIENCE_SECONDS = 0.06
"""How long a thread may sleep without a step until it is taken to wait for another."""
_POLL_SECONDS = 0.02
_ENDLESS_SECONDS = 15.0


class Turns:
    """Lets one of several threads go on at a time."""

    def __init__(self, segments: Sequence[Segment], count: int, lines: Lines) -> None:
        """Follow `segments`; a thread may stop before each of `lines`."""
        self._segments = [*segments, *((place, 0) for place in range(count))]
        self._lines = lines
        self._gates = [threading.Semaphore(0) for _ in range(count)]
        self._ended = [False] * count
        self._natives = [0] * count
        self._holder = -1
        self._left = 0
        self._steps = 0
        self._all_ended = threading.Event()
        self.look: Callable[[int, FrameType], None] | None = None
        """Is told each line of the code that is looked into, before it runs; None: nobody wants to know."""
        self.looked_into = lines
        self.points = [0] * count
        self.stops: list[Stop] = []
        self.exact = True

    def run(self, asks: Sequence[Callable[[], Seen]]) -> list[Seen]:
        """Run all to their ends and return what each saw."""
        seen: list[Seen] = [Seen(0, "", "did not end")] * len(asks)

        def body(place: int) -> None:
            self._natives[place] = threading.get_native_id()
            self._gates[place].acquire()
            sys.settrace(self._tracer(place))
            try:
                seen[place] = asks[place]()
            finally:
                sys.settrace(None)
                self._end(place)

        threads = [
            threading.Thread(target=body, args=(place,), name=f"request-{place}", daemon=True)
            for place in range(len(asks))
        ]
        for thread in threads:
            thread.start()
        self._next()
        self._watch()
        return seen

    def _tracer(self, place: int) -> Callable[[FrameType, str, Any], Any]:
        lines, look, looked_into = self._lines, self.look, self.looked_into

        def in_frame(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                if frame.f_lineno in lines.of(frame.f_code):
                    self._point(place, frame)
                if look is not None:
                    look(place, frame)
            return in_frame

        def at_call(frame: FrameType, event: str, _: Any) -> Any:
            return in_frame if looked_into.of(frame.f_code) else None

        return at_call

    def _point(self, place: int, frame: FrameType) -> None:
        self.points[place] += 1
        self._steps += 1
        if place != self._holder or self._left == 0:
            return
        self._left -= 1
        if self._left == 0:
            self.stops.append(Stop(place, frame_record(frame)))
            self._next()
            self._gates[place].acquire()

    def _end(self, place: int) -> None:
        self._ended[place] = True
        self._steps += 1
        if all(self._ended):
            self._all_ended.set()
        elif place == self._holder:
            self.stops.append(Stop(place, None, ended=True))
            self._next()

    def _next(self) -> None:
        """Give the turn to whoever is next and has not ended."""
        while self._segments:
            place, count = self._segments.pop(0)
            if not self._ended[place]:
                self._holder, self._left = place, count
                self._gates[place].release()
                return

    def _watch(self) -> None:
        """Wait for the end; where the one whose turn it is waits for another, let that one go on."""
        began = since = time.monotonic()
        steps = -1
        while not self._all_ended.wait(_POLL_SECONDS):
            now = time.monotonic()
            if now - began > _ENDLESS_SECONDS:
                return
            if self._steps != steps or not _sleeps(self._natives[self._holder]):
                steps, since = self._steps, now
            elif now - since > _PATIENCE_SECONDS:
                self.exact = False
                others = [place for place, ended in enumerate(self._ended) if not ended and place != self._holder]
                if not others:
                    since = now
                    continue
                # The other may stand at a gate, or wait for this one in turn: open gates end either.
                self._segments.insert(0, (self._holder, 0))
                self._holder, self._left = others[0], 0
                self._gates[others[0]].release()
                since = now


def _sleeps(native: int) -> bool:
    """Tell whether a thread waits for something that is no disk; where the system does not tell, its time must do."""
    try:
        state = Path(f"/proc/self/task/{native}/stat").read_text()
    except OSError:
        return True
    return state.rpartition(")")[2].split()[0] == "S"

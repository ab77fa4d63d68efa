"""Requests on threads that take turns as a schedule says: each goes on alone, until it stands before a given line."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import Any

from reqtrace.prove.interleaving import turns
from reqtrace.prove.interleaving.code import Lines, frame_record
from reqtrace.prove.schedule import Seen, Segment

_PATIENCE_SECONDS = 0.06
"""How long a thread may sleep without a step until it is taken to wait for another."""
_POLL_SECONDS = 0.02
_ENDLESS_SECONDS = 15.0


class Turns(turns.Turns):
    """Lets one of several threads go on at a time."""

    def __init__(self, segments: Sequence[Segment], count: int, lines: Lines) -> None:
        """Follow `segments`; a thread may stop before each of `lines`."""
        super().__init__(segments, count)
        self._lines = lines
        self._gates = [threading.Semaphore(0) for _ in range(count)]
        self._all_ended = threading.Event()
        self.look: Callable[[int, FrameType], None] | None = None
        """Is told each line of the code that is looked into, before it runs; None: nobody wants to know."""
        self.looked_into = lines

    def run(self, asks: Sequence[Callable[[], Seen]]) -> list[Seen]:
        """Run all to their ends and return what each saw."""
        seen: list[Seen] = [Seen(0, "", "did not end")] * len(asks)

        def body(place: int) -> None:
            self._gates[place].acquire()
            sys.settrace(self._tracer(place))
            try:
                seen[place] = asks[place]()
            finally:
                sys.settrace(None)
                self._end(place)
                if all(self._ended):
                    self._all_ended.set()

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
                if lines.have(frame):
                    self._point(place, frame)
                if look is not None:
                    look(place, frame)
            return in_frame

        def at_call(frame: FrameType, event: str, _: Any) -> Any:
            return in_frame if looked_into.run_in(frame.f_code) else None

        return at_call

    def _point(self, place: int, frame: FrameType) -> None:
        if self._stops_here(place, partial(frame_record, frame)):
            self._gates[place].acquire()

    def _wake(self, place: int) -> None:
        self._gates[place].release()

    def _watch(self) -> None:
        """Wait for the end; where the one whose turn it is waits for another, let that one go on.

        The other may stand at a gate, or wait for this one in turn: open gates end either.
        """
        began = since = time.monotonic()
        steps = -1
        while not self._all_ended.wait(_POLL_SECONDS):
            now = time.monotonic()
            if now - began > _ENDLESS_SECONDS:
                return
            if self._steps != steps or not turns.all_others_sleep():
                steps, since = self._steps, now
            elif now - since > _PATIENCE_SECONDS:
                self._let_another()
                since = now

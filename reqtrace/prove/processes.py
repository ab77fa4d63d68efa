"""A process of its own for every schedule: forked from one that is set up and has served nobody."""

import os
import selectors
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Generic, TypeVar

import msgspec

from reqtrace.prove.schedule import Played

Job = TypeVar("Job")
_CHUNK = 1 << 16
_ENDING = (signal.SIGINT, signal.SIGTERM)
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


class Ended(msgspec.Struct):
    """A process at work."""

    pid: int
    slot: int
    descriptor: int
    deadline: float
    data: bytearray


class Processes(Generic[Job]):
    """Plays jobs, as many at once as there are slots, each in a process that ends with it."""

    def __init__(self, play: Callable[[Job, int], Played], prepare: Callable[[int, bool], None], slots: int) -> None:
        """Play with `play`, which gets a job and its slot; `prepare` makes a slot ready, and hears whether it wrote."""
        self._play = play
        self._prepare = prepare
        self._free = list(range(slots))
        self._wrote = dict.fromkeys(self._free, False)
        self._seconds = 20.0
        self._working: dict[int, Ended] = {}

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Played]]:
        """Yield what came of each job, as soon as it did; whoever breaks off ends all that are at work."""
        waiting = iter(jobs)
        working: dict[int, tuple[Job, Ended]] = {}
        exhausted = False
        with selectors.DefaultSelector() as selector:
            try:
                while True:
                    while self._free and not exhausted:
                        job = next(waiting, None)
                        if job is None:
                            exhausted = True
                            break
                        ended = self._start(job)
                        working[ended.descriptor] = (job, ended)
                        selector.register(ended.descriptor, selectors.EVENT_READ)
                    if not working:
                        return
                    for descriptor in self._ready(selector, working):
                        selector.unregister(descriptor)
                        job, ended = working.pop(descriptor)
                        yield job, self._finish(ended)
            finally:
                for _, ended in working.values():
                    self._finish(ended)

    def one(self, job: Job) -> Played:
        """Return what came of one job."""
        ((_, played),) = self.run([job])
        return played

    def in_turn(self, jobs: Iterable[Job]) -> list[Played]:
        """Play jobs one after another in a process each, all in one slot: what one writes, the next one finds."""
        played = []
        for number, job in enumerate(jobs):
            ended = self._start(job, renewed=number == 0)
            wrote = self._wrote[ended.slot]
            with selectors.DefaultSelector() as selector:
                selector.register(ended.descriptor, selectors.EVENT_READ)
                try:
                    self._ready(selector, {ended.descriptor: (job, ended)})
                finally:
                    played.append(self._finish(ended))
            self._wrote[ended.slot] |= wrote and number > 0
        return played

    def _start(self, job: Job, *, renewed: bool = True) -> Ended:
        slot = self._free.pop()
        if renewed:
            self._prepare(slot, self._wrote[slot])
        sys.stdout.flush()
        sys.stderr.flush()
        with undisturbed():
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reading)
                _work(lambda: self._play(job, slot), writing)
            os.close(writing)
            ended = Ended(pid, slot, reading, time.monotonic() + self._seconds, bytearray())
            self._working[pid] = ended
        return ended

    def _ready(self, selector: selectors.BaseSelector, working: dict[int, tuple[Job, Ended]]) -> list[int]:
        """Read what comes, until at least one process has said all, or has had its time."""
        while True:
            done = []
            for key, _ in selector.select(timeout=1.0):
                ended = working[key.fd][1]
                chunk = os.read(key.fd, _CHUNK)
                ended.data += chunk
                if not chunk:
                    done.append(key.fd)
            now = time.monotonic()
            done += [fd for fd, (_, ended) in working.items() if now > ended.deadline and fd not in done]
            if done:
                return done

    def close(self) -> None:
        """End all that are at work: an error on its way up may keep `run` from doing so for a while."""
        for ended in list(self._working.values()):
            self._finish(ended)

    def _finish(self, ended: Ended) -> Played:
        if self._working.pop(ended.pid, None) is None:
            return Played(trouble="It was broken off.")
        os.close(ended.descriptor)
        with suppress(ProcessLookupError):
            os.kill(ended.pid, signal.SIGKILL)  # it has said all that it had to say, or never will
        os.waitpid(ended.pid, 0)
        self._free.append(ended.slot)
        try:
            played = msgspec.msgpack.decode(bytes(ended.data), type=Played)
        except msgspec.DecodeError:
            played = Played(trouble=f"It did not end within {self._seconds:g} s.", wrote=True)
        self._wrote[ended.slot] = played.wrote
        return played


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let what ends this process wait for the end of a fork, and until what was forked is known.

    Python calls what it and others have registered with `os.register_at_fork` while it forks, and throws away what is
    raised there: a KeyboardInterrupt, too, where a signal comes just then.
    """
    held: list[tuple[int, FrameType | None]] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():  # no other one runs handlers
        handlers = {number: found for number in _ENDING if callable(found := signal.getsignal(number))}
    try:
        for number in handlers:
            signal.signal(number, lambda number, frame: held.append((number, frame)))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for came, frame in held:
            handlers[signal.Signals(came)](came, frame)


def _work(play: Callable[[], Played], writing: int) -> None:
    """Play in the new process, tell what came of it, and end on the spot: nothing of the parent's is to be tidied."""
    try:
        _end_with_parent()
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        try:
            played = play()
        except BaseException:
            played = Played(trouble=traceback.format_exc(), wrote=True)
        data = memoryview(msgspec.msgpack.encode(played))
        while data:
            data = data[os.write(writing, data) :]
    finally:
        os._exit(0)


def _end_with_parent() -> None:
    """Die when the parent dies, however it does; where the system knows no such thing, the pipe's end has to do."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)

"""Who runs this line now: which thread, asyncio task and greenlet, each with a serial of our own."""

import asyncio
import sys
import threading
from asyncio import current_task
from bisect import bisect_left
from collections.abc import Callable
from itertools import count
from typing import Any, cast
from weakref import WeakSet, ref

import msgspec

from reqtrace.execution.weak_map import WeakMap

get_running_loop: Callable[[], asyncio.AbstractEventLoop | None] = asyncio._get_running_loop


def native(module: str, name: str) -> Any:
    """Return what `module` called `name` before gevent patched it, or what it calls so now.

    gevent replaces thread-locals, locks and thread starts by ones that see a greenlet where we mean a thread.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    return getattr(sys.modules[module], name)


def gevent_patched() -> bool:
    """Tell whether gevent has replaced the standard library's threading in this process."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def no_loop() -> None:
    """Return no event loop: what a thread that never ran one has run last."""


class LiveThread:
    """One operating system's thread for as long as it lives, and how requests shared it.

    Requests *arrive* on the thread itself. They may depart on another one, so that what is in flight is a set:
    adding to it and discarding from it cannot be torn, where ``in_flight -= 1`` on two threads can.
    """

    __slots__ = (
        "active",
        "arrivals",
        "ident",
        "loop",
        "max_in_flight",
        "name",
        "native_id",
        "peaks",
        "place",
        "serial",
        "synthetic",
        "users",
    )

    def __init__(self, serial: int) -> None:
        """Describe the calling thread."""
        self.serial = serial
        self.ident: int = native("_thread", "get_ident")()
        self.native_id: int = native("_thread", "get_native_id")()
        self.name = _thread_name(self.ident, self.native_id)
        self.active: set[int] = set()
        """The numbers of the requests in flight on it."""
        self.arrivals = 0
        """How many requests have arrived so far."""
        self.max_in_flight = 1
        self.users: set[str] = set()
        """Primary keys of the authenticated users seen on it; kept by the ledger, off the request path."""
        self.synthetic = 0
        """How many of the requests reqtrace made itself; kept by the ledger, too."""
        self.peaks: list[tuple[int, int]] = []
        """Arrivals at which more were in flight than at any later one, and how many; empty while one alone is."""
        self.loop: Callable[[], asyncio.AbstractEventLoop | None] = no_loop
        """Returns the last event loop that it ran requests on, while that is alive."""
        self.place = Place(self)
        """The place of code on this thread outside any task and greenlet."""

    def arrive(self, request: int) -> int:
        """Note that a request is now in flight here, and return its number among this thread's arrivals, from 1."""
        active = self.active
        active.add(request)
        self.arrivals = arrival = self.arrivals + 1
        in_flight = len(active)
        # Arrivals at which more were in flight than at any later one: the front answers "the most since arrival n"
        # by one binary search, and the list is never longer than the most that ever were in flight.
        peaks = self.peaks
        if in_flight == 1:
            if peaks:
                self.peaks = []
            return arrival
        if in_flight > self.max_in_flight:
            self.max_in_flight = in_flight
        while peaks and peaks[-1][1] <= in_flight:
            peaks.pop()
        peaks.append((arrival, in_flight))
        return arrival

    def depart(self, request: int, arrival: int) -> int:
        """Note that a request is over, and return the most others that were in flight here since it arrived."""
        self.active.discard(request)
        return self.most_since(arrival)

    def most_since(self, arrival: int) -> int:
        """Return the most others that were in flight here since a request arrived that is no longer active."""
        peaks = self.peaks
        if not peaks:
            return 0  # alone since it arrived
        try:
            return peaks[bisect_left(peaks, (arrival, 0))][1] - 1
        except IndexError:  # from another thread, just while this one notes an arrival
            return len(self.active)


class Place(msgspec.Struct, eq=False):
    """A thread, with the task and the greenlet that ran on it; the same place is always the same object.

    A struct of msgspec's, since under ASGI each request makes one.
    """

    thread: LiveThread
    task_id: int | None = None
    task_serial: int | None = None
    task_name: str | None = None
    loop_id: int | None = None
    greenlet_id: int | None = None
    greenlet_serial: int | None = None


class Execution:
    """Gives every live thread, task and greenlet of this process a number that it never gives again.

    Idents, ``id(task)`` and greenlet ids are recycled at once: of 200 threads one after another two shared each
    ident, so that "the same thread" read from idents joins strangers. Our numbers hang on the living things
    themselves: on the thread's own local storage, and in weak maps. After a fork make a new one.
    """

    def __init__(self, first_thread: int = 1) -> None:
        """Start counting from one, or threads from where another process has got."""
        self._local = native("_thread", "_local")()
        self._thread_serials = count(first_thread)
        self._task_serials = count(1)
        self._greenlet_serials = count(1)
        self._task_places: dict[ref[asyncio.Task[Any]], Place] = {}
        """A `WeakMap` in the open: each call less counts where every request under ASGI comes by."""
        self.loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
        """The event loops that requests were seen on."""
        self._greenlet_places: WeakMap[Place] = WeakMap()
        greenlet = sys.modules.get("greenlet")
        self._current_greenlet: Callable[[], Any] | None = greenlet.getcurrent if greenlet is not None else None
        self._are_threads_greenlets = gevent_patched()

    def here(self, likely: Place | None = None) -> Place:
        """Return the place that runs this line.

        Args:
            likely: where it may well be, if that place's task is known to be alive: ids are recycled, of dead ones.

        """
        try:
            thread: LiveThread = self._local.thread
        except AttributeError:
            thread = self._local.thread = LiveThread(next(self._thread_serials))
        if self._current_greenlet is not None:
            greenlet = self._current_greenlet()
            if greenlet.parent is not None:
                return self._greenlet_place(thread, greenlet)
            if self._are_threads_greenlets:  # and asyncio, which remembers by the thread, tells another one's loop
                return thread.place
        if (loop := get_running_loop()) is not None:
            task = current_task(loop)
            if task is not None:
                if likely is not None and likely.task_id == id(task) and likely.thread is thread:
                    return likely
                return self._task_place(thread, task, loop)
        return thread.place

    def note_closing(self, request: object) -> None:
        """Keep what this thread is just closing, until `take_closing`."""
        self._local.closing = request

    def take_closing(self) -> Any:
        """Return what this thread has just closed, once; None when there is nothing."""
        closing = getattr(self._local, "closing", None)
        self._local.closing = None
        return closing

    def _task_place(self, thread: LiveThread, task: asyncio.Task[Any], loop: asyncio.AbstractEventLoop) -> Place:
        places = self._task_places
        try:
            reference = ref(task, places.pop)
            place = places.get(reference)
        except Exception:  # a task of another make, without weak references: each look makes a place of its own
            return Place(thread, id(task), next(self._task_serials), task.get_name(), id(loop))
        if place is None:
            places[reference] = place = Place(thread, id(task), next(self._task_serials), task.get_name(), id(loop))
            if thread.loop() is not loop:
                thread.loop = ref(loop)
                self.loops.add(loop)
        return place

    def _greenlet_place(self, thread: LiveThread, greenlet: Any) -> Place:
        place = self._greenlet_places.find(greenlet)
        if place is None:
            place = Place(thread)
            place.greenlet_id = id(greenlet)
            place.greenlet_serial = next(self._greenlet_serials)
            self._greenlet_places.add(greenlet, place)
        return place


def _thread_name(ident: int, native_id: int) -> str:
    # Not `threading.current_thread()`: for a thread that a server made in C it would put a dummy into the
    # registry of the host, for good.
    active = cast("dict[int, threading.Thread]", getattr(threading, "_active", {}))
    thread = active.get(ident)
    if thread is not None:
        return thread.name
    return "MainThread" if native_id == _main_native_id() else f"Thread-{native_id}"


def _main_native_id() -> int | None:
    return threading.main_thread().native_id

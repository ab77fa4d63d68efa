"""What a forked process does with its schedule: ask, take turns, look what was found, and say so."""

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from functools import partial
from types import FrameType
from typing import Any

import msgspec

from reqtrace.capture import lifecycle
from reqtrace.capture.block import Capture, capturing
from reqtrace.prove.database import Databases, Writes
from reqtrace.prove.doors import Application, ask_asgi, ask_wsgi
from reqtrace.prove.interleaving import tasks, threads
from reqtrace.prove.interleaving.accesses import Accesses, meeting_of, places_of, steps_of
from reqtrace.prove.interleaving.code import Lines, know_loaded, trusted_prefixes
from reqtrace.prove.schedule import Asking, Door, Found, Played, Schedule, Seen, Way
from reqtrace.prove.seclusion import database_addresses, shut
from reqtrace.watching.holders.base import Holder

COUNTING = ("crossed", "leftover", "session-crossed", "response-crossed", "connection-crossed", "swapped")


class Job(msgspec.Struct, frozen=True):
    """A schedule, and how closely to look."""

    schedule: Schedule
    places: Mapping[str, frozenset[int]] | None = None
    """The lines at which requests on threads may give way, by file; None: all."""
    victim: int | None = None
    """Whose reading of what others wrote is to be told, by the place in the schedule."""
    records: bool = False
    """Whether to find out at which lines requests may meet."""
    warms_up: bool = False
    """Whether to tell what is imported on the way."""
    searches: bool = False
    """Whether to look for what holds identities again before each request, which takes long."""
    number: int = 0
    """By which a job is known again."""


class Player:
    """Plays schedules, each in a process that has just been forked."""

    def __init__(self, applications: Mapping[Door, Application], databases: Databases) -> None:
        """Ask these applications, and let them work on copies of the databases."""
        self._applications = applications
        self._databases = databases
        self._prefixes = trusted_prefixes()
        self._addresses = database_addresses()
        self._old: set[int] = set()
        self._holders: Sequence[Holder] = ()
        self._modules: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Look at what is there before anybody has asked for anything; all of it stays out of collections."""
        know_loaded(self._prefixes)
        with capturing():
            self._holders = list(lifecycle.recorder().watch.holders)
        gc.collect()
        gc.unfreeze()
        self._old = {id(one) for one in gc.get_objects()}
        gc.freeze()
        self._modules = frozenset(sys.modules)

    def play(self, job: Job, slot: int) -> Played:
        """Play a schedule in this process, which has served nobody yet."""
        refused: list[str] = []
        shut(refused, self._addresses)
        self._databases.turn_to(slot)
        writes = Writes()
        writes.watch()
        with capturing(None if job.searches else self._holders) as captured:
            played = self._record(job) if job.records else self._play(job)
            played.findings = _findings(captured, job.schedule)
        played.refused = refused
        if job.warms_up:
            played.modules = [name for name in sys.modules if name not in self._modules]
        played.wrote = writes.seen
        return played

    def _play(self, job: Job) -> Played:
        schedule = job.schedule
        watched = Accesses(self._old, parts=schedule.way) if job.victim is not None else None
        if schedule.door == "asgi":
            played = self._on_a_loop(schedule, watched)
        elif schedule.way == "threads":
            played = self._in_threads(job, watched)
        else:
            played = Played(seen=self._one_after_another(schedule.askings, watched))
        if watched is not None and job.victim is not None:
            played.meeting = meeting_of(watched.notes, job.victim)
        return played

    def _record(self, job: Job) -> Played:
        """Find where requests may meet: in a process that is new, and once more in one that is used."""
        parts: Way = "tasks" if job.schedule.way == "tasks" else "threads"
        accesses = Accesses(set(self._old), parts=parts)
        rounds = []
        for _ in range(2):
            if job.schedule.way == "tasks":
                rounds.append(self._on_a_loop(job.schedule, accesses))
            else:
                rounds.append(Played(seen=self._one_after_another(job.schedule.askings, accesses)))
            accesses.renew()
        places = places_of(accesses.notes)
        played = rounds[0]
        played.places, played.lines = sorted(places), len(accesses.lines)
        played.active = [sorted(steps_of(accesses.steps, place, places)) for place in range(len(played.points))]
        return played

    def _one_after_another(self, askings: Sequence[Asking], accesses: Accesses | None) -> list[Seen]:
        seen = []
        for place, asking in enumerate(askings):
            if accesses is not None:
                sys.settrace(self._looker(partial(accesses.look, place)))
            try:
                seen.append(ask_wsgi(self._applications["wsgi"], asking))
            finally:
                sys.settrace(None)
        return seen

    def _in_threads(self, job: Job, accesses: Accesses | None) -> Played:
        schedule = job.schedule
        turns = threads.Turns(schedule.segments, len(schedule.askings), Lines(job.places, self._prefixes))
        if accesses is not None:
            turns.look = accesses.look
            turns.looked_into = Lines(None, self._prefixes)
        asks = [partial(ask_wsgi, self._applications["wsgi"], asking) for asking in schedule.askings]
        seen = turns.run(asks)
        return Played(seen=seen, points=turns.points, stops=turns.stops, exact=turns.exact)

    def _on_a_loop(self, schedule: Schedule, accesses: Accesses | None) -> Played:
        asks = [partial(ask_asgi, self._applications["asgi"], asking) for asking in schedule.askings]
        loop = asyncio.new_event_loop()
        turns = tasks.Turns(schedule.segments, len(asks), self._prefixes)
        if accesses is not None:

            def look(frame: FrameType) -> None:
                place = max(turns.holder, 0)
                accesses.look(place, frame, turns.points[place])

            looker = self._looker(look)
            threading.settrace(looker)
            sys.settrace(looker)
        try:
            asyncio.set_event_loop(loop)
            if schedule.way == "tasks":
                seen = loop.run_until_complete(turns.run(asks))
                return Played(seen=seen, points=turns.points, stops=turns.stops, exact=turns.exact)
            seen = []
            shared = Context()
            for place, ask in enumerate(asks):
                turns.holder = place
                context = shared if schedule.way == "connection" else Context()
                seen.append(loop.run_until_complete(loop.create_task(_settled(ask), context=context)))
            return Played(seen=seen)
        finally:
            sys.settrace(None)

    def _looker(self, look: Callable[[FrameType], None]) -> Callable[[FrameType, str, Any], Any]:
        lines = Lines(None, self._prefixes)

        def in_frame(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                look(frame)
            return in_frame

        def at_call(frame: FrameType, event: str, _: Any) -> Any:
            return in_frame if lines.run_in(frame.f_code) else None

        return at_call


async def _settled(ask: Callable[[], Any]) -> Seen:
    """Ask, and let what was about to be done be done before the next one asks."""
    seen: Seen = await ask()
    for _ in range(3):
        await asyncio.sleep(0)
    return seen


def _findings(captured: Capture, schedule: Schedule) -> list[Found]:
    """Return what the traces tell of mix-ups; that a context was used before is the schedule's own doing."""
    captured.settle()
    requests = captured.requests
    place_of = dict(zip((request.id for request in requests), range(len(requests)), strict=True))
    return [
        Found(
            finding.kind,
            finding.level,
            finding.message,
            finding.fix,
            place_of.get(finding.request, -1) if len(requests) == len(schedule.askings) else -1,
            finding.holder or "",
            finding.stack,
            getattr(finding.writer, "places", []),
        )
        for finding in captured.findings
        if finding.kind in COUNTING
    ]

"""The process from which all others are forked: set up as a server's is, secluded, with people signed in."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path

import msgspec
from django.db import connections
from django.template import engines
from django.urls import URLResolver, get_resolver

from reqtrace.execution import exclusions
from reqtrace.prove.cast import Users, cast_of
from reqtrace.prove.database import Databases
from reqtrace.prove.doors import Application, asgi_application, mark, wsgi_application
from reqtrace.prove.playing import Job, Player
from reqtrace.prove.processes import Processes
from reqtrace.prove.schedule import Door, Played, Schedule, Seen
from reqtrace.prove.seclusion import secluded
from reqtrace.stores import registry
from reqtrace.stores.memory import MemoryStore
from reqtrace.stress.people import ANONYMOUS, Person

_SLOTS_MAX = 4


class Laboratory:
    """People, and processes that play schedules of their requests."""

    def __init__(self, signed_in: Sequence[Person], player: Player, processes: Processes[Job]) -> None:
        """Let `player` play in `processes`."""
        self._player = player
        self.people = [ANONYMOUS, *signed_in]
        self.processes = processes
        self.played = 0
        """How many schedules were played."""
        self.refused: dict[str, None] = {}
        """Where the application wanted to connect to."""

    def play(self, jobs: Sequence[Job]) -> list[Played]:
        """Play jobs and return what came of them, in their order."""
        numbered = [msgspec.structs.replace(job, number=number) for number, job in enumerate(jobs)]
        outcomes = {job.number: played for job, played in self.each(numbered)}
        return [outcomes[number] for number in range(len(jobs))]

    def each(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Played]]:
        """Play jobs and yield what came of each as soon as it did."""
        for job, played in self.processes.run(jobs):
            self.played += 1
            self.refused |= dict.fromkeys(played.refused)
            yield job, played

    def warm_up(self, jobs: Sequence[Job]) -> None:
        """Import what these jobs do on their way, so that the processes of all others need not."""
        names = dict.fromkeys(name for played in self.play(jobs) for name in played.modules)
        for name in names:
            with suppress(Exception):  # it may have gone by another way, or be none that can be imported like this
                import_module(name)
        self._player.prepare()

    def play_apart(self, schedule: Schedule) -> list[Seen]:
        """Play each request of a schedule in a process of its own, over one and the same database."""
        jobs = [Job(Schedule(schedule.door, "order", (asking,))) for asking in schedule.askings]
        self.played += len(jobs)
        return [seen for played in self.processes.in_turn(jobs) for seen in played.seen]


@contextmanager
def laboratory(users: Users, doors: Sequence[Door]) -> Iterator[Laboratory]:
    """Prepare everything, and leave nothing behind.

    Args:
        users: how many people ask, or who.
        doors: which applications are asked.

    Raises:
        QueryError: when there can be no users, no copy of a database, or no application.

    """
    with (
        tempfile.TemporaryDirectory(prefix="reqtrace-prove-", ignore_cleanup_errors=True) as folder,
        secluded(folder),
        registry.replaced(registry.replaced_by() or MemoryStore()),
        _copied(Path(folder)) as databases,
        cast_of(users) as signed_in,
    ):
        for connection in connections.all(initialized_only=True):
            connection.close()
        applications: dict[Door, Application] = {}
        if "wsgi" in doors:
            applications["wsgi"] = wsgi_application()
        if "asgi" in doors:
            applications["asgi"] = asgi_application()
        _load(get_resolver())
        exclusions.prefixes()
        engines.all()
        player = Player(applications, databases)
        player.prepare()
        mark()  # here, so that it is the same in all that are forked off
        slots = min(_SLOTS_MAX, os.cpu_count() or 1)
        with closing(
            Processes(player.play, lambda slot, wrote: databases.renew(slot, wrote=wrote), slots)
        ) as processes:
            yield Laboratory(signed_in, player, processes)


@contextmanager
def _copied(folder: Path) -> Iterator[Databases]:
    databases = Databases(folder)
    try:
        databases.copy()
        databases.turn_to(None)
        yield databases
    finally:
        databases.turn_back()
        databases.remove()


def _load(resolver: URLResolver) -> None:
    """Import all views and compile their patterns, as a server's first requests do."""
    for entry in resolver.url_patterns:
        with suppress(Exception):  # one that is wrong is the requests' to meet
            entry.pattern.regex  # noqa: B018
        if isinstance(entry, URLResolver):
            _load(entry)

"""The judge's patience: a machine that is busy for a moment takes no leak away."""

from collections.abc import Sequence

from reqtrace.prove.oracle import Oracle
from reqtrace.prove.playing import Job
from reqtrace.prove.schedule import Asking, Page, Played, Schedule, Seen
from reqtrace.stress.people import Person

ANNIKA, BERTIL = (Person(name, f"sessionid={name}", frozenset({name})) for name in ("annika", "bertil"))
PAGE = Page("GET", "/greeting/")
TAKEN = Schedule("wsgi", "threads", (Asking(ANNIKA, PAGE), Asking(BERTIL, PAGE)), ((0, 2), (1, 0), (0, 0)))


def hello(*people: Person) -> list[Seen]:
    return [Seen(200, "", f"Hello {person.name}") for person in people]


def alone(schedule: Schedule) -> list[Seen]:
    return hello(*(asking.person for asking in schedule.askings))


class Machine:
    """Plays schedules, and is too busy to keep the one that leaks whenever it is told so."""

    def __init__(self, *is_busy: bool) -> None:
        self.is_busy = iter(is_busy)

    def play(self, jobs: Sequence[Job]) -> list[Played]:
        return [self.played(job.schedule) for job in jobs]

    def played(self, schedule: Schedule) -> Played:
        if schedule != TAKEN:
            return Played(alone(schedule))
        exact = not next(self.is_busy)
        return Played(hello(BERTIL, BERTIL) if exact else alone(schedule), exact=exact)


def verdict(*is_busy: bool) -> str | None:
    machine = Machine(*is_busy)
    oracle = Oracle([ANNIKA, BERTIL], machine.play, alone)
    violation = oracle.judge(TAKEN, oracle.play(TAKEN))
    return violation and violation.verdict


def test_a_leak_is_a_leak_also_where_a_schedule_was_not_kept_now_and_then() -> None:
    assert verdict(False, False, False) == "leaks"
    assert verdict(True, False, True, True, False, True, False) == "leaks"


def test_where_it_is_never_kept_nothing_is_claimed() -> None:
    assert verdict(True, True, True) is None

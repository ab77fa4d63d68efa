"""The judge: what somebody got from a process that others used must be what a process of one's own gives."""

import html
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from reqtrace.prove.masks import Baseline, difference
from reqtrace.prove.playing import Job
from reqtrace.prove.schedule import Asking, Door, Found, Page, Played, Schedule, Seen
from reqtrace.stress.baseline import Signs
from reqtrace.stress.people import Person
from reqtrace.stress.targets import Target
from reqtrace.stress.waves import Answer, Shot

Verdict = Literal["leaks", "depends"]
_AGAIN = 2
"""How often a schedule must show it again before it is told."""
_TRIES = 3
"""How often a schedule is played that was not kept to: on a busy machine a thread looks as if it waited for another."""
_AROUND = 40

PlayAll = Callable[[Sequence[Job]], list[Played]]
PlayApart = Callable[[Schedule], list[Seen]]


class Violation(msgspec.Struct):
    """A schedule after which somebody's page is not what it would be alone."""

    verdict: Verdict
    schedule: Schedule
    victim: int
    """The place in the schedule of whoever got it."""
    owner: Person | None
    """Whose it is, where that is known."""
    judge: Literal["sign", "page", "finding", "difference"]
    evidence: str
    """What tells of the other: a piece of the page, or the finding."""
    diff: list[str]
    finding: Found | None = None


class Oracle:
    """Knows what everybody's pages look like alone, and asks again before it says that one does not."""

    def __init__(self, people: Sequence[Person], play_all: PlayAll, play_apart: PlayApart) -> None:
        """Judge these people's pages.

        Args:
            people: those who have signs.
            play_all: plays schedules, each in a process of its own.
            play_apart: plays the requests of a schedule each in a process of its own over one and the same database.

        """
        self._signs = Signs(people)
        self._play_all = play_all
        self._play_apart = play_apart
        self._alone: dict[tuple[Door, Asking], Baseline] = {}
        self._by_one: dict[Schedule, Baseline] = {}
        self._known: dict[tuple[Door, Asking], frozenset[str]] = {}

    def alone(self, door: Door, asking: Asking) -> Baseline:
        """Return what somebody alone is shown; asked for in a new process, and twice in another."""
        key = (door, asking)
        if key not in self._alone:
            self._alone[key] = Baseline(self._ask_alone(door, asking))
            self._learn(key)
        return self._alone[key]

    def judge(self, schedule: Schedule, played: Played) -> Violation | None:
        """Return what is wrong with the outcome of a schedule, when it is wrong each time."""
        suspicion = self._suspect(schedule, played, {})
        if suspicion is None or (suspicion.verdict == "depends" and self._is_ones_own(suspicion, played)):
            return None
        controls = self._controls(schedule)
        for _ in range(_AGAIN):
            again = self.play(schedule)
            confirmed = self._suspect(schedule, again, controls)
            if confirmed is None:
                return None
            suspicion = confirmed
        if suspicion.verdict == "depends":  # time goes by: a day may have ended between the controls and now
            return self._suspect(schedule, again, self._controls(schedule))
        return suspicion

    def play(self, schedule: Schedule) -> Played:
        """Play a schedule as it says; once more where that could not be kept.

        A request that waits for another cannot go on before it, each time; one on a busy machine may have been taken to
        wait, and the next time is not.
        """
        for _ in range(_TRIES):
            (played,) = self._play_all([self._job(schedule)])
            if played.exact:
                break
        return played

    def _is_ones_own(self, suspicion: Violation, played: Played) -> bool:
        """Tell whether somebody gets the same in a process in which nobody else plays a part."""
        place = suspicion.victim
        schedule = suspicion.schedule.by(suspicion.schedule.askings[place].person)
        if schedule not in self._by_one:
            (once,) = self._play_all([self._job(schedule)])
            self._by_one[schedule] = Baseline(once.seen[place : place + 1])
        return self._by_one[schedule].explains(played.seen[place])

    job_of: Callable[[Schedule], Job] | None = None
    """Makes a job of a schedule, so that it is played again as it was."""

    def _job(self, schedule: Schedule) -> Job:
        return self.job_of(schedule) if self.job_of else Job(schedule)

    def _ask_alone(self, door: Door, asking: Asking) -> list[Seen]:
        once = Job(Schedule(door, "order", (asking,)))
        twice = Job(Schedule(door, "order", (asking,) * 2))
        return [seen for played in self._play_all([once, twice]) for seen in played.seen]

    def _learn(self, key: tuple[Door, Asking]) -> None:
        _, asking = key
        signs = [self._signs.of_others(_answer(asking, seen)) for seen in self._alone[key].samples]
        self._known[key] = frozenset(sign for found in signs for sign in found)

    def _controls(self, schedule: Schedule) -> dict[int, Baseline]:
        """Ask alone once more, let one person play all parts, and let all play theirs in processes of their own.

        What differs by then differs by itself, comes from what was asked for and not from who did, or goes through
        the database, which people share on purpose. Requests that take turns may reach the database in either order.
        """
        apart = [list(enumerate(self._play_apart(schedule)))]
        if schedule.segments:
            turned = msgspec.structs.replace(schedule, askings=schedule.askings[::-1])
            last = len(schedule.askings) - 1
            apart.append([(last - place, seen) for place, seen in enumerate(self._play_apart(turned))])
        controls = {}
        for place, asking in enumerate(schedule.askings):
            key = (schedule.door, asking)
            self.alone(*key).add(self._ask_alone(*key))
            self._learn(key)
            by_one = [
                played.seen[place]
                for played in self._play_all([self._job(schedule.by(asking.person))] * 2)
                if place < len(played.seen)
            ]
            by_all = [seen for played in apart for where, seen in played if where == place]
            controls[place] = self.alone(*key).joined([*by_one, *by_all])
        return controls

    def _suspect(self, schedule: Schedule, played: Played, controls: dict[int, Baseline]) -> Violation | None:
        """Return what an answer or, where none tells, the traces make suspicious."""
        finding = next((found for found in played.findings if _counts(found, schedule)), None)
        violations = [
            violation
            for place, seen in enumerate(played.seen)
            if (violation := self._look(schedule, place, seen, controls.get(place)))
        ]
        violation = min(violations, key=lambda one: one.verdict != "leaks", default=None)
        if finding is None or (violation is not None and violation.verdict == "leaks"):
            return violation and msgspec.structs.replace(violation, finding=finding)
        victim = finding.place if finding.place >= 0 else len(schedule.askings) - 1
        evidence = f"{finding.kind}: {finding.message}"
        return Violation("leaks", schedule, victim, None, "finding", evidence, [], finding)

    def _look(self, schedule: Schedule, place: int, seen: Seen, control: Baseline | None) -> Violation | None:
        asking = schedule.askings[place]
        key = (schedule.door, asking)
        alone = control or self.alone(*key)
        known = self._known[key] if control is None else self._signs_in(asking, alone)
        foreign = {
            sign: owner for sign, owner in self._signs.of_others(_answer(asking, seen)).items() if sign not in known
        }
        present = {one.person for one in schedule.askings}
        for sign, owner in sorted(foreign.items()):
            if owner in present:
                diff = difference(alone.nearest(seen), seen, asking.person.name)
                is_session = owner.cookie.endswith(f"={sign}")
                evidence = f"the key of {owner.name}'s session" if is_session else _excerpt(seen, sign)
                return Violation("leaks", schedule, place, owner, "sign", evidence, diff)
        if alone.explains(seen):
            return None
        diff = difference(alone.nearest(seen), seen, asking.person.name)
        for other in schedule.askings:
            if other.person != asking.person and not seen.failed:
                theirs = self.alone(schedule.door, Asking(other.person, asking.page))
                if theirs.explains(seen):
                    evidence = f"the very page that {other.person.name} gets"
                    return Violation("leaks", schedule, place, other.person, "page", evidence, diff)
        return Violation("depends", schedule, place, None, "difference", "another page than alone", diff)

    def _signs_in(self, asking: Asking, alone: Baseline) -> frozenset[str]:
        return frozenset(sign for seen in alone.samples for sign in self._signs.of_others(_answer(asking, seen)))


def _counts(found: Found, schedule: Schedule) -> bool:
    """Tell whether a finding breaks a page; that a context was used before is the schedule's own doing."""
    return schedule.way != "connection" and (found.level == "leak" or found.kind == "swapped")


def _answer(asking: Asking, seen: Seen) -> Answer:
    shot = Shot(asking.person, Target(asking.page.method, asking.page.path))
    return Answer(shot, "", seen.status, seen.headers, seen.body)


def _excerpt(seen: Seen, sign: str) -> str:
    text = html.unescape(seen.body)
    if sign not in text:
        text = html.unescape(seen.text)
    at = max(text.find(sign), 0)
    return " ".join(text[max(at - _AROUND, 0) : at + len(sign) + _AROUND].split())


def page_of(violation: Violation) -> Page:
    """Return the page that was not what it should be."""
    return violation.schedule.askings[violation.victim].page

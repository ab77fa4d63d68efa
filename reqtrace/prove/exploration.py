"""From the first request to the verdict: what everybody gets alone, every order, every interleaving up to a bound."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from reqtrace.exceptions import QueryError
from reqtrace.prove.ground import Ground, survey
from reqtrace.prove.laboratory import Laboratory
from reqtrace.prove.oracle import Oracle, Violation, page_of
from reqtrace.prove.orders import interleavings, longer_orders, orders, pairs
from reqtrace.prove.playing import Job
from reqtrace.prove.report import PageReport, Part, Report, verdict_of
from reqtrace.prove.schedule import WEBSOCKET, Asking, Door, Page, Played, Schedule, Seen, Way
from reqtrace.prove.words import tell
from reqtrace.stress.people import Person

Progress = Callable[[float, str], None]
"""Takes a share from 0 to 1, and what is being done."""
Orders = Callable[[Door, Sequence[Person], Sequence[Page]], Iterator[Schedule]]
_FOR_SAMPLES = 0.5
"""The share of the time that finding out what everybody gets alone may take."""
_FOR_ORDERS = 0.5
"""The share of what is left then that orders of two may take."""
_NO_TIME = "there was no time for it: name it, or give more --seconds"
_ANYWHERE: dict[Way, str] = {"threads": "before every line of the code", "tasks": "at every await"}
_WARM_UP = 20
"""How many pages are asked for beforehand, to import what they need."""
_ALIKE = (
    "Everybody gets the same page here, signed in or not: where it should be another one, these sessions are not "
    "what signs people in."
)


class Plan(msgspec.Struct, frozen=True):
    """How much to do."""

    pages: Sequence[Page]
    chosen: bool
    """Whether somebody named these pages; those found in the URLconf are left out where they do not answer."""
    doors: Sequence[Door]
    bound: int
    seconds: float


class Exploration:
    """One proof."""

    def __init__(self, plan: Plan, laboratory: Laboratory, progress: Progress) -> None:
        """Prepare; nothing is asked yet."""
        self._plan = plan
        self._laboratory = laboratory
        self._progress = progress
        self._oracle = Oracle(laboratory.people[1:], laboratory.play, laboratory.play_apart)
        self._reports = {page: PageReport(str(page), "holds") for page in plan.pages}
        self._violations: dict[Page, Violation] = {}
        self._troubles: dict[Page, list[str]] = {}
        self._searched: set[tuple[Page, Door]] = set()
        self._grounds: dict[tuple[Page, Way], list[Ground]] = {}
        self._began = time.monotonic()
        self._deadline = self._began + plan.seconds

    def run(self) -> Report:
        """Do it all."""
        pages = self._usable()
        now = time.monotonic()
        self._all_orders(pages, orders, now + (self._deadline - now) * _FOR_ORDERS)
        ways: list[tuple[Door, Way]] = [("wsgi", "threads"), ("asgi", "tasks")]
        todo = [(page, *way) for page in pages for way in ways if way[0] in self._plan.doors and _fits(page, way[0])]
        for number, (page, door, way) in enumerate(todo):
            if page not in self._violations:
                left = max(self._deadline - time.monotonic(), 0)
                self._interleave(page, door, way, time.monotonic() + left / (len(todo) - number))
        self._all_orders(pages, longer_orders, self._deadline)
        for page, door, way in todo:
            if page not in self._violations:
                self._anywhere(page, door, way)
        return self._report()

    def _all_orders(self, pages: Sequence[Page], kind: Orders, deadline: float) -> None:
        for number, door in enumerate(self._plan.doors):
            share = max(deadline - time.monotonic(), 0) / (len(self._plan.doors) - number)
            here = [page for page in pages if _fits(page, door)]
            self._orders(door, here, kind(door, self._laboratory.people, here), time.monotonic() + share)

    def _usable(self) -> list[Page]:
        """Return the pages that answer somebody."""
        usable = []
        works = False
        self._laboratory.warm_up(
            [
                Job(Schedule(door, "order", (Asking(self._laboratory.people[1], page),)), warms_up=True)
                for page in self._plan.pages[:_WARM_UP]
                for door in self._plan.doors
                if _fits(page, door)
            ]
        )
        for page in self._plan.pages:
            if self._over(self._began + self._plan.seconds * _FOR_SAMPLES):
                self._leave_out(page, _NO_TIME)
                continue
            self._progress(0, f"{page} alone")
            doors = [door for door in self._plan.doors if _fits(page, door)]
            if not doors:
                self._leave_out(page, "a socket is served by ASGI alone: give --server asgi")
                continue
            by_person = {
                person: [one for door in doors for one in self._oracle.alone(door, Asking(person, page)).samples]
                for person in self._laboratory.people
            }
            seen = [one for samples in by_person.values() for one in samples]
            reason = self._unusable(page, seen) or _broken_for(by_person)
            if reason:
                self._leave_out(page, reason)
            else:
                usable.append(page)
                works = works or not all(one.failed for one in seen)
        if not works:
            for page in usable:
                self._leave_out(page, "answers with an error to everybody")
            reasons = "; ".join(f"{page} {self._reports[page].notes[0]}" for page in list(self._reports)[:5])
            raise QueryError(
                "PATH", f"There is no page to prove: {reasons or 'no path of the URLconf takes no arguments'}."
            )
        return usable

    def _unusable(self, page: Page, seen: Sequence[Seen]) -> str:
        statuses = {one.status for one in seen}
        wanted = range(200, 300) if not self._plan.chosen else range(200, 400)
        if page.method == WEBSOCKET or any(status in wanted for status in statuses):
            return ""
        if self._plan.chosen and statuses - {404, 405, 400}:
            return ""  # it may need another page's request before it
        words = ", ".join(str(status) if status else f"an error ({_error(seen)})" for status in sorted(statuses))
        return f"answers {words} to everybody"

    def _leave_out(self, page: Page, reason: str) -> None:
        self._reports[page].state = "left out"
        self._reports[page].notes.append(reason)

    def _orders(self, door: Door, pages: Sequence[Page], kind: Iterator[Schedule], deadline: float) -> None:
        parts = {page: self._part(page, door, "order") for page in pages}
        schedules = list(kind)
        cut = False

        def wanted() -> Iterator[Job]:
            nonlocal cut
            for schedule in schedules:
                cut = self._over(deadline)
                if cut:
                    return
                if not self._violations.keys() >= {asking.page for asking in schedule.askings}:
                    # A holder that is none until somebody is in it is found by a search between two requests, which
                    # takes long: once for each page.
                    page = schedule.askings[-1].page
                    yield Job(schedule, searches=(page, door) not in self._searched)
                    self._searched.add((page, door))

        for done, (job, played) in enumerate(self._laboratory.each(wanted()), 1):
            self._progress(done / max(len(schedules), 1) / 2, f"{door}: {done:,} of {len(schedules):,} orders")
            parts[job.schedule.askings[-1].page].played += 1
            self._judge(job.schedule, played, None)
        if cut:
            for part in parts.values():
                part.complete = False

    def _part(self, page: Page, door: Door, way: Way, note: str = "") -> Part:
        """Return the part of a page's report that tells of a way; it is made where it is missing."""
        parts = self._reports[page].parts
        found = next((part for part in parts if (part.door, part.way, part.note) == (door, way, note)), None)
        if found is None:
            found = Part(door, way, 0, None if way == "order" else 0, note=note)
            parts.append(found)
        return found

    def _judge(self, schedule: Schedule, played: Played, places: Mapping[str, frozenset[int]] | None) -> bool:
        """Judge an outcome; return whether it breaks a page that none has broken yet."""
        if played.trouble:
            self._troubles.setdefault(schedule.askings[-1].page, []).append(played.trouble)
            return False
        if self._violations.keys() >= {asking.page for asking in schedule.askings}:
            return False
        self._oracle.job_of = lambda one: Job(one, places)
        violation = self._oracle.judge(schedule, played)
        if violation is None or page_of(violation) in self._violations:
            return False
        self._tell(violation, places)
        return True

    def _tell(self, violation: Violation, places: Mapping[str, frozenset[int]] | None) -> None:
        page = page_of(violation)
        seconds, schedules = time.monotonic() - self._began, self._laboratory.played
        (watched,) = self._laboratory.play([Job(violation.schedule, places, violation.victim)])
        report = self._reports[page]
        report.state = violation.verdict
        report.shown = tell(violation, watched, schedules, seconds)
        self._violations[page] = violation

    def _interleave(self, page: Page, door: Door, way: Way, deadline: float) -> None:
        """Play every interleaving with no switch, with one, and so on up to the bound.

        One gives way to the other only where it is about to touch what both could share.
        """
        if self._over(deadline):
            self._part(page, door, way).complete = False
            return
        chosen = pairs(door, way, self._laboratory.people, page)
        grounds = [survey(self._laboratory, pair, first) for pair in chosen for first in (0, 1)]
        self._grounds[page, way] = grounds
        part = self._part(page, door, way, _met(grounds))
        for switches in range(self._plan.bound + 1):
            if not all(self._up_to(ground, part, switches, deadline, anywhere=False) for ground in grounds):
                return
            part.switches = switches

    def _anywhere(self, page: Page, door: Door, way: Way) -> None:
        """In the time that is left, let one give way to the other once, wherever it stands."""
        grounds = self._grounds.get((page, way))
        if grounds is None:
            return  # there was no time to find out how far each request goes
        part = self._part(page, door, way, _ANYWHERE[way])
        for switches in range(min(self._plan.bound, 1) + 1):
            if not all(self._up_to(ground, part, switches, self._deadline, anywhere=True) for ground in grounds):
                return
            part.switches = switches

    def _up_to(self, ground: Ground, part: Part, switches: int, deadline: float, *, anywhere: bool) -> bool:
        """Play all interleavings with so many switches; return whether there was time, and nothing was found."""
        stops = ground.anywhere if anywhere else ground.stops
        if len(stops) < 2:  # it did not come to an end
            part.complete = False
            return False
        places = None if anywhere else ground.places
        jobs = (
            Job(msgspec.structs.replace(ground.schedule, segments=turns, anywhere=anywhere), places)
            for turns in interleavings(ground.first, stops, switches)
        )
        cut = False

        def in_time() -> Iterator[Job]:
            nonlocal cut
            for job in jobs:
                cut = self._over(deadline)
                if cut:
                    return
                yield job

        for job, played in self._laboratory.each(in_time()):
            part.played += 1
            part.waited += not played.exact
            page = ground.schedule.askings[0].page
            self._progress(0.5, f"{page}: {part.played:,} interleavings of {part.way}, {switches} switches")
            if self._judge(job.schedule, played, places):
                return False
        part.complete = part.complete and not cut
        return not cut

    def _over(self, deadline: float) -> bool:
        return time.monotonic() > deadline

    def _report(self) -> Report:
        for page, troubles in self._troubles.items():
            report = self._reports[page]
            last = troubles[0].strip().rpartition("\n")[2]
            report.notes.append(f"{len(troubles):,} schedules came to nothing, and are not judged: {last}")
            if report.state == "holds":
                report.state = "left out"
        for page, report in self._reports.items():
            if report.state == "holds" and not any(part.played for part in report.parts):
                self._leave_out(page, _NO_TIME)
        notes = [f"It wanted to connect to {address}, and was not let." for address in self._laboratory.refused]
        pages = list(self._reports.values())
        return Report(
            verdict=verdict_of(pages),
            people=[person.name for person in self._laboratory.people],
            doors=list(self._plan.doors),
            bound=self._plan.bound,
            schedules=self._laboratory.played,
            seconds=round(time.monotonic() - self._began, 3),
            pages=pages,
            notes=notes,
        )

    @property
    def violations(self) -> list[Violation]:
        """Return what breaks each broken page."""
        return list(self._violations.values())


def _fits(page: Page, door: Door) -> bool:
    return page.method != WEBSOCKET or door == "asgi"


def _error(seen: Sequence[Seen]) -> str:
    return next((one.body for one in seen if one.status == 0), "")[:200]


def _broken_for(seen: Mapping[Person, Sequence[Seen]]) -> str:
    """Say so where a page works for nobody who is signed in: that they all get the same error proves nothing."""
    signed_in = [one for person, samples in seen.items() if person.cookie for one in samples]
    works_for_somebody = any(not one.failed for samples in seen.values() for one in samples)
    if not works_for_somebody or any(not one.failed for one in signed_in):
        return ""
    return f"answers with an error to everybody who is signed in: {_error(signed_in) or signed_in[0].status}"


def _met(grounds: Sequence[Ground]) -> str:
    places = {place for ground in grounds for place in ground.meetings}
    lines = max((ground.lines for ground in grounds), default=0)
    return f"{len(places):,} of {lines:,} lines that ran touch what both could share"

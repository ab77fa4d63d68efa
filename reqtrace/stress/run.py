"""One run from the first request to the report: measure in calm, send waves, judge, shrink."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, cycle

import msgspec

from reqtrace.exceptions import QueryError
from reqtrace.records import Finding
from reqtrace.stress.baseline import Calm, Signs, measure
from reqtrace.stress.judges import Leak, Suspicion, confirm, leak_of, leaks_in_traces, suspicions
from reqtrace.stress.people import ANONYMOUS, Person
from reqtrace.stress.precedence import Newcomers, StartAnew, outliving_caches
from reqtrace.stress.report import Again, PageReport, Report, Step
from reqtrace.stress.server import Server
from reqtrace.stress.shrink import Schedule, shrink
from reqtrace.stress.targets import Target
from reqtrace.stress.traces import Traces
from reqtrace.stress.waves import Answer, Crowd, Shot, Wave

_JUDGED_EVERY = 8
"""Waves between two looks at answers and traces."""
_ODD = "looks otherwise under load, like nobody's page in calm, which alone is no leak"
_UNSTEADY = "changes by itself: its body is judged by other people's signs alone"

Progress = Callable[[float, str], None]
"""Takes a share from 0 to 1, and what is being done."""


class Plan(msgspec.Struct, frozen=True):
    """How much to do."""

    targets: Sequence[Target]
    chosen: bool
    """Whether somebody named these pages; those found in the URLconf are left out where they do not answer."""
    requests: int
    seconds: float


class Run:
    """People, pages, a server, and what was seen of them."""

    def __init__(
        self,
        plan: Plan,
        server: Server,
        crowd: Crowd,
        traces: Traces,
        people: Sequence[Person],
        start_anew: StartAnew | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        With `start_anew`, which starts one more server like this one, it is found out what comes of who asks first.
        """
        self._start_anew = start_anew
        self._plan = plan
        self._server = server
        self._crowd = crowd
        self._traces = traces
        self._people = [ANONYMOUS, *people]  # the visitor first: nobody can have left anything behind yet
        self._signs = Signs(people)
        self._calm: dict[tuple[Person, Target], Calm] = {}
        self._pages = {target: PageReport(target.method, target.path) for target in plan.targets}
        self._waves: list[Wave] = []
        self._shots: dict[str, Shot] = {}
        self._leaks: list[Leak] = []
        self._suspect: list[Shot] = []

    def run(self, progress: Progress) -> Report:
        """Do it all."""
        began = time.monotonic()
        self._measure(progress)
        if not self._leaks:
            self._storm(progress)
        again = self._shrink(progress) if self._leaks else self._let_another_come_first(progress)
        return Report(
            server=self._server.base_url,
            people=[person.name for person in self._people],
            requests=self._crowd.sent,
            seconds=round(time.monotonic() - began, 3),
            pages=list(self._pages.values()),
            leaks=self._leaks,
            again=again,
            notes=list(self._notes()),
        )

    def _measure(self, progress: Progress) -> None:
        """See each page in calm, and judge what is seen: one person's traces may meet the next one on a thread."""
        seconds = self._plan.seconds / 2
        deadline = time.monotonic() + seconds
        usable = 0
        for number, target in enumerate(self._plan.targets):
            progress(number / len(self._plan.targets), f"{target} in calm")
            if self._leaks:
                self._leave_out(target, "a leak showed before its turn")
                continue
            if usable and not self._plan.chosen and time.monotonic() > deadline:
                self._leave_out(target, f"its turn did not come within {seconds:g} s: name it, or give more --seconds")
                continue
            calm, waves = measure(self._crowd, self._signs, self._people, target)
            if any(answer.signs_out for wave in waves for answer in wave):
                raise QueryError(
                    "URL", f"{target} signs people out, so that nobody is left to mix up; name other pages."
                )
            reason = self._unusable(waves)
            if reason and self._plan.chosen:
                raise QueryError("URL", f"{target} {reason}; name a page that at least one of the people can see.")
            if reason:
                self._leave_out(target, reason)
                continue
            usable += 1
            self._calm |= {(person, target): page for person, page in calm.items()}
            if any(page.body is None for page in calm.values()):
                self._note(target, _UNSTEADY)
            self._take(waves)
            self._judge(waves)
        if not usable:
            raise QueryError(
                "URL", "No page of the URLconf answers GET without arguments; name some, such as /orders/1/."
            )
        self._require_sessions()

    def _unusable(self, waves: Sequence[Sequence[Answer]]) -> str:
        """Say why a page is no use; empty when it is."""
        statuses = {answer.status for wave in waves for answer in wave}
        if any(200 <= status < (400 if self._plan.chosen else 300) for status in statuses):
            return ""
        return f"answers {', '.join(map(str, sorted(statuses)))} to everybody" if statuses != {0} else "does not answer"

    def _leave_out(self, target: Target, reason: str) -> None:
        self._pages[target].state = "left out"
        self._note(target, reason)

    def _note(self, target: Target, text: str) -> None:
        if text not in self._pages[target].notes:
            self._pages[target].notes.append(text)

    def _require_sessions(self) -> None:
        """Make sure that the application takes the people for who they are, as far as its traces tell."""
        signed_in = {trace_id for trace_id, shot in self._shots.items() if shot.person is not ANONYMOUS}
        states = {request.user.state for request in self._traces.requests if request.trace_id in signed_in}
        if "anonymous" in states and "authenticated" not in states:
            raise QueryError(
                "users",
                f"{self._server.base_url} takes everybody for an anonymous visitor: its sessions are others than ours. "
                "Start it with the settings, the database and the SECRET_KEY that this command runs with.",
            )

    def _storm(self, progress: Progress) -> None:
        """Send waves until the requests or the time are used up, or a leak shows."""
        deadline, before = time.monotonic() + self._plan.seconds, self._crowd.sent
        round_: list[list[Answer]] = []
        waiting = {target for target, page in self._pages.items() if page.state == "stressed"}
        for wave in self._schedule():
            sent = self._crowd.sent - before
            over = sent + len(wave) > self._plan.requests or time.monotonic() > deadline
            if round_ and (over or len(round_) == _JUDGED_EVERY):
                self._take(round_)
                self._judge(round_)
                round_ = []
            if over or self._leaks:
                for target in waiting if over and not self._leaks else ():
                    self._leave_out(target, "no wave was left for it: name it, or give more --requests or --seconds")
                return
            waiting.difference_update(shot.target for shot in wave)
            progress(sent / self._plan.requests, f"{sent:,} requests at once")
            round_.append(self._crowd.send(wave))

    def _schedule(self) -> Iterator[Wave]:
        """Yield waves without end: of one page, and each third one of any; everybody moves on by one connection."""
        targets = [target for target, page in self._pages.items() if page.state == "stressed"]
        turns = cycle(targets)
        for turn in count():
            target = next(turns)
            crossing = turn % 3 == 2
            yield [
                Shot(
                    self._people[(place + turn) % len(self._people)],
                    targets[(turn + place) % len(targets)] if crossing else target,
                )
                for place in range(self._crowd.size)
            ]

    def _take(self, waves: Sequence[Sequence[Answer]]) -> None:
        """Remember what was sent, and wait for its traces."""
        for wave in waves:
            self._waves.append([answer.shot for answer in wave])
            for answer in wave:
                self._shots[answer.trace_id] = answer.shot
                page = self._pages[answer.shot.target]
                page.requests += 1
                page.failed += answer.failed
        self._traces.await_these(answer.trace_id for wave in waves for answer in wave if answer.status)

    def _judge(self, waves: Sequence[Sequence[Answer]]) -> None:
        """Look for leaks in what was just taken."""
        self._leaks += leaks_in_traces(self._traces, self._shots)
        answers = [answer for wave in waves for answer in wave]
        judged: set[object] = set()
        for suspicion in suspicions(answers, self._calm, self._signs):
            person, target, _ = suspicion.subject
            kind = (suspicion.judge, target)
            if suspicion.subject in judged or kind in judged:
                continue
            judged.add(suspicion.subject)
            if suspicion.owner is None:
                self._note(target, _ODD)
            elif confirm(suspicion, self._crowd, self._calm[person, target], self._signs, self._people):
                judged.add(kind)  # one of a kind is told; the others would say the same
                self._leaks.append(leak_of(suspicion, self._traces))
            else:
                self._dismiss(suspicion)

    def _dismiss(self, suspicion: Suspicion) -> None:
        """Learn from what turned out to be innocent."""
        person, target, sign = suspicion.subject
        page = self._calm[person, target]
        if sign is not None:
            page.known |= {sign}
        else:
            page.body = None
            self._note(target, _UNSTEADY)

    def _let_another_come_first(self, progress: Progress) -> Again | None:
        """Ask a new server in another order; what belongs to a page stands in it whoever came first."""
        if self._start_anew is None or len(self._people) < 3:
            return None
        progress(1, "another person comes first")
        targets = [target for target, page in self._pages.items() if page.state == "stressed"]
        found = Newcomers(self._start_anew, self._crowd.size, self._people, self._signs).look(self._calm, targets)
        if not found:
            return None
        told = {one.suspicion.subject[1]: one for one in reversed(found)}
        self._leaks += [leak_of(one.suspicion, self._traces) for one in reversed(told.values())]
        target = self._leaks[0].target
        first, then = told[target].first, told[target].suspicion.subject[0]
        steps = [f"{target} as {first.name}, to a server that has served nobody", f"{target} as {then.name}"]
        return Again([Step([step]) for step in steps], 2, 2)

    def _shrink(self, progress: Progress) -> Again:
        """Look for the shortest sequence that shows the first leak again."""
        leak = self._leaks[0]
        named = {person.name: person for person in self._people}
        people = [named[name] for name in (leak.other, leak.victim) if name in named]
        pair = [Shot(person, leak.target) for person in people]

        def shows(schedule: Schedule) -> bool:
            length = sum(map(len, schedule))
            progress(1 / max(length, 1), f"shrinking: {length} requests")
            return self._shows(schedule, leak)

        deadline = time.monotonic() + self._plan.seconds / 2
        return Again.of(shrink(self._waves[-2 * _JUDGED_EVERY :], pair, shows, deadline))

    def _shows(self, schedule: Schedule, leak: Leak) -> bool:
        """Send a schedule, and tell whether the same judge finds the same kind of leak between its people."""
        answers = [answer for wave in schedule for answer in self._crowd.send(wave)]
        if leak.judge == "trace":
            self._traces.await_these(answer.trace_id for answer in answers if answer.status)
            return any(leaks_in_traces(self._traces, {answer.trace_id: answer.shot for answer in answers}))
        people = {shot.person for wave in schedule for shot in wave}
        return any(
            found.judge == leak.judge and found.owner in people
            for found in suspicions(answers, self._calm, self._signs)
        )

    def _notes(self) -> Iterator[str]:
        """Yield what a reader must know to judge the result."""
        if not self._traces.requests:
            yield (
                f"No request of this run stands in the traces ({self._traces.address}): judged by answers alone. "
                "Is reqtrace.middleware.TraceMiddleware first in MIDDLEWARE, and the store the server's own?"
            )
        if self._start_anew is None:
            yield (
                "This server had served people before: what it keeps of them for everybody (a cache, a loader) cannot "
                "be told from what its pages are meant to show. Let stress start it, or use reqtrace prove."
            )
        elif shared := outliving_caches():
            yield (
                f"What a server leaves in a cache ({', '.join(shared)} in CACHES), the next one finds there: what is "
                "kept in it for everybody cannot be told from what the pages are meant to show. Name a LocMemCache "
                "for this run, or use reqtrace prove."
            )
        failed = sum(page.failed for page in self._pages.values())
        if failed:
            yield f"{failed:,} requests failed (no answer, 429 or 5xx): the server could not keep up with them."
        hazards: dict[str, list[Finding]] = {}
        for finding, _ in self._traces.findings():
            if finding.level == "hazard":
                hazards.setdefault(finding.group, []).append(finding)
        for group in hazards.values():
            yield f"A hazard, {group[0].kind}, {len(group):,} times. The first: {group[0].message}"

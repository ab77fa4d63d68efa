"""What tests ask for: pages proven, or one schedule played again; each answers with what to fail with, or nothing."""

from collections.abc import Sequence
from typing import Any

from reqtrace.exceptions import QueryError
from reqtrace.prove import doors, pages
from reqtrace.prove.cast import Users
from reqtrace.prove.exploration import Exploration, Plan, Progress
from reqtrace.prove.ground import survey
from reqtrace.prove.laboratory import Laboratory, laboratory
from reqtrace.prove.oracle import Oracle, page_of
from reqtrace.prove.playing import Job
from reqtrace.prove.report import PageReport, lines_of
from reqtrace.prove.schedule import Asking, Door, Schedule, Segment, Way
from reqtrace.prove.suites.apart import Told
from reqtrace.prove.suites.audience import Outcome
from reqtrace.prove.words import tell
from reqtrace.stress.people import ANONYMOUS


def prove(
    paths: Sequence[str], users: Users, server: str | None, bound: int, seconds: float, progress: Progress
) -> Told:
    """Return what breaks the isolation of these pages, in words; nothing where they hold.

    Raises:
        QueryError: when these pages cannot be proven, or not within the time.

    """
    plan = Plan(pages.parse(paths), True, doors.chosen(server), bound, seconds)
    with laboratory(users, plan.doors) as room:
        report = Exploration(plan, room, progress).run()
    broken = [page for page in report.pages if page.shown]
    unproven = [page for page in report.pages if page.state == "left out"]
    if unproven and not broken:
        raise QueryError("PATH", "\n".join(line for page in unproven for line in lines_of(page)))
    complete = all(part.complete for page in report.pages for part in page.parts)
    outcome = Outcome(report.verdict, len(report.pages), report.schedules, report.seconds, complete)
    return Told("\n".join(line for page in broken for line in lines_of(page)), outcome)


def replay(
    requests: Sequence[tuple[Any, str]], door: Door, way: Way, turns: Sequence[Segment], *, anywhere: bool
) -> Told:
    """Play one schedule; return what is wrong with it, in words.

    Args:
        requests: who asks for what; None asks without having signed in.
        door: through which application.
        way: how the requests share the process.
        turns: how they take turns.
        anywhere: whether a thread may give way before every line.

    Raises:
        QueryError: when nobody gets any of the pages, so that there is nothing to judge.

    """
    users = list(dict.fromkeys(who for who, _ in requests if who is not None))
    with laboratory(users, [door]) as room:
        people = dict(zip(users, room.people[1:], strict=True))
        askings = tuple(
            Asking(people[who] if who is not None else ANONYMOUS, page)
            for (who, text) in requests
            for page in pages.parse([text])
        )
        schedule = Schedule(door, way, askings, tuple((place, count) for place, count in turns), anywhere)
        return Told(_played(room, schedule))


def _played(room: Laboratory, schedule: Schedule) -> str:
    oracle = Oracle(room.people[1:], room.play, room.play_apart)
    room.warm_up([Job(Schedule(schedule.door, "order", schedule.askings), warms_up=True)])
    places = None
    if schedule.way == "threads" and not schedule.anywhere:
        places = survey(room, schedule, schedule.segments[0][0]).places
    oracle.job_of = lambda one: Job(one, places)
    for asking in schedule.askings:
        statuses = {seen.status for seen in oracle.alone(schedule.door, asking).samples}
        if statuses <= {404}:
            raise QueryError(
                "PATH", f"{asking} and is answered 404: make in this test what the page shows, before it replays."
            )
    played = oracle.play(schedule)
    if played.trouble:
        raise QueryError("PATH", f"The schedule came to nothing: {played.trouble}")
    violation = oracle.judge(schedule, played)
    if violation is None:
        return ""
    (watched,) = room.play([Job(schedule, places, violation.victim)])
    shown = tell(violation, watched, room.played, 0.0)
    return "\n".join(lines_of(PageReport(str(page_of(violation)), violation.verdict, shown=shown)))

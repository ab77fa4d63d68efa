"""A violation in words: its steps, who wrote and who read, and how to mend it."""

from reqtrace.prove.oracle import Violation
from reqtrace.prove.report import Shown, Step
from reqtrace.prove.schedule import Played, Schedule

_FIX = {
    "sign": "Find what is kept outside the request (a module, a class, an instance, a thread, a cache) between the "
    "lines above, and key it by the user or set it anew for each request.",
    "difference": "Find what the page keeps from earlier requests between the lines above, and make it anew for each.",
}


def tell(violation: Violation, played: Played, schedules: int, seconds: float) -> Shown:
    """Return what is told of a violation; `played` has watched who wrote what the victim read."""
    schedule, found = violation.schedule, violation.finding
    victim = schedule.askings[violation.victim]
    writer = played.meeting[0] if played.meeting else None
    reader = played.meeting[1] if played.meeting else None
    return Shown(
        door=schedule.door,
        victim=victim.person.name,
        owner=violation.owner.name if violation.owner else None,
        judge=violation.judge,
        evidence=violation.evidence,
        steps=steps_of(schedule, played, violation.victim),
        writer=writer.frame if writer else next(iter(found.writers), None) if found else None,
        wrote=writer.name if writer else found.holder if found else "",
        reader=reader.frame if reader else next(iter(found.stack), None) if found else None,
        read=reader.name if reader else found.holder if found else "",
        diff=violation.diff,
        fix=found.fix if found else _FIX["difference" if violation.verdict == "depends" else "sign"],
        schedules=schedules,
        seconds=round(seconds, 3),
    )


def steps_of(schedule: Schedule, played: Played, victim: int) -> list[Step]:
    """Return a schedule step by step."""
    names = [asking.person.name for asking in schedule.askings]
    got = "and gets what is not theirs to get"
    if not schedule.segments:
        then = " over the same connection" if schedule.way == "connection" else ""
        return [
            Step(
                names[place],
                f"{asking}{then if place else ''}" + (f" {got}" if place == victim else ""),
            )
            for place, asking in enumerate(schedule.askings)
        ]
    begun: set[int] = set()
    stands = "before" if schedule.way == "threads" else "at an await:"
    steps = []
    for stop in played.stops:
        again = "goes on" if stop.place in begun else f"asks for {schedule.askings[stop.place].page}"
        begun.add(stop.place)
        if not stop.ended:
            steps.append(Step(names[stop.place], f"{names[stop.place]} {again} and stops {stands}", stop.frame))
        else:
            end = f" {got}" if stop.place == victim else ""
            steps.append(Step(names[stop.place], f"{names[stop.place]} {again} to the end{end}"))
    for place in range(len(names)):
        if not any(stop.place == place and stop.ended for stop in played.stops):
            again = "goes on" if place in begun else f"asks for {schedule.askings[place].page}"
            end = f" {got}" if place == victim else ""
            steps.append(Step(names[place], f"{names[place]} {again} to the end{end}"))
    return steps

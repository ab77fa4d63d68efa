"""Where two requests may meet: the only points at which it matters which of them goes on."""

from collections.abc import Mapping, Sequence

import msgspec

from reqtrace.prove.laboratory import Laboratory
from reqtrace.prove.playing import Job
from reqtrace.prove.schedule import Schedule


class Ground(msgspec.Struct, frozen=True):
    """Where the requests of a pair may meet when one of them begins."""

    schedule: Schedule
    first: int
    places: Mapping[str, frozenset[int]] | None
    """The lines before which a thread may give way, by file."""
    stops: Sequence[Sequence[int]]
    """The points at which it matters that a request gives way; for each request."""
    anywhere: Sequence[Sequence[int]]
    """All its points: before every line, or at every await."""
    meetings: Sequence[tuple[str, int]]
    lines: int


def survey(laboratory: Laboratory, pair: Schedule, first: int) -> Ground:
    """Find out where two requests may meet when one of them begins."""
    schedule = msgspec.structs.replace(pair, segments=((first, 0), (1 - first, 0)))
    if pair.way == "tasks":
        (recorded,) = laboratory.play([Job(schedule, records=True)])
        anywhere = [range(1, count + 1) for count in recorded.points]
        return Ground(schedule, first, None, recorded.active, anywhere, recorded.places, recorded.lines)
    one_by_one = msgspec.structs.replace(pair, way="order", askings=pair.askings[:: 1 if first == 0 else -1])
    (recorded,) = laboratory.play([Job(msgspec.structs.replace(one_by_one), records=True)])
    places: dict[str, set[int]] = {}
    for file, line in recorded.places:
        places.setdefault(file, set()).add(line)
    lines = {file: frozenset(numbers) for file, numbers in places.items()}
    coarse, fine = laboratory.play([Job(schedule, lines), Job(schedule)])
    return Ground(
        schedule,
        first,
        lines,
        [range(1, count + 1) for count in coarse.points],
        [range(1, count + 1) for count in fine.points],
        recorded.places,
        recorded.lines,
    )

"""Which orders and interleavings there are of these people's requests for these pages, the short ones first."""

from collections.abc import Iterator, Sequence
from itertools import permutations

from reqtrace.prove.schedule import Asking, Door, Page, Schedule, Segment, Way
from reqtrace.stress.people import Person


def orders(door: Door, people: Sequence[Person], pages: Sequence[Page]) -> Iterator[Schedule]:
    """Yield each order of two people's requests for a page and across two pages: those first that break most pages."""
    people = _plainest_first(people)
    ways: tuple[Way, ...] = ("order", "connection") if door == "asgi" else ("order",)
    few = list(permutations(people[:3], 2))
    for way in ways:
        yield from (Schedule(door, way, tuple(Asking(one, page) for one in pair)) for page in pages for pair in few)
    for pair in few:
        for first, second in permutations(pages, 2):
            for way in ways:
                yield Schedule(door, way, (Asking(pair[0], first), Asking(pair[1], second)))
    for page in pages:
        for pair in permutations(people, 2):
            for way in ways if pair not in few else ():
                yield Schedule(door, way, tuple(Asking(person, page) for person in pair))


def longer_orders(door: Door, people: Sequence[Person], pages: Sequence[Page]) -> Iterator[Schedule]:
    """Yield each order of three people's requests for a page, and those in which one of two asks twice."""
    people = _plainest_first(people)
    for page in pages:
        for three in permutations(people, 3):
            yield Schedule(door, "order", tuple(Asking(person, page) for person in three))
        for one, other in permutations(people[:3], 2):
            yield Schedule(door, "order", (Asking(one, page), Asking(one, page), Asking(other, page)))


def _plainest_first(people: Sequence[Person]) -> list[Person]:
    """Return two who are signed in first: what one of them sees of another is plainer than what a visitor sees."""
    visitor, *signed_in = people
    return [*signed_in[:2], visitor, *signed_in[2:]]


def pairs(door: Door, way: Way, people: Sequence[Person], page: Page) -> list[Schedule]:
    """Return the pairs whose requests are interleaved: two who are signed in, and one of them with a visitor."""
    visitor, *signed_in = people
    chosen = [(signed_in[0], signed_in[1]), (signed_in[0], visitor)] if len(signed_in) > 1 else [(*signed_in, visitor)]
    return [Schedule(door, way, tuple(Asking(person, page) for person in pair)) for pair in chosen]


def interleavings(first: int, stops: Sequence[Sequence[int]], switches: int) -> Iterator[tuple[Segment, ...]]:
    """Yield every way to let two requests take turns with exactly so many switches in their midst.

    Args:
        first: which of the two begins.
        stops: for each, at which of its points it may give way, counted from 1.
        switches: how often one gives way before its end. That one ends is no switch.

    """
    yield from _turns(first, (0, 0), stops, switches)


def _turns(
    place: int, passed: tuple[int, int], stops: Sequence[Sequence[int]], switches: int
) -> Iterator[tuple[Segment, ...]]:
    if switches == 0:
        yield ((place, 0), (1 - place, 0))
        return
    for stop in stops[place]:
        if stop > passed[place]:
            then = (stop, passed[1]) if place == 0 else (passed[0], stop)
            for turns in _turns(1 - place, then, stops, switches - 1):
                yield ((place, stop - passed[place]), *turns)

"""From the waves in which a leak showed to the shortest sequence of requests that shows it again."""

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from reqtrace.stress.waves import Shot, Wave

Schedule = tuple[tuple[Shot, ...], ...]
"""Waves, one after another."""

_TRIES = 8
_PROOFS = 10


class Shrunk(msgspec.Struct, frozen=True):
    """A schedule, and how often it showed the leak when it was repeated."""

    schedule: Schedule
    shown: int
    tries: int


def shrink(waves: Sequence[Wave], pair: Sequence[Shot], shows: Callable[[Schedule], bool], deadline: float) -> Shrunk:
    """Return the shortest schedule found until `deadline` (of the monotonic clock) that shows the leak again.

    Args:
        waves: the last waves up to the one in which it showed.
        pair: the request that showed it behind one of whose it was, where that is known: the best guess.
        shows: sends a schedule, and tells whether the leak was there. What needs luck may take several tries.
        deadline: when to be content with what there is.

    """

    def holds(schedule: Schedule) -> bool:
        return any(time.monotonic() < deadline and shows(schedule) for _ in range(_TRIES))

    last = tuple(tuple(wave) for wave in waves)
    found = next((one for one in _guesses(last, pair) if holds(one)), None)
    if found is None:
        return Shrunk(last[-1:], 0, _TRIES)
    while (shorter := next((one for one in _shorter(found) if holds(one)), None)) is not None:
        found = shorter
    proofs = [shows(found) for _ in range(_PROOFS) if time.monotonic() < deadline]
    return Shrunk(found, sum(proofs) or 1, len(proofs) or 1)


def _guesses(waves: Schedule, pair: Sequence[Shot]) -> Iterator[Schedule]:
    """Yield schedules that may do, short ones first."""
    if len(pair) == 2:
        yield tuple((shot,) for shot in pair)
        yield (tuple(pair),)
    length = 1
    while length < len(waves):
        yield waves[-length:]
        length *= 2
    yield waves


def _shorter(schedule: Schedule) -> Iterator[Schedule]:
    """Yield each schedule with one wave less, then with one request less; a mix-up takes two people."""
    for number in range(len(schedule)):
        yield from _of_two(schedule[:number] + schedule[number + 1 :])
    for number, wave in enumerate(schedule):
        for place in range(len(wave) if len(wave) > 1 else 0):
            less = wave[:place] + wave[place + 1 :]
            yield from _of_two((*schedule[:number], less, *schedule[number + 1 :]))


def _of_two(schedule: Schedule) -> Iterator[Schedule]:
    if len({shot.person for wave in schedule for shot in wave}) > 1:
        yield schedule

"""How a Redis store keeps summaries beside its line, and reads them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reqtrace.stores.summaries import END, Block, Digest, Sought

SCRIPT_COLUMNS = ("words", "people", "paths")
"""In the order in which the script takes them."""
_NUMBERS = ("first", "last", "requests", "begun", "ended", "shortest", "longest")
_FIRST_LOOK, _NEXT_LOOKS = 40, 400
"""How many summaries are asked for in one go: mostly the newest requests are enough."""

Ask = Callable[[Sequence[Any]], Any]


def values_of(digest: Digest) -> list[Any]:
    """Return what the script takes of a digest: times in microseconds, since a double holds no more."""
    return [
        digest.requests,
        digest.begun_ns // 1_000,
        digest.ended_ns // 1_000 + 1,
        digest.shortest_ns // 1_000,
        digest.longest_ns // 1_000 + 1,
        *(digest.words, digest.people, digest.paths),
    ]


def column_of(sought: Sought) -> str:
    """Return the column that tells most."""
    return "people" if sought.people else "paths" if sought.paths else "words"


def blocks(ask: Ask, newest: str, full: str, sought: Sought, before: int) -> Iterator[Block]:
    """Yield summaries of what lies in front of a position, newest first.

    Args:
        ask: sends a command and returns its answer.
        newest: the key of the hash with the newest.
        full: the key of the stream with that column of the others.
        sought: what is asked.
        before: the position.

    """
    column = column_of(sought)
    needles = getattr(sought, column)
    *numbers, text = ask(("HMGET", newest, *_NUMBERS, column))
    if text is not None:
        yield _block([int(number) for number in numbers], text, sought, needles)
    size = _FIRST_LOOK
    # They are known by their ends: the first that ends behind the position may begin in front of it.
    over = ask(("XRANGE", full, f"{before}-0", "+", "COUNT", 1)) if before < END else []
    end = over[0][0] if over else "+"
    while entries := ask(("XREVRANGE", full, end, "-", "COUNT", size)):
        for _, fields in entries:
            numbers = [int(number) for number in fields[b"about"].split()]
            yield _block(numbers, fields[b"column"], sought, needles)
        end = f"{int(entries[-1][0].partition(b'-')[0]) - 1}-0"
        size = _NEXT_LOOKS


def _block(numbers: list[int], text: bytes, sought: Sought, needles: tuple[bytes, ...]) -> Block:
    first, last, requests, begun, ended, shortest, longest = numbers
    may_be = (
        (requests > 0 or sought.kind != "request")
        and (sought.since_ns is None or ended * 1_000 >= sought.since_ns)
        and (sought.until_ns is None or begun * 1_000 < sought.until_ns)
        and (sought.longest_ns is None or shortest * 1_000 <= sought.longest_ns)
        and (sought.shortest_ns is None or longest * 1_000 >= sought.shortest_ns)
        and all(needle in text for needle in needles)
    )
    return Block(first, last, requests, may_be)

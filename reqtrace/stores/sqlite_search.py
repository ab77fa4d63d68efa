"""How a SQLite store keeps summaries beside its line, and searches by them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reqtrace.stores.summaries import BLOCK, BLOCK_BYTES, COLUMNS, Block, Digest, Sought

Rows = Callable[[str, Sequence[Any]], list[Any]]

DIGEST = 0
"""Stands in place of a kind where an arrival is a digest of those in front of it."""
SUMMARY = """
CREATE TABLE IF NOT EXISTS summary (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, requests INTEGER NOT NULL,
    begun INTEGER NOT NULL, ended INTEGER NOT NULL, shortest INTEGER NOT NULL, longest INTEGER NOT NULL,
    words BLOB NOT NULL, people BLOB NOT NULL, paths BLOB NOT NULL);
"""
"""Each row covers the line from `first` to `last`. Files of before have none; what lies in them is read as it was."""

_WIDTH = 20


def _number(at: int) -> str:
    return f"CAST(substr(NEW.key, {1 + at * _WIDTH}, {_WIDTH}) AS INTEGER)"


_ITEMS, _REQUESTS, _BEGUN, _ENDED, _SHORTEST, _LONGEST, _WORDS_END, _PEOPLE_END = map(_number, range(8))
# Of an empty payload SQLite makes a NULL.
_WORDS = f"coalesce(substr(NEW.payload, 1, {_WORDS_END}), x'')"
_PEOPLE = f"coalesce(substr(NEW.payload, 1 + {_WORDS_END}, {_PEOPLE_END} - {_WORDS_END}), x'')"
_PATHS = f"coalesce(substr(NEW.payload, 1 + {_PEOPLE_END}), x'')"
SUMMARIZE = f"""
CREATE TEMP TRIGGER summarize INSTEAD OF INSERT ON arrival WHEN NEW.kind = {DIGEST} BEGIN
    UPDATE summary SET
        last = (SELECT last FROM line), requests = requests + {_REQUESTS},
        begun = min(begun, {_BEGUN}), ended = max(ended, {_ENDED}),
        shortest = min(shortest, {_SHORTEST}), longest = max(longest, {_LONGEST}),
        words = CASE WHEN instr(words, {_WORDS}) THEN words ELSE CAST(words || {_WORDS} AS BLOB) END,
        people = CASE WHEN instr(people, {_PEOPLE}) THEN people ELSE CAST(people || {_PEOPLE} AS BLOB) END,
        paths = CASE WHEN instr(paths, {_PATHS}) THEN paths ELSE CAST(paths || {_PATHS} AS BLOB) END
    WHERE first = (SELECT max(first) FROM summary) AND last = (SELECT last FROM line) - {_ITEMS}
        AND requests < {BLOCK} AND length(words) + length(people) + length(paths) < {BLOCK_BYTES};
    INSERT INTO summary SELECT last + 1 - {_ITEMS}, last, {_REQUESTS}, {_BEGUN}, {_ENDED}, {_SHORTEST}, {_LONGEST},
        {_WORDS}, {_PEOPLE}, {_PATHS} FROM line WHERE changes() = 0;
END;
"""  # noqa: S608  made of constants
"""A batch that follows the newest summary at once goes into that; where another version has written in between, as
where the summary is full, a new one begins. What it holds already in the same words is not said twice."""

_FIRST_LOOK, _NEXT_LOOKS = 40, 200
"""How many summaries are looked at in one go: mostly the newest requests are enough."""


def arrival_of(digest: Digest, items: int) -> tuple[int, str, bytes]:
    """Return the row that stands for a digest behind those of its items."""
    words_end = len(digest.words)
    numbers = (
        *(items, digest.requests, digest.begun_ns, digest.ended_ns, digest.shortest_ns, digest.longest_ns),
        *(words_end, words_end + len(digest.people)),
    )
    key = "".join(f"{number:>{_WIDTH}}" for number in numbers)
    return DIGEST, key, digest.words + digest.people + digest.paths


def blocks(rows: Rows, sought: Sought, before: int) -> Iterator[Block]:
    """Yield the summaries of what lies in front of a position, newest first."""
    wanted = [(column, needles) for column in COLUMNS if (needles := getattr(sought, column))]
    conditions, parameters = _conditions(sought)
    # The columns are searched here: SQLite's `instr` takes many times as long.
    columns = "".join(f", {column}" for column, _ in wanted)
    sql = (
        f"SELECT first, last, requests, {conditions}{columns} FROM summary WHERE first < ? ORDER BY first DESC LIMIT ?"  # noqa: S608
    )
    size = _FIRST_LOOK
    while found := rows(sql, (*parameters, before, size)):
        for first, last, requests, may_be, *texts in found:
            has_all = all(
                needle in text for text, (_, needles) in zip(texts, wanted, strict=True) for needle in needles
            )
            yield Block(first, last, requests, bool(may_be) and has_all)
        before = found[-1][0]
        size = _NEXT_LOOKS


def _conditions(sought: Sought) -> tuple[str, list[int]]:
    conditions = ["requests > 0"] if sought.kind == "request" else ["1"]
    parameters: list[int] = []
    for condition, bound in (
        ("ended >= ?", sought.since_ns),
        ("begun < ?", sought.until_ns),
        ("shortest <= ?", sought.longest_ns),
        ("longest >= ?", sought.shortest_ns),
    ):
        if bound is not None:
            conditions.append(condition)
            parameters.append(max(-(2**62), min(bound, 2**62)))
    return " AND ".join(conditions), parameters

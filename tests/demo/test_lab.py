"""What the lab makes of traces and of the application's own log, without a server."""

from pathlib import Path

import pytest

from demo.lab import compare, report, table
from demo.lab.report import Cell, Discovered, Missing, Report, Score
from demo.lab.truth import Line
from reqtrace.reading.reader import Reader
from reqtrace.records import Reading
from reqtrace.stores.memory import MemoryStore
from tests import factories

KEPT = "demo.lab.holders.kept.value"
READ = [Reading("start", KEPT, "other", 1)]


@pytest.fixture
def reader() -> Reader:
    """Read three requests, of which the second meets somebody else, and the third is told so."""
    requests = [
        factories.request(number, path=f"/sync/s0-{number}/", readings=READ if number == 3 else [])
        for number in (1, 2, 3)
    ]
    finding = factories.finding(requests[2].id, kind="leftover", holder=KEPT)
    store = MemoryStore()
    store.append(factories.items(*requests, finding))
    return Reader(store)


@pytest.fixture
def lines() -> list[Line]:
    """Return the application's log of these requests."""
    return [
        Line(f"s0-{number}", "alice", "sync", 1, number * 10, number * 10 + 5, seen={"local-kept": seen})
        for number, seen in enumerate(
            (
                {"start": None, "view": "s0-1", "close": None},
                {"start": "s0-1", "view": "s0-2", "close": None},
                {"start": "s0-2", "view": "s0-3", "close": None},
            ),
            1,
        )
    ]


def test_discovery_counts_the_requests_that_began_before_a_holder_was_known(reader: Reader) -> None:
    known = compare.known_at_start(reader)
    assert known.after(KEPT) == 2
    assert known.after("demo.lab.holders.current_request") is None


def test_recall_once_known_leaves_out_what_began_before(reader: Reader, lines: list[Line]) -> None:
    known = compare.known_at_start(reader)
    assert compare.total(compare.cells(lines, reader)) == Score(2, 1, 1)
    assert compare.total(compare.cells(lines, reader, known.pairs)) == Score(1, 1, 1)


def test_shares_begin_with_the_worst() -> None:
    cell = Cell(8, {"start": 8, "view": 6, "wait": 7, "out": 7}, {"view": 1, "wait": 0})
    assert list(cell.shares.items()) == [("wrong", 7 / 8), ("empty", 1 / 8), ("left over", 1)]


def test_a_report_comes_back_from_its_file_and_anything_else_is_none(tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    assert report.read(file) is None
    made = Report({"python": "3.11"}, {"local-kept": "kept"}, missing=[Missing("mod_wsgi", "pip install mod_wsgi")])
    report.write(file, made)
    assert report.read(file) == made
    file.write_text(file.read_text()[:-20])
    assert report.read(file) is None


def test_the_table_says_when_each_holder_was_known_and_what_is_missing() -> None:
    made = Report(
        {"python": "3.11"},
        {"local-kept": "kept", "module": "module attribute"},
        discovered=[
            Discovered("gunicorn", "sync", 9, {"local-kept": 4, "module": None}, Score(4, 3, 3), Score(3, 3, 3))
        ],
        missing=[Missing("mod_wsgi", "pip install mod_wsgi")],
    )
    assert table.discovered(made).splitlines()[2] == "| gunicorn | sync | 4 | never | 1 | 0.75 | 1 |"
    assert "Not installed: mod_wsgi, which needs pip install mod_wsgi." in table.about(made)

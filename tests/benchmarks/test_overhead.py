"""The benchmark runs and reports every row; what the figures say is never a test's business."""

import msgspec
import pytest

from benchmarks import overhead
from benchmarks.cases.known import AGAIN, BARE, CASES, OPENTELEMETRY, REQTRACE
from benchmarks.figures import Figure, added_wall
from benchmarks.pairing import Plan, Round, Worker
from benchmarks.report import Report
from benchmarks.scenarios import ASYNC_NOBODY, PAGE_SOMEBODY, STACK_NOBODY, SYNC
from benchmarks.worker import Order, Turn

ROWS = (STACK_NOBODY, ASYNC_NOBODY, PAGE_SOMEBODY)


@pytest.fixture(scope="module")
def report() -> Report:
    """Measure as little as can be measured."""
    plan = Plan(requests=10, turn=5, long_turn=10, warm_up=5, rounds=1)
    return overhead.run(plan, ROWS, list(CASES), memory_requests=20, shipping_requests=200)


def test_every_case_is_measured_in_every_scenario(report: Report) -> None:
    assert {scenario: [row.case for row in rows] for scenario, rows in report.scenarios.items()} == {
        scenario: list(CASES) for scenario in ROWS
    }
    assert all(row.wall.median > 0 for rows in report.scenarios.values() for row in rows)


def test_no_request_is_lost_by_those_that_ship(report: Report) -> None:
    assert {row.lost for rows in report.scenarios.values() for row in rows} == {0}
    assert report.shipped.lost == 0


def test_the_page_shows_every_row_and_a_verdict_on_every_budget(report: Report) -> None:
    page = report.to_markdown()
    for case in CASES:
        assert page.count(f"\n| {case} |") == len(ROWS) + (case in report.memory)
    assert page.count("within budget |") + page.count("over budget |") == len(report.budgets) == 7


def test_the_file_holds_what_the_page_shows(report: Report) -> None:
    assert msgspec.json.decode(report.to_json(), type=Report) == report


def test_memory_is_measured_for_the_peers(report: Report) -> None:
    assert set(report.memory) == {BARE, REQTRACE, OPENTELEMETRY, AGAIN}


def test_differences_are_taken_between_neighbours() -> None:
    """A drift of the machine that is a hundred times the difference does not show."""
    drift = [100.0, 50_000.0, 3_000.0]
    turns = {
        "base": [Turn(walls_ns=[at], cpu_ns=0, rss=0) for at in drift],
        "case": [Turn(walls_ns=[at + 2_000], cpu_ns=0, rss=0) for at in drift],
    }
    assert added_wall([Round(turns, {}, {})] * 2, "case", "base") == Figure(2.0, 2.0, 2.0)


def test_a_measuring_process_that_dies_is_named() -> None:
    raises = pytest.raises(RuntimeError, match="'no such case' ended with status 1")
    with Worker(SYNC, "no such case", seed=0) as worker, raises:
        worker.take_turn(Order(1))

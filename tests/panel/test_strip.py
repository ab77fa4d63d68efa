"""The panel's small timeline: colours as the page has them, bars that never overlap, other people marked."""

import pytest

from reqtrace.panel.strip import ROW_HEIGHT, SHOWN_MAX, WIDTH, colours_of, hue_of, strip_of
from reqtrace.reading.queries import end_of
from reqtrace.records import User
from tests.factories import ALICE, BOB, START_NS, request


@pytest.mark.parametrize(("name", "hue"), [("1", 300), ("2", 60), ("alice", 150), ("Zoë", 315), ("👩", 195)])
def test_a_user_has_the_hue_of_the_live_page(name: str, hue: int) -> None:
    """The same numbers stand in `people.test.ts`."""
    assert hue_of(name) == hue


def test_nobody_in_particular_is_grey() -> None:
    assert colours_of(User("anonymous")) == colours_of(User()) != colours_of(ALICE) != colours_of(BOB)


def test_bars_stand_in_the_order_of_time_within_the_picture_and_an_idle_hour_takes_no_room() -> None:
    this = request(3)
    strip = strip_of(this, [request(1), request(2, user=BOB), request(4, start_ns=START_NS + 3_600_000_000_000)])
    assert [bar.x for bar in strip.bars] == sorted(bar.x for bar in strip.bars)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.1 for bar in strip.bars)
    assert min(bar.width for bar in strip.bars) > WIDTH / 30
    assert [bar.is_this for bar in strip.bars] == [False, False, True, False]
    assert [bar.is_other for bar in strip.bars] == [False, True, False, False]
    assert (strip.others, strip.height) == (1, ROW_HEIGHT)


def test_requests_at_once_stand_below_each_other() -> None:
    this = request(1, duration_ns=100_000_000)
    inner = request(2, start_ns=this.start_ns + 10_000_000, duration_ns=20_000_000, user=BOB)
    later = request(3, start_ns=end_of(this) + 1)
    strip = strip_of(this, [later, inner])
    assert [bar.y for bar in strip.bars] == [0, ROW_HEIGHT, 0]
    assert strip.height == 2 * ROW_HEIGHT


def test_of_many_the_nearest_are_shown() -> None:
    strip = strip_of(request(500), [request(number) for number in range(1, 1_000) if number != 500])
    assert len(strip.bars) == SHOWN_MAX
    assert {bar.request.id for bar in strip.bars} >= {request(499).id, request(501).id}


def test_a_request_alone_on_its_thread_has_its_bar() -> None:
    (bar,) = strip_of(request(1), []).bars
    assert bar.is_this
    assert bar.width > 0

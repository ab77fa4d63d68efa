"""What waits for one browser: in order, bounded, lost in one piece."""

import msgspec
import pytest

from dashboard.protocol import WINDOW, Missed
from dashboard.subscription import Chunk, Start, Subscription


def chunk(number: int, size: int = 10) -> Chunk:
    """Return the batch that follows position `number` and holds one request."""
    return Chunk(after=number, until=number + 1, requests=1, text="x" * size)


async def drain(subscription: Subscription) -> list[str | Start]:
    """Take all that may be sent now."""
    taken = []
    while await subscription.ready(0):
        taken.append(subscription.take())
    return taken


async def test_a_browser_is_told_the_health_first_then_the_start_then_what_follows():
    subscription = Subscription()
    subscription.start(3)
    subscription.offer(chunk(3))
    subscription.offer_status("status")
    assert await drain(subscription) == ["status", Start(3), chunk(3).text]


async def test_a_full_backlog_is_lost_in_one_piece_and_the_newest_goes_on():
    subscription = Subscription(backlog_bytes=3 * chunk(0).size)
    for number in range(8):
        subscription.offer(chunk(number))
    missed, *rest = await drain(subscription)
    assert msgspec.json.decode(missed, type=Missed) == Missed(after=0, until=6, requests=6)
    assert rest == [chunk(6).text, chunk(7).text]


async def test_a_batch_larger_than_the_backlog_still_gets_through_to_a_browser_that_keeps_up():
    subscription = Subscription(backlog_bytes=30)
    subscription.offer(chunk(0, size=100))
    assert await drain(subscription) == [chunk(0, size=100).text]


async def test_no_more_than_a_window_is_sent_to_a_browser_that_does_not_say_it_saw_it():
    subscription = Subscription()
    for number in range(WINDOW + 5):
        subscription.offer(chunk(number))
    assert len(await drain(subscription)) == WINDOW
    assert subscription.stalled
    subscription.seen(3)
    assert len(await drain(subscription)) == 3


async def test_a_start_makes_what_waited_void():
    subscription = Subscription()
    subscription.offer(chunk(1))
    subscription.start(9)
    subscription.offer(chunk(9))
    assert await drain(subscription) == [Start(9), chunk(9).text]


@pytest.mark.parametrize("newer", [None, 12])
async def test_a_postponed_start_comes_again_unless_a_newer_one_has_come(newer):
    subscription = Subscription()
    subscription.start(5)
    assert await subscription.ready(0)
    start = subscription.take()
    if newer is not None:
        subscription.start(newer)
    subscription.postpone(start)
    assert await drain(subscription) == [Start(newer or 5)]

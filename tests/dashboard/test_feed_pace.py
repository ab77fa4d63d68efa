"""How often the feed speaks, and what it says: batches at its own pace, each with what changed and nothing else."""

import asyncio
import threading

import msgspec

from dashboard.feed import PERIOD_SECONDS, Feed
from dashboard.protocol import Batch, Records, ServerMessage
from dashboard.subscription import Start
from reqtrace.stores.memory import MemoryStore

from . import samples

WRITES = 200


async def batches_of(feed, store, write):
    """Listen while `write` writes in a thread of its own; return the batches, and how long it took."""
    batches = []
    with feed.subscribe() as subscription:
        assert await subscription.ready(10)
        assert isinstance(subscription.take(), Start)
        began = asyncio.get_running_loop().time()
        writer = threading.Thread(target=write)
        writer.start()
        while not batches or batches[-1].position < store.bounds()[1] or writer.is_alive():
            if await subscription.ready(0.01):
                message = msgspec.json.decode(subscription.take(), type=ServerMessage)
                assert isinstance(message, Batch)
                subscription.seen(message.position)
                batches.append(message)
        writer.join()
        return batches, asyncio.get_running_loop().time() - began


async def test_however_often_is_written_no_more_than_ten_batches_a_second_are_sent():
    store = MemoryStore()
    paused = threading.Event()

    def write():
        for number in range(WRITES):
            samples.append(store, [samples.request(number)])
            paused.wait(0.005)

    batches, seconds = await batches_of(Feed(lambda: store), store, write)
    assert len(batches) <= seconds / PERIOD_SECONDS + 1
    assert [one.id for batch in batches for one in samples.requests_in(batch)] == [f"r{n}" for n in range(WRITES)]


async def test_a_batch_holds_what_was_written_since_the_last_and_nothing_else():
    store = MemoryStore()
    samples.append(store, [samples.process(), samples.thread(1), *(samples.request(n) for n in range(WRITES))])

    def write():
        samples.append(store, [samples.request(3, path="/again/")])

    batches, _ = await batches_of(Feed(lambda: store), store, write)
    heard = [one for batch in batches for one in samples.requests_in(batch)]
    assert [(one.id, one.path) for one in heard] == [("r3", "/again/")]
    others = [name for name in Records.__struct_fields__ if name != "requests"]
    assert not any(getattr(batch.records, name) for batch in batches for name in others)

"""Browsers' worth of sockets on the live feed: `python -m benchmarks.timeline.sockets ADDRESS COUNT SECONDS`.

Prints how old requests were when they were delivered, in milliseconds, as a JSON list: of each socket and message.
"""

import asyncio
import re
import sys
import time

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from dashboard.protocol import Batch, Seen, ServerMessage
from reqtrace.stores.packing import unpack

POSITION = re.compile(rb'"position":(\d+)')
SETTLE_SECONDS = 2.0
"""What comes at first is what there was before."""


class Listener:
    """All sockets: a message is the same for each of them, so it is decoded once."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.delivered: list[tuple[int, int]] = []
        """Position and Unix time of each message of each socket."""
        self.ended_ns: dict[int, list[int]] = {}
        """When the requests of a message ended, by its position."""

    async def listen(self, socket: ClientConnection) -> None:
        while True:
            message = await socket.recv(decode=False)
            now_ns = time.time_ns()
            found = POSITION.search(message)
            if found is None:
                continue
            position = int(found[1])
            await socket.send(msgspec.json.encode(Seen(position=position)).decode())
            if time.monotonic() - self.began < SETTLE_SECONDS:
                continue
            if position not in self.ended_ns:
                batch = msgspec.json.decode(message, type=ServerMessage)
                packed = batch.records.requests if isinstance(batch, Batch) else []
                requests = (unpack("request", one) for one in packed)
                self.ended_ns[position] = [one.start_ns + one.duration_ns for one in requests]
            self.delivered.append((position, now_ns))

    def ages_ms(self) -> list[float]:
        return [
            (at_ns - ended_ns) / 1e6 for position, at_ns in self.delivered for ended_ns in self.ended_ns[position][::10]
        ]


async def listen(address: str, count: int, seconds: float) -> list[float]:
    """Open the sockets, listen for a while, and return the ages."""
    listener = Listener()
    origin = address.replace("ws://", "http://").partition("/reqtrace/")[0]

    async def one() -> None:
        async with connect(address, origin=origin, max_size=None, compression=None, proxy=None) as socket:
            await listener.listen(socket)

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    await asyncio.sleep(SETTLE_SECONDS + seconds)
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(outcome, asyncio.CancelledError):
            raise RuntimeError("A socket closed before its time.") from outcome
    return listener.ages_ms()


if __name__ == "__main__":
    found = asyncio.run(listen(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
    sys.stdout.write(msgspec.json.encode([round(age, 1) for age in found]).decode())

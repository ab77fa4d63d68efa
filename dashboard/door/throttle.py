"""Slows those who guess: by the account that they try and by the address that they come from."""

import time
from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

KEPT_MAX = 10_000
FORGOTTEN_SECONDS = 15 * 60
"""After so long without a failure, an account or an address begins anew."""
_LONGEST_SECONDS = 300.0


class _Failures(NamedTuple):
    number: int
    last: float


class Throttle:
    """Counts failures, and says how long the next try must wait: from a number of free ones on, twice as long each."""

    def __init__(self, free: int, longest: float = _LONGEST_SECONDS) -> None:
        """Let so many failures pass unslowed."""
        self._free = free
        self._longest = longest
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._lock = Lock()

    def wait(self, key: str) -> float:
        """Return how many seconds are left until another try is answered."""
        now = time.monotonic()
        with self._lock:
            count, last = self._failures.get(key, _Failures(0, now))
        if count < self._free or now - last > FORGOTTEN_SECONDS:
            return 0.0
        return max(0.0, last + min(2.0 ** (count - self._free), self._longest) - now)

    def fail(self, key: str) -> int:
        """Count a failure, and return how many that makes."""
        now = time.monotonic()
        with self._lock:
            count, last = self._failures.get(key, _Failures(0, now))
            count = 1 if now - last > FORGOTTEN_SECONDS else count + 1
            self._failures[key] = _Failures(count, now)
            self._failures.move_to_end(key)
            while len(self._failures) > KEPT_MAX:
                self._failures.popitem(last=False)
        return count

    def succeed(self, key: str) -> None:
        """Forget the failures: it was their owner."""
        with self._lock:
            self._failures.pop(key, None)


accounts = Throttle(free=5)
addresses = Throttle(free=20, longest=60.0)
"""Behind a proxy all people have one address: it is slowed later, and less."""

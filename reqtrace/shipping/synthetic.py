"""Traffic that reqtrace makes itself: marked by its trace id, so that filters can leave it out and nobody else hides.

A trace id travels with a request into its jobs and to other services. This one says when its run began, which run and
which request it is, and ends with a keyed hash of that: only who knows ``SECRET_KEY`` can make one, and one that is
seen and sent again counts for a day at the most.
"""

import hashlib
import hmac
import secrets
from functools import lru_cache
from time import time_ns

from django.conf import settings
from django.utils.encoding import force_bytes

_TOLD = 18
"""So many hexadecimal digits say something: eight the time, four the run, six the request. The others seal it."""
_RUN = 12
_DAY_NS = 86_400 * 10**9
_AHEAD_NS = 60 * 10**9
"""How far clocks of two machines may differ."""


def new_run() -> str:
    """Return how the trace ids of a run begin: all of them, and nobody else's."""
    return f"{time_ns() // 10**9:08x}{secrets.token_hex(2)}"


def trace_id(run: str, number: int) -> str:
    """Return the trace id of a request of a run, by its number."""
    told = f"{run}{number % 16**6:06x}"
    return told + _seal(told)


def traceparent(trace_id: str) -> str:
    """Return the header that bears a trace id; it asks nobody to sample."""
    return f"00-{trace_id}-{trace_id[16:]}-00"


def is_synthetic(trace_id: str | None, at_ns: int) -> bool:
    """Tell whether a request that began then bears the mark."""
    if trace_id is None:
        return False
    began_ns = int(trace_id[:8], 16) * 10**9
    if not began_ns - _AHEAD_NS <= at_ns <= began_ns + _DAY_NS:  # as nearly all that others send
        return False
    return _is_sealed(trace_id)


@lru_cache(maxsize=64)
def _is_sealed(trace_id: str) -> bool:
    return hmac.compare_digest(trace_id[_TOLD:], _seal(trace_id[:_TOLD]))


def _seal(told: str) -> str:
    key = hashlib.sha256(b"reqtrace synthetic:" + force_bytes(settings.SECRET_KEY)).digest()
    return hashlib.blake2b(told.encode(), key=key, digest_size=(32 - _TOLD) // 2).hexdigest()

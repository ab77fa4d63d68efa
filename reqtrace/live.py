"""A request while it is in flight."""

from typing import Any
from weakref import ref

from reqtrace.execution import LiveThread, Place
from reqtrace.identity import UNRESOLVED, Identity
from reqtrace.records import Outcome


class OpenRequest:
    """What is known of a request until its record is made: primitives, and the request itself until it ends.

    The defaults stand on the class, and only what differs from them is ever written: most requests stay on one
    thread, succeed and carry no trace context, and making this object is a good part of what tracing costs.
    """

    ended_ns = 0
    """The clock of `began_ns`; 0 while the request is in flight."""
    response: ref[Any] | None = None
    hops: list[tuple[int, str, Place]] | None = None
    """Nanoseconds since the start, checkpoint and place, for each place after `first`."""
    arrivals: list[tuple[LiveThread, int]] | None = None
    """The threads after the first that it was seen on, and which arrival of that thread it was."""
    before = 0
    at_once = 0
    method = ""
    path = ""
    route = ""
    view = ""
    query_string: str | None = None
    status: int | None = None
    outcome: Outcome | None = None
    """Set when something else than the status decides it."""
    user: Identity = UNRESOLVED
    signed_out: Identity | None = None
    """Who signed out within this request."""
    session_key: str | None = None
    traceparent: str | None = None

    def __init__(self, number: int, request: Any, place: Place, arrival: int, start_ns: int, began_ns: int) -> None:
        """Open the record of `request`, first seen at `place`, as the `arrival`-th request of its thread."""
        self.number = number
        """Counts the requests of this process, from 1."""
        self.request = request
        self.first = place
        self.arrival = arrival
        self.place = place
        """Where its view runs; before that, where the middleware does."""
        self.start_ns = start_ns
        """Unix time."""
        self.began_ns = began_ns
        """`time.perf_counter_ns`, from which all lengths are taken."""

    def has_been_at(self, place: Place) -> bool:
        """Tell whether it was seen there before."""
        return place is self.first or any(place is known for _, _, known in self.hops or ())

"""A request while it is in flight, and what was seen of it that may contradict who it is for: raw, judged later."""

from copy import copy
from typing import Any, NamedTuple
from weakref import ref

from reqtrace import identity
from reqtrace.execution import LiveThread, Place
from reqtrace.holders.base import Holder
from reqtrace.identity import UNRESOLVED, Identity
from reqtrace.records import Finding, Frame, Outcome, Protocol

FACTS_PER_REQUEST = 32


class Sighting(NamedTuple):
    """A holder that named somebody else, or nobody where it should have named the request."""

    holder: Holder
    checkpoint: str
    at_ns: int
    place: Place
    seen: "OpenRequest | None"
    """The request that was named; of a user alone, the last one that this process served to them."""
    by_object: bool
    """Whether it was named as an object, not by its user alone."""
    identity: Identity
    """The user that was named."""
    stale: bool
    """Whether the holder named the same already when the request began."""
    meanwhile: bool
    """Whether a request of the user that was named was in flight."""
    stack: list[Frame]


class Absence(NamedTuple):
    """A holder that was empty here although it names the request elsewhere."""

    holder: Holder
    checkpoint: str
    at_ns: int
    place: Place
    stack: list[Frame]


class Swap(NamedTuple):
    """`request.user` became somebody else."""

    checkpoint: str
    at_ns: int
    before: Identity
    after: Identity
    declared: bool
    """Whether acting as somebody else is declared for this request."""
    stack: list[Frame]


class ForeignSession(NamedTuple):
    """The response, or the request's own session, belongs to another session or user."""

    at_ns: int
    identity: Identity
    cookie: bool
    """Whether the response sets the cookie of another session."""


class ForeignResponse(NamedTuple):
    """A response that was made for somebody else."""

    at_ns: int
    made_for: str
    """The id of the request that it was made for."""
    identity: Identity
    stack: list[Frame]


class Outliving(NamedTuple):
    """Code that still runs under the identity of a request that is over."""

    checkpoint: str
    at_ns: int
    place: Place
    stack: list[Frame]


class Birth(NamedTuple):
    """A value that stood in the context of a request before anything of it had run."""

    holder: str
    holder_kind: str
    seen: "OpenRequest | None"
    identity: Identity


class Carried(NamedTuple):
    """Something set on a database connection that the request did not set itself."""

    at_ns: int
    name: str
    writer: "OpenRequest | None"
    """Who set it; None where the library that does so leaves no trace, as django-tenants."""


class Retention(NamedTuple):
    """A request object that nothing needs any more, and who still holds it."""

    at_ns: int
    holder: str | None
    holder_kind: str | None


Fact = Sighting | Absence | Swap | Birth | ForeignSession | ForeignResponse | Outliving | Carried | Retention


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
    protocol: Protocol = "http"
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
    people: tuple[Identity, ...] = ()
    """Whom it was rightly for, one after another: before and after a login."""
    facts: tuple[Fact, ...] = ()
    """What may contradict that."""
    judged = 0
    """How many of the facts have been judged."""
    findings: tuple[Finding, ...] = ()
    written = 0
    """How many of the findings have been handed to the store."""
    is_left_out = False
    """Whether `SAMPLE` left it out, for as long as nothing was found."""
    presumed: Identity = UNRESOLVED
    """Whose session it came with, by what this process saw of that session before."""
    named: dict[str, Place] | None = None
    """By which holders it was named, and where last."""
    is_in_view = False
    """Whether its view is running."""
    is_probe = False
    """Whether discovery looks around while it runs."""
    is_counted = False
    """Whether the ledger has written it down: what comes later are findings only."""
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

    def read(self, *, query_string: bool) -> None:
        """Take from the request what its record needs, in primitives; with `query_string` that, too."""
        request = self.request
        self.path = request.path
        self.method = request.method
        match = request.resolver_match
        if match is not None:
            self.route, self.view = match.route, match._func_path
        attributes = request.__dict__
        if "user" in attributes or "session" in attributes or "_acached_user" in attributes:
            user = identity.of_request(request)
            # After a logout it is still theirs who signed out.
            self.user = user if self.signed_out is None or user.state == "authenticated" else self.signed_out
            if "session" in attributes:
                self.session_key = identity.session_key_of(request)
        meta = request.META
        if "HTTP_TRACEPARENT" in meta:
            self.traceparent = meta["HTTP_TRACEPARENT"]
        if query_string:
            self.query_string = meta.get("QUERY_STRING")

    def so_far(self, *, query_string: bool) -> "OpenRequest":
        """Return a copy of what is known while it runs; the original is the request path's alone to write to."""
        seen = copy(self)
        seen.ended_ns = 0
        if seen.request is not None:  # it may be finishing right now, and has then been read
            seen.read(query_string=query_string)
        return seen

    def note(self, fact: Fact) -> None:
        """Keep something that may contradict whom the request is for; a loop's thousand repetitions not."""
        if len(self.facts) < FACTS_PER_REQUEST:
            self.facts = (*self.facts, fact)

    def belongs_to(self, user: Identity) -> None:
        """Note that the request is rightly this person's, too: from now on, and for all that was seen before."""
        if user.id is not None and (not self.people or self.people[-1].id != user.id):
            self.people = (*self.people, user)

    def is_named_by(self, holder: str, place: Place) -> None:
        """Note where a holder named it."""
        if self.named is None:
            self.named = {}
        self.named[holder] = place

    def has_been_at(self, place: Place) -> bool:
        """Tell whether it was seen there before."""
        return place is self.first or any(place is known for _, _, known in self.hops or ())

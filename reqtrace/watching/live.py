"""A request while it is in flight, and what was seen of it that may contradict who it is for: raw, judged later."""

from collections.abc import Callable
from contextvars import ContextVar
from copy import copy
from sys import getsizeof
from time import perf_counter_ns
from typing import Any, NamedTuple
from weakref import ref

import msgspec
from django.utils.functional import empty

from reqtrace import identity
from reqtrace.execution.places import LiveThread, Place
from reqtrace.identity import NOBODY_YET, UNRESOLVED, Identity, attribute_of, key_and_owner
from reqtrace.records import Finding, Frame, Message, Named, Outcome, Protocol, Reading, cut
from reqtrace.watching.holders.base import Holder

FACTS_PER_REQUEST = 32
READINGS_PER_REQUEST = 100
_USUAL = 512
"""Texts up to this length take part in the KiB that every request may take."""


class Sighting(NamedTuple):
    """A holder that named somebody else, or nobody where it should have named the request."""

    holder: Holder
    checkpoint: str
    at_ns: int
    place: Place
    seen: "OpenRequest | None"
    """The request that was named; of a user alone, the last one that this process served to them."""
    by_object: bool
    """Whether it was named as an object, the request's own or that of its user; not by its user's key alone."""
    identity: Identity
    """The user that was named."""
    stale: bool
    """Whether the holder named the same already when the request began."""
    meanwhile: bool
    """Whether a request of the user that was named was in flight."""
    stack: list[Frame]
    on_arrival: bool = False
    """Whether it was found on a thread on which nothing of the request had set it yet."""
    is_shared: bool = False
    """Whether the two requests were seen to take the holder from each other, each being in flight."""
    of_user: bool = False
    """Whether a user stands there, and no request: it may be the same user's of another request, as in any cache."""
    view: Any = None
    """The view of the request, where its code tells whether it has used what was left there."""

    @property
    def is_residue(self) -> bool:
        """Tell whether it stood there before any code of the request can have set it."""
        return self.stale or self.on_arrival


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
    stack: list[Frame]


class ForeignResponse(NamedTuple):
    """A response that was made for somebody else."""

    at_ns: int
    made_for: str
    """The id of the request that it was made for."""
    identity: Identity
    of_another_session: bool
    """Whether it is known to have been made for another session, whoever's this one is."""
    stack: list[Frame]


class Outliving(NamedTuple):
    """Code that still runs under the identity of a request that is over."""

    checkpoint: str
    at_ns: int
    place: Place
    stack: list[Frame]
    thread: str = ""
    """The name of a thread that no request was ever on; where there is none, `place` says on which it was seen."""


class Birth(NamedTuple):
    """A value that stood in the context of a request before anything of it had run."""

    holder: str
    holder_kind: str
    seen: "OpenRequest | None"
    identity: Identity
    is_used: bool = False
    """Whether `seen` has used the context, whatever it has set there: `holder` then names all that it has."""


class Birthplace:
    """A context in which a server called the application for a request."""

    __slots__ = ("births", "client", "code", "opened", "task", "variables")

    def __init__(
        self, code: object, client: object, task: Callable[[], object], variables: frozenset[ContextVar[Any]]
    ) -> None:
        """Remember how the server called, in which task, for which connection, and what a clean context held."""
        self.code = code
        self.client = client
        self.task = task
        self.variables = variables
        self.births: list[Birth] = []
        self.opened: OpenRequest | None = None
        """The request, once it has come to the middleware."""


class Carried(NamedTuple):
    """Something set on a database connection that the request did not set itself."""

    at_ns: int
    name: str
    writer: "OpenRequest | None"
    """Who set it; None where the library that does so leaves no trace, as django-tenants."""
    stack: list[Frame]


class LeftState(NamedTuple):
    """Something of Django's that an earlier request has set, and that nobody has set since."""

    checkpoint: str
    at_ns: int
    name: str
    setter: "OpenRequest"
    stack: list[Frame]
    kind: str = "asgiref.Local"


class Retention(NamedTuple):
    """A request object that nothing needs any more, and who still holds it."""

    at_ns: int
    holder: str | None
    holder_kind: str | None


Fact = (
    Sighting | Absence | Swap | Birth | ForeignSession | ForeignResponse | Outliving | Carried | LeftState | Retention
)


class Sent(NamedTuple):
    """By whom, and when, a job was sent: what its message told."""

    parent: str | None = None
    """The id of the request or job."""
    at_ns: int | None = None
    """Unix time."""
    trace_id: str | None = None
    """The trace to which the sender belongs, in W3C Trace Context's digits."""
    user: Identity = UNRESOLVED
    """Whose the sender was, as far as was known."""


class Target:
    """What answers or runs, where that is no view, in the shape of Django's ``resolver_match``."""

    def __init__(self, route: str, path: str, function: object = None) -> None:
        """Name queue or pattern, and the function or class by its path."""
        self.route = route
        self._func_path = path
        self.func = function


class OpenRequest(msgspec.Struct, eq=False):
    """What is known of a request until its record is made: primitives, and the request itself until it ends.

    A struct of msgspec's, since making this object is a good part of what tracing costs.
    """

    number: int
    """Counts the requests of this process, from 1."""
    request: Any
    first: Place
    """Where it was first seen."""
    arrival: int
    """Which request it was of those that arrived on its thread, from 1: on its first; once it is over, its view's."""
    start_ns: int
    """Unix time."""
    began_ns: int
    """`time.perf_counter_ns`, from which all lengths are taken."""
    place: Place
    """Where its view runs; before that, where the middleware does."""
    ended_ns: int = 0
    """The clock of `began_ns`; 0 while the request is in flight."""
    response: ref[Any] | None = None
    hops: list[tuple[int, str, Place]] | None = None
    """Nanoseconds since the start, checkpoint and place, for each place after `first`."""
    arrivals: tuple[tuple[LiveThread, int], ...] = ()
    """The threads after the first that it was seen on, and which arrival of that thread it was."""
    at_once: int = 0
    protocol: Protocol = "http"
    method: str = ""
    path: str = ""
    route: str = ""
    view: str = ""
    query_string: str | None = None
    status: int | None = None
    outcome: Outcome | None = None
    """Set when something else than the status decides it."""
    user: Identity = UNRESOLVED
    look: Any = None
    """What sees whether the view looks at who asks, where others had looked before."""
    has_looked: bool | None = None
    """Whether it did; None where nobody had looked before, so that session and user say it."""
    has_signed_in: bool = False
    """Whether somebody signed in within this request."""
    signed_out: Identity | None = None
    """Who signed out within this request."""
    people: tuple[Identity, ...] = ()
    """Whom it was rightly for, one after another: before and after a login."""
    facts: tuple[Fact, ...] = ()
    """What may contradict that."""
    stood: tuple[Any, ...] | None = None
    """What of Django's state stood there as it began, where it is looked at closely."""
    rivals: tuple[tuple[Holder, "OpenRequest"], ...] = ()
    """Which requests have found this one in which holders, while it was in flight."""
    leaks_now: bool = False
    """Whether a leak was found of what the request itself met, not of what an earlier one had left."""
    judged: int = 0
    """How many of the facts have been judged."""
    findings: tuple[Finding, ...] = ()
    written: int = 0
    """How many of the findings have been handed to the store."""
    is_left_out: bool = False
    """Whether `SAMPLE` left it out, for as long as nothing was found."""
    presumed: Identity = UNRESOLVED
    """Whose session it came with, by what this process saw of that session before; of a job, whose request sent it."""
    named: dict[str, Place] | None = None
    """By which holders it was named, and where last."""
    readings: dict[tuple[str, str, Named | Identity], int] | None = None
    """By checkpoint, holder and whom that named: nanoseconds since the start, the first time."""
    is_in_view: bool = False
    """Whether its view is running."""
    is_plain: bool = True
    """Whether its user is all there is to look at: it runs, nothing was noted about it, nobody has signed out, no
    holder is watched, and discovery does not look around."""
    is_probe: bool = False
    """Whether discovery looks around while it runs."""
    is_counted: bool = False
    """Whether the ledger has written it down: what comes later are findings only."""
    is_waiting: bool = False
    """Whether it is in the shipper's queue, where whatever else is noted goes along."""
    weight: int = 0
    """How many KiB it takes beyond the usual one: what people send can be long."""
    session_key: str | None = None
    traceparent: str | None = None
    met: object = None
    """The user object that was met last, and is not read again."""
    unasked: Any = NOBODY_YET
    """The lazy user that it bore when it was last looked at: as long as it is empty, there is nothing more to see."""
    met_as: Identity = UNRESOLVED
    """Who that is."""
    sent: Sent | None = None
    """Of a job: where it comes from."""
    messages: list[Message] | None = None
    """Of a WebSocket connection."""

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Become nothing where a request is pickled, or copied deeply: it carries this along."""
        return type(None), ()

    def whose(self) -> Identity:
        """Return whose request it is so far, as `identity.of_request` does, while it is in flight."""
        user = identity.user_of(self.request)
        if user is not None:
            found = self.who_is(user)
            if found.state != "unresolved":
                return found
        return identity.of_visitor(self.request)

    def who_is(self, user: object) -> Identity:
        """Return the identity of a user object of this request, as `identity.of_user` does."""
        if user is self.met:
            return self.met_as
        found = identity.of_user(user)
        if found.id is not None:
            self.met, self.met_as = user, found
        return found

    def read(self, with_query_string: bool) -> None:
        """Take from the request what its record needs, in primitives; with the query string where that is wanted."""
        request = self.request
        self.read_plain(request, with_query_string)
        asked = request.__dict__
        user = asked.get("user", NOBODY_YET)
        if (
            user is not self.unasked
            or attribute_of(user, "_wrapped") is not empty
            or "_cached_user" in asked
            or "_acached_user" in asked
        ):
            self.user = self.whose()
        if not self.is_plain:
            self._read_what_was_noted()

    def read_plain(self, request: Any, with_query_string: bool) -> None:
        """Take what a record needs of a request for whose user nobody has asked."""
        self.path = path = request.path
        self.method = method = request.method
        if len(path + method) > _USUAL:
            self.path, self.method = cut(path), cut(method)
            self.weight = (getsizeof(self.path) + getsizeof(self.method)) // 1_024
        match = request.resolver_match
        if match is not None:
            self.route, self.view = match.route, match._func_path
        session = request.__dict__.get("session")
        if session is not None:
            self.session_key, self.user = key_and_owner(session)
        meta = request.META
        if "HTTP_TRACEPARENT" in meta:
            self.traceparent = meta["HTTP_TRACEPARENT"][:_USUAL]
        if with_query_string:
            self.query_string = given = meta.get("QUERY_STRING")
            if given and len(given) > _USUAL:
                self.query_string = cut(given)
                self.weight += getsizeof(self.query_string) // 1_024

    def _read_what_was_noted(self) -> None:
        if self.signed_out is not None and self.user.state != "authenticated":
            self.user = self.signed_out  # after a logout it is still theirs who signed out
        self.weight += 2 * len(self.facts) + len(self.readings or ()) // 8
        for fact in self.facts:
            if isinstance(fact, Swap) and not fact.declared:
                self.user = fact.before  # whoever took the place is in the finding
                break

    def so_far(self, *, query_string: bool) -> "OpenRequest":
        """Return a copy of what is known while it runs; the original is the request path's alone to write to."""
        seen = copy(self)
        seen.ended_ns = 0
        if seen.request is not None:  # it may be finishing right now, and has then been read
            seen.read(query_string)
        return seen

    def note(self, fact: Fact) -> None:
        """Keep something that may contradict whom the request is for; a loop's thousand repetitions not."""
        if len(self.facts) < FACTS_PER_REQUEST:
            self.facts = (*self.facts, fact)
            self.is_plain = False

    def belongs_to(self, user: Identity) -> None:
        """Note that the request is rightly this person's, too: from now on, and for all that was seen before."""
        if user.id is not None and (not self.people or self.people[-1].id != user.id):
            self.people = (*self.people, user)

    def is_named_by(self, holder: str, place: Place) -> None:
        """Note where a holder named it."""
        if self.named is None:
            self.named = {}
        self.named[holder] = place

    def keep_reading(self, checkpoint: str, holder: str, names: Named | Identity) -> None:
        """Keep whom a holder named at a checkpoint; a thousand queries' repetitions not.

        Of a user alone it is known only in the end whether that is the request's.
        """
        if self.readings is None:
            self.readings = {}
        reading = (checkpoint, holder, names)
        if reading not in self.readings and len(self.readings) < READINGS_PER_REQUEST:
            self.readings[reading] = perf_counter_ns() - self.began_ns

    def readings_kept(self) -> list[Reading]:
        """Return what the holders named that ever named somebody."""
        own = {person.id for person in (self.user, self.presumed, *self.people)}
        readings = (self.readings or {}).copy()  # what is read as the request closes may come in right now
        speaking = {holder for _, holder, names in readings if names != "nobody"}
        return [
            Reading(checkpoint, holder, _named(names, own), at_ns)
            for (checkpoint, holder, names), at_ns in readings.items()
            if holder in speaking
        ]

    def has_been_at(self, place: Place) -> bool:
        """Tell whether it was seen there before."""
        return place is self.first or any(place is known for _, _, known in self.hops or ())


def _named(names: Named | Identity, own: set[str | None]) -> Named:
    if isinstance(names, str):
        return names
    return "user" if names.id in own else "other"

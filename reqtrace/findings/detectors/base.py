"""What a detector is: from one fact to a verdict, purely."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import msgspec

from reqtrace.records import FindingKind, Frame, Level, Side, User, Writer

BUILT_IN = frozenset({"start", "view", "view-end", "template", "query", "receive", "send", "response", "close"})
"""All checkpoints but those that the application names."""


class Case(msgspec.Struct, kw_only=True):
    """A fact with everything that is known around it by the time it is judged."""

    fact: str
    """What kind of fact: ``sighting``, ``lost``, ``swap``, ``session``, ``response``, ``outliving``, ``retention`` or
    ``context`` or ``connection``."""
    checkpoint: str
    at_ns: int
    expected: Side
    """Whom the request is for."""
    people: frozenset[str] = frozenset()
    """Primary keys of everybody whom the request was rightly for: before and after a login, an impersonator."""
    observed: Side
    """Who was seen."""
    same_object: bool = False
    """Whether the very request itself was seen: left behind after its end."""
    seen_is_known: bool = False
    """Whether the request that was seen is known as an object, not only by its user."""
    seen_had_ended: bool = False
    """Whether the request that was seen was over before this one began: they never ran at once."""
    stale: bool = False
    """Whether what was seen stood there already as the request began."""
    on_arrival: bool = False
    """Whether it was found on a thread on which nothing of the request had run that sets it."""
    meanwhile: bool = False
    """Whether a request of the user who was seen was in flight, or the very object of one stood there."""
    names_user: bool = False
    """Whether a user was seen, and no request."""
    is_shared: bool = False
    """Whether the two requests took the holder from each other, each being in flight."""
    set_when: Literal["on the way in", "when used", "unknown"] = "unknown"
    """When a request's code sets the holder."""
    is_of_user: bool = True
    """Whether the request's view was seen to use the holder, where views set it."""
    is_relied_on: bool = False
    """Whether the code of the request's view surely has used what stood in the holder from before."""
    handed_out: bool = False
    """Whether a watched getter of the application gave it to its caller."""
    declared: bool = False
    """Whether acting as somebody else is declared for this request."""
    cookie: bool = False
    is_used: bool = False
    """Whether an earlier request has used the context that this one was born into, whatever it has set there."""
    other_session: bool = False
    """Whether a response is known to have been made for another session, whoever's this one is."""
    holder: str | None = None
    holder_kind: str | None = None
    writer: Writer | None = None
    stack: list[Frame] = []
    library: str = ""
    """Distribution and version of the library that the holder belongs to; empty for one of the application."""
    library_fix: str = ""
    """What its user can do, where that is known: one sentence."""
    is_cached_call: bool = False
    """Whether the holder is a function under ``functools.cache``, which keeps the arguments of its calls."""
    server: str = "unknown"
    worker_class: str = "unknown"
    interface: str = "wsgi"
    thread_name: str = ""
    thread_serial: int = 0
    job: str = ""
    """The task's name, where the request is a job."""

    @property
    def is_residue(self) -> bool:
        """Tell whether what was seen stood there before any code of the request can have set it."""
        return self.stale or self.on_arrival or self.fact == "context"


class Verdict(msgspec.Struct, frozen=True):
    """What a detector says of a case."""

    message: str
    """What happened, for a tired person: one sentence."""
    fix: str
    """How to mend it for this holder and this server: one sentence."""


class Detector(ABC):
    """Judges cases of one kind. Pure: it sees the case alone, and asks nobody."""

    kind: FindingKind
    level: Level
    when: ClassVar[str]
    """What makes such a finding: a part of a sentence, as the reference lists it."""
    remedy: ClassVar[str]
    """How that is mended as a rule; the fix of a finding fits its holder and server."""
    example: ClassVar[Case]
    """A case of this kind."""

    @abstractmethod
    def examine(self, case: Case) -> Verdict | None:
        """Return a verdict, or None when the case is none of this kind, or when that cannot be known."""


def case_of(fact: str, checkpoint: str, **known: Any) -> Case:
    """Return a case to show: the request is alice's, and it is bob who was seen."""
    alice, bob = (Side(name, User("authenticated", name, name)) for name in ("alice", "bob"))
    return Case(
        fact=fact, checkpoint=checkpoint, at_ns=0, expected=alice, people=frozenset(("alice",)), observed=bob, **known
    )


def names_another(case: Case) -> bool:
    """Tell whether the user who was seen is known to be none of those whom the request is for."""
    seen, expected = case.observed.user, case.expected.user
    is_known = expected.id is not None or expected.state == "anonymous"
    return is_known and seen.id is not None and seen.id not in case.people


def person(side: Side) -> str:
    """Name somebody in a sentence."""
    user = side.user
    if user.state == "anonymous":
        return "an anonymous visitor"
    return user.label or user.id or "somebody whose name nobody asked for"


def other_request(case: Case) -> str:
    """Name the request that was seen in a sentence that has named the request before."""
    seen = case.observed.user
    if seen.state == "unresolved":
        return "another request"
    if seen.state == case.expected.user.state == "anonymous":
        return "another anonymous request"
    return f"the request of {person(case.observed)}"


def unit(case: Case) -> str:
    """Name the request, or the job, in a sentence."""
    if not case.job:
        return f"the request of {person(case.expected)}"
    is_for = case.expected.user.state != "unresolved"
    return f"the job {case.job}" + (f" for {person(case.expected)}" if is_for else "")


def server_of(case: Case) -> str:
    """Name the server in a sentence."""
    if case.worker_class in ("unknown", case.server, "asgi", "asyncio", "uvloop"):
        return case.server if case.server != "unknown" else "this server"
    return f"{case.server} ({case.worker_class})"


def mend(case: Case) -> str:
    """Say how to mend a holder of this kind under this server; of a library's, what its user can do."""
    holder = case.holder or "the holder"
    if case.library:
        return case.library_fix or _mend_of_user(case, holder)
    if case.holder_kind in ("threading.local", "gevent.local", "dict by thread"):
        if case.interface == "asgi" and not case.seen_had_ended:
            return (
                f"Keep it in a ContextVar instead of {holder}: under {server_of(case)} one thread serves many "
                "requests at once, and no clean-up keeps them apart there."
            )
        if case.worker_class == "gevent" and not case.seen_had_ended:
            return (
                f"Let gevent patch before the application is imported, or keep it in a ContextVar: {holder} was made "
                "before the patch and is shared by all greenlets of the thread."
            )
        unit_ = "job" if case.job else "request"
        return f"Set {holder} for every {unit_} and clear it in a finally block on the way out, or use a ContextVar."
    if case.holder_kind == "ContextVar" and not case.seen_had_ended:
        return (
            f"Set {holder} to a value of its own for every request, never changing a list or dict in place, and reset "
            "it in a finally block on the way out: what all contexts hold, a default among it, is everybody's."
        )
    if case.holder_kind in ("ContextVar", "asgiref.Local"):
        return (
            f"Reset {holder} in a finally block on the way out: {server_of(case)} reuses the context with the thread."
        )
    if case.holder_kind == "attribute":
        what = "a user" if case.names_user else "a request"
        return f"Do not keep {what} in {holder}, which all requests share: pass it on, or use a ContextVar."
    return f"Let {holder} look at the request it is given, not at what the process remembers."


def _mend_of_user(case: Case, holder: str) -> str:
    """Say what can be done by those who cannot change the code."""
    if case.holder_kind == "attribute":
        return (
            f"{holder} belongs to {case.library} and is the same for all requests: upgrade it, or do without the part "
            "that puts a request there, since nothing around it keeps requests apart."
        )
    if (
        case.interface == "asgi"
        and case.holder_kind in ("threading.local", "dict by thread")
        and not case.seen_had_ended
    ):
        return (
            f"{holder} belongs to {case.library}, which keeps it by thread: upgrade to a release that uses a "
            f"ContextVar, or serve these pages by WSGI: under {server_of(case)} one thread has many requests at once."
        )
    return (
        f"{holder} belongs to {case.library}: upgrade it, or put a middleware of your own right above its own that "
        f"clears {holder} in a finally block on the way out."
    )

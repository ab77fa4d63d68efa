"""What was seen on the request path that may contradict who a request is for: raw, judged later."""

import sys
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from reqtrace.execution import Place
from reqtrace.holders.base import Holder
from reqtrace.identity import Identity
from reqtrace.records import Frame

if TYPE_CHECKING:
    from reqtrace.live import OpenRequest

STACK_FRAMES = 12


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


def stack_of(frame: FrameType | None) -> list[Frame]:
    """Return the frames of the application from `frame` outwards, innermost first."""
    frames: list[Frame] = []
    while frame is not None and len(frames) < STACK_FRAMES:
        code = frame.f_code
        if _is_application(code, frame.f_globals.get("__name__", "")):
            frames.append(Frame(code.co_filename, frame.f_lineno, code.co_qualname))
        frame = frame.f_back
    return frames


def view_of(request: Any) -> list[Frame]:
    """Return where the view of a request begins, as a stack of one frame; of none where that cannot be told."""
    view = getattr(getattr(request, "resolver_match", None), "func", None)
    class_ = getattr(view, "view_class", None) or getattr(view, "cls", None)  # Django's, and REST framework's
    handler: Any = view if class_ is None else getattr(class_, request.method.lower(), None)
    while hasattr(handler, "__wrapped__"):  # decorators
        handler = handler.__wrapped__
    code = getattr(handler, "__code__", None)
    return [Frame(code.co_filename, code.co_firstlineno, code.co_qualname)] if isinstance(code, CodeType) else []


def frame_of(coroutine: Any) -> Frame | None:
    """Return where a coroutine of the application stands; None for anybody else's."""
    code, frame = getattr(coroutine, "cr_code", None), getattr(coroutine, "cr_frame", None)
    if not isinstance(code, CodeType) or frame is None:
        return None
    if not _is_application(code, frame.f_globals.get("__name__", "")):
        return None
    return Frame(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_qualname)


def _is_application(code: CodeType, module: str) -> bool:
    top = module.partition(".")[0]
    return (
        top not in _NOT_APPLICATION
        and top not in sys.stdlib_module_names
        and "site-packages" not in code.co_filename
        and not code.co_filename.startswith("<")
    )


_NOT_APPLICATION = frozenset(
    {"reqtrace", "django", "asgiref", "gunicorn", "uvicorn", "daphne", "hypercorn", "waitress"}
)

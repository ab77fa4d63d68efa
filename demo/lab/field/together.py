"""Objects that two requests at once take from each other, where people keep "the current one" without seeing it."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.http import HttpRequest, HttpResponse

import reqtrace
from demo.lab.field.base import Kind, answer, meet

Next = Callable[[HttpRequest], HttpResponse]


class Throttle:
    """Made once for an API; keeps the request for what it says when somebody asks too often."""

    def allow(self, request: Any) -> bool:
        """Allow, and remember whom."""
        self._request = request
        meet(request)
        return True

    def whom(self) -> Any:
        """Return whom it says it has allowed."""
        return self._request


class CarefulThrottle:
    """Counts, and keeps nobody."""

    allowed = 0

    def allow(self, request: Any) -> bool:
        """Allow."""
        self.allowed += 1
        meet(request)
        return True


class Audit:
    """Keeps the request on the class, as a middleware of an audit did."""

    request: Any = None


class WithRequest(logging.Filter):
    """Puts the current request into each line of the log."""

    current_request: Any = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Add it."""
        record.request = self.current_request
        return True


class Permission:
    """One for all objects of an API, which is told the user before it is asked."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.user: Any = None

    def decide(self, user: Any, request: Any) -> Any:
        """Decide for whoever stands there by then."""
        self.user = user
        meet(request)
        return self.user


throttle, careful_throttle, permission = Throttle(), CarefulThrottle(), Permission()
with_request = WithRequest()
_box: dict[str, Any] = {}
_shared = Permission()
_pool = ThreadPoolExecutor(2, "field-lost")
_in_thread = threading.local()


def audit(get_response: Next) -> Next:
    """Return the middleware of the audit, and one that removes what it has set on the way out."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/audit-on-class/broken/"):
            Audit.request = request
        if request.path.startswith("/lost-in-pool/broken/"):
            _in_thread.request = request
        if request.path.startswith("/taken-away/broken/"):
            _shared.user = request
        try:
            return get_response(request)
        finally:
            _shared.user = _in_thread.request = None

    return middleware


def throttled(request: Any, key: str) -> HttpResponse:
    """Ask a throttle that all share."""
    throttle.allow(request)
    return answer(request, throttle.whom())


def throttled_carefully(request: Any, key: str) -> HttpResponse:
    """Ask one that keeps nobody."""
    careful_throttle.allow(request)
    return answer(request, request)


def audited(request: Any, key: str) -> HttpResponse:
    """Do what is audited."""
    meet(request)
    return answer(request, Audit.request)


def logged(request: Any, key: str) -> HttpResponse:
    """Log who asks."""
    with_request.current_request = request
    meet(request)
    return answer(request, with_request.current_request)


def decided(request: Any, key: str) -> HttpResponse:
    """Ask for permission."""
    return answer(request, permission.decide(request.user, request))


def boxed(request: Any, key: str) -> HttpResponse:
    """Keep the request in a dict of the module."""
    _box["request"] = request
    meet(request)
    return answer(request, _box["request"])


def boxed_carefully(request: Any, key: str) -> HttpResponse:
    """Keep it in a dict of the function."""
    box = {"request": request}
    meet(request)
    return answer(request, box["request"])


def taken_away(request: Any, key: str) -> HttpResponse:
    """Look for whom a middleware has set, once the other one has gone."""
    meet(request)
    time.sleep(0.2 * (request.user.pk % 2))
    return answer(request, _shared.user)


def of_none(request: Any, key: str) -> HttpResponse:
    """Meet, and keep nobody."""
    meet(request)
    return answer(request, request)


def lost_in_pool(request: Any, key: str) -> HttpResponse:
    """Let a thread of a pool look for whom this one has been told."""
    return answer(request, _pool.submit(copy_context().run, _whom).result())


def given_to_pool(request: Any, key: str) -> HttpResponse:
    """Give a thread of a pool what it needs."""
    return answer(request, _pool.submit(copy_context().run, str, request.user.get_username()).result())


def _whom() -> Any:
    reqtrace.checkpoint("job")
    return getattr(_in_thread, "request", None)


KINDS = (
    Kind("throttle", "a throttle made once", throttled, throttled_carefully, at_once=2),
    Kind("audit-on-class", "a middleware that keeps the request on a class", audited, of_none, at_once=2),
    Kind("logging-filter", "a filter of the log that keeps the request", logged, of_none, at_once=2),
    Kind("permission", "a permission made once, which is told the user", decided, of_none, at_once=2),
    Kind("module-dict", "a dict in a module", boxed, boxed_carefully, at_once=2),
    Kind("taken-away", "a place that somebody else's end empties", taken_away, of_none, at_once=2, tells_each=False),
    Kind(
        "lost-in-pool",
        "a thread-local that a thread of a pool has not",
        lost_in_pool,
        given_to_pool,
        findings=frozenset({"lost"}),
    ),
)

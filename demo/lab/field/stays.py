"""What one request leaves for the next on the same thread, connection or class, and what is put right before use."""

import threading
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from demo.lab.field.base import Kind, answer

Next = Callable[[HttpRequest], HttpResponse]
LEFT = frozenset({"leftover", "crossed"})

_signed_in = threading.local()
_stack = threading.local()
_acting = threading.local()
_by_thread: dict[int, Any] = {}
_tree = threading.local()


def remember_signed_in(get_response: Next) -> Next:
    """Return a middleware that remembers those who are signed in, and forgets nobody."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/signed-in-alone/broken/") and request.user.is_authenticated:
            _signed_in.user = request.user
        return get_response(request)

    return middleware


def key_by_thread(get_response: Next) -> Next:
    """Return a middleware with an entry for each thread, which stays where somebody is not signed in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/keyed-by-thread/broken/") and request.user.is_authenticated:
            _by_thread[threading.get_ident()] = request
        return get_response(request)

    return middleware


def push_and_pop(get_response: Next) -> Next:
    """Return a middleware with a stack, from which only those are taken who have a session."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/unbalanced-stack/broken/"):
            return get_response(request)
        if not hasattr(_stack, "users"):
            _stack.users = []
        if request.user.is_authenticated:
            _stack.users.append(request.user)
        return get_response(request)

    return middleware


def signed_in_alone(request: Any, key: str) -> HttpResponse:
    """Answer to whoever the middleware remembers."""
    return answer(request, getattr(_signed_in, "user", None) or request.user)


def keyed_by_thread(request: Any, key: str) -> HttpResponse:
    """Answer to whoever stands in this thread's entry."""
    return answer(request, _by_thread.get(threading.get_ident(), request))


def unbalanced_stack(request: Any, key: str) -> HttpResponse:
    """Answer to whoever is on top."""
    return answer(request, _stack.users[-1] if getattr(_stack, "users", None) else request.user)


def acting_stays(request: Any, key: str) -> HttpResponse:
    """Let alice act as carol, and forget to end it."""
    if request.user.get_username() == "alice":
        _acting.impersonated_user = User.objects.get(username="carol")
        return answer(request, request.user)
    return answer(request, getattr(_acting, "impersonated_user", request.user))


def acting_ends(request: Any, key: str) -> HttpResponse:
    """Act as oneself for a while."""
    _acting.user = request.user
    try:
        return answer(request, _acting.user)
    finally:
        del _acting.user


def language_stays(request: Any, key: str) -> HttpResponse:
    """Speak German to alice, and to whoever comes after her."""
    if request.user.get_username() == "alice":
        translation.activate("de")
    return answer(request, "alice" if translation.get_language() == "de" else request.user)


def language_ends(request: Any, key: str) -> HttpResponse:
    """Speak German to alice."""
    with translation.override("de" if request.user.get_username() == "alice" else None):
        return answer(request, request.user)


def zone_stays(request: Any, key: str) -> HttpResponse:
    """Show alice her time, and that to whoever comes after her."""
    if request.user.get_username() == "alice":
        timezone.activate("Asia/Tokyo")
    return answer(request, "alice" if timezone.get_current_timezone_name() == "Asia/Tokyo" else request.user)


def zone_ends(request: Any, key: str) -> HttpResponse:
    """Show alice her time."""
    with timezone.override("Asia/Tokyo" if request.user.get_username() == "alice" else None):
        return answer(request, request.user)


def tenant_stays(request: Any, key: str) -> HttpResponse:
    """Take alice to her schema, and leave the connection there."""
    if request.user.get_username() == "alice":
        connection.schema_name = f"of_{request.user.get_username()}"
    schema = getattr(connection, "schema_name", None) or ""
    return answer(request, "alice" if schema == "of_alice" else request.user)


def tenant_ends(request: Any, key: str) -> HttpResponse:
    """Take everybody to their own."""
    connection.tenant_name = f"of_{request.user.get_username()}"
    return answer(request, request.user)


class Forms:
    """A mixin's options, of which there are one for all."""

    form_kwargs: ClassVar[dict[str, Any]] = {}

    def kwargs(self, user: Any) -> dict[str, Any]:
        """Fill them in for whoever comes first."""
        self.form_kwargs.setdefault("user", user)
        return self.form_kwargs

    def own_kwargs(self, user: Any) -> dict[str, Any]:
        """Make some for each."""
        return {**self.form_kwargs, "user": user} if "user" not in self.form_kwargs else {"user": user}


def class_options(request: Any, key: str) -> HttpResponse:
    """Take options of the class."""
    return answer(request, Forms().kwargs(request.user)["user"])


def own_options(request: Any, key: str) -> HttpResponse:
    """Take options of one's own."""
    return answer(request, {"user": request.user}["user"])


def no_tree(request: Any, key: str) -> HttpResponse:
    """Use a menu that keeps the request of each and never lets go, on some pages alone."""
    if int(key.rpartition("-")[2]) % 2:
        return answer(request, request.user)
    if getattr(_tree, "current_request", None) is not request:
        _tree.current_request = request
    return answer(request, _tree.current_request)


def of_none(request: Any, key: str) -> HttpResponse:
    """Keep nobody."""
    return answer(request, request.user)


KINDS = (
    Kind(
        "signed-in-alone",
        "a thread-local set for those who are signed in",
        signed_in_alone,
        of_none,
        strangers=True,
        of_threads=True,
    ),
    Kind(
        "keyed-by-thread",
        "a dict keyed by thread, never cleaned",
        keyed_by_thread,
        of_none,
        strangers=True,
        of_threads=True,
    ),
    Kind(
        "unbalanced-stack",
        "a stack that is pushed and never popped",
        unbalanced_stack,
        of_none,
        strangers=True,
        of_threads=True,
    ),
    Kind(
        "acting-stays",
        "an impersonation that is not ended",
        acting_stays,
        acting_ends,
        findings=frozenset(),
        of_threads=True,
    ),
    Kind("language-stays", "a language that stays", language_stays, language_ends, findings=LEFT, of_threads=True),
    Kind("zone-stays", "a time zone that stays", zone_stays, zone_ends, findings=LEFT, of_threads=True),
    Kind(
        "tenant-stays",
        "a schema name that stays on the connection",
        tenant_stays,
        tenant_ends,
        findings=LEFT,
        of_threads=True,
    ),
    Kind("class-options", "a dict of a class that is filled by whoever comes first", class_options, own_options),
    Kind(
        "set-when-used",
        "a menu that keeps the request and replaces it before each use",
        of_none,
        no_tree,
        findings=frozenset(),
        allowed=frozenset({"leftover"}),
        is_sound=True,
        of_threads=True,
    ),
)

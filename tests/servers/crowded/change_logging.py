"""Keepers of the application's own, all without fault: set on the way in and reset, and set as a service is called."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import User
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

current_request: ContextVar[HttpRequest | None] = ContextVar("current_request", default=None)
"""Set by the middleware for as long as the request runs, as NetBox does."""
_service = threading.local()
_pricing_for: ContextVar[User | None] = ContextVar("pricing_for", default=None)
saved_by: list[tuple[str, str | None]] = []


@contextmanager
def event_tracking(request: HttpRequest) -> Iterator[None]:
    """Let all changes within be this request's."""
    token = current_request.set(request)
    try:
        yield
    finally:
        current_request.reset(token)


def change_logging(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Log the changes of each request."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with event_tracking(request):
            return get_response(request)

    return middleware


def quote_for(request: HttpRequest) -> str:
    """Price something, by a service that is told whom it works for each time it is called, and never forgets."""
    if getattr(_service, "request", None) is not request:
        _service.request = request
    _pricing_for.set(request.user)  # type: ignore[arg-type]
    return f"{_service.request.user.get_username()} {_pricing_for.get().get_username()}"  # type: ignore[union-attr]


def note_saved(instance: Any, **_: object) -> None:
    """Say of a change by whom it was made (a receiver of ``post_save``)."""
    request = current_request.get()
    instance.saved_by = request.user.get_username() if request is not None and hasattr(request, "user") else None


def connect() -> None:
    """Listen to changes."""
    from tests.servers.crowded.models import Note

    post_save.connect(note_saved, sender=Note)

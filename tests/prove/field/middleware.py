"""Middleware of the cases: what it looks at, keeps, and takes away again."""

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Current:
    """Who is asking, one for all."""

    name = ""


working_for: ContextVar[str] = ContextVar("working_for", default="nobody")


def look_who_is_there(get_response: GetResponse) -> GetResponse:
    """Look at the user before any view does, as feature flags do."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.is_known = request.user.is_authenticated  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def set_and_removed(get_response: GetResponse) -> GetResponse:
    """Say who is asking in one place for all, and take it away at the end."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        Current.name = request.user.get_username()
        try:
            return get_response(request)
        finally:
            Current.name = "nobody"

    return middleware


def reset_in_the_end(get_response: GetResponse) -> GetResponse:
    """Say who is asking for as long as the view runs: a body that is streamed is made later."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        token = working_for.set(request.user.get_username())
        try:
            return get_response(request)
        finally:
            working_for.reset(token)

    return middleware

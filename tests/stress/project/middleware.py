"""Keeps the current user in one place for all, or in a place for each request, as the environment says."""

import os
import threading
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

PLANTED = os.environ.get("PLANTED", "")


class Current:
    """The current user, one for all requests: the leak."""

    user: object = None


_locals = threading.local()
_user: ContextVar[object] = ContextVar("stress_project_user", default=None)


def get_current_user() -> object:
    """Return whoever the application believes is asking."""
    if "shared" in PLANTED:
        return Current.user
    if "leftover" in PLANTED:
        return getattr(_locals, "user", None)
    return _user.get()


class CurrentUser:
    """Remembers who asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Remember, answer, forget where it is mended."""
        user = request.user if request.user.is_authenticated else None
        if "shared" in PLANTED:
            Current.user = user
        elif "leftover" in PLANTED:
            if user is not None:
                _locals.user = user
        else:
            token = _user.set(user)
            try:
                return self.get_response(request)
            finally:
                _user.reset(token)
        return self.get_response(request)

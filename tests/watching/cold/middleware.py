"""Remembers who asks, where everybody looks: for those who are signed in."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class State:
    """What is the same for all requests."""

    request: HttpRequest | None = None


class Remember:
    """Keeps the request on a class."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Remember and answer."""
        if request.path.startswith("/class/") and request.user.is_authenticated:
            State.request = request
        return self.get_response(request)

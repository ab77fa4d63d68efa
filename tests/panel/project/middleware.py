"""Keeps the current request, and never lets go of it."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest


class Kept:
    """One place for all requests: the leak."""

    request: HttpRequest | None = None


class KeepsTheRequest:
    """Keeps the request, and leaves it there."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Wrap."""
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Keep it; the answer is awaited where the next layer is."""
        Kept.request = request
        return self.get_response(request)

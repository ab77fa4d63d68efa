"""Three places in which applications keep the current request, and the middleware that fills them."""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asgiref.local import Local
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest

on_thread = threading.local()
in_local = Local()
in_context: ContextVar[HttpRequest | None] = ContextVar("in_context", default=None)


class Holding:
    """Keeps the request in all three while it is answered."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Fill the places, and empty them again."""
        if self.is_async:
            return self.__acall__(request)
        self._fill(request)
        try:
            return self.get_response(request)
        finally:
            self._fill(None)

    async def __acall__(self, request: HttpRequest) -> Any:
        """Do the same on an event loop."""
        self._fill(request)
        try:
            return await self.get_response(request)
        finally:
            self._fill(None)

    def _fill(self, request: HttpRequest | None) -> None:
        on_thread.request = in_local.request = request
        in_context.set(request)

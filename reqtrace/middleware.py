"""The tracing middleware: sync and async in one class, first in ``MIDDLEWARE``."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from reqtrace import conf
from reqtrace.capture import lifecycle, view_seam
from reqtrace.capture.carrying import current, current_request, enter, leave
from reqtrace.capture.streams import follow
from reqtrace.execution import exclusions

GetResponse = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class TraceMiddleware:
    """Opens a record for each request and leaves it open until the response is closed.

    Django asks which kind of middleware it needs and gets that very kind, so that no request changes threads on
    our account. The two call methods differ only in ``await``.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Wrap the next layer.

        Raises:
            MiddlewareNotUsed: when the setting ``ENABLED`` is false; Django then leaves this middleware out.

        """
        if not conf.get().enabled:
            raise MiddlewareNotUsed("REQTRACE['ENABLED'] is false")
        self.get_response: Callable[[HttpRequest], Any] = get_response
        self.recorder = lifecycle.recorder()
        self.recorder.prepare(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        if not view_seam.open_seam(self.recorder):
            self.process_view = self._aprocess_view if self.is_async else self._process_view

    def __call__(self, request: HttpRequest) -> Any:
        """Trace one request through the layers below."""
        if self.is_async:
            return self.__acall__(request)
        if request.path.startswith(exclusions.prefixes()):
            return self.get_response(request)
        opened = self.recorder.begin(request)
        if opened is None:
            return self.get_response(request)
        token = current_request.set(opened)
        try:
            response = self.get_response(request)
        except BaseException as error:
            self.recorder.abandon(opened, error)
            raise
        finally:
            current_request.reset(token)
        return follow(self.recorder, opened, response)

    async def __acall__(self, request: HttpRequest) -> Any:
        """Trace one request through the layers below, on an event loop."""
        if request.path.startswith(exclusions.prefixes()):
            return await self.get_response(request)
        opened = self.recorder.begin(request)
        if opened is None:
            return await self.get_response(request)
        way = enter(opened)
        try:
            response = await self.get_response(request)
        except BaseException as error:
            self.recorder.abandon(opened, error)
            raise
        finally:
            leave(way)
        return follow(self.recorder, opened, response)

    def _process_view(self, *_: Any) -> None:
        opened = current()
        if opened is not None:
            self.recorder.enter_view(opened)

    async def _aprocess_view(self, *_: Any) -> None:
        self._process_view()

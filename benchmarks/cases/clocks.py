"""Two clocks and a deque: about the least that can be called tracing, shipping not included."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from benchmarks.cases.base import Case

_seen: deque[tuple[int, int, str | None, str, int]] = deque(maxlen=10_000)


@sync_and_async_middleware
def clocks_and_deque(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Note when each request began, how long it took, and what came of it."""
    if iscoroutinefunction(get_response):

        async def trace_async(request: HttpRequest) -> HttpResponseBase:
            start_ns, began = time.time_ns(), time.perf_counter_ns()
            response: HttpResponseBase = await get_response(request)
            _note(start_ns, began, request, response)
            return response

        return trace_async

    def trace(request: HttpRequest) -> Any:
        start_ns, began = time.time_ns(), time.perf_counter_ns()
        response = get_response(request)
        _note(start_ns, began, request, response)
        return response

    return trace


def _note(start_ns: int, began: int, request: HttpRequest, response: HttpResponseBase) -> None:
    _seen.append((start_ns, time.perf_counter_ns() - began, request.method, request.path, response.status_code))


class ClocksAndDeque(Case):
    """A tracer that keeps nothing but its last 10,000 tuples."""

    middleware = ("benchmarks.cases.clocks.clocks_and_deque",)

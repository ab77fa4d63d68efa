"""A middleware that does nothing: what Django itself charges for one more layer."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from benchmarks.cases.base import Case


@sync_and_async_middleware
def no_op(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Pass the request on and the response back."""
    if iscoroutinefunction(get_response):
        awaitable: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = get_response

        async def pass_on_async(request: HttpRequest) -> HttpResponseBase:
            return await awaitable(request)

        return pass_on_async

    def pass_on(request: HttpRequest) -> Any:
        return get_response(request)

    return pass_on


class NoOp(Case):
    """One layer, empty."""

    middleware = ("benchmarks.cases.noop.no_op",)

"""The scenarios on the server that they are about: their URLs, their sockets and their middleware."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from demo.scenarios import SCENARIOS
from demo.scenarios.base import Way
from demo.scenarios.meeting import meet
from demo.scenarios.visit import LAST


def last_page(way: Way) -> Callable[..., Any]:
    """Return the view that tidies up behind a way; sync views meet there, so that each of the threads has its turn."""

    def last(request: HttpRequest) -> HttpResponse:
        meet(request.GET)
        way.tidy()
        return HttpResponse()

    async def last_on_the_loop(request: HttpRequest) -> HttpResponse:
        way.tidy()
        return HttpResponse()

    return last_on_the_loop if settings.TOUR_SERVER == "uvicorn" else last


_WAYS = [
    (scenario.prefix(name), way)
    for scenario in SCENARIOS
    if scenario.server == settings.TOUR_SERVER
    for name, way in scenario.ways.items()
]

urlpatterns: list[URLPattern] = [
    path(prefix[1:] + tail, view)
    for prefix, way in _WAYS
    for tail, view in (*way.pages.items(), (LAST, last_page(way)))
]
websocket_urlpatterns: list[URLPattern] = [
    path(prefix[1:] + tail, application) for prefix, way in _WAYS for tail, application in way.sockets.items()
]


class AroundDjango:
    """Puts each way's own ASGI middleware around Django for its own pages."""

    def __init__(self, application: Callable[..., Any]) -> None:
        """Wrap Django."""
        self.application = application
        self.wrapped = {prefix: way.around(application) for prefix, way in _WAYS if way.around}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let a request through."""
        await self.wrapped.get(_prefix_of(scope["path"]), self.application)(scope, receive, send)


class ScenarioMiddleware:
    """Runs each way's own middleware around its own pages, and nothing around all others."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        """Build a chain for each way."""
        self.get_response = get_response
        self.chains: dict[str, Callable[[Any], Any]] = {}
        for prefix, way in _WAYS:
            chain = get_response
            for layer in reversed(way.middleware):
                chain = layer(chain)
            self.chains[prefix] = chain
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Let a request through the chain of its prefix; the answer is awaited where the next layer is."""
        return self.chains.get(_prefix_of(request.path), self.get_response)(request)


def _prefix_of(path: str) -> str:
    return "/".join(path.split("/")[:4]) + "/"

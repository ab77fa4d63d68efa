"""A project with an ASGI layer that numbers requests for its log, in a context variable that it never resets."""

import asyncio
from contextvars import ContextVar
from itertools import count
from typing import Any

from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from reqtrace.asgi import TraceASGI

request_id: ContextVar[str] = ContextVar("request_id", default="")
_numbers = count(1)


class Numbers:
    """Gives each request a number that is not yet one's."""

    def __init__(self, application: Any) -> None:
        """Wrap `application`."""
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Number the request, and keep the number for the log."""
        if not request_id.get():
            request_id.set(f"request {next(_numbers)}")
        await self.application(scope, receive, send)


async def view(request: HttpRequest) -> HttpResponse:
    """Say which number the request has."""
    return HttpResponse(f"{len(request.body)} {request_id.get()}")


async def starts(request: HttpRequest) -> HttpResponse:
    """Call the application in a task of its own, in a copy of this context, as a scheduler in the process might."""
    sent: list[Any] = []

    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return messages.pop() if messages else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {**request.scope, "method": "GET", "path": "/", "raw_path": b"/"}  # type: ignore[attr-defined]
    await asyncio.create_task(application(scope, receive, send))
    return HttpResponse(sent[1]["body"])


urlpatterns = [path("", view), path("starts/", starts)]
application = TraceASGI(Numbers(get_asgi_application()))

"""What scenarios on an event loop have in common: asynchronous middleware, and a page where two requests overlap."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

import reqtrace
from demo.scenarios.meeting import together


class AsyncMiddleware:
    """Runs on the event loop's thread; what it does stands in the ``__call__`` of those derived from it."""

    async_capable, sync_capable = True, False

    def __init__(self, get_response: Any) -> None:
        """Wrap the next layer."""
        self.get_response = get_response
        markcoroutinefunction(self)


def page_by(current_request: Callable[[], HttpRequest], text: str) -> Any:
    """Return a view that asks `current_request` for whom it is, while others are being served."""

    @login_required
    async def page(request: HttpRequest) -> HttpResponse:
        async with together(request.GET):  # as when it waits for a database
            reqtrace.checkpoint("page")
            person = await current_request().auser()
        return HttpResponse(text.format(person.get_username()))

    return page

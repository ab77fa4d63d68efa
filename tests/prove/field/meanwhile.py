"""What runs beside a request, before it or after it: pools, contexts, streams, middleware (F5, F9 to F11)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from tests.prove.field.middleware import Current, working_for

_pool = ThreadPoolExecutor(max_workers=1)
_worker = threading.local()
support_key: ContextVar[str] = ContextVar("support_key", default="none")


def _report_for(name: str, *, anew: bool) -> str:
    if anew or not hasattr(_worker, "name"):
        _worker.name = name
    return f"Report for {_worker.name}"


def pooled(request: HttpRequest) -> HttpResponse:
    """Let a thread of a pool make a report: it remembers its first user."""
    return HttpResponse(_pool.submit(_report_for, request.user.get_username(), anew=False).result())


def pooled_anew(request: HttpRequest) -> HttpResponse:
    """Let it be told each time."""
    return HttpResponse(_pool.submit(_report_for, request.user.get_username(), anew=True).result())


async def in_context(request: HttpRequest) -> HttpResponse:
    """Show what the log's context holds: the ASGI middleware around Django binds it."""
    return HttpResponse(f"Tell the support: {support_key.get()}")


def taken_away(request: HttpRequest) -> HttpResponse:
    """Look in the midst of the view where the middleware has said who is asking."""
    title = "Account of"
    return HttpResponse(f"{title} {Current.name}")


def own(request: HttpRequest) -> HttpResponse:
    """Look at the request."""
    title = "Account of"
    return HttpResponse(f"{title} {request.user.get_username()}")


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    """Stream for whom the middleware has named: it has taken that back by then."""

    def parts() -> Iterator[str]:
        yield "Export for "
        yield working_for.get()

    return StreamingHttpResponse(parts())


def streamed_for(request: HttpRequest) -> StreamingHttpResponse:
    """Stream for whom the view has seen."""
    name = working_for.get()

    def parts() -> Iterator[str]:
        yield "Export for "
        yield name

    return StreamingHttpResponse(parts())

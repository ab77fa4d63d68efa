"""Views of the test project: one of each way in which Django runs code for a request."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.contrib.auth import authenticate, login, logout
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.cache import cache_page

import reqtrace


def plain(request: HttpRequest, item: int = 0) -> HttpResponse:
    """Answer without looking at anything."""
    return HttpResponse("plain")


async def plain_async(request: HttpRequest) -> HttpResponse:
    """Answer from the event loop."""
    return HttpResponse("plain")


def where(request: HttpRequest) -> JsonResponse:
    """Say which thread runs this view."""
    return JsonResponse({"native_id": threading.get_native_id(), "thread_id": threading.get_ident()})


async def where_async(request: HttpRequest) -> JsonResponse:
    """Say which thread and task run this view."""
    task = asyncio.current_task()
    assert task is not None
    return JsonResponse({"native_id": threading.get_native_id(), "task_name": task.get_name()})


def slow(request: HttpRequest) -> HttpResponse:
    """Take as many seconds as asked for."""
    time.sleep(float(request.GET["seconds"]))
    return HttpResponse("slow")


async def slow_async(request: HttpRequest) -> HttpResponse:
    """Take as many seconds as asked for, on the event loop."""
    await asyncio.sleep(float(request.GET["seconds"]))
    return HttpResponse("slow")


def who(request: HttpRequest) -> HttpResponse:
    """Ask for the user."""
    return HttpResponse(str(request.user))


async def who_async(request: HttpRequest) -> HttpResponse:
    """Ask for the user, on the event loop."""
    user = await request.auser()
    return HttpResponse(user.get_username())


async def who_in_thread(request: HttpRequest) -> HttpResponse:
    """Ask for the user in another thread."""
    return HttpResponse(await sync_to_async(lambda: str(request.user))())


def touch_session(request: HttpRequest) -> HttpResponse:
    """Load the session, and never ask for the user."""
    request.session.get("nothing")
    return HttpResponse("session")


def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in."""
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    assert user is not None
    login(request, user)
    return HttpResponse("in")


def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return HttpResponse("out")


def fail(request: HttpRequest) -> HttpResponse:
    """Fail."""
    raise ValueError("as asked")


def forget(request: HttpRequest) -> None:
    """Return no response, which Django takes for an error."""


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Answer in three parts; with `?fail` break off before the last."""

    def parts() -> Iterator[str]:
        yield "one "
        yield "two "
        if "fail" in request.GET:
            raise ValueError("as asked")
        time.sleep(float(request.GET.get("seconds", 0)))
        yield "three"

    return StreamingHttpResponse(parts())


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    """Answer in three parts from the event loop; with `?fail` break off before the last."""

    async def parts() -> AsyncIterator[str]:
        yield "one "
        yield "two "
        if "fail" in request.GET:
            raise ValueError("as asked")
        await asyncio.sleep(float(request.GET.get("seconds", 0)))
        yield "three"

    return StreamingHttpResponse(parts())


def file(request: HttpRequest) -> FileResponse:
    """Answer with this very file."""
    return FileResponse(Path(__file__).open("rb"))


@cache_page(60)
def cached_page(request: HttpRequest) -> HttpResponse:
    """Greet whoever asks, and let the page cache keep it for everybody."""
    return HttpResponse(f"hello {request.user}")


@cache_page(60)
def cached_public(request: HttpRequest) -> HttpResponse:
    """Answer the same to everybody, and let the page cache keep it."""
    return HttpResponse("hello")


_REUSED = HttpResponse("reused")


def reused_response(request: HttpRequest) -> HttpResponse:
    """Answer with one response object for all, made for whoever came first."""
    str(request.user)
    return _REUSED


def foreign_cookie(request: HttpRequest) -> HttpResponse:
    """Set the session cookie that is named in the query."""
    response = HttpResponse("cookie")
    response.set_cookie("sessionid", request.GET["key"])
    return response


def stream_of_holder(request: HttpRequest) -> StreamingHttpResponse:
    """Stream two parts with a checkpoint before the second."""

    def parts() -> Iterator[str]:
        yield "one "
        reqtrace.checkpoint("second part")
        yield "two"

    return StreamingHttpResponse(parts())

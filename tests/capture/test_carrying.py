"""Which request code runs for is known wherever contexts go, and under ASGI costs no context variable of its own."""

import asyncio
import contextvars
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_script_prefix, path, set_script_prefix

import reqtrace
from reqtrace.capture import carrying
from reqtrace.capture.carrying import current
from tests.conftest import Tracing

Start = Callable[..., Tracing]
seen: dict[str, object] = {}
variables: list[str] = []


async def asking(request: HttpRequest) -> HttpResponse:
    """Note which request is current in all the places to which contexts go."""
    seen["here"] = current()
    seen["task"] = await asyncio.create_task(in_task())
    seen["asgiref's thread"] = await sync_to_async(current)()
    seen["another thread"] = await asyncio.to_thread(current)
    seen["through both"] = await sync_to_async(async_to_sync(in_task))()
    seen["nested"] = await asyncio.to_thread(nested)
    seen["after it"] = current()
    seen["prefix"] = get_script_prefix()
    return HttpResponse("x")


async def in_task() -> object:
    return current()


def nested() -> object:
    Client().get("/inner/")
    return seen.pop("inner")


def inner(request: HttpRequest) -> HttpResponse:
    seen["inner"] = current()
    return HttpResponse("x")


async def counting(request: HttpRequest) -> HttpResponse:
    """Note which variables stand in the context of a view."""
    variables.extend(variable.name for variable in contextvars.copy_context())
    return HttpResponse("x")


async def moving(request: HttpRequest) -> HttpResponse:
    """Set another script prefix within the view."""
    set_script_prefix("/elsewhere/")
    seen["here"] = current()
    return HttpResponse("x")


urlpatterns = [
    path("asking/", asking),
    path("inner/", inner),
    path("counting/", counting),
    path("moving/", moving),
]


@pytest.fixture(autouse=True)
def urls(settings: SimpleNamespace) -> None:
    """Serve the views of this file."""
    settings.ROOT_URLCONF = __name__
    seen.clear()
    variables.clear()


async def get(page: str) -> object:
    """Visit a page as a server calls the application, and return which request is current afterwards."""
    messages = iter([{"type": "http.request"}])

    async def receive() -> dict[str, object]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        return

    scope = {"type": "http", "method": "GET", "path": page, "query_string": b"", "headers": []}
    await ASGIHandler()(scope, receive, send)
    return current()


async def test_a_request_is_current_wherever_its_context_goes(tracing: Start) -> None:
    traced = tracing()
    after = await asyncio.create_task(get("/asking/"))
    outer, nested = traced.requests()
    number = {opened.number for name, opened in seen.items() if name not in ("nested", "prefix")}  # type: ignore[attr-defined]
    assert number == {1}
    assert seen["nested"].number == 2  # type: ignore[attr-defined]
    assert (outer.path, nested.path) == ("/asking/", "/inner/")
    assert seen["prefix"] == "/"
    assert after is current() is None


async def test_without_a_prefix_to_travel_beside_it_is_current_all_the_same(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "storage_class", None)
    tracing()
    after = await asyncio.create_task(get("/asking/"))
    assert {opened.number for name, opened in seen.items() if name not in ("nested", "prefix")} == {1}  # type: ignore[attr-defined]
    assert after is None


async def test_it_stays_current_when_the_script_prefix_is_another(tracing: Start) -> None:
    tracing()
    assert await asyncio.create_task(get("/moving/")) is None
    assert seen["here"] is not None


async def test_no_context_variable_of_ours_travels_with_a_request(tracing: Start) -> None:
    tracing()
    await asyncio.create_task(get("/counting/"))
    assert variables
    assert not [name for name in variables if name.startswith("reqtrace")]


async def test_two_requests_of_one_context_are_told_apart(tracing: Start) -> None:
    """Some servers and tests answer one after another in a task."""
    tracing()
    for number in (1, 2):
        await get("/asking/")
        assert seen["here"].number == 2 * number - 1  # type: ignore[attr-defined]
    assert reqtrace.current() is None

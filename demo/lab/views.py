"""The application's views: each reads the holders, waits until all of its wave are here, and reads again."""

from typing import Any

from django.http import HttpResponse
from django.urls import path

from demo.lab import gate


def sync_view(request: Any, key: str) -> HttpResponse:
    """Answer on a thread."""
    _enter(request)
    gate.wait(f"view {request.lab_wave}", key, request.lab_of)
    return _leave(request)


async def async_view(request: Any, key: str) -> HttpResponse:
    """Answer on an event loop."""
    _enter(request)
    await gate.await_all(f"view {request.lab_wave}", key, request.lab_of)
    return _leave(request)


def _enter(request: Any) -> None:
    request.lab_truth.enter_view()
    request.lab_truth.read("view")


def _leave(request: Any) -> HttpResponse:
    request.lab_truth.read("wait")
    return HttpResponse(f"{request.user.get_username() or 'anonymous'}\n{len(request.body)}\n")


urlpatterns = [path("sync/<key>/", sync_view), path("async/<key>/", async_view)]

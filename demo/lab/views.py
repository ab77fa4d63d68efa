"""The application's views: each reads the holders, waits until all of its wave are here, and reads again."""

from typing import Any

from django.http import HttpResponse
from django.urls import path

from demo.lab import gate


def sync_view(request: Any, key: str) -> HttpResponse:
    """Answer on a thread."""
    _enter(request)
    gate.wait(f"view {request.lab_wave}", key, request.lab_of, request.lab_patience)
    return _leave(request)


async def async_view(request: Any, key: str) -> HttpResponse:
    """Answer on an event loop."""
    _enter(request)
    await gate.await_all(f"view {request.lab_wave}", key, request.lab_of, request.lab_patience)
    return _leave(request)


def _enter(request: Any) -> None:
    request.lab_truth.enter_view()
    request.lab_truth.read("view")


def _leave(request: Any) -> HttpResponse:
    request.lab_truth.read("wait")
    odd = "X-Odd" in request.headers  # such a user cannot even be asked for a name
    page = f"{'somebody odd' if odd else request.user.get_username() or 'anonymous'} {len(request.body)}\n"
    return HttpResponse(page, headers={"Content-Length": len(page)})  # without it runserver hangs up each time


urlpatterns = [path("sync/<key>/", sync_view), path("async/<key>/", async_view)]

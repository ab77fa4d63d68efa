"""The application's middleware: knows who asks, and keeps request and user in the holders under test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.auth.models import AnonymousUser, User
from django.core.signals import request_finished

from demo.lab import gate
from demo.lab.odd_people import ODD, disguise
from demo.lab.truth import CHOSEN, Truth

_closing: ContextVar[Truth | None] = ContextVar("lab_closing", default=None)


class SyncMiddleware:
    """A plain synchronous middleware, as most are: under ASGI Django runs it on a thread."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Let a request through."""
        truth = begin(request)
        gate.wait(f"begin {request.lab_wave}", truth.line.key, request.lab_of, request.lab_patience)
        with held(request, truth):
            response = self.get_response(request)
        return end_with(response, truth)


class HybridMiddleware(SyncMiddleware):
    """Synchronous under WSGI, native under ASGI, where it runs on the event loop's thread."""

    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        """Wrap the next layer, of either kind."""
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Let a request through."""
        return self._acall(request) if iscoroutinefunction(self.get_response) else super().__call__(request)

    async def _acall(self, request: Any) -> Any:
        truth = begin(request)
        await gate.await_all(f"begin {request.lab_wave}", truth.line.key, request.lab_of, request.lab_patience)
        with held(request, truth):
            response = await self.get_response(request)
        return end_with(response, truth)


def begin(request: Any) -> Truth:
    """Find out who asks, from a header as simple as it gets, and read the holders before they are set.

    All of a wave read before any of them sets: what one finds here was left behind by the wave before.
    """
    _, view, key, *_ = request.path.split("/")
    request.lab_wave, request.lab_of = key.partition("-")[0], int(request.GET.get("of", 1))
    request.lab_patience = float(request.GET.get("patience", gate.PATIENCE_SECONDS))
    number, _, name = request.headers.get("X-Person", "").partition(" ")
    make = ODD.get(request.headers.get("X-Odd", ""), _ordinary)
    request.user = make(int(number), name) if number else AnonymousUser()
    if make is not _ordinary:
        disguise(request)
    request.lab_truth = truth = Truth(key, name, view)
    request_finished.connect(_write)  # once, and behind reqtrace's own receiver, which is there by now
    truth.read("start")
    return truth


def _ordinary(number: int, name: str) -> User:
    return User(pk=number, username=name)


@contextmanager
def held(request: Any, truth: Truth) -> Iterator[None]:
    """Set the holders, and clear on the way out those that a careful application clears."""
    on_the_way_out = [holder.enter(request) for holder in CHOSEN]
    try:
        yield
    finally:
        gate.pass_by(f"view {request.lab_wave}", truth.line.key)
        for undo in on_the_way_out:
            undo()
        truth.read("out")


def end_with(response: Any, truth: Truth) -> Any:
    """Read for the last time as the response is closed, and write the log when Django is done with it.

    By then reqtrace has read, too: a new wave begins when all of the last one is in the log, and would be read instead.
    """
    response._resource_closers.append(partial(_close, truth))
    return response


def _close(truth: Truth) -> None:
    truth.read("close")
    _closing.set(truth)


def _write(**_: object) -> None:
    truth = _closing.get()
    if truth is not None:
        _closing.set(None)
        truth.end()

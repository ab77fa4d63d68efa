"""The one seam into Django: seeing the view from inside the thread that runs it.

Under ASGI a synchronous view runs on another thread than the middleware around it: on an executor's, while
middleware and ``process_view`` run on the event loop's. Whoever measures outside the view measures himself. Django
passes every view through ``BaseHandler.make_view_atomic`` just before it is called, adapted to sync or async only
afterwards; wrapping what that method returns is the way by which Sentry's SDK sees views, too. It has been called
so, once per request with the view as its only argument, since Django 1.4.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from types import FunctionType
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.handlers.base import BaseHandler

from reqtrace.capture import page_cache
from reqtrace.capture.carrying import current
from reqtrace.capture.outgoing import stamp
from reqtrace.capture.recorder import Recorder

View = Callable[..., Any]

_recorder: Recorder
"""Set with the seam, and left there for views that still run when it closes."""


def open_seam(recorder: Recorder) -> bool:
    """Let `recorder` see where views begin and end; return False where Django has no such seam.

    Django is changed once per process, however often this is called; the last recorder is told.
    """
    global _recorder
    _recorder = recorder
    page_cache.open_seam(recorder)
    original = getattr(BaseHandler, "make_view_atomic", None)
    if original is None:
        return False
    if not hasattr(original, "reqtrace_original"):
        BaseHandler.make_view_atomic = _seeing(original)  # type: ignore[method-assign,assignment]
    return True


def close_seam() -> None:
    """Put Django's own methods back."""
    page_cache.close_seam()
    original = getattr(BaseHandler.make_view_atomic, "reqtrace_original", None)
    if original is not None:
        BaseHandler.make_view_atomic = original  # type: ignore[method-assign]


def _seeing(original: Callable[[BaseHandler, View], View]) -> Callable[[BaseHandler, View], View]:
    @wraps(original)
    def make_view_atomic(self: BaseHandler, view: View) -> View:
        callback = original(self, view)
        # A function is itself alone: what equals it is the same view.
        return _seen(callback) if callback is view and type(view) is FunctionType else _see(callback)

    make_view_atomic.reqtrace_original = original  # type: ignore[attr-defined]
    return make_view_atomic


def _see(view: View) -> View:
    """Return a view that tells the recorder where it begins and ends, and calls the other in between."""
    if iscoroutinefunction(view):

        async def traced_async(request: Any, /, *args: Any, **kwargs: Any) -> Any:
            try:
                opened = request._reqtrace_request
            except Exception:  # a middleware has put another in the place of the one that came
                opened = None
            if opened is None or opened.ended_ns:
                opened = current()
                if opened is None:
                    return await view(request, *args, **kwargs)
            place = _recorder.enter_view(opened)
            try:
                response = await view(request, *args, **kwargs)
            except BaseException:
                _recorder.leave_view(opened, place)
                raise
            if _recorder.leave_view(opened, place):
                stamp(_recorder, opened, response)
            return response

        return traced_async

    def traced(request: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            opened = request._reqtrace_request
        except Exception:  # a middleware has put another in the place of the one that came
            opened = None
        if opened is None or opened.ended_ns:
            opened = current()
            if opened is None:
                return view(request, *args, **kwargs)
        place = _recorder.enter_view(opened)
        try:
            response = view(request, *args, **kwargs)
        except BaseException:
            _recorder.leave_view(opened, place)
            raise
        if _recorder.leave_view(opened, place):
            stamp(_recorder, opened, response)
        return response

    return traced


_seen = lru_cache(maxsize=1_024)(_see)
"""Once for each view."""

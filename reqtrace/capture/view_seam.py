"""The one seam into Django: seeing the view from inside the thread that runs it.

Under ASGI a synchronous view runs on another thread than the middleware around it: on an executor's, while
middleware and ``process_view`` run on the event loop's. Whoever measures outside the view measures himself. Django
passes every view through ``BaseHandler.make_view_atomic`` just before it is called, adapted to sync or async only
afterwards; wrapping what that method returns is the way by which Sentry's SDK sees views, too. It has been called
so, once per request with the view as its only argument, since Django 1.4.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.handlers.base import BaseHandler

from reqtrace.capture import outgoing
from reqtrace.capture.recorder import Recorder, current_request

View = Callable[..., Any]

_recorder: Recorder | None = None


def open_seam(recorder: Recorder) -> bool:
    """Let `recorder` see where views begin and end; return False where Django has no such seam.

    Django is changed once per process, however often this is called; the last recorder is told.
    """
    global _recorder
    _recorder = recorder
    original = getattr(BaseHandler, "make_view_atomic", None)
    if original is None:
        return False
    if not hasattr(original, "reqtrace_original"):
        BaseHandler.make_view_atomic = _seeing(original)  # type: ignore[method-assign,assignment]
    return True


def close_seam() -> None:
    """Put Django's own method back."""
    global _recorder
    _recorder = None
    original = getattr(BaseHandler.make_view_atomic, "reqtrace_original", None)
    if original is not None:
        BaseHandler.make_view_atomic = original  # type: ignore[method-assign]


_is_async = lru_cache(maxsize=1_024)(iscoroutinefunction)
"""Asked for every request, and the same for every request of a view."""


def _seeing(original: Callable[[BaseHandler, View], View]) -> Callable[[BaseHandler, View], View]:
    @wraps(original)
    def make_view_atomic(self: BaseHandler, view: View) -> View:
        callback = original(self, view)
        opened, recorder = current_request.get(), _recorder
        if opened is None or recorder is None:
            return callback
        is_async = _is_async(callback) if callback is view else iscoroutinefunction(callback)
        if recorder.sees_all_of_view(opened, is_async=is_async):
            return callback
        if is_async:

            async def traced_async(*args: Any, **kwargs: Any) -> Any:
                place = recorder.enter_view(opened)
                try:
                    response = await callback(*args, **kwargs)
                finally:
                    recorder.leave_view(opened, place)
                if opened.is_close:
                    outgoing.stamp(recorder, opened, response)
                return response

            return traced_async

        def traced(*args: Any, **kwargs: Any) -> Any:
            place = recorder.enter_view(opened)
            try:
                response = callback(*args, **kwargs)
            finally:
                recorder.leave_view(opened, place)
            if opened.is_close:
                outgoing.stamp(recorder, opened, response)
            return response

        return traced

    make_view_atomic.reqtrace_original = original  # type: ignore[attr-defined]
    return make_view_atomic

"""The seam into Django's page cache: where a page for it begins to be made, and where one goes in.

A page goes into the cache before anybody outside of the view sees it, and has to say by then for whom it was made. So
the two methods by which Django's middleware, and the decorator that is made of it, look into the cache and store in it
are called with something before or after them, and do what they did.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware

from reqtrace.capture import looking, outgoing
from reqtrace.capture.recorder import Recorder
from reqtrace.watching.live import OpenRequest

_recorder: Recorder | None = None


def open_seam(recorder: Recorder) -> None:
    """Let `recorder` see which pages are made for the cache; Django is changed once, however often this is called."""
    global _recorder
    _recorder = recorder
    if not hasattr(FetchFromCacheMiddleware.process_request, "reqtrace_original"):
        FetchFromCacheMiddleware.process_request = _fetching(FetchFromCacheMiddleware.process_request)  # type: ignore[method-assign]
        UpdateCacheMiddleware.process_response = _storing(UpdateCacheMiddleware.process_response)  # type: ignore[method-assign]


def close_seam() -> None:
    """Put Django's own methods back."""
    global _recorder
    _recorder = None
    fetching = getattr(FetchFromCacheMiddleware.process_request, "reqtrace_original", None)
    if fetching is not None:
        FetchFromCacheMiddleware.process_request = fetching  # type: ignore[method-assign]
        UpdateCacheMiddleware.process_response = UpdateCacheMiddleware.process_response.reqtrace_original  # type: ignore[method-assign,attr-defined]


def _fetching(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def process_request(self: Any, request: Any) -> Any:
        response = original(self, request)
        recorder = _recorder
        if response is None and recorder is not None:
            try:
                opened = _opened(request)
                if opened is not None and request._cache_update_cache:
                    looking.begin_page(opened)
            except Exception as error:
                recorder.faults.note("a page for the cache", error)
        return response

    process_request.reqtrace_original = original  # type: ignore[attr-defined]
    return process_request


def _storing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def process_response(self: Any, request: Any, response: Any) -> Any:
        recorder = _recorder
        if recorder is not None and getattr(request, "_cache_update_cache", False):
            opened = _opened(request)
            if opened is not None:
                outgoing.stamp_page(recorder, opened, response)
        return original(self, request, response)

    process_response.reqtrace_original = original  # type: ignore[attr-defined]
    return process_response


def _opened(request: Any) -> OpenRequest | None:
    opened: OpenRequest | None = request.__dict__.get("_reqtrace_request")
    return opened if opened is not None and opened.request is request else None

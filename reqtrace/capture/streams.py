"""Streaming responses: their parts are made after the middleware has returned, and still for its request."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from functools import partial
from typing import Any
from weakref import ref

from django.utils.functional import empty

from reqtrace.capture import outgoing, telemetry
from reqtrace.capture.carrying import current_request, enter, leave
from reqtrace.capture.outgoing import STAMP
from reqtrace.capture.recorder import Recorder
from reqtrace.exceptions import LeakBlocked
from reqtrace.identity import NOBODY_YET, attribute_of
from reqtrace.watching.live import OpenRequest


def follow(recorder: Recorder, opened: OpenRequest, response: Any) -> Any:
    """Keep the request open until `response` is closed, and see where its parts are made if it streams.

    Return the response that goes out: this one, or a plain 500 where a leak was found and is to be blocked.
    """
    try:
        asked = opened.request.__dict__
        user = asked.get("user", NOBODY_YET)
        if (
            user is not opened.unasked
            or attribute_of(user, "_wrapped") is not empty
            or "_cached_user" in asked
            or "_acached_user" in asked
            or not opened.is_plain
            or response.cookies
            or STAMP in response.__dict__
        ):
            outgoing.examine(recorder, opened, response)
            recorder.checkpoint(opened, "response", opened.first)
            if opened.facts:
                response = outgoing.blocked(recorder, opened, response)
        elif not response.streaming:  # whose parts may yet ask for the user
            opened.read_plain(opened.request, recorder.settings.capture_query_string)
        if recorder.settings.otel:
            telemetry.annotate(recorder, opened)
        opened.status = response.status_code
        opened.response = ref(response)
        # A file is left as it is: wrapped, it would lose the server's own way of sending files (`file_to_stream`).
        if response.streaming and getattr(response, "file_to_stream", None) is None:
            parts = response.streaming_content
            response.streaming_content = (
                _parts_async(recorder, opened, parts) if response.is_async else _parts(recorder, opened, parts)
            )
        response._resource_closers.append(partial(recorder.finish, opened))
    except Exception as error:  # no response of Django's, say: nothing will tell when it is closed
        recorder.faults.note("a response", error)
        recorder.finish(opened)
    return response


def _parts(recorder: Recorder, opened: OpenRequest, parts: Iterable[bytes]) -> Iterator[bytes]:
    iterator, is_guarded = iter(parts), recorder.settings.on_leak == "block"
    opened.outcome = "aborted"  # until it has been read to its end: nobody says when a client has gone
    try:
        while True:
            token = current_request.set(opened)
            try:
                recorder.checkpoint(opened, "response")
                part = next(iterator)
            except StopIteration:
                opened.outcome = None
                return
            finally:
                current_request.reset(token)
            if is_guarded and opened.facts and outgoing.leaks_now(recorder, opened):
                raise LeakBlocked("a leak was found while this response was being streamed: it is cut off here")
            yield part
    except Exception:
        opened.outcome = "error"
        recorder.finish(opened)  # under ASGI Django does not close a response whose parts have failed
        raise


async def _parts_async(recorder: Recorder, opened: OpenRequest, parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    iterator, is_guarded = aiter(parts), recorder.settings.on_leak == "block"
    opened.outcome = "aborted"
    try:
        while True:
            way = enter(opened)
            try:
                recorder.checkpoint(opened, "response")
                part = await anext(iterator)
            except StopAsyncIteration:
                opened.outcome = None
                return
            finally:
                leave(way)
            if is_guarded and opened.facts and outgoing.leaks_now(recorder, opened):
                raise LeakBlocked("a leak was found while this response was being streamed: it is cut off here")
            yield part
    except Exception:
        opened.outcome = "error"
        recorder.finish(opened)  # under ASGI Django does not close a response whose parts have failed
        raise

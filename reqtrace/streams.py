"""Streaming responses: their parts are made after the middleware has returned, and still for its request."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any

from reqtrace.live import OpenRequest
from reqtrace.recorder import Recorder, current_request


def follow(recorder: Recorder, opened: OpenRequest, response: Any) -> None:
    """Keep the request open until `response` is closed, and see where its parts are made if it streams."""
    try:
        recorder.checkpoint(opened, "response")
        # A file is left as it is: wrapped, it would lose the server's own way of sending files (`file_to_stream`).
        if response.streaming and getattr(response, "file_to_stream", None) is None:
            parts = response.streaming_content
            response.streaming_content = (
                _parts_async(recorder, opened, parts) if response.is_async else _parts(recorder, opened, parts)
            )
    except Exception as error:
        recorder.faults.note("a streaming response", error)
    recorder.follow(opened, response)


def _parts(recorder: Recorder, opened: OpenRequest, parts: Iterable[bytes]) -> Iterator[bytes]:
    iterator = iter(parts)
    try:
        while True:
            token = current_request.set(opened)
            try:
                recorder.checkpoint(opened, "response")
                part = next(iterator)
            except StopIteration:
                return
            finally:
                current_request.reset(token)
            yield part
    except BaseException as error:
        _note_end(opened, error)
        raise


async def _parts_async(recorder: Recorder, opened: OpenRequest, parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    iterator = aiter(parts)
    try:
        while True:
            token = current_request.set(opened)
            try:
                recorder.checkpoint(opened, "response")
                part = await anext(iterator)
            except StopAsyncIteration:
                return
            finally:
                current_request.reset(token)
            yield part
    except BaseException as error:
        _note_end(opened, error)
        raise


def _note_end(opened: OpenRequest, error: BaseException) -> None:
    """Say how a stream ended that was not read to its end: GeneratorExit and CancelledError are the client's."""
    opened.outcome = "error" if isinstance(error, Exception) else "aborted"

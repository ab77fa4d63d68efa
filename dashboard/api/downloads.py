"""Exports as downloads: streamed, so that a million requests take no more memory than one."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any, ClassVar

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from reqtrace.exceptions import QueryError, ReqtraceError
from reqtrace.exporters import registry
from reqtrace.reading.queries import Query
from reqtrace.reading.reader import Reader
from reqtrace.reading.selection import Selection
from reqtrace.stores.base import Store

from .. import backpressure

AT_ONCE = 4
"""How many exports are made at a time: each keeps a thread busy."""


class TooManyExports(ReqtraceError):
    """An export has to wait for others; the text says so."""


def download(request: HttpRequest, store: Store, format_: str, query: Query) -> StreamingHttpResponse:
    """Return what `query` asks for as a file.

    Raises:
        QueryError: when there is no such format.
        TooManyExports: when others are being made.
        StoreError: when the store does not give the beginning; after that, the download breaks off.

    """
    if format_ not in registry.EXPORTER_CLASSES:
        formats = ", ".join(registry.EXPORTER_CLASSES)
        raise QueryError("format", f"format is {format_!r}; it takes one of {formats}.")
    exporter = registry.exporter(format_)
    exported_at = datetime.now(UTC)
    place = _Place()
    try:
        chunks = exporter.chunks(Selection(Reader(store), query, exported_at))
        chunks = chain((next(chunks, b""),), chunks)
        response = StreamingHttpResponse(
            _from_threads(chunks, request.scope) if isinstance(request, ASGIRequest) else chunks,
            content_type=exporter.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="reqtrace-{exported_at:%Y%m%dT%H%M%SZ}{exporter.suffix}"'
            },
        )
    except BaseException:
        place.leave()
        raise
    response._resource_closers.append(place.leave)  # type: ignore[attr-defined]
    weakref.finalize(response, place.leave)  # of one that nobody closes
    return response


class _Place:
    """One of the few exports at a time."""

    _taken: ClassVar[set["_Place"]] = set()

    def __init__(self) -> None:
        """Take a place."""
        if len(self._taken) >= AT_ONCE:
            raise TooManyExports(f"{AT_ONCE} exports are being made already: try again when one of them is done.")
        self._taken.add(self)

    def leave(self) -> None:
        """Let somebody else have it; once is enough."""
        self._taken.discard(self)


async def _from_threads(chunks: Iterator[bytes], scope: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """Yield chunks on the event loop, each made in a thread; Django would gather a plain iterator whole.

    None is made before the client has taken what was made before.
    """
    with backpressure.of(scope) as ready:
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk
            await ready()

"""Exports as downloads: streamed, so that a million requests take no more memory than one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import chain

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from reqtrace.exceptions import QueryError
from reqtrace.exporters import registry
from reqtrace.reading.queries import Query
from reqtrace.reading.reader import Reader
from reqtrace.reading.selection import Selection
from reqtrace.stores.base import Store


def download(request: HttpRequest, store: Store, format_: str, query: Query) -> StreamingHttpResponse:
    """Return what `query` asks for as a file.

    Raises:
        QueryError: when there is no such format.
        StoreError: when the store does not give the beginning; after that, the download breaks off.

    """
    if format_ not in registry.EXPORTER_CLASSES:
        formats = ", ".join(registry.EXPORTER_CLASSES)
        raise QueryError("format", f"format is {format_!r}; it takes one of {formats}.")
    exporter = registry.exporter(format_)
    exported_at = datetime.now(UTC)
    chunks = exporter.chunks(Selection(Reader(store), query, exported_at))
    chunks = chain((next(chunks, b""),), chunks)
    return StreamingHttpResponse(
        _from_threads(chunks) if isinstance(request, ASGIRequest) else chunks,
        content_type=exporter.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="reqtrace-{exported_at:%Y%m%dT%H%M%SZ}{exporter.suffix}"'
        },
    )


async def _from_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks on the event loop, each made in a thread; Django would gather a plain iterator whole."""
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk

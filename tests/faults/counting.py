"""The test project under an account of its own: a byte in a file for each request that was answered."""

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from tests import asgi as project_asgi
from tests import wsgi as project_wsgi

Message = dict[str, Any]


def _count() -> None:
    descriptor = os.open(os.environ["FAULTS_COUNT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, b".")
    os.close(descriptor)


class _Counted:
    """A response that is counted as it is closed."""

    def __init__(self, response: Iterable[bytes]) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        """Close the response, and count it."""
        getattr(self._response, "close", lambda: None)()
        _count()


def wsgi(environ: Message, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve the project, and count."""
    return _Counted(project_wsgi.application(environ, start_response))


async def asgi(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[..., Awaitable[None]]) -> None:
    """Serve the project, and count."""
    await project_asgi.application(scope, receive, send)
    if scope["type"] == "http":
        _count()

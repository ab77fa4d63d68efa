"""Django's application, within a middleware that binds the log's context to who is asking."""

from collections.abc import Callable
from typing import Any

from django.core.asgi import get_asgi_application

from tests.prove.field.meanwhile import support_key

_django = get_asgi_application()


async def application(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """Bind it, and leave it bound where the page is the broken one."""
    cookie = dict(scope.get("headers", ())).get(b"cookie", b"").decode()
    token = support_key.set(cookie.partition("=")[2]) if cookie else None
    try:
        await _django(scope, receive, send)
    finally:
        if token is not None and "broken" not in scope["path"]:
            support_key.reset(token)

"""Who stands at the socket: read from the handshake anew each time it is asked, without touching the session."""

from importlib import import_module
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.apps import apps
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest

from reqtrace import access

from . import sessions

Scope = dict[str, Any]


class _ReadOnlySession(dict[str, Any]):
    """What a session holds. Django may want to renew or end it, but a socket cannot set the cookie that this takes."""

    def cycle_key(self) -> None:
        """Leave the key to the next HTTP request."""

    def flush(self) -> None:
        """Leave the end to the next HTTP request."""


def is_same_origin(scope: Scope) -> bool:
    """Tell whether the page that opens the socket is one of this very site: browsers let any page try.

    A proxy that changes the ``Host`` header hides what the page's site is; then ``CSRF_TRUSTED_ORIGINS`` names it,
    as it must for Django's own forms.
    """
    request = _request(scope)
    try:
        host = request.get_host()
    except DisallowedHost:
        return False
    origin = request.headers.get("origin", "")
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):
        return False
    return parts.netloc.lower() == host.lower() or origin in settings.CSRF_TRUSTED_ORIGINS


def has_accounts() -> bool:
    """Tell whether this project has people who could sign in, and sessions that would remember it."""
    return apps.is_installed("django.contrib.auth") and apps.is_installed("django.contrib.sessions")


@database_sync_to_async  # type: ignore[untyped-decorator]
def may_see(scope: Scope) -> bool:
    """Tell whether the visitor may see the dashboard, as their session and account stand now."""
    request = _request(scope)
    if not (has_accounts() or sessions.are_ours()):
        return access.allowed(None, scope)
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    # Whoever brings no cookie has no session: looking for it would be a query, and need its table.
    session = import_module(settings.SESSION_ENGINE).SessionStore(key).load() if key else {}
    if sessions.are_ours() and session.get(sessions.BY_LINK) is True:
        return True
    request.session = _ReadOnlySession(session)  # type: ignore[assignment]
    return access.allowed(_user(request), scope)


def _user(request: ASGIRequest) -> object:
    if not has_accounts():
        return None
    from django.contrib.auth import get_user

    return get_user(request)


def _request(scope: Scope) -> ASGIRequest:
    return ASGIRequest({**scope, "method": "GET"}, BytesIO())

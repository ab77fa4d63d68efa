"""How a request reaches the project: through its own WSGI or ASGI application, as a server would call it."""

import asyncio
import io
import sys
from collections.abc import Callable, MutableMapping
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.core.servers.basehttp import get_internal_wsgi_application
from django.utils.module_loading import import_string

from reqtrace.exceptions import QueryError
from reqtrace.prove.schedule import WEBSOCKET, Asking, Door, Seen
from reqtrace.shipping import synthetic
from reqtrace.stress.targets import SAFE

Application = Callable[..., Any]
_CSRF = "reqtraceproverequestscsrfsecret0"
"""A secret as long as Django's own: a cookie and a header that agree are all that its protection asks for."""
_ABNORMAL = 1006
_GOING_AWAY = 1001
_SILENCE_SECONDS = 5
"""After how long without a word of the application's the visitor hangs up."""


def wsgi_application() -> Application:
    """Return the project's WSGI application, or Django's where the settings name none.

    Raises:
        QueryError: when it cannot be loaded.

    """
    try:
        application: Application = get_internal_wsgi_application()
    except ImproperlyConfigured as error:
        raise QueryError("server", f"The project's WSGI application cannot be loaded: {error}.") from error
    return application


def asgi_application() -> Application:
    """Return the project's ASGI application: what the settings name, what stands beside the URLconf, or Django's.

    Raises:
        QueryError: when the one that the settings name cannot be loaded.

    """
    named = getattr(settings, "ASGI_APPLICATION", None)
    try:
        if named:
            return import_string(named)  # type: ignore[no-any-return]
        beside = f"{settings.ROOT_URLCONF.rpartition('.')[0]}.asgi.application".lstrip(".")
        return import_string(beside)  # type: ignore[no-any-return]
    except ImportError as error:
        if named:
            raise QueryError("server", f"ASGI_APPLICATION {named!r} cannot be loaded: {error}.") from error
        return get_asgi_application()


def chosen(server: str | None) -> list[Door]:
    """Return the doors that a name stands for; of None, those that the project has."""
    named: dict[str, list[Door]] = {"wsgi": ["wsgi"], "asgi": ["asgi"], "both": ["wsgi", "asgi"]}
    return named[server or ("both" if speaks_asgi() else "wsgi")]


def speaks_asgi() -> bool:
    """Tell whether the project says that it is served by ASGI: by its settings, or by an asgi.py beside its URLs."""
    if getattr(settings, "ASGI_APPLICATION", None):
        return True
    try:
        import_string(f"{settings.ROOT_URLCONF.rpartition('.')[0]}.asgi.application".lstrip("."))
    except Exception:
        return False
    return True


def ask_wsgi(application: Application, asking: Asking) -> Seen:
    """Ask as a WSGI server does: take all of the response, and close it."""
    path, _, query = asking.page.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": asking.page.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443" if _is_secure() else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": "0",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": _scheme(),
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    } | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in _headers(asking).items()}
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[..., None]:
        started.append((status, headers))
        return lambda _: None

    try:
        response = application(environ, start_response)
        try:
            body = b"".join(response)
        finally:
            if hasattr(response, "close"):
                response.close()
    except Exception as error:
        return Seen(0, "", f"{type(error).__name__}: {error}")
    status, headers = started[-1]
    return _seen(int(status.split()[0]), headers, body)


async def ask_asgi(application: Application, asking: Asking) -> Seen:
    """Ask as an ASGI server does; of a socket, listen until it is closed, or silent."""
    return await (_connect if asking.page.method == WEBSOCKET else _ask)(application, asking)


async def _ask(application: Application, asking: Asking) -> Seen:
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]
    started: list[MutableMapping[str, Any]] = []
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else await asyncio.get_running_loop().create_future()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    scope = _scope(asking, "http") | {"method": asking.page.method, "http_version": "1.1", "scheme": _scheme()}
    try:
        await application(scope, receive, send)
    except Exception as error:
        return Seen(0, "", f"{type(error).__name__}: {error}")
    if not started:
        return Seen(0, "", "no response")
    headers = [(name.decode("latin1"), value.decode("latin1")) for name, value in started[0].get("headers", ())]
    return _seen(started[0]["status"], headers, b"".join(parts))


async def _connect(application: Application, asking: Asking) -> Seen:
    waiting: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    heard: list[str] = []
    closed: list[int] = []
    heard_more = asyncio.Event()

    async def receive() -> dict[str, Any]:
        """Return what a server would: that the connection is there, and in the end that it is not any more."""
        if waiting:
            return waiting.pop()
        while not closed:
            heard_more.clear()
            try:
                await asyncio.wait_for(heard_more.wait(), _SILENCE_SECONDS)
            except TimeoutError:
                return {"type": "websocket.disconnect", "code": _GOING_AWAY}
        return {"type": "websocket.disconnect", "code": closed[0]}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            text = message.get("text")
            heard.append(text if text is not None else message.get("bytes", b"").decode("utf-8", "replace"))
        elif message["type"] == "websocket.close":
            closed.append(message.get("code") or 1000)
        heard_more.set()

    scheme = "wss" if _is_secure() else "ws"
    try:
        await application(_scope(asking, "websocket") | {"scheme": scheme, "subprotocols": []}, receive, send)
    except Exception as error:
        return Seen(0, "", f"{type(error).__name__}: {error}")
    return Seen(closed[0] if closed else _ABNORMAL, "", "\n".join(heard))


def _scope(asking: Asking, kind: str) -> dict[str, Any]:
    path, _, query = asking.page.path.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("latin1", "replace"),
        "query_string": query.encode("latin1", "replace"),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin1")) for name, value in _headers(asking).items()],
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 443 if _is_secure() else 80),
    }


def _headers(asking: Asking) -> dict[str, str]:
    headers = {
        "Host": asking.page.host or _host(),
        "Accept": "*/*",
        "User-Agent": "reqtrace-prove",
        "traceparent": mark(),
    }
    cookies = [asking.person.cookie] if asking.person.cookie else []
    if asking.page.method not in (*SAFE, WEBSOCKET):
        cookies.append(f"{settings.CSRF_COOKIE_NAME}={_CSRF}")
        headers[settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")] = _CSRF
        headers["Referer"] = f"{_scheme()}://{headers['Host']}/"
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    if _is_secure() and settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        headers[name.removeprefix("HTTP_").replace("_", "-")] = value
    return headers


@cache
def mark() -> str:
    """Return the header that tells what is asked here; the same for all, or pages that show it would differ."""
    return synthetic.traceparent(synthetic.trace_id(synthetic.new_run(), 1))


def _host() -> str:
    allowed = settings.ALLOWED_HOSTS
    return "localhost" if not allowed or {"*", "localhost", ".localhost"} & set(allowed) else allowed[0].lstrip(".")


def _is_secure() -> bool:
    return bool(settings.SECURE_SSL_REDIRECT)


def _scheme() -> str:
    return "https" if _is_secure() else "http"


def _seen(status: int, headers: list[tuple[str, str]], body: bytes) -> Seen:
    lines = sorted(f"{name.title()}: {value}" for name, value in headers if name.title() not in ("Date", "Server"))
    return Seen(status, "\n".join(lines), body.decode("utf-8", "replace"))

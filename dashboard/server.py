"""The dashboard in a process of its own: Daphne, with the project's accounts and nothing else of the project."""

import webbrowser
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path

from reqtrace import access, conf
from reqtrace.exceptions import ReqtraceError

from . import backpressure, language
from .consumers import Receive, Send
from .door import links
from .door.sessions import AGE_SECONDS
from .door.visitor import Scope, has_accounts
from .routing import websocket_urlpatterns

_PACKAGE = __name__.rpartition(".")[0]
_LOOPBACK = [".localhost", "127.0.0.1", "[::1]"]
_SECURE = f"{_PACKAGE}.middleware.SecureEverything"
_LANGUAGE = "django.middleware.locale.LocaleMiddleware"
_SESSIONS = ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
_ACCOUNTS = ["django.contrib.auth.middleware.AuthenticationMiddleware"]


class PortUnavailable(ReqtraceError):
    """The address cannot be listened on."""


def serve(host: str = "127.0.0.1", port: int = 8765, *, opens: bool = False) -> None:
    """Serve the dashboard until SIGINT or SIGTERM; with `opens`, open it in a browser.

    Takes the process over: settings that concern the project's own pages are replaced.

    Raises:
        PortUnavailable: when it cannot listen there; the text says why.

    """
    take_settings_over(host)
    _Daphne(host, port, opens=opens).run()


def take_settings_over(host: str) -> None:
    """Keep the project's accounts, sessions, databases and secrets, and replace what concerns its pages."""
    replaced: dict[str, Any] = {
        "ROOT_URLCONF": f"{_PACKAGE}.standalone_urls",
        "MIDDLEWARE": [_SECURE, _LANGUAGE, *_SESSIONS, *(_ACCOUNTS if has_accounts() else ())],
        "USE_I18N": True,
        "LANGUAGES": list(language.SPOKEN.items()),
        "LANGUAGE_CODE": language.nearest(settings.LANGUAGE_CODE),
        "ALLOWED_HOSTS": [*settings.ALLOWED_HOSTS, *_LOOPBACK, *_names_of(host)],
        "FORCE_SCRIPT_NAME": None,
        "CSRF_COOKIE_NAME": "reqtrace_csrftoken",
        "CSRF_USE_SESSIONS": False,
        "CSRF_FAILURE_VIEW": f"{_PACKAGE}.sign_in.csrf_failure",
        "CSRF_COOKIE_DOMAIN": None,
        "CSRF_COOKIE_PATH": "/",
        "CSRF_COOKIE_SAMESITE": "Lax",
        # This server itself speaks plain HTTP, where browsers drop what is marked as secure; see `SecureEverything`.
        "CSRF_COOKIE_SECURE": False,
        "SESSION_SAVE_EVERY_REQUEST": False,
    }
    if conf.get().sign_in in ("password", "link"):
        # Cookies know hosts but no ports: under the project's own name, signing in here would sign the same person
        # out of the application next door. Nor may a session of this server, whose sign-in knows no second factor, be
        # one of the application: it is kept elsewhere.
        replaced |= {
            "SESSION_ENGINE": f"{_PACKAGE}.door.sessions",
            "SESSION_COOKIE_NAME": "reqtrace_sessionid",
            "SESSION_COOKIE_AGE": AGE_SECONDS,
            "SESSION_COOKIE_DOMAIN": None,
            "SESSION_COOKIE_PATH": "/",
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SECURE": False,
        }
    for name, value in replaced.items():
        setattr(settings, name, value)


class _Daphne(Server):  # type: ignore[misc]
    """Daphne, which keeps to itself whether it could listen; this one tells."""

    def __init__(self, host: str, port: int, *, opens: bool) -> None:
        application = ProtocolTypeRouter(
            {
                "http": get_asgi_application(),
                "websocket": URLRouter([*websocket_urlpatterns, re_path("", _refuse)]),  # type: ignore[arg-type]
            }
        )
        super().__init__(application, endpoints=build_endpoint_description_strings(host, port), server_name="reqtrace")
        self._address = host, port
        self._opens = opens
        self._failure: str | None = None

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Let downloads wait for their clients."""
        if scope["type"] == "http":
            backpressure.put(scope, protocol)
        return super().create_application(protocol, scope)

    def listen_success(self, port: Any) -> None:
        """Say where to look and who may."""
        super().listen_success(port)
        host = self._address[0]
        shown = f"[{host}]" if ":" in host else host
        base = f"http://{shown}:{port.getHost().port}"
        print(f"reqtrace dashboard: {base}/reqtrace/", *_who(host), sep="\n", flush=True)
        if conf.get().sign_in in ("password", "link"):
            link = f"{base}/sign-in/{links.new_token()}/"
            print(f"Or open this link, which signs in once within ten minutes: {link}", flush=True)
            if self._opens:
                webbrowser.open(link)

    def listen_error(self, failure: Any) -> None:
        """Keep the reason; the server then ends by itself."""
        reason = getattr(failure.value, "socketError", failure.value)
        self._failure = getattr(reason, "strerror", None) or str(reason)
        self.stop()

    def run(self) -> None:
        """Run until a signal comes."""
        super().run()
        if self._failure is not None:
            host, port = self._address
            raise PortUnavailable(
                f"The dashboard cannot listen on {host}:{port}: {self._failure}. Choose another port with --port."
            )


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close"})


def _names_of(host: str) -> list[str]:
    if host in ("0.0.0.0", "::"):  # noqa: S104  these are every address, and no name
        return []
    return [f"[{host}]" if ":" in host else host]


def _who(host: str) -> list[str]:
    way, lines = conf.get().sign_in, []
    if not has_accounts():
        lines.append("This project has no accounts (django.contrib.auth and sessions are not installed).")
    elif way == "password":
        lines.append(f"Sign in with an account of this project. {access.who_may_look()}")
    elif way != "link":
        lines.append(f"People sign in at {way}; {conf.DICT}['ACCESS'] says whom that lets in here.")
    if settings.DEBUG:
        lines.append("DEBUG is on: from this machine nobody needs to sign in.")
    if host not in ("127.0.0.1", "::1", "localhost") and not settings.SECURE_PROXY_SSL_HEADER:
        lines.append(
            "This server speaks plain HTTP. Put a proxy that speaks TLS in front of it, and name the header by which "
            "it says so in SECURE_PROXY_SSL_HEADER: cookies are then Secure."
        )
    return lines

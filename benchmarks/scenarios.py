"""What is requested while a case is measured: interface, view, and the middleware behind the case."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Interface = Literal["wsgi", "asgi"]


class Scenario(NamedTuple):
    """One page on one interface."""

    interface: Interface
    path: str
    apps: Sequence[str] = ()
    middleware: Sequence[str] = ()

    @property
    def has_accounts(self) -> bool:
        """Whether requests come with a session of somebody signed in."""
        return "django.contrib.auth" in self.apps


SYNC = "Sync request"
ASYNC = "Async request"
SYNC_UNDER_ASGI = "Sync view under ASGI"
PAGE = "Page with session, user, query and template"
PAGE_UNDER_ASGI = f"{PAGE}, under ASGI"

# What `startproject` begins with.
_APPS = tuple(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages"))
_MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)

SCENARIOS: Mapping[str, Scenario] = {
    SYNC: Scenario("wsgi", "/sync/"),
    ASYNC: Scenario("asgi", "/async/"),
    SYNC_UNDER_ASGI: Scenario("asgi", "/sync/"),
    PAGE: Scenario("wsgi", "/page/", apps=_APPS, middleware=_MIDDLEWARE),
    PAGE_UNDER_ASGI: Scenario("asgi", "/page/", apps=_APPS, middleware=_MIDDLEWARE),
}

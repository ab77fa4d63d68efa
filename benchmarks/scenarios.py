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
SHOP = "Page with session and user"

SCENARIOS: Mapping[str, Scenario] = {
    SYNC: Scenario("wsgi", "/sync/"),
    ASYNC: Scenario("asgi", "/async/"),
    SYNC_UNDER_ASGI: Scenario("asgi", "/sync/"),
    SHOP: Scenario(
        "wsgi",
        "/shop/",
        apps=("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
        middleware=(
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ),
    ),
}

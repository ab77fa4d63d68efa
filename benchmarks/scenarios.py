"""What is requested while a case is measured: interface, view, visitor, and the middleware behind the case."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Interface = Literal["wsgi", "asgi"]
Visitor = Literal["nobody", "signed in", "token"]


class Scenario(NamedTuple):
    """One page on one interface, for one visitor."""

    interface: Interface
    path: str
    apps: Sequence[str] = ()
    middleware: Sequence[str] = ()
    visitor: Visitor = "nobody"
    holders: Sequence[str] = ()
    """What `HOLDERS` names: places in which `benchmarks.holding` keeps the request."""

    @property
    def has_accounts(self) -> bool:
        """Whether there is a database with people in it."""
        return "django.contrib.auth" in self.apps


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
_HOLDERS = tuple(f"benchmarks.holding.{name}" for name in ("on_thread.request", "in_local.request", "in_context"))

SYNC = "A bare sync view"
ASYNC = "A bare async view"
SYNC_UNDER_ASGI = "A bare sync view under ASGI"
STACK = "startproject's stack"
STACK_UNDER_ASGI = "startproject's stack under ASGI, async view"
PAGE = "Page with session, user, queries and template"
PAGE_UNDER_ASGI = f"{PAGE}, under ASGI"
TOKEN = "REST framework's view with a token"


def _for_all(name: str, scenario: Scenario, somebody: Visitor) -> dict[str, Scenario]:
    """Return a scenario for nobody, for somebody, and for somebody while three holders are watched."""
    signed_in = scenario._replace(visitor=somebody)
    watched = signed_in._replace(middleware=(*scenario.middleware, "benchmarks.holding.Holding"), holders=_HOLDERS)
    return {f"{name}, nobody": scenario, f"{name}, somebody": signed_in, f"{name}, watched": watched}


REAL: Mapping[str, Scenario] = {
    **_for_all(STACK, Scenario("wsgi", "/sync/", _APPS, _MIDDLEWARE), "signed in"),
    **_for_all(STACK_UNDER_ASGI, Scenario("asgi", "/async/", _APPS, _MIDDLEWARE), "signed in"),
    **_for_all(PAGE, Scenario("wsgi", "/page/", _APPS, _MIDDLEWARE), "signed in"),
    **_for_all(PAGE_UNDER_ASGI, Scenario("asgi", "/page/", _APPS, _MIDDLEWARE), "signed in"),
    **_for_all(
        TOKEN,
        Scenario("wsgi", "/token/", (*_APPS, "rest_framework", "rest_framework.authtoken"), _MIDDLEWARE),
        "token",
    ),
}
"""What projects are like: the middleware that `startproject` begins with."""

SCENARIOS: Mapping[str, Scenario] = {
    **REAL,
    SYNC: Scenario("wsgi", "/sync/"),
    ASYNC: Scenario("asgi", "/async/"),
    SYNC_UNDER_ASGI: Scenario("asgi", "/sync/"),
}
"""All that can be measured; those without any middleware are like no real project, and for information."""

STACK_NOBODY, ASYNC_NOBODY = f"{STACK}, nobody", f"{STACK_UNDER_ASGI}, nobody"
"""Those of which the budgets speak."""
PAGE_SOMEBODY, PAGE_UNDER_ASGI_SOMEBODY = f"{PAGE}, somebody", f"{PAGE_UNDER_ASGI}, somebody"

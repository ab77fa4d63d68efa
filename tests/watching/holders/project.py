"""A project with one library in it: serves a few people and prints, as JSON, what was seen of them.

Run as ``python -m tests.watching.holders.project django-crum``, in a process of its own: what a library loads and
patches stays with it. The same requests are served below our middleware and without it.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import django
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils.decorators import sync_and_async_middleware
from django.utils.module_loading import import_string

from tests.watching.holders.libraries import LIBRARIES, Library

VISITS = (
    ("alice", "/used/"),
    ("bob", "/used/"),
    ("nobody", "/used/"),
    ("alice", "/unused/"),
    ("bob", "/unused/"),
    ("nobody", "/early/"),
    ("alice", "/early/"),
)
LIBRARY: Library = LIBRARIES[sys.argv[1]]
MIDDLEWARE = [
    "reqtrace.middleware.TraceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    f"{__name__}.early",
    *filter(None, [LIBRARY.middleware]),
]
named: dict[str, str] = {}
"""What each holder named in a view that has used the library, by path."""


@sync_and_async_middleware
def early(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answer some requests above the library, by who asks, as a middleware that redirects to a login page does."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return HttpResponse(request.user.get_username()) if request.path == "/early/" else get_response(request)

    async def async_middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path != "/early/":
            response: HttpResponseBase = await get_response(request)
            return response
        return HttpResponse((await request.auser()).get_username())

    return async_middleware if iscoroutinefunction(get_response) else middleware


def view_that_uses(request: HttpRequest) -> HttpResponse:
    """Use the library as its documentation says, and look at what its holders name."""
    from reqtrace.watching.holders import known
    from reqtrace.watching.meaning import meaning_of

    if request.user.is_authenticated:
        used = import_string(LIBRARY.use)(request.user) if LIBRARY.use is not None else None
        with used if hasattr(used, "__exit__") else nullcontext():
            for holder in known.installed():
                meaning = meaning_of(holder.read())
                is_user = meaning.request is None and meaning.identity.id == str(request.user.pk)
                named[holder.path] = "request" if meaning.request is request else "user" if is_user else "nobody"
    return HttpResponse("used")


def view_that_does_not(request: HttpRequest) -> HttpResponse:
    """Look at nothing."""
    return HttpResponse("unused")


urlpatterns = [path("used/", view_that_uses), path("unused/", view_that_does_not)]


def configure() -> None:
    """Set Django up with the library."""
    settings.configure(
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "reqtrace",
            *LIBRARY.apps,
        ],
        MIDDLEWARE=MIDDLEWARE,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGGING_CONFIG=None,
        REQTRACE={"STORE": "memory:"},
        **LIBRARY.settings,
    )
    django.setup()
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)


def serve(interface: str, people: dict[str, Any]) -> list[list[object]]:
    """Serve all visits; return the queries and the ``Vary`` of each."""
    clients = {}
    for name, user in people.items():
        clients[name] = AsyncClient() if interface == "asgi" else Client()
        if user is not None:
            clients[name].force_login(user)
    costs = []
    for name, url in VISITS:
        post = async_to_sync(visit) if interface == "asgi" else Client.post
        with CaptureQueriesContext(connection) as queries:
            response = post(clients[name], url)
        assert response.status_code == 200, response.content
        costs.append([len(queries), response.headers.get("Vary")])
    return costs


async def visit(client: AsyncClient, url: str) -> Any:
    """Visit a page as a server lets one in: in a task, and so in a context of its own."""
    return await asyncio.create_task(client.post(url))


def main() -> None:
    """Print what was seen."""
    configure()
    from django.contrib.auth.models import User

    from reqtrace.capture import lifecycle
    from reqtrace.testing import capture
    from reqtrace.watching.holders import known

    people = {name: User.objects.create_user(name) for name in ("alice", "bob")} | {"nobody": None}
    seen: dict[str, object] = {}
    for interface in ("asgi", "wsgi"):
        named.clear()
        with capture() as captured:
            costs = serve(interface, people)
        with override_settings(MIDDLEWARE=MIDDLEWARE[1:]):
            bare = serve(interface, people)
        paths = {request.id: request.path for request in captured.requests}
        seen[interface] = {
            "requests": len(paths),
            "findings": [
                [finding.kind, finding.level, finding.holder, paths[finding.request]] for finding in captured.findings
            ],
            "named": dict(named),
            "costs": costs,
            "bare": bare,
        }
    seen["fault"] = lifecycle.recorder().faults.last
    seen["holders"] = [[holder.path, holder.kind] for holder in known.installed()]
    print(json.dumps(seen))


if __name__ == "__main__":
    main()

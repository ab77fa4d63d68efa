"""A project whose middleware keeps the request on itself, among libraries that wrap it: prints who was found.

Run as ``python -m tests.watching.holders.layers``, or with ``sentry`` behind it, in a process of its own.
"""

import json
import sys
from collections.abc import Callable

import django
import sentry_sdk
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from sentry_sdk.integrations.django import DjangoIntegration

View = Callable[[HttpRequest], HttpResponse]


class Keeper:
    """Keeps the last request in an attribute."""

    def __init__(self, get_response: View) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Keep it, and never let go."""
        self.request = request
        return self.get_response(request)


class Terse:
    """Keeps the last request, too, and calls the next layer by a name of its own."""

    def __init__(self, inner: View) -> None:
        """Wrap the next layer."""
        self.inner = inner

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Keep it, and never let go."""
        self.request = request
        return self.inner(request)


def keeping(get_response: View) -> View:
    """Keep the last request on the function that is the middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        middleware.request = request  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def answer(_: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("x")


urlpatterns = [path("", answer)]


def main() -> None:
    """Serve a few requests and print whom the findings name."""
    if "sentry" in sys.argv:
        sentry_sdk.init(dsn=None, integrations=[DjangoIntegration()], traces_sample_rate=1.0)
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["channels", "debug_toolbar", "rest_framework", "reqtrace"],
        STATIC_URL="static/",
        MIDDLEWARE=[
            "reqtrace.middleware.TraceMiddleware",
            "debug_toolbar.middleware.DebugToolbarMiddleware",
            f"{__name__}.Terse",
            f"{__name__}.Keeper",
            f"{__name__}.keeping",
        ],
        LOGGING_CONFIG=None,
        REQTRACE={"STORE": "memory:"},
    )
    django.setup()
    from reqtrace.capture import lifecycle
    from reqtrace.testing import capture

    client = Client()
    with capture() as seen:
        for _ in range(3):
            assert client.get("/").status_code == 200
    assert lifecycle.recorder().faults.last is None
    print(json.dumps(sorted({str(finding.holder) for finding in seen.findings})))


if __name__ == "__main__":
    main()

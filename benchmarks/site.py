"""The small Django project that is measured: settings made from a scenario and a case, and its views."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string

from benchmarks.cases.base import Case
from benchmarks.scenarios import Scenario

Headers = Mapping[str, str]
"""What a visitor's browser or script sends along, by names in lower case."""


def sync_view(request: HttpRequest) -> HttpResponse:
    """Answer at once."""
    return HttpResponse(b"hello")


async def async_view(request: HttpRequest) -> HttpResponse:
    """Answer at once, on the event loop."""
    return HttpResponse(b"hello")


waits = threading.local()
"""How long `waiting_view` is to wait on this thread."""


def waiting_view(request: HttpRequest) -> HttpResponse:
    """Answer after a while, as one does that asks another server."""
    time.sleep(waits.seconds)
    return HttpResponse(b"hello")


def page_view(request: HttpRequest) -> HttpResponse:
    """Greet whoever is signed in, above a list."""
    permissions = apps.get_model("auth.Permission").objects.select_related("content_type")
    return render(request, "page.html", {"permissions": permissions})


def set_up(scenario: Scenario, case: Case, base_dir: Path) -> Headers:
    """Make this process the project, with the case in front, and return what its visitor sends along."""
    settings.configure(
        BASE_DIR=base_dir,
        SECRET_KEY="only for benchmarks",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="benchmarks.urls",
        INSTALLED_APPS=[*case.apps, *scenario.apps],
        MIDDLEWARE=[*case.middleware, *scenario.middleware],
        REQTRACE={"HOLDERS": list(scenario.holders)},
        **case.settings,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": base_dir / "db.sqlite3",  # which all threads of a server share
                "CONN_MAX_AGE": 60,
            }
        }
        if scenario.has_accounts
        else {},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [Path(__file__).with_name("templates")],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ],
                },
            }
        ],
    )
    case.start()
    django.setup()
    if scenario.has_accounts:
        call_command("migrate", verbosity=0)
    if scenario.visitor == "token":
        return {"authorization": f"Token {apps.get_model('authtoken.Token').objects.create(user=_alice())}"}
    return {"cookie": _signed_in(_alice())} if scenario.visitor == "signed in" else {}


def _alice() -> Any:
    return get_user_model().objects.create_user("alice")


def _signed_in(alice: Any) -> str:
    session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    session[SESSION_KEY] = str(alice.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = alice.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"

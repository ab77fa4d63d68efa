"""Settings of a project of its own, for servers in processes of their own: its files stand where the test says."""

import os
from pathlib import Path

from tests.settings import *  # noqa: F403

_PLACE = Path(os.environ["TEST_PLACE"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _PLACE / "project.sqlite3",
        "OPTIONS": {"timeout": 20},
    }
}
REQTRACE = {"STORE": f"sqlite:///{_PLACE / 'traces.sqlite3'}"}
ALLOWED_HOSTS = []
# A project as it runs in earnest: these would keep people out of a server that speaks plain HTTP on another host.
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SESSION_COOKIE_DOMAIN = "shop.example"

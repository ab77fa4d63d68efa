"""Settings of the demo shop, which three servers share; it listens on this machine alone."""

import json
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("DEMO_VAR", BASE_DIR / "demo" / "var"))
"""Database, traces and logs: all that the demo writes. Removing the folder starts afresh."""
VAR_DIR.mkdir(parents=True, exist_ok=True)

LAB_REPORT = VAR_DIR / "lab.json"
LAB_WORKERS_REPORT = VAR_DIR / "lab-workers.json"
"""What ``manage.py lab`` found out last, for the page /lab/."""

# Known to everybody, which does for a shop that sells nothing and listens on 127.0.0.1.
SECRET_KEY = "reqtrace demo shop"
PASSWORD = "reqtrace"
CUSTOMERS = ("alice", "bob", "carol", "dave")
STAFF = "staff"
TRAFFIC_AGENT = "reqtrace-demo-traffic"
"""The User-Agent of `demo.traffic`."""

DEBUG = os.environ.get("DEMO_DEBUG", "1") == "1"
MOUNT_DASHBOARD = os.environ.get("DEMO_MOUNT_DASHBOARD") == "1"
"""Whether this server shows the live page under /reqtrace/, and the tour; the live page's socket needs ASGI."""
TOUR_SERVER = os.environ.get("DEMO_TOUR_SERVER", "")
"""Which server's scenarios stand here: what they break, they break on a server of their own, apart from the shop."""
TOUR_SERVERS: dict[str, str] = json.loads(os.environ.get("DEMO_TOUR_SERVERS", "{}"))
"""Where those servers are, by name."""

ALLOWED_HOSTS = ["127.0.0.1", "localhost", ".localhost"]
INTERNAL_IPS = ["127.0.0.1"]
USE_TZ = True

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "reqtrace",
    "dashboard",
    "demo",
]
MIDDLEWARE = [
    "reqtrace.middleware.TraceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
if DEBUG:
    INSTALLED_APPS.append("debug_toolbar")
    MIDDLEWARE.insert(1, "debug_toolbar.middleware.DebugToolbarMiddleware")

REQTRACE: dict[str, object] = {"STORE": f"sqlite:///{VAR_DIR / 'traces.sqlite3'}"}
if MOUNT_DASHBOARD:
    REQTRACE["LINKS"] = {"Shop": "/", "Tour": "/tour/", "Lab": "/lab/"}
if TOUR_SERVER:
    MIDDLEWARE.append("demo.scenarios.serving.ScenarioMiddleware")
    # Declared, so that the first request counts already: discovery would find them, too, but after a while.
    REQTRACE["HOLDERS"] = [
        "demo.scenarios.never_cleared.kept.request",
        "demo.scenarios.never_cleared.cleared.request",
        "demo.scenarios.overwritten.held.request",
        "demo.scenarios.overwritten.current",
        "demo.scenarios.set_if_signed_in.held.user",
        "demo.scenarios.set_if_signed_in.cleared.user",
        "demo.scenarios.background_work.acting",
        "demo.scenarios.mutable_default.shared_stack",
        "demo.scenarios.mutable_default.own_stack",
        "demo.scenarios.dirty_context.remembered",
    ]

DEBUG_TOOLBAR_PANELS = [
    "reqtrace.panel.RequestTracePanel",
    "debug_toolbar.panels.timer.TimerPanel",
    "debug_toolbar.panels.request.RequestPanel",
    "debug_toolbar.panels.sql.SQLPanel",
    "debug_toolbar.panels.templates.TemplatesPanel",
]
DEBUG_TOOLBAR_CONFIG = {
    "SHOW_TOOLBAR_CALLBACK": "demo.toolbar.shown_to",
    # A panel opened later may be answered by another worker than the one that made the page.
    "TOOLBAR_STORE_CLASS": "debug_toolbar.store.CacheStore",
    "CACHE_BACKEND": "toolbar",
}

ROOT_URLCONF = "demo.urls"
WSGI_APPLICATION = "demo.wsgi.application"
ASGI_APPLICATION = "demo.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "demo.workers.here",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR_DIR / "shop.sqlite3",
        # Several processes write: WAL lets readers go on meanwhile, IMMEDIATE makes writers wait in line for the
        # timeout instead of failing half way through a transaction.
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "toolbar": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": VAR_DIR / "toolbar"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "account"
LOGOUT_REDIRECT_URL = "home"

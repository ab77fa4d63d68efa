"""Settings of the lab's own small application; what varies comes from the environment."""

import os

from demo.lab.holders import HOLDERS

SECRET_KEY = "reqtrace lab"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "reqtrace"]
MIDDLEWARE = [
    "reqtrace.middleware.TraceMiddleware",
    {"sync": "demo.lab.middleware.SyncMiddleware", "async": "demo.lab.middleware.HybridMiddleware"}[
        os.environ.get("LAB_STACK", "sync")
    ],
]
ROOT_URLCONF = "demo.lab.views"
WSGI_APPLICATION = "demo.lab.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20

# Declared, so that every request is compared from the first on; or left to discovery, which needs a while.
_chosen = [HOLDERS[name].path for name in os.environ.get("LAB_HOLDERS", ",".join(HOLDERS)).split(",") if name]
_discovers = os.environ.get("LAB_DISCOVER") == "1"
REQTRACE = {"HOLDERS": [] if _discovers else _chosen, "DISCOVER": _discovers}

"""The settings of the project in `dirty.py`."""

from tests.servers.settings import *  # noqa: F403

ROOT_URLCONF = "tests.servers.dirty"
MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", "tests.servers.dirty.SignsIn"]

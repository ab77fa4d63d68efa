"""The settings of the project that numbers its requests."""

from tests.servers.settings import *  # noqa: F403

ROOT_URLCONF = "tests.servers.dirty_text"
MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware"]

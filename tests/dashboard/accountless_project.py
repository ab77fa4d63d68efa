"""A project without people: no accounts, no sessions, and DEBUG on."""

from .project import *  # noqa: F403

DEBUG = True
INSTALLED_APPS = ["reqtrace"]
MIDDLEWARE = []

"""The same project, as it runs on a server that people reach by this machine's own address."""

from .project import *  # noqa: F403

ALLOWED_HOSTS = ["127.0.0.1"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_DOMAIN = None

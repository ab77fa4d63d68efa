"""A project behind a proxy that speaks TLS and says so."""

from .project import *  # noqa: F403

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

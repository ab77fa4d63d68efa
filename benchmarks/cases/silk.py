"""django-silk, which writes each request into the project's own database."""

from benchmarks.cases.base import Case


class Silk(Case):
    """As its documentation installs it."""

    apps = ("silk",)
    middleware = ("silk.middleware.SilkyMiddleware",)

"""django-crum, which keeps the current request on the thread, and nothing more."""

from benchmarks.cases.base import Case


class Crum(Case):
    """As its documentation installs it."""

    middleware = ("crum.CurrentRequestUserMiddleware",)

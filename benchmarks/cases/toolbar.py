"""django-debug-toolbar, shown to everybody."""

from typing import Any

from benchmarks.cases.base import Case


def everybody(request: Any) -> bool:
    """Show it, whoever asks: by default it is for the developer's own browser."""
    return True


class DebugToolbar(Case):
    """As its documentation installs it."""

    apps = ("django.contrib.staticfiles", "debug_toolbar")
    middleware = ("debug_toolbar.middleware.DebugToolbarMiddleware",)
    settings = {  # noqa: RUF012
        "STATIC_URL": "static/",
        "DEBUG_TOOLBAR_CONFIG": {"SHOW_TOOLBAR_CALLBACK": "benchmarks.cases.toolbar.everybody"},
    }

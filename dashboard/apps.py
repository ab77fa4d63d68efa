"""Django app of the live page."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Makes the page known to a project that mounts it; the standalone server does without."""

    name = __name__.rpartition(".")[0]
    label = "reqtrace_dashboard"
    verbose_name = "reqtrace dashboard"

"""The least of a project in which `manage.py reqtrace` runs."""

SECRET_KEY = "only for benchmarks"
INSTALLED_APPS = ["reqtrace"]

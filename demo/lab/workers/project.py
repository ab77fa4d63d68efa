"""Settings of the application that works in the background; what varies comes from the environment."""

import os

from demo.lab.holders import HOLDERS

NAMES = ("local-kept", "local-cleared", "asgiref-kept", "contextvar-kept", "contextvar-reset", "module")
"""The holders that its task keeps its user in."""

SECRET_KEY = "reqtrace lab"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "reqtrace"]
if os.environ.get("LAB_TASKS") == "1":
    INSTALLED_APPS += ["django_tasks", "django_tasks_db"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("LAB_DATABASE", ":memory:")}}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["lab"]}}
REQTRACE = {"HOLDERS": [HOLDERS[name].path for name in NAMES], "DISCOVER": False}

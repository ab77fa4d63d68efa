"""The test project as the shop's workers run it."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _APPS

REDIS = os.environ.get("SHOP_REDIS", "redis://127.0.0.1:1/0")
INSTALLED_APPS = [app for app in _APPS if app not in ("debug_toolbar", "dashboard", "channels")]
INSTALLED_APPS += ["tests.capture.jobs.shop"]
if os.environ.get("SHOP_QUEUE") == "django-tasks":
    INSTALLED_APPS += ["django_tasks", "django_tasks_db"]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["letters"]}}
REQTRACE = {"FLUSH_MS": 50, "HOLDERS": ["tests.capture.jobs.shop.work.held.user"], "DISCOVER": False}

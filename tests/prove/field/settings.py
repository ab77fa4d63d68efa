"""The settings: those of the project beside it, with the libraries that the cases use."""

import os
from pathlib import Path

from tests.prove.project.settings import *  # noqa: F403

ROOT_URLCONF = "tests.prove.field.urls"
ASGI_APPLICATION = "tests.prove.field.asgi.application"
INSTALLED_APPS = [*INSTALLED_APPS, "sitetree", "guardian"]  # noqa: F405
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
MIDDLEWARE = [*MIDDLEWARE, "tests.prove.field.middleware.look_who_is_there"]  # noqa: F405
ANONYMOUS_USER_NAME = None
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
if os.environ.get("FIELD_CACHE") == "process":
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

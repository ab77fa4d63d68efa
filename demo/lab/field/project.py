"""Settings of the field's small application: Django's sessions and users, and reqtrace as the README installs it."""

import os

SECRET_KEY = "reqtrace field"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "reqtrace"]
MIDDLEWARE = [
    "reqtrace.middleware.TraceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "demo.lab.field.stays.remember_signed_in",
    "demo.lab.field.stays.key_by_thread",
    "demo.lab.field.stays.push_and_pop",
    "demo.lab.field.together.audit",
    "demo.lab.field.responses.look_first",
]
ROOT_URLCONF = "demo.lab.field.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        (
                            "django.template.loaders.locmem.Loader",
                            {
                                "broken.html": "{% load field %}{% greet %}",
                                "clean.html": "{% load field %}{% greet_carefully %}",
                            },
                        )
                    ],
                )
            ],
            "libraries": {"field": "demo.lab.field.shared_objects"},
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("FIELD_DATABASE", ":memory:")}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REQTRACE: dict[str, object] = {"IGNORE_PATHS": ["/alive/"]}
if os.environ.get("FIELD_DECLARED"):
    REQTRACE |= {"HOLDERS": os.environ["FIELD_DECLARED"].split(), "DISCOVER": False}

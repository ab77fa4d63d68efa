"""The settings that the five projects have in common; the environment says where the database lies."""

import os
from pathlib import Path
from typing import Any

BASE_DIR = Path(os.environ["PROVE_FOLDER"])
SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["shop.test"]
USE_TZ = True
STATIC_URL = "/static/"
MEDIA_ROOT = BASE_DIR
APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "reqtrace",
]
MIDDLEWARE = [
    "reqtrace.middleware.TraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]


def templates(*more: str) -> list[dict[str, Any]]:
    """Return the templates' settings with more context processors."""
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [*PROCESSORS, *more]},
        }
    ]


class TablesAtOnce(dict[str, Any]):
    """No application's migrations: the tables are made at once, as the models are now."""

    def __contains__(self, name: object) -> bool:
        """Know every application."""
        return True

    def __getitem__(self, name: str) -> None:
        """Give it no migrations."""
        return


TEMPLATES = templates()
MIGRATION_MODULES = TablesAtOnce()
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
REQTRACE = {"STORE": f"sqlite:///{BASE_DIR / 'traces.sqlite3'}"}

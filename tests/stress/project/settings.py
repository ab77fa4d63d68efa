"""The settings; the environment says which leak is planted."""

import os
from pathlib import Path

BASE_DIR = Path(os.environ["STRESS_FOLDER"])
SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["shop.test"]
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "reqtrace"]
MIDDLEWARE = [
    *(["reqtrace.middleware.TraceMiddleware"] if "untraced" not in os.environ.get("PLANTED", "") else []),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tests.stress.project.middleware.CurrentUser",
]
AUTHENTICATION_BACKENDS = [
    "tests.stress.project.permissions.PermissionsAlone",
    "django.contrib.auth.backends.ModelBackend",
]
ROOT_URLCONF = "tests.stress.project.urls"
WSGI_APPLICATION = "tests.stress.project.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

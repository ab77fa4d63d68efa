"""The settings; the environment says where the database lies."""

import os
from pathlib import Path

BASE_DIR = Path(os.environ["PROVE_FOLDER"])
SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["shop.test"]
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "reqtrace",
]
MIDDLEWARE = [
    "reqtrace.middleware.TraceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "tests.prove.project.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "OPTIONS": {"context_processors": ["django.contrib.auth.context_processors.auth"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
    }
}
if "PROVE_POSTGRES" in os.environ:
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "shop",
        "USER": os.environ.get("PROVE_ROLE", "postgres"),
        "HOST": "127.0.0.1",
        "PORT": os.environ["PROVE_POSTGRES"],
        "CONN_MAX_AGE": 60,
    }
CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": BASE_DIR / "cache"}}
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / "mail"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
match os.environ.get("PROVE_SPOILED"):  # for what cannot be proven
    case "users":
        DATABASES["default"]["NAME"] = BASE_DIR / "empty.sqlite3"
    case "database":
        DATABASES["default"]["NAME"] = __file__
    case "sessions":
        del MIDDLEWARE[1]
    case "asgi":
        ASGI_APPLICATION = "tests.prove.project.nowhere.application"
REQTRACE = {"STORE": f"sqlite:///{BASE_DIR / 'traces.sqlite3'}"}

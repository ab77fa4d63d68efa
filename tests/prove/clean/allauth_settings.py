"""A site whose people sign in through allauth."""

from tests.prove.clean.base import *  # noqa: F403

ROOT_URLCONF = "tests.prove.clean.allauth_urls"
INSTALLED_APPS = [*APPS, "allauth", "allauth.account", "allauth.usersessions"]  # noqa: F405
MIDDLEWARE = [
    *MIDDLEWARE,  # noqa: F405
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_EMAIL_VERIFICATION = "none"
LOGIN_REDIRECT_URL = "/"

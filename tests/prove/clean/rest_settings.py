"""An API of REST framework, throttled, for the session and for tokens."""

from tests.prove.clean.base import *  # noqa: F403

ROOT_URLCONF = "tests.prove.clean.rest_urls"
INSTALLED_APPS = [*APPS, "rest_framework", "rest_framework.authtoken"]  # noqa: F405
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "10000/min", "user": "10000/min"},
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 2,
}

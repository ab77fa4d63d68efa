"""Libraries that keep the current request or user, and what is to be seen of each when it is used as documented.

django-cuser is none of them: its last release, of 2017, cannot be imported with Django 5.2.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Library(NamedTuple):
    """One library of those in `reqtrace.watching.holders.known`, or one that keeps neither request nor user."""

    middleware: str | None = None
    apps: tuple[str, ...] = ()
    use: str | None = None
    """A function of the library that views of its users call with the user, or a context manager to work within."""
    holders: tuple[tuple[str, str, str], ...] = ()
    """Path, kind, and what stands there in a view that has used the library: ``request``, ``user`` or ``nobody``."""
    leaks_under: tuple[str, ...] = ()
    """Under which interfaces the next request still finds what it kept. Under ASGI each request has a context of its
    own, and, where it runs sync code, a thread of its own."""
    settings: Mapping[str, object] = MappingProxyType({})


LIBRARIES = {
    "django-crum": Library(
        "crum.CurrentRequestUserMiddleware",
        use="crum.set_current_user",
        holders=(
            ("crum._thread_locals.request", "threading.local", "request"),
            ("crum._thread_locals.user", "threading.local", "user"),
        ),
    ),
    "django-currentuser": Library(
        "django_currentuser.middleware.ThreadLocalUserMiddleware",
        holders=(("django_currentuser.middleware._thread_locals._current_user", "threading.local", "user"),),
    ),
    "django-threadlocals": Library(
        "threadlocals.middleware.ThreadLocalMiddleware",
        holders=(
            ("threadlocals.threadlocals._threadlocals.request", "threading.local", "request"),
            ("threadlocals.threadlocals._threadlocals.user", "threading.local", "nobody"),
        ),
        leaks_under=("wsgi",),
    ),
    "django-crequest": Library(
        "crequest.middleware.CrequestMiddleware",
        holders=(("crequest.middleware.CrequestMiddleware._requests", "dict by thread", "request"),),
    ),
    "django-cms": Library(
        "cms.middleware.user.CurrentUserMiddleware",
        apps=("django.contrib.sites", "django.contrib.admin", "cms", "menus", "treebeard", "sekizai"),
        settings={
            "SITE_ID": 1,
            "CMS_CONFIRM_VERSION4": True,
            "LANGUAGE_CODE": "en",
            "LANGUAGES": [("en", "English")],
            "TEMPLATES": [
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
                }
            ],
        },
        holders=(("cms.utils.permissions._current_user", "ContextVar", "user"),),
    ),
    "django-simple-history": Library(
        "simple_history.middleware.HistoryRequestMiddleware",
        apps=("simple_history",),
        holders=(("simple_history.models.HistoricalRecords.context.request", "asgiref.Local", "request"),),
    ),
    "django-auditlog": Library(
        "auditlog.middleware.AuditlogMiddleware",
        apps=("auditlog",),
        holders=(("auditlog.context.auditlog_value", "ContextVar", "user"),),
        leaks_under=("wsgi",),
    ),
    "django-easy-audit": Library(
        "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
        apps=("easyaudit",),
        holders=(("easyaudit.middleware.easyaudit._thread_locals.request", "asgiref.Local", "request"),),
    ),
    "django-reversion": Library(
        "reversion.middleware.RevisionMiddleware",
        apps=("reversion",),
        use="reversion.set_user",
        holders=(("reversion.revisions._stack", "ContextVar", "user"),),
    ),
    "django-pghistory": Library(
        "pghistory.middleware.HistoryMiddleware",
        apps=("pgtrigger", "pghistory"),
        holders=(("pghistory.runtime._tracker.value", "threading.local", "user"),),
    ),
    "elastic-apm": Library(
        "elasticapm.contrib.django.middleware.LogMiddleware",
        settings={"ELASTIC_APM": {"ENABLED": False}},  # its agent; the middleware works without
        holders=(("elasticapm.contrib.django.middleware.LogMiddleware.thread.request", "threading.local", "request"),),
        leaks_under=("wsgi",),
    ),
    "django-silk": Library(
        "silk.middleware.SilkyMiddleware",
        apps=("silk",),
        settings={"SILKY_MAX_RECORDED_REQUESTS_CHECK_PERCENT": 0},  # its clean-up, which comes by chance, queries
    ),  # what it calls the request is a row of its own table
    "django-structlog": Library(
        "django_structlog.middlewares.RequestMiddleware",
        apps=("django_structlog",),
        holders=(("structlog.contextvars.structlog_user_id", "ContextVar", "user"),),
    ),
    "wagtail": Library(
        apps=(
            "wagtail",
            "wagtail.admin",
            "wagtail.users",
            "wagtail.images",
            "wagtail.documents",
            "taggit",
            "modelcluster",
        ),
        settings={"STATIC_URL": "static/", "WAGTAIL_SITE_NAME": "a site", "WAGTAILADMIN_BASE_URL": "http://testserver"},
        use="wagtail.log_actions.LogContext",  # as its admin does around each of its views
        holders=(("wagtail.log_actions._active.value", "asgiref.Local", "user"),),
    ),
    "django-guid": Library("django_guid.middleware.guid_middleware", apps=("django_guid",)),
    "django-log-request-id": Library("log_request_id.middleware.RequestIDMiddleware"),
    "django-multitenant": Library("django_multitenant.middlewares.MultitenantMiddleware"),
}

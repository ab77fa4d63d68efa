"""Installed libraries whose middleware, in their installed version, is known to leave identity behind."""

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from django.utils.version import get_version_tuple

from reqtrace.doctor.base import Diagnosis, Examination, Level, Project


class _Known(NamedTuple):
    middleware: str
    distribution: str
    fixed_in: str | None
    """The first version without it; None when there was none yet as this was written."""
    level: Level
    message: str
    fix: str


_KNOWN = (
    _Known(
        "threadlocals.middleware.ThreadLocalMiddleware",
        "django-threadlocals",
        "0.11",
        "hazard",
        "keeps the request in a threading.local and never clears it",
        "Replace it by a middleware of your own around a contextvars.ContextVar, reset by token in a `finally`.",
    ),
    _Known(
        "cms.middleware.user.CurrentUserMiddleware",
        "django-cms",
        "5.1",
        "hazard",
        "keeps the user in a threading.local and never clears it",
        "Upgrade to django-cms 5.1.",
    ),
    _Known(
        "auditlog.middleware.AuditlogMiddleware",
        "django-auditlog",
        None,
        "hazard",
        "keeps the actor in a ContextVar that is never reset, so a WSGI worker's thread holds the last user",
        "Put a middleware around it that restores `auditlog.context.auditlog_value` in a `finally`.",
    ),
    _Known(
        "django_multitenant.middlewares.MultitenantMiddleware",
        "django-multitenant",
        None,
        "hazard",
        "keeps the tenant in a thread-local and never clears it",
        "Put a middleware around it that calls `unset_current_tenant()` in a `finally`.",
    ),
    _Known(
        "elasticapm.contrib.django.middleware.LogMiddleware",
        "elastic-apm",
        None,
        "hazard",
        "keeps the request in a threading.local and never clears it",
        "Take it out of MIDDLEWARE: tracing and error reporting work without it.",
    ),
    _Known(
        "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
        "django-easy-audit",
        None,
        "notice",
        "clears the request on commit only, so an exception, a cancelled request or a rolled back transaction keeps it",
        "Put a middleware around it that calls `clear_request()` of easyaudit.middleware.easyaudit in a `finally`.",
    ),
    _Known(
        "cuser.middleware.CuserMiddleware",
        "django-cuser",
        None,
        "notice",
        "keys users by thread and evaluates the user of every request, which costs two queries and adds `Vary: Cookie`",
        "Replace it by a middleware of your own around a contextvars.ContextVar, reset by token in a `finally`.",
    ),
    _Known(
        "django_tenants.middleware.main.TenantMainMiddleware",
        "django-tenants",
        None,
        "notice",
        "leaves the connection on the last tenant's schema until the next request begins",
        "Call `connection.set_schema_to_public()` where code runs on the same thread outside requests.",
    ),
)


class KnownLibraries(Examination):
    """Their sources were read; the versions are those in which it stands."""

    title: ClassVar[str] = "Libraries"

    def examine(self, project: Project) -> Iterator[Diagnosis]:
        """Look at ``MIDDLEWARE``, and at versions."""
        for known in _KNOWN:
            installed = project.versions.get(known.distribution, "")
            if known.middleware in project.middleware and not _reaches(installed, known.fixed_in):
                place = project.place_of_middleware(known.middleware)
                name = f"{known.distribution} {installed}".strip()
                yield Diagnosis(
                    "known-library",
                    known.level,
                    str(place.file),
                    place.line,
                    f"{known.middleware.rpartition('.')[2]} of {name} {known.message}.",
                    known.fix,
                )
        asgiref = project.versions.get("asgiref", "")
        servers = [name for name in ("uvicorn", "daphne") if name in project.versions]
        if project.asgi and servers and asgiref and not _reaches(asgiref, "3.12"):
            yield Diagnosis(
                "known-version",
                "hazard",
                str(project.settings_file),
                1,
                f"asgiref {asgiref} can hang the event loop for good when pipelined requests share a context, as under "
                f"{' and '.join(servers)}.",
                "Upgrade to asgiref 3.12 or newer.",
            )


def _reaches(installed: str, version: str | None) -> bool:
    if version is None or not installed:
        return False
    return get_version_tuple(installed) >= get_version_tuple(version)

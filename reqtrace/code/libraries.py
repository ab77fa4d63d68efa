"""Libraries that keep identity: which are known to leave it behind, until which version, and what users can do."""

import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from types import ModuleType
from typing import Literal, NamedTuple

from django.utils.version import get_version_tuple

from reqtrace.code import origins
from reqtrace.execution.real_types import is_really


class KnownLibrary(NamedTuple):
    """A library whose source was read; the version is that in which it stands."""

    middleware: str
    distribution: str
    fixed_in: str | None
    """The first version without it; None when there was none yet as this was written."""
    level: Literal["hazard", "notice"]
    message: str
    fix: str
    """What its user can do."""


KNOWN = (
    KnownLibrary(
        "threadlocals.middleware.ThreadLocalMiddleware",
        "django-threadlocals",
        "0.11",
        "hazard",
        "keeps the request in a threading.local and never clears it",
        "Replace it by a middleware of your own around a contextvars.ContextVar, reset by token in a `finally`.",
    ),
    KnownLibrary(
        "cms.middleware.user.CurrentUserMiddleware",
        "django-cms",
        "5.1",
        "hazard",
        "keeps the user in a threading.local and never clears it",
        "Upgrade to django-cms 5.1.",
    ),
    KnownLibrary(
        "auditlog.middleware.AuditlogMiddleware",
        "django-auditlog",
        None,
        "hazard",
        "keeps the actor in a ContextVar that is never reset, so a WSGI worker's thread holds the last user",
        "Put a middleware around it that restores `auditlog.context.auditlog_value` in a `finally`.",
    ),
    KnownLibrary(
        "django_multitenant.middlewares.MultitenantMiddleware",
        "django-multitenant",
        None,
        "hazard",
        "keeps the tenant in a thread-local and never clears it",
        "Put a middleware around it that calls `unset_current_tenant()` in a `finally`.",
    ),
    KnownLibrary(
        "elasticapm.contrib.django.middleware.LogMiddleware",
        "elastic-apm",
        None,
        "hazard",
        "keeps the request in a threading.local and never clears it",
        "Take it out of MIDDLEWARE: tracing and error reporting work without it.",
    ),
    KnownLibrary(
        "easyaudit.middleware.easyaudit.EasyAuditMiddleware",
        "django-easy-audit",
        None,
        "notice",
        "clears the request on commit only, so an exception, a cancelled request or a rolled back transaction keeps it",
        "Put a middleware around it that calls `clear_request()` of easyaudit.middleware.easyaudit in a `finally`.",
    ),
    KnownLibrary(
        "cuser.middleware.CuserMiddleware",
        "django-cuser",
        None,
        "notice",
        "keys users by thread and evaluates the user of every request, which costs two queries and adds `Vary: Cookie`",
        "Replace it by a middleware of your own around a contextvars.ContextVar, reset by token in a `finally`.",
    ),
    KnownLibrary(
        "django_tenants.middleware.main.TenantMainMiddleware",
        "django-tenants",
        None,
        "notice",
        "leaves the connection on the last tenant's schema until the next request begins",
        "Call `connection.set_schema_to_public()` where code runs on the same thread outside requests.",
    ),
)


class Owner(NamedTuple):
    """The library that a holder belongs to."""

    name: str
    """Its distribution and version."""
    fix: str
    """What its user can do, where that is known; a sentence."""


def owner_of(path: str) -> Owner | None:
    """Return whose holder it is, by its path; None for one of the application or of the framework."""
    top = path.partition(".")[0]
    module = sys.modules.get(top)
    if not is_really(module, ModuleType) or origins.is_of_framework(top) or not vars(module).get("__file__"):
        return None
    if origins.is_application(module):
        return None
    distribution = next(iter(_distributions().get(top, ())), top)
    try:
        installed = version(distribution)
    except PackageNotFoundError:
        installed = ""
    known = next((known for known in KNOWN if known.middleware.partition(".")[0] == top), None)
    has_fix = known is not None and not reaches(installed, known.fixed_in)
    return Owner(f"{distribution} {installed}".strip(), known.fix if known and has_fix else "")


def reaches(installed: str, wanted: str | None) -> bool:
    """Tell whether a version is as new as another; no where either is not known."""
    if wanted is None or not installed:
        return False
    return get_version_tuple(installed) >= get_version_tuple(wanted)


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Return which distributions bring which packages: a look at all that is installed, once."""
    return packages_distributions()

"""The holders of known libraries, by the paths at which their sources keep them."""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings

from reqtrace.exceptions import SettingsError
from reqtrace.identity import Identity
from reqtrace.watching.holders.base import Holder, HolderKind
from reqtrace.watching.holders.calls import CallableHolder, ThroughHolder
from reqtrace.watching.holders.paths import resolve


def _called(value: Any) -> object:
    """Call what django-currentuser keeps: a function that returns ``request.user``."""
    return value() if callable(value) else value


def _user_of_history(value: Any) -> Identity | None:
    """Return the user of django-pghistory's context, which keeps the primary key."""
    metadata = getattr(value, "metadata", None)
    return _by_key(metadata.get("user")) if type(metadata) is dict else None


def _by_key(key: object) -> Identity | None:
    return None if key is None else Identity("authenticated", str(key))


def _structlog_user() -> Identity | None:
    """Return the user whom django-structlog bound; the first binding makes the variable."""
    variables: dict[str, Any] = sys.modules["structlog.contextvars"]._CONTEXT_VARS
    field = getattr(settings, "DJANGO_STRUCTLOG_USER_ID_FIELD", "pk")
    if "django_structlog" not in sys.modules or field not in ("pk", "id") or "structlog_user_id" not in variables:
        return None
    key = variables["structlog_user_id"].get(None)
    return None if key is ... else _by_key(key)


class Known(NamedTuple):
    """Where a library keeps the current request or user."""

    path: str
    interpret: Callable[[Any], object] | None = None
    """Gets the request or the user from what stands there, where that is neither."""
    read: Callable[[], object] | None = None
    """Gets at it, where the path alone does not lead there."""
    kind: HolderKind = "callable"
    """What `read` takes it from."""


KNOWN = (
    Known("crum._thread_locals.request"),
    Known("crum._thread_locals.user"),
    Known("django_currentuser.middleware._thread_locals.{LOCAL_USER_ATTR_NAME:_current_user}", interpret=_called),
    Known("threadlocals.threadlocals._threadlocals.request"),
    Known("threadlocals.threadlocals._threadlocals.user"),
    Known("crequest.middleware.CrequestMiddleware._requests"),
    Known("simple_history.models.HistoricalRecords.context.request"),
    Known("auditlog.context.auditlog_value"),
    Known("easyaudit.middleware.easyaudit._thread_locals.request"),
    Known("reversion.revisions._stack"),
    Known("cms.utils.permissions._thread_locals.user"),
    Known("cms.utils.permissions._current_user"),
    Known("wagtail.log_actions._active.value"),
    Known("pghistory.runtime._tracker.value", interpret=_user_of_history),
    Known("elasticapm.contrib.django.middleware.LogMiddleware.thread.request"),
    Known("structlog.contextvars.structlog_user_id", read=_structlog_user, kind="ContextVar"),
)


def installed() -> list[Holder]:
    """Return the holders of all known libraries that are loaded; loads none."""
    holders: list[Holder] = []
    for known in KNOWN:
        path = _with_settings(known.path)
        if not _is_loaded(path):
            continue
        if known.read is not None:
            holders.append(CallableHolder(path, known.read, known.kind))
            continue
        try:
            holder = resolve(path)
        except SettingsError:
            continue  # another version, which keeps it elsewhere
        holders.append(holder if known.interpret is None else ThroughHolder(holder, known.interpret))
    return holders


def _is_loaded(path: str) -> bool:
    names = path.split(".")
    # The longest module name on the path must be loaded: its package alone may be, without it.
    return any(".".join(names[:length]) in sys.modules for length in range(len(names) - 1, max(len(names) - 4, 0), -1))


def _with_settings(path: str) -> str:
    """Fill in ``{SETTING:default}`` from Django's settings."""
    head, brace, tail = path.partition("{")
    if not brace:
        return path
    name, _, default = tail.removesuffix("}").partition(":")
    return head + str(getattr(settings, name, default))

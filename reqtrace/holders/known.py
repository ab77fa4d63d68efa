"""The holders of known libraries, by the paths at which their sources keep them."""

import sys
from typing import NamedTuple

from django.conf import settings

from reqtrace.exceptions import SettingsError
from reqtrace.holders.base import Holder
from reqtrace.holders.calls import ThroughCallHolder
from reqtrace.holders.paths import resolve


class Known(NamedTuple):
    """Where a library keeps the current request or user."""

    path: str
    through_call: bool = False
    """Whether a callable stands there that gives the user."""


KNOWN = (
    Known("crum._thread_locals.request"),
    Known("crum._thread_locals.user"),
    Known("django_currentuser.middleware._thread_locals.{LOCAL_USER_ATTR_NAME:_current_user}", through_call=True),
    Known("cuser.middleware.CuserMiddleware._CuserMiddleware__users"),
    Known("threadlocals.threadlocals._threadlocals.request"),
    Known("threadlocals.threadlocals._threadlocals.user"),
    Known("crequest.middleware.CrequestMiddleware._requests"),
    Known("simple_history.models.HistoricalRecords.context.request"),
    Known("auditlog.context.auditlog_value"),
    Known("auditlog.context.threadlocal.auditlog"),
    Known("easyaudit.middleware.easyaudit._thread_locals.request"),
    Known("reversion.revisions._stack"),
    Known("cms.utils.permissions._thread_locals.user"),
    Known("cms.utils.permissions._current_user"),
    Known("wagtail.log_actions._active.value"),
    Known("pghistory.runtime._tracker.value"),
    Known("elasticapm.contrib.django.middleware.LogMiddleware.thread.request"),
)


def installed() -> list[Holder]:
    """Return the holders of all known libraries that are loaded; loads none."""
    holders: list[Holder] = []
    for known in KNOWN:
        path = _with_settings(known.path)
        if not _is_loaded(path):
            continue
        try:
            holder = resolve(path)
        except SettingsError:
            continue  # another version, which keeps it elsewhere
        holders.append(ThroughCallHolder(holder) if known.through_call else holder)
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

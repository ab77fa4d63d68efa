"""Who may see the dashboard: the callables for ``ACCESS``, and the one question that every door asks."""

import ipaddress
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.utils.module_loading import import_string

from reqtrace import conf
from reqtrace.printable import printable

logger = logging.getLogger("reqtrace.access")

Visit = HttpRequest | Mapping[str, Any]
"""What somebody came with: a request at page, API and export, an ASGI scope at the socket."""

BY_STAFF = ("reqtrace.access.staff", "reqtrace.access.staff_or_local_debug")
"""What `ACCESS` may name that asks for staff."""
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_LOCAL_NAMES = [".localhost", "127.0.0.1", "[::1]"]


def staff(user: object, visit: Visit) -> bool:
    """Let active staff in; with ``DEBUG`` on, people at this machine too.

    A user model that knows no staff (has no ``is_staff``) lets its active superusers in instead.
    """
    return staff_or_local_debug(user, visit) if settings.DEBUG else _is_active_staff(user)


def staff_or_local_debug(user: object, visit: Visit) -> bool:
    """Let active staff in and, as long as ``DEBUG`` is on, whoever comes from this machine itself."""
    return _is_active_staff(user) or (settings.DEBUG and is_local(visit))


def allowed(user: object, visit: Visit) -> bool:
    """Ask the callable that ``ACCESS`` names; one that is missing or fails lets nobody in, and is logged once."""
    path = conf.get().access
    try:
        answer = _callable(path)(user, visit)
        if not isinstance(answer, bool):  # a coroutine, say, is true, too
            raise TypeError(f"it answered with a {type(answer).__name__}, not with True or False")
        return answer
    except Exception as error:
        _log_once(path, f"{type(error).__name__}: {error}")
        return False


def is_local(visit: Visit) -> bool:
    """Tell whether a visit comes from this very machine, by a name that is this machine's.

    A loopback address alone proves nothing: a proxy on this machine has it too (it leaves a forwarding header), and
    so has a browser here that a hostile page led to a name of its own with our address behind it (DNS rebinding;
    the ``Host`` header tells, which therefore must be a loopback name or stand in ``ALLOWED_HOSTS`` by itself).
    """
    address, headers = _address(visit), _headers(visit)
    if not _is_loopback(address) or any(name in headers for name in _FORWARDED):
        return False
    name, _ = split_domain_port(headers.get("host", ""))
    named = [host for host in settings.ALLOWED_HOSTS if host != "*"]
    return bool(name) and validate_host(name, [*_LOCAL_NAMES, *named])


def knows_staff() -> bool:
    """Tell whether the project's user model has ``is_staff``; true where the project has no accounts at all."""
    if not apps.is_installed("django.contrib.auth"):
        return True
    model = apps.get_model(settings.AUTH_USER_MODEL, require_ready=False)
    try:
        model._meta.get_field("is_staff")
    except FieldDoesNotExist:
        return hasattr(model, "is_staff")  # a property does, too
    return True


def who_may_look() -> str:
    """Say in one sentence whom the setting ``ACCESS`` lets in."""
    path = conf.get().access
    if path not in BY_STAFF:
        return f"{conf.DICT}['ACCESS'] decides who may look: {path}."
    if knows_staff():
        return "Active staff may look."
    return (
        f"{settings.AUTH_USER_MODEL} has no is_staff, so that its active superusers may look; "
        f"{conf.DICT}['ACCESS'] takes a rule of your own."
    )


def _is_active_staff(user: object) -> bool:
    if getattr(user, "is_active", False) is not True:
        return False
    return getattr(user, "is_staff" if hasattr(user, "is_staff") else "is_superuser", False) is True


def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _address(visit: Visit) -> str:
    if isinstance(visit, HttpRequest):
        return str(visit.META.get("REMOTE_ADDR", ""))
    client = visit.get("client")
    return str(client[0]) if client else ""


def _headers(visit: Visit) -> dict[str, str]:
    if isinstance(visit, HttpRequest):
        headers = {name.lower(): value for name, value in visit.headers.items()}
        return {"host": visit.META.get("SERVER_NAME", "")} | headers
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in visit.get("headers", ())}


@lru_cache(maxsize=8)
def _callable(path: str) -> Callable[[object, Visit], object]:
    found = import_string(path)
    if not callable(found):
        raise TypeError(f"{path} is {found!r}, which cannot be called")
    return found  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _log_once(path: str, problem: str) -> None:
    logger.error("%s['ACCESS'] is %r, and asking it failed: %s. Nobody is let in.", conf.DICT, path, printable(problem))

"""Nothing gets out: mail, caches, sessions and connections of a process in which people's requests are played."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import django.test.signals  # noqa: F401  makes Django's own objects follow what is overridden here
from django.conf import settings
from django.test.utils import override_settings

_LOCAL = "django.core.cache.backends.locmem.LocMemCache"
_KEPT = (_LOCAL, "django.core.cache.backends.dummy.DummyCache")
_TAKEN_OVER = ("KEY_FUNCTION", "KEY_PREFIX", "TIMEOUT", "VERSION")
_PORTS = {"mysql": 3306, "postgresql": 5432, "postgis": 5432}
_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


@contextmanager
def secluded(folder: str) -> Iterator[None]:
    """Keep mail, shared caches and session files within the process, and within `folder`, as long as this lasts.

    A cache that several processes share becomes one of this process's own: what one person's request leaves there,
    the next one's finds all the same, and every schedule begins with an empty one.
    """
    caches = {alias: _own(alias, dict(options)) for alias, options in settings.CACHES.items()}
    changed: dict[str, Any] = {"CACHES": caches, "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    if settings.SESSION_ENGINE == "django.contrib.sessions.backends.file":
        changed["SESSION_FILE_PATH"] = folder
    with override_settings(**changed):
        yield


def database_addresses() -> frozenset[tuple[str, int]]:
    """Return where the servers of the project's databases listen: a driver in Python connects there as others do."""
    found: set[tuple[str, int]] = set()
    for database in settings.DATABASES.values():
        host = str(database.get("HOST") or "127.0.0.1")
        port = int(database.get("PORT") or _PORTS.get(str(database.get("ENGINE", "")).rpartition(".")[2], 0))
        if port and not host.startswith("/"):
            found.add((host, port))
            with suppress(OSError):
                found |= {(str(info[4][0]), port) for info in socket.getaddrinfo(host, port)}
    return frozenset(found)


def shut(refused: list[str], databases: frozenset[tuple[str, int]] = frozenset()) -> None:
    """Let this process connect to nobody but `databases` from now on, and never again.

    What it wanted is noted in `refused`. Of the databases, copies are all that it knows.
    """

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CONNECTING:
            return
        address = arguments[1]
        if not isinstance(address, tuple):  # a socket of this machine, such as a database's
            return
        if address[:2] in databases:
            return
        text = ":".join(map(str, address[:2]))
        if text not in refused:
            refused.append(text)
        raise ConnectionRefusedError(f"reqtrace prove lets nothing out; {text} was asked for.")

    sys.addaudithook(refuse)


def _own(alias: str, options: dict[str, Any]) -> dict[str, Any]:
    if options.get("BACKEND") in _KEPT:
        return options
    kept = {name: options[name] for name in _TAKEN_OVER if name in options}
    return {"BACKEND": _LOCAL, "LOCATION": f"reqtrace-prove-{alias}", **kept}

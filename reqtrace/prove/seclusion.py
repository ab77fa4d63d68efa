"""Nothing gets out: mail, caches, sessions and connections of a process in which people's requests are played."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django.test.signals  # noqa: F401  makes Django's own objects follow what is overridden here
from django.conf import settings
from django.test.utils import override_settings

_LOCAL = "django.core.cache.backends.locmem.LocMemCache"
_KEPT = (_LOCAL, "django.core.cache.backends.dummy.DummyCache")
_TAKEN_OVER = ("KEY_FUNCTION", "KEY_PREFIX", "TIMEOUT", "VERSION")
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


def shut(refused: list[str]) -> None:
    """Let this process connect to nobody from now on, and never again; what it wanted is noted in `refused`.

    A database's driver does not ask Python for its connections, and a copy of the database is all that it is given.
    """

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CONNECTING:
            return
        address = arguments[1]
        if not isinstance(address, tuple):  # a socket of this machine, such as a database's
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

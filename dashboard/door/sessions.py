"""Sessions of the standalone server alone (`SESSION_ENGINE`): in its memory, and of no use to the application."""

import time
from collections import OrderedDict
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

SESSIONS_MAX = 1_000
AGE_SECONDS = 12 * 60 * 60
BY_LINK = "reqtrace_by_link"
"""Stands in the session of whoever came by a link of the terminal: who can run `manage.py` may see all traces."""

_kept: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()


def are_ours() -> bool:
    """Tell whether this process keeps sessions here: mounted in a project, the page has those of the project."""
    return bool(__name__ == settings.SESSION_ENGINE)


class SessionStore(SessionBase):
    """A session by its key; there is no table, so that nothing of it outlives the server.

    Whoever sends the key to the application under the name of its own cookie finds no session there, whatever keeps
    its sessions; nor does a session of the application open anything here.
    """

    def load(self) -> dict[str, Any]:
        """Return what a session holds; of one that is unknown or too old, nothing, and it gets another key."""
        until, data = _kept.get(self.session_key or "", (0.0, {}))
        if until > time.monotonic():
            return dict(data)
        self._session_key = None
        return {}

    def exists(self, session_key: str) -> bool:
        """Tell whether a key is known."""
        return session_key in _kept

    def create(self) -> None:
        """Begin a session."""
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Keep what a session holds; of many, the one that was used longest ago goes."""
        if self.session_key is None:
            self.create()
            return
        if must_create and self.session_key in _kept:
            raise CreateError
        if not must_create and self.session_key not in _kept:
            raise UpdateError
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        _kept[self.session_key] = (time.monotonic() + AGE_SECONDS, dict(data))
        _kept.move_to_end(self.session_key)
        while len(_kept) > SESSIONS_MAX:
            _kept.popitem(last=False)

    def delete(self, session_key: str | None = None) -> None:
        """End a session."""
        _kept.pop(session_key or self.session_key or "", None)

    @classmethod
    def clear_expired(cls) -> None:
        """Let go of those that are too old."""
        now = time.monotonic()
        for key in [key for key, (until, _) in _kept.items() if until <= now]:
            del _kept[key]

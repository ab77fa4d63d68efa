"""Whose session is whose, as far as this process has seen: for requests that nobody asks for their user."""

from typing import Any

from reqtrace import identity
from reqtrace.identity import ANONYMOUS, UNRESOLVED, Identity
from reqtrace.watching.live import ForeignResponse, OpenRequest

REMEMBERED_MAX = 2_048
WAITING_MAX = 256
"""How many sessions are waited for."""
WAITING_PER_SESSION = 4
"""How many requests of each wait to hear whose it is."""


class Sessions:
    """Remembers the user of each session seen of late; the keys stay in this process's memory."""

    def __init__(self) -> None:
        """Remember none."""
        self._users: dict[str, Identity] = {}
        self._waiting: dict[str, list[tuple[OpenRequest, ForeignResponse]]] = {}

    def learn(self, opened: OpenRequest) -> list[OpenRequest]:
        """Remember the user of a request that is over; return earlier ones of the session, to be judged once more."""
        key, user = opened.session_key, opened.user
        is_asked = user.state != "unresolved" or opened.signed_out is not None
        if key is None or not is_asked or (user.id is None and key not in self._users):
            return []  # where nobody has asked, it is still whose it was
        self._users.pop(key, None)
        if opened.signed_out is None and user.id is not None:
            self._users[key] = user
        if len(self._users) > REMEMBERED_MAX:
            self._users.pop(next(iter(self._users)), None)
        return [waiting for waiting in self._told(key, user) if waiting is not opened] if self._waiting else []

    def wait_for_owner(self, opened: OpenRequest, foreign: ForeignResponse) -> None:
        """Keep a request that got somebody's response and whose session is not known, until it is."""
        key = identity.session_key_of(opened.request)
        if key is None:
            return
        waiting = self._waiting.setdefault(key, [])
        if len(waiting) < WAITING_PER_SESSION:
            waiting.append((opened, foreign))
        if len(self._waiting) > WAITING_MAX:
            self._waiting.pop(next(iter(self._waiting)), None)

    def _told(self, key: str, user: Identity) -> list[OpenRequest]:
        """Let those that waited know whose session it is; return the ones that are over."""
        if user.id is None:
            return []
        waiting = self._waiting.pop(key, [])
        for opened, foreign in waiting:
            opened.presumed = user
            opened.note(foreign)  # once more: it was judged when nobody knew
        return [opened for opened, _ in waiting if opened.ended_ns]

    def find(self, request: Any) -> Identity:
        """Return whose session a request came with; anonymous for one that came without."""
        if "session" not in request.__dict__:
            return UNRESOLVED
        key = identity.session_key_of(request)
        return ANONYMOUS if key is None else self.owner_of(key)

    def owner_of(self, key: str) -> Identity:
        """Return whose session bears a key."""
        return self._users.get(key, UNRESOLVED)

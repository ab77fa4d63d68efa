"""Whose session is whose, as far as this process has seen: for requests that nobody asks for their user."""

from typing import Any

from reqtrace import identity
from reqtrace.identity import ANONYMOUS, UNRESOLVED, Identity
from reqtrace.live import OpenRequest

REMEMBERED_MAX = 2_048


class Sessions:
    """Remembers the user of each session seen of late; the keys stay in this process's memory."""

    def __init__(self) -> None:
        """Remember none."""
        self._users: dict[str, Identity] = {}

    def learn(self, opened: OpenRequest) -> None:
        """Remember the user of a request that is over."""
        key, user = opened.session_key, opened.user
        if key is None or (user.id is None and key not in self._users):
            return
        self._users.pop(key, None)
        if opened.signed_out is None and user.id is not None:
            self._users[key] = user
        if len(self._users) > REMEMBERED_MAX:
            self._users.pop(next(iter(self._users)), None)

    def find(self, request: Any) -> Identity:
        """Return whose session a request came with; anonymous for one that came without."""
        if "session" not in request.__dict__:
            return UNRESOLVED
        key = identity.session_key_of(request)
        return ANONYMOUS if key is None else self.owner_of(key)

    def owner_of(self, key: str) -> Identity:
        """Return whose session bears a key."""
        return self._users.get(key, UNRESOLVED)

"""Pages that Django's per-view cache has kept, known again by their content."""

import hashlib
from collections.abc import Hashable
from typing import Any

from reqtrace.records import UserState

REMEMBERED_MAX = 1_024

MadeFor = tuple[str, int, UserState, str | None, str | None]
"""Process and number of the request that a page was made for, and its user's state, key and name."""


class CachedPages:
    """Remembers for whom a personal page was made that went into the cache; this process's pages, the newest only.

    The decorator ``cache_page`` stores a response before anybody outside of it sees it, so that no mark can be put
    on it. What is the same for several people is nobody's page.
    """

    def __init__(self) -> None:
        """Remember none."""
        self._pages: dict[Hashable, MadeFor | None] = {}

    def remember(self, request: Any, response: Any, made_for: MadeFor) -> None:
        """Remember a page that was made just now."""
        key = _fingerprint(request, response)
        if key is None:
            return
        known = self._pages.pop(key, made_for)
        self._pages[key] = made_for if known is not None and known[3] == made_for[3] else None
        if len(self._pages) > REMEMBERED_MAX:
            self._pages.pop(next(iter(self._pages)), None)

    def find(self, request: Any, response: Any) -> MadeFor | None:
        """Return for whom a page out of the cache was made, if it was for one person and is remembered."""
        key = _fingerprint(request, response)
        return None if key is None else self._pages.get(key)


def _fingerprint(request: Any, response: Any) -> Hashable | None:
    if response.streaming or not getattr(response, "is_rendered", True):
        return None
    digest = hashlib.blake2b(response.content, digest_size=16).digest()
    return request.get_full_path(), response.headers.get("Expires"), digest

"""Pages that several people got alike, known again by their content: those are nobody's."""

import hashlib
from collections.abc import Hashable
from typing import Any

REMEMBERED_MAX = 1_024


class CachedPages:
    """Remembers for whom pages were made that went into the cache; this process's pages, the newest only."""

    def __init__(self) -> None:
        """Remember none."""
        self._pages: dict[Hashable, str | None] = {}

    def is_of(self, user_id: str, request: Any, response: Any) -> bool:
        """Remember a page that was made for somebody; tell whether nobody else has got the very same."""
        key = request.get_full_path(), hashlib.blake2b(response.content, digest_size=16).digest()
        known = self._pages.pop(key, user_id)
        self._pages[key] = known if known == user_id else None
        if len(self._pages) > REMEMBERED_MAX:
            self._pages.pop(next(iter(self._pages)), None)
        return known == user_id

"""The page's two built files: where they stand, what they hold, and the address that changes with their content."""

import hashlib
from functools import lru_cache
from pathlib import Path

import msgspec

TYPES = {"app.js": "text/javascript; charset=utf-8", "app.css": "text/css; charset=utf-8"}

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / "static" / "reqtrace", _HERE.parent / "static" / "dist")
"""In an installed package, and in a checkout."""


class Asset(msgspec.Struct, frozen=True):
    """One built file."""

    name: str
    content: bytes
    version: str
    """Changes with the content; part of the address, so that browsers may keep what they have for ever."""


def find(name: str) -> Asset | None:
    """Return the file with that name, or None when the page has not been built, or no such file belongs to it."""
    if name not in TYPES:
        return None
    for place in _PLACES:
        path = place / name
        try:
            return _read(path, path.stat().st_mtime_ns)
        except OSError:
            continue
    return None


@lru_cache(maxsize=8)
def _read(path: Path, _mtime_ns: int) -> Asset:
    content = path.read_bytes()
    return Asset(path.name, content, hashlib.sha256(content).hexdigest()[:16])

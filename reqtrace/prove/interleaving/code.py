"""Which code is looked into: the project's and its libraries', without Django, Python itself and what serves them."""

import sysconfig
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType

from reqtrace.records import Frame

_TRUSTED = (
    *("django", "asgiref", "reqtrace", "msgspec", "psutil", "sqlparse", "psycopg", "psycopg2", "MySQLdb", "redis"),
    *("gunicorn", "uvicorn", "daphne", "twisted", "hypercorn", "channels", "pytest", "_pytest", "pluggy", "coverage"),
)
"""Packages whose lines run as one step each: it is not they that are to be proven."""


class Lines:
    """The lines before which a request may give way to another."""

    def __init__(self, places: Mapping[str, frozenset[int]] | None, prefixes: tuple[str, ...]) -> None:
        """Take `places`, by file; None: every line of the code that is looked into."""
        self._places = places
        self._prefixes = prefixes
        self._by_code: dict[CodeType, frozenset[int]] = {}

    def of(self, code: CodeType) -> frozenset[int]:
        """Return those of a piece of code."""
        lines = self._by_code.get(code)
        if lines is None:
            lines = self._by_code[code] = self._find(code)
        return lines

    def _find(self, code: CodeType) -> frozenset[int]:
        if self._places is not None and code.co_filename not in self._places:
            return frozenset()
        if not is_looked_into(code.co_filename, self._prefixes):
            return frozenset()
        own = frozenset(line for _, _, line in code.co_lines() if line is not None)
        return own if self._places is None else own & self._places[code.co_filename]


def trusted_prefixes() -> tuple[str, ...]:
    """Return the paths, as they begin, of files that are not looked into."""
    folders = {str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib")}
    for package in _TRUSTED:
        try:
            spec = find_spec(package)
        except (ImportError, ValueError):
            continue
        for folder in (spec.submodule_search_locations if spec else None) or ():
            folders |= {str(folder), str(Path(folder).resolve())}
    return tuple(sorted(folders))


def is_looked_into(file: str, prefixes: tuple[str, ...]) -> bool:
    """Tell whether a file is looked into; a library below Python's own folder is, too."""
    if file.startswith("<"):
        return False
    inside = next((prefix for prefix in prefixes if file.startswith(f"{prefix}/")), None)
    if inside is None:
        return True
    return "-packages/" in file.removeprefix(inside) and not any(
        file.startswith(f"{prefix}/") for prefix in prefixes if "-packages/" in prefix
    )


def frame_record(frame: FrameType) -> Frame:
    """Return where a frame stands."""
    return Frame(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)

"""Which code is looked into: the project's and its libraries', without Django, Python itself and what serves them."""

import os
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType

from reqtrace.records import Frame

_TRUSTED = (
    *("django", "asgiref", "reqtrace", "msgspec", "psutil", "sqlparse", "psycopg", "psycopg2", "MySQLdb", "redis"),
    *("gunicorn", "uvicorn", "daphne", "twisted", "hypercorn", "channels", "pytest", "_pytest", "pluggy", "coverage"),
)
"""Packages whose lines run as one step each: it is not they that are to be proven."""
_LIBRARIES = "-packages" + os.sep


class Lines:
    """The lines before which a request may give way to another."""

    def __init__(self, places: Mapping[str, frozenset[int]] | None, prefixes: tuple[str, ...]) -> None:
        """Take `places`, by file; None: every line of the code that is looked into."""
        self._places = places
        self._prefixes = prefixes
        self._by_code: dict[CodeType, bool] = {}

    def run_in(self, code: CodeType) -> bool:
        """Tell whether a piece of code has any: asked at each call, so that most answers come from the file's name."""
        if self._places is None:
            return is_looked_into(code.co_filename, self._prefixes)
        places = self._places.get(code.co_filename)
        if places is None:
            return False
        has_any = self._by_code.get(code)
        if has_any is None:
            has_any = is_looked_into(code.co_filename, self._prefixes) and any(
                line in places for _, _, line in code.co_lines()
            )
            self._by_code[code] = has_any
        return has_any

    def have(self, frame: FrameType) -> bool:
        """Tell whether a frame of such code stands before one."""
        return self._places is None or frame.f_lineno in self._places.get(frame.f_code.co_filename, ())


def trusted_prefixes() -> tuple[str, ...]:
    """Return the folders of code that is not looked into."""
    folders = {str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib")}
    for package in _TRUSTED:
        try:
            spec = find_spec(package)
        except (ImportError, ValueError):
            continue
        for folder in (spec.submodule_search_locations if spec else None) or ():
            folders |= {str(folder), str(Path(folder).resolve())}
    return tuple(f"{folder}{os.sep}" for folder in sorted(folders))


@cache  # asked for each piece of code that runs, in each process anew
def is_looked_into(file: str, prefixes: tuple[str, ...]) -> bool:
    """Tell whether a file is looked into; a library below Python's own folder is, too."""
    if file.startswith("<"):
        return False
    inside = max((prefix for prefix in prefixes if file.startswith(prefix)), key=len, default=None)
    return inside is None or (_LIBRARIES in file.removeprefix(inside) and _LIBRARIES not in inside)


def know_loaded(prefixes: tuple[str, ...]) -> None:
    """Find out of every file that is loaded whether it is looked into, before processes are forked that ask."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            is_looked_into(file, prefixes)


def frame_record(frame: FrameType) -> Frame:
    """Return where a frame stands."""
    return Frame(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)

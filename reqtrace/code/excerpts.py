"""Lines around a place in the code, read from disk when somebody looks: never stored, and only what surely ran."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from django.apps import apps
from django.conf import settings

AROUND = 3
"""How many lines before and after."""
_WIDTH_MAX = 240
_BYTES_MAX = 4_000_000

Missing = Literal["elsewhere", "outside", "gone", "changed"]
"""Why there are no lines: another machine's file, none of the project or its libraries, none at all, another one."""


class Excerpt(NamedTuple):
    """Some lines, or why there are none."""

    first: int = 0
    """The number of the first line."""
    lines: tuple[str, ...] = ()
    missing: Missing | None = None


def excerpt(file: str, line: int, unchanged_since_ns: int, roots: Iterable[Path] | None = None) -> Excerpt:
    """Return the lines around a place.

    Args:
        file: an absolute path, as a code object has it.
        line: from 1.
        unchanged_since_ns: Unix time at which the process began that loaded it: nothing may have changed since.
        roots: folders of the project and its libraries; by default those of this process.

    """
    try:
        path = Path(file).resolve(strict=True)
        if not _is_shown(path, _roots() if roots is None else roots):
            return Excerpt(missing="outside")
        found = path.stat()
        # A file that was put in place of another may bear its time; when that was done is kept beside it.
        if max(found.st_mtime_ns, found.st_ctime_ns) >= unchanged_since_ns or found.st_size > _BYTES_MAX:
            return Excerpt(missing="changed")
        lines = path.read_text("utf-8", "replace").splitlines()
    except (OSError, ValueError, RuntimeError):  # a loop of links is a `RuntimeError`
        return Excerpt(missing="gone")
    first = max(line - AROUND, 1)
    around = lines[first - 1 : line + AROUND]
    return (
        Excerpt(first, tuple(text[:_WIDTH_MAX] for text in around))
        if 0 < line <= len(lines)
        else Excerpt(missing="changed")
    )


def _is_shown(path: Path, roots: Iterable[Path]) -> bool:
    """Tell whether a file is code of the project or of a library; settings, in which secrets stand, are not shown."""
    return path.suffix == ".py" and path not in _settings() and any(path.is_relative_to(root) for root in roots)


def _roots() -> list[Path]:
    folders = [Path(getattr(settings, "BASE_DIR", None) or Path.cwd())]
    folders += [Path(config.path) for config in apps.get_app_configs()]
    folders += [Path(entry) for entry in sys.path if entry.rstrip("/").endswith(("site-packages", "dist-packages"))]
    return [root for root in (folder.resolve() for folder in folders) if root != root.parent]


def _settings() -> set[Path]:
    file = getattr(sys.modules.get(str(getattr(settings, "SETTINGS_MODULE", ""))), "__file__", None)
    if file is None:
        return set()
    found = Path(file).resolve()
    return {found, *found.parent.glob("*settings*.py")}

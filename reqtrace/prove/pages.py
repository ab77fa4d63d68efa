"""Which pages are asked for: those given, or those that the URLconf answers by GET, the hazardous ones first."""

import re
from collections.abc import Callable, Iterator, Sequence
from inspect import getsourcefile, unwrap
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve

from reqtrace.doctor.examine import examine
from reqtrace.doctor.project import find
from reqtrace.exceptions import QueryError
from reqtrace.prove.schedule import WEBSOCKET, Page
from reqtrace.stress import targets

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", WEBSOCKET)
_PATTERN = re.compile(r"<\w+(?::\w+)?>|\(\?P<")


def parse(texts: Sequence[str]) -> list[Page]:
    """Return the pages that people name, each a path or a URL, with a method in front if it is not GET.

    Raises:
        QueryError: when one cannot be understood, or is no page of the project.

    """
    pages: dict[Page, None] = {}
    for text in texts:
        method, _, url = text.rpartition(" ")
        method = method.strip().upper() or "GET"
        if method not in METHODS:
            raise QueryError("PATH", f"{text!r} begins with {method}; it takes a path, or a method and a path.")
        parts = urlsplit(url)
        if not (parts.path or "/").startswith("/") or (parts.scheme and parts.scheme not in ("http", "https")):
            raise QueryError("PATH", f"{text!r} is neither a path such as /orders/ nor a URL such as http://host/.")
        if _PATTERN.search(url):
            raise QueryError(
                "PATH", f"{text!r} needs arguments: write a path with values in their places, such as /orders/1/."
            )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        page = Page(method, path, parts.netloc)
        if method != WEBSOCKET:
            _require_view(page, parts.path or "/")
        pages[page] = None
    return list(pages)


def discover() -> list[Page]:
    """Return every page that answers GET without arguments, those first whose code the doctor has doubts about."""
    found = targets.discover()
    doubtful = _doubtful()
    return [
        Page("GET", target.path) for target in sorted(found, key=lambda target: _source_of(target.path) not in doubtful)
    ]


def _require_view(page: Page, path: str) -> None:
    try:
        resolve(path)
    except Resolver404:
        if path.endswith("/") or not settings.APPEND_SLASH or not _resolves(f"{path}/"):
            raise QueryError(
                "PATH", f"{page} is no page of {settings.ROOT_URLCONF}; give a path that it answers, or none at all."
            ) from None


def _resolves(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _doubtful() -> set[Path]:
    """Return the files about which the doctor has something to say."""
    try:
        return {Path(one.file).resolve() for group in examine(find().project) for one in group.diagnoses}
    except Exception:  # a project whose sources cannot be read can be proven all the same
        return set()


def _source_of(path: str) -> Path | None:
    try:
        view: Callable[..., Any] = unwrap(resolve(path).func)
        file = getsourcefile(next(_classes(view)))
    except (Resolver404, TypeError, StopIteration):
        return None
    return Path(file).resolve() if file else None


def _classes(view: Any) -> Iterator[Any]:
    """Yield the class behind a view, of Django's and of REST framework's, else the view."""
    for name in ("view_class", "cls"):
        if hasattr(view, name):
            yield getattr(view, name)
    yield view

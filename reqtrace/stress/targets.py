"""Which pages are asked for: those given, or those in the URLconf that can be asked for without arguments."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import unwrap
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from reqtrace.exceptions import QueryError
from reqtrace.execution import exclusions

SAFE = ("GET", "HEAD", "OPTIONS")
_METHODS = (*SAFE, "POST", "PUT", "PATCH", "DELETE")
_GOODBYE = re.compile(r"log-?_?out|sign-?_?out", re.IGNORECASE)
_LITERAL = re.compile(r"[\w/.-]*")


class Target(msgspec.Struct, frozen=True):
    """A page, and how it is asked for."""

    method: str
    path: str

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.method} {self.path}"


def parse(texts: Sequence[str], *, allow_unsafe: bool) -> tuple[list[Target], str | None]:
    """Return what is to be asked for, and the server's base URL where the texts are whole URLs.

    Args:
        texts: paths or URLs, each with a method and a blank in front if it is not GET: ``"POST /cart/add/"``.
        allow_unsafe: whether a method may be one that changes something.

    Raises:
        QueryError: when one cannot be understood.

    """
    targets: dict[Target, None] = {}
    bases: dict[str | None, None] = {}
    for text in texts:
        method, _, url = text.rpartition(" ")
        method = method.strip().upper() or "GET"
        if method not in _METHODS:
            raise QueryError("URL", f"{text!r} begins with {method}; it takes a path, or a method and a path.")
        if method not in SAFE and not allow_unsafe:
            raise QueryError(
                "URL", f"{method} may change something; give --allow-unsafe to send {text!r} all the same."
            )
        parts = urlsplit(url)
        if not (parts.path or "/").startswith("/") or (parts.scheme and parts.scheme not in ("http", "https")):
            raise QueryError(
                "URL", f"{text!r} is neither a path such as /orders/ nor a URL such as http://host/orders/."
            )
        bases[f"{parts.scheme}://{parts.netloc}" if parts.netloc else None] = None
        targets[Target(method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))] = None
    if len(bases) > 1:
        raise QueryError("URL", "Give either paths alone, or URLs of one and the same server.")
    return list(targets), next(iter(bases), None)


def discover() -> list[Target]:
    """Return a GET for every path in the URLconf that takes no arguments, without those that sign people out.

    The project's own views come first, in the order of the URLconf; those of installed libraries, the admin among
    them, follow.
    """
    left_out = exclusions.prefixes()
    views = {path: view for path, view in _walk(get_resolver().url_patterns, "/") if not path.startswith(left_out)}
    return [Target("GET", path) for path in sorted(views, key=lambda path: not _is_own(views[path]))]


def _is_own(view: Callable[..., Any]) -> bool:
    """Tell whether a view stands in the project itself, and in no library."""
    inner = unwrap(getattr(view, "func", view))
    inner = getattr(inner, "view_class", getattr(inner, "cls", inner))  # of Django and of REST framework
    file = getattr(sys.modules.get(inner.__module__), "__file__", None)
    return file is not None and not {"site-packages", "dist-packages"} & set(Path(file).parts)


def _walk(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for entry in patterns:
        text = str(entry.pattern)
        if isinstance(entry.pattern, RegexPattern):
            text = text.removeprefix("^").removesuffix("$").removesuffix(r"\Z").replace(r"\.", ".").replace(r"\-", "-")
        if not _LITERAL.fullmatch(text):
            continue
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, prefix + text)
        elif not _GOODBYE.search(f"{text} {entry.name}"):
            yield prefix + text, entry.callback

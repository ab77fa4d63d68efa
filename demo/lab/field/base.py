"""What a kind of the field is: two views that look alike, of which one mixes people up and the other does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from demo.lab import gate

View = Callable[..., Any]
NOBODYS = "nobodys"
"""Whose a page is that is the same for all."""


@dataclass(frozen=True)
class Kind:
    """A way in which one person is taken for another, and its twin, which is as like as can be and takes nobody."""

    name: str
    """As it stands in the path and in the tests."""
    title: str
    """What people would call it."""
    broken: View
    clean: View
    at_once: int = 1
    """How many people must be in the view at the same time for it to happen."""
    findings: frozenset[str] = frozenset({"crossed"})
    """Which kinds of finding a mixed answer is to have one of; none where traffic cannot see it."""
    tells_each: bool = True
    """Whether each mixed request is told, from the first on. Not where a key or a name stood there before and does so
    again; nor where the view does not lead to the place, and the time of a look may not last until its turn."""
    is_declared: bool = False
    """Whether the settings name the place, and nothing is searched for."""
    strangers: bool = False
    """Whether every other one who asks is not signed in."""
    shares_path: bool = False
    """Whether all ask for the very same address, as caches know pages by it."""
    of_threads: bool = False
    """Whether it takes a thread that serves one request after another."""
    is_sound: bool = False
    """Whether nobody is mixed up in either way: what is left over is put right before it is used."""
    allowed: frozenset[str] = frozenset()
    """Kinds of finding that are true of the clean twin."""

    @property
    def is_seen(self) -> bool:
        """Tell whether traffic can show it."""
        return bool(self.findings)


def answer(request: Any, seen: Any) -> HttpResponse:
    """Say who asked, and who that code took them for: the application's own word, which findings are held against.

    Args:
        request: the request.
        seen: the user, or their name, or the request, that the code found.

    """
    is_other = isinstance(seen, HttpRequest) and seen is not request
    user = seen.user if isinstance(seen, HttpRequest) else seen
    return HttpResponse(f"{request.user.get_username() or 'nobody'} {_name(user)}{'*' if is_other else ''}\n")


def meet(request: Any) -> None:
    """Wait until all who are to be here at once are here."""
    of = int(request.GET.get("of", 1))
    if of > 1:
        gate.wait(f"{request.GET['wave']}", f"{request.user.pk}", of)


def _name(seen: Any) -> str:
    if seen is None:
        return "nobody"
    return str(seen) if isinstance(seen, str) else seen.get_username() or "nobody"

"""Values that were made for somebody and are shown to others: no request and no user stands anywhere."""

import functools
from typing import Any, ClassVar

from django.core.cache import cache
from django.http import HttpResponse
from django.template import engines

from demo.lab.field.base import Kind, answer

NOTHING: frozenset[str] = frozenset()


class Loader:
    """Loads by key, and remembers what it has loaded; made once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._loaded: dict[str, str] = {}

    def load(self, key: str, name: str) -> str:
        """Load, as the one who asks may."""
        return self._loaded.setdefault(key, name)


class Client:
    """Speaks to another service, with the headers it was given."""

    def __init__(self) -> None:
        """Begin without."""
        self.headers: dict[str, str] = {}

    def whoami(self) -> str:
        """Return whom the service takes it for."""
        return self.headers.get("Authorization", "nobody")


class Choices:
    """A form's field, with its choices on the class."""

    choices: ClassVar[list[str]] = []


_loader, _client = Loader(), Client()
_definitions: dict[str | None, str] = {}
_greeting: dict[bool, Any] = {}


@functools.cache
def _first_name(kind: str) -> list[str]:
    return []


def cached_fragment(request: Any, key: str) -> HttpResponse:
    """Greet by a fragment whose key does not say whom."""
    if True not in _greeting:
        _greeting[True] = engines["django"].from_string(
            "{% load cache %}{% cache 600 field_menu %}{{ name }}{% endcache %}"
        )
    return answer(request, _greeting[True].render({"name": request.user.get_username()}))


def cached_by_user(request: Any, key: str) -> HttpResponse:
    """Greet by a fragment for each."""
    return answer(request, cache.get_or_set(f"menu-{request.user.pk}", request.user.get_username()))


def loaded(request: Any, key: str) -> HttpResponse:
    """Load by the object's key alone."""
    return answer(request, _loader.load("profile", request.user.get_username()))


def loaded_anew(request: Any, key: str) -> HttpResponse:
    """Load by a loader of one's own."""
    return answer(request, Loader().load("profile", request.user.get_username()))


def cached_call(request: Any, key: str) -> HttpResponse:
    """Call what is cached by its arguments, among which the visitor is not."""
    names = _first_name("menu")
    names.append(request.user.get_username())
    return answer(request, names[0])


def client(request: Any, key: str) -> HttpResponse:
    """Ask another service by a client that keeps the first one's token."""
    _client.headers.setdefault("Authorization", request.user.get_username())
    return answer(request, _client.whoami())


def own_client(request: Any, key: str) -> HttpResponse:
    """Ask by one's own."""
    own = Client()
    own.headers["Authorization"] = request.user.get_username()
    return answer(request, own.whoami())


def choices(request: Any, key: str) -> HttpResponse:
    """Add what somebody may choose to what all may."""
    Choices.choices.append(request.user.get_username())
    return answer(request, Choices.choices[0])


def definitions(request: Any, key: str) -> HttpResponse:
    """Keep what somebody defined by the key of a session that has none yet."""
    return answer(request, _definitions.setdefault(None, request.user.get_username()))


def of_none(request: Any, key: str) -> HttpResponse:
    """Keep nothing."""
    return answer(request, request.user)


KINDS = (
    Kind(
        "cached-fragment",
        "a fragment in the cache whose key does not say whom",
        cached_fragment,
        cached_by_user,
        findings=NOTHING,
    ),
    Kind("loader", "a loader made once", loaded, loaded_anew, findings=NOTHING),
    Kind("cached-call", "a cached function without the visitor", cached_call, of_none, findings=NOTHING),
    Kind("client", "a client of another service with somebody's token", client, own_client, findings=NOTHING),
    Kind("choices", "choices on a class", choices, of_none, findings=NOTHING),
    Kind("definitions", "a dict by the keys of sessions that have none", definitions, of_none, findings=NOTHING),
)

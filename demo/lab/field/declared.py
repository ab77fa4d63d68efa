"""Places that the settings name, and nobody searches for: a late attribute, a getter, a key, a name."""

from types import SimpleNamespace
from typing import Any

from django.http import HttpResponse

from demo.lab.field.base import Kind, answer, meet


class Registry:
    """Gets its attribute with the first request."""


registry = Registry()
_shared = SimpleNamespace(user=None)
context: dict[str, Any] = {}
log = SimpleNamespace(user_name="")

HOLDERS = [
    f"{__name__}.registry.request",
    f"{__name__}.get_shared_user",
    f"{__name__}.context[user_id]:pk",
    f"{__name__}.log.user_name:username",
]


def get_shared_user() -> Any:
    """Return whom some thread has set."""
    return _shared.user


def late(request: Any, key: str) -> HttpResponse:
    """Keep the request in an object."""
    registry.request = request  # type: ignore[attr-defined]
    meet(request)
    return answer(request, registry.request)  # type: ignore[attr-defined]


def getter(request: Any, key: str) -> HttpResponse:
    """Keep the user behind a function."""
    _shared.user = request.user
    meet(request)
    return answer(request, get_shared_user())


def by_key(request: Any, key: str) -> HttpResponse:
    """Keep the user's primary key in a dict."""
    context["user_id"] = request.user.pk
    names[request.user.pk] = request.user.get_username()
    meet(request)
    return answer(request, names[context["user_id"]])


def by_name(request: Any, key: str) -> HttpResponse:
    """Keep the user's name."""
    log.user_name = request.user.get_username()
    meet(request)
    return answer(request, log.user_name)


def clean(request: Any, key: str) -> HttpResponse:
    """Keep nobody."""
    meet(request)
    return answer(request, request.user)


names: dict[int, str] = {}
KINDS = (
    Kind("declared-late", "a declared attribute that comes late", late, clean, at_once=2, is_declared=True),
    Kind("declared-getter", "a declared getter of another thread's user", getter, clean, at_once=2, is_declared=True),
    Kind("declared-key", "a primary key in a dict", by_key, clean, at_once=2, tells_each=False, is_declared=True),
    Kind("declared-name", "a user name in an attribute", by_name, clean, at_once=2, tells_each=False, is_declared=True),
)

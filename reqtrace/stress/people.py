"""Real sessions for some of the project's users, or for users made for the run; all of it is removed afterwards."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

import msgspec
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import Error

from reqtrace.exceptions import QueryError

_SHORTEST_SIGN = 4
"""What is shorter stands in too many pages by chance."""
_SESSION_SECONDS = 3600
"""A session ends by itself, should the run be killed before it can remove it."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who asks for pages."""

    name: str
    cookie: str = ""
    """The name and value of the session's cookie; empty for an anonymous visitor."""
    signs: frozenset[str] = frozenset()
    """Texts that tell of this person where they stand in a page."""


ANONYMOUS = Person("an anonymous visitor")


@contextmanager
def people(count: int, *, throwaway: bool, forked: bool = False) -> Iterator[list[Person]]:
    """Sign `count` people in without a password, and out at the end, however it ends.

    Args:
        count: how many; of those who are there, as many as there are.
        throwaway: whether to make them for this run.
        forked: whether they ask processes forked from this one, which see what it keeps in its memory.

    Raises:
        QueryError: when there are not enough users, or sessions that another process could not see.

    """
    run = secrets.token_hex(4)
    names = [f"reqtrace-{run}-{number}" for number in range(1, count + 1)]
    with signed_in(lambda undo: made(names, undo) if throwaway else _existing(count), forked=forked) as found:
        yield found


@contextmanager
def signed_in(choose: Callable[[ExitStack], Iterable[Any]], *, forked: bool) -> Iterator[list[Person]]:
    """Sign in the users that `choose` returns; what it makes, it has to undo by what it is given."""
    engine = _engine(forked=forked)
    with ExitStack() as undo:
        try:
            found = [_person(user, _sign_in(engine, user, undo)) for user in choose(undo)]
        except Error as error:
            raise QueryError("users", f"The project's users cannot be read: {error}.") from error
        yield found


def _engine(*, forked: bool) -> Any:
    if not any(name.endswith("SessionMiddleware") for name in settings.MIDDLEWARE):
        raise QueryError("users", "The project has no sessions: SessionMiddleware is missing in MIDDLEWARE.")
    kept_here = DummyCache if forked else LocMemCache | DummyCache
    if settings.SESSION_ENGINE == "django.contrib.sessions.backends.cache" and isinstance(
        caches[settings.SESSION_CACHE_ALIAS], kept_here
    ):
        raise QueryError(
            "users",
            "SESSION_ENGINE keeps sessions in a cache that no other process sees; "
            "use a shared cache or django.contrib.sessions.backends.db for this run.",
        )
    return import_module(settings.SESSION_ENGINE).SessionStore


def _existing(count: int) -> list[Any]:
    users = []
    for user in get_user_model()._default_manager.order_by("pk").iterator():
        if user.is_active and _backend_of(user):
            users.append(user)
            if len(users) == count:
                break
    if len(users) < 2:
        raise QueryError(
            "users",
            f"The project has {len(users)} active user{'s' * (len(users) != 1)}, and two at least must meet; "
            "create some, or give --throwaway to have them made for this run.",
        )
    return users


def made(names: Iterable[str], undo: ExitStack) -> list[Any]:
    """Make users with these names and an e-mail address each, without a password.

    Raises:
        QueryError: when the project's users need more than that.

    """
    model = get_user_model()
    users = []
    for name in names:
        values = {model.USERNAME_FIELD: name}
        if hasattr(model, "EMAIL_FIELD"):
            values[model.get_email_field_name()] = f"{name}@stress.invalid"
        user = model(**values)
        user.set_unusable_password()
        try:
            user.save()
        except (Error, ValueError) as error:
            raise QueryError(
                "throwaway", f"{model.__name__} cannot be made from a name and an e-mail alone: {error}."
            ) from error
        undo.callback(user.delete)
        users.append(user)
    return users


def _backend_of(user: Any) -> str | None:
    """Return the first authentication backend that knows the user: a session names one."""
    for path in settings.AUTHENTICATION_BACKENDS:
        get_user = getattr(load_backend(path), "get_user", None)  # one that only grants permissions has none
        if get_user is not None and get_user(user.pk):
            return str(path)
    return None


def _sign_in(engine: Any, user: Any, undo: ExitStack) -> str:
    """Write the session that `django.contrib.auth.login` would, which needs a request and announces a login."""
    session: SessionBase = engine()
    session[SESSION_KEY] = user._meta.pk.value_to_string(user)
    session[BACKEND_SESSION_KEY] = _backend_of(user)
    session[HASH_SESSION_KEY] = user.get_session_auth_hash() if hasattr(user, "get_session_auth_hash") else ""
    session.set_expiry(_SESSION_SECONDS)
    session.save()
    undo.callback(session.delete)
    return str(session.session_key)


def _person(user: Any, key: str) -> Person:
    name = str(user.get_username())
    email = str(getattr(user, getattr(user, "EMAIL_FIELD", "email"), "") or "")
    pk = "" if str(user.pk).isdigit() else str(user.pk)
    signs = frozenset(sign for sign in (name, email, pk, key) if len(sign) >= _SHORTEST_SIGN)
    return Person(name, f"{settings.SESSION_COOKIE_NAME}={key}", signs)

"""Who asks: some of the project's users, or whoever is named; made in the copy where they are missing."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.db import Error

from reqtrace.exceptions import QueryError
from reqtrace.stress.people import Person, made, people, signed_in

Users = int | Sequence[Any]
"""How many people ask; or who, as users of the project or by their usernames."""


@contextmanager
def cast_of(users: Users) -> Iterator[list[Person]]:
    """Sign people in, in the copy of the database that is in force.

    Raises:
        QueryError: when nobody can ask.

    """
    with ExitStack() as stack:
        if isinstance(users, int):
            yield _some(users, stack)
        else:
            yield stack.enter_context(signed_in(lambda undo: [_one(user, undo) for user in users], forked=True))


def _some(count: int, stack: ExitStack) -> list[Person]:
    """Return those who are there; where there are too few, as many who are made."""
    try:
        return stack.enter_context(people(count, throwaway=False, forked=True))
    except QueryError as error:
        try:
            return stack.enter_context(people(count, throwaway=True, forked=True))
        except QueryError as other:
            raise QueryError("users", f"Nobody can ask. {error} Nor can users be made in a copy: {other}") from other


def _one(user: Any, undo: ExitStack) -> Any:
    if not isinstance(user, str):
        return user
    model = get_user_model()
    try:
        found = model._default_manager.filter(**{model.USERNAME_FIELD: user}).first()
    except Error as error:
        raise QueryError("users", f"The user {user!r} cannot be looked up: {error}.") from error
    return found or made([user], undo)[0]

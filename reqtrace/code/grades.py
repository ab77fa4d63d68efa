"""How much of a request a value carries: the words and rules by which source and code objects are judged alike."""

import re
from collections.abc import Iterable
from enum import IntEnum

_REQUESTS = frozenset({"request", "req", "http_request"})
_IDENTITIES = frozenset(
    {"user", "auser", "_user", "_cached_user", "session", "tenant", "auth", "current_user", "customer"}
)
_IDENTITY_WORDS = frozenset({"user", "tenant", "session", "lazy", "partial", "proxy"})
_HANDS_ON = frozenset(
    {"get_response", "app", "inner", "application", "view_func", "get_response_async", "__call__", "__acall__"}
)

CLEARING = frozenset({"clear", "reset", "release", "pop", "popitem", "popleft", "remove", "unset", "flush", "cleanup"})
"""Methods that take something out of a holder."""
FILLING = frozenset({"set", "push", "append", "appendleft", "add", "update", "insert", "setdefault"})
"""Methods that put something into one."""


class Grade(IntEnum):
    """What a value holds of a request; the greater one wins where two meet."""

    NOTHING = 0
    DERIVED = 1
    """Something read from it, such as its path."""
    IDENTITY = 2
    """Its user, session or tenant."""
    REQUEST = 3


def conventional(parameters: Iterable[str]) -> dict[str, Grade]:
    """Return what the names of a function's parameters say: ``request``, and ``user`` beside it."""
    names = list(parameters)
    found = {name: Grade.REQUEST for name in names if name in _REQUESTS}
    if found and "user" in names:
        found["user"] = Grade.IDENTITY
    return found


def of_member(grade: Grade, attribute: str) -> Grade:
    """Return what an attribute carries of a value of some grade."""
    if grade is Grade.REQUEST:
        return Grade.IDENTITY if attribute in _IDENTITIES else Grade.DERIVED
    return grade


def of_result(name: str, given: Grade, owner: Grade) -> Grade:
    """Return what the result of a call carries.

    Args:
        name: the last part of the function's name.
        given: the most that any argument carries.
        owner: what the object carries whose method is called, or the function itself.

    """
    if name in _HANDS_ON:
        return Grade.NOTHING
    if given is Grade.REQUEST:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)}
        names_identity = not _IDENTITY_WORDS.isdisjoint(words) and "agent" not in words
        given = Grade.IDENTITY if names_identity or name.lower().endswith("request") else Grade.DERIVED
    return max(given, owner if owner is not Grade.REQUEST else of_member(owner, name))

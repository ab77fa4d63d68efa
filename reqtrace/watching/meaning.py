"""What a value found in a holder names: a request, a user, or neither; without evaluating it."""

from collections.abc import Callable
from contextlib import suppress
from types import FunctionType, MemberDescriptorType
from typing import Any, NamedTuple

from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import LazyObject

from reqtrace import identity
from reqtrace.execution.real_types import is_really, pretends
from reqtrace.identity import UNRESOLVED, Identity


class Meaning(NamedTuple):
    """Whom a value names."""

    request: Any = None
    """Django's request object."""
    identity: Identity = UNRESOLVED
    """The user, when the value is one; of a request, its user as far as known."""
    user: Any = None
    """The user object itself, not a lazy one around it, when the value is one or keeps one."""

    @property
    def is_nothing(self) -> bool:
        """Tell whether the value names nobody."""
        return self.request is None and self.identity.id is None


NOTHING = Meaning()


def meaning_of(value: object) -> Meaning:
    """Return what `value` names.

    Understands requests of Django and of wrappers around them (Django REST framework keeps it as ``_request``), user
    models, lazy users that somebody has already evaluated, and structures that keep one of these under its usual
    name: dicts such as auditlog's and ASGI scopes, stacks such as reversion's, plain objects with a ``request`` or a
    ``user``. Text and numbers name nobody: that they are a key or a name would be a guess.
    """
    return _reader_of(type(value))(value, 0)


_Reader = Callable[[Any, int], Meaning]
_DEPTH = 3
_NAMES = ("request", "_request", "current_request", "user", "_user", "current_user", "actor")
"""Under which names structures keep what they name: whatever else is in them, such as a cache of users, is none."""


_READERS_MAX = 1_024
_readers: dict[type[Any], _Reader] = {}


def _reader_of(class_: type[Any]) -> _Reader:
    """Return how instances of a class are read; chosen once per class."""
    reader = _readers.get(class_)
    if reader is None:
        reader = _choose_reader(class_)
        if len(_readers) < _READERS_MAX:
            _readers[class_] = reader
    return reader


def _choose_reader(class_: type[Any]) -> _Reader:
    if class_ is Identity:
        return _identity
    if issubclass(class_, HttpRequest):
        return _request
    if issubclass(class_, LazyObject) or (issubclass(class_, Model) and hasattr(class_, "USERNAME_FIELD")):
        return _user
    if issubclass(class_, dict):
        return _mapping
    if issubclass(class_, tuple):
        return _named_tuple if hasattr(class_, "_fields") else _nothing
    if issubclass(class_, list):
        return _sequence
    # A function's attributes are copies where it wraps something: `functools.wraps` takes over all that it finds.
    if issubclass(class_, type | FunctionType | Model | str | bytes | int | float | set | frozenset):
        return _nothing
    if pretends(class_):
        return _nothing
    # Some classes in C, such as asyncio's Future, have a dict and hide it.
    has_dict = class_.__dictoffset__ and any("__dict__" in vars(base) for base in class_.__mro__)
    return _object if has_dict else _choose_slots(class_)


def _choose_slots(class_: type[Any]) -> _Reader:
    """Return how instances without a dict are read: by their slots, past any code of the class."""
    members = {name: member for base in reversed(class_.__mro__) for name, member in vars(base).items()}
    slots = [members[name] for name in _NAMES if isinstance(members.get(name), MemberDescriptorType)]

    def read(value: Any, depth: int) -> Meaning:
        held = []
        for slot in slots:
            with suppress(AttributeError):  # never set
                held.append(slot.__get__(value))
        return _first(held, depth)

    return read if slots else _nothing


def _nothing(value: Any, depth: int) -> Meaning:
    return NOTHING


def _request(value: Any, depth: int) -> Meaning:
    return Meaning(value, identity.of_request(value))


def _identity(value: Any, depth: int) -> Meaning:
    return Meaning(None, value)


def _user(value: Any, depth: int) -> Meaning:
    found = identity.of_user(value)
    return NOTHING if found.id is None else Meaning(None, found, identity.unwrapped(value))


def _mapping(value: Any, depth: int) -> Meaning:
    return _first([held for name in _NAMES if (held := dict.get(value, name)) is not None], depth)


def _sequence(value: Any, depth: int) -> Meaning:
    return _first(list(value)[-1:], depth)  # a stack: the newest counts


def _named_tuple(value: Any, depth: int) -> Meaning:
    return _first([getattr(value, name) for name in _NAMES if name in value._fields], depth)


def _object(value: Any, depth: int) -> Meaning:
    attributes = object.__getattribute__(value, "__dict__")
    inner = attributes.get("_request")
    if is_really(inner, HttpRequest):  # a wrapper: whatever else it holds, it stands for this request
        return Meaning(inner, identity.of_request(inner))
    return _first([attributes[name] for name in _NAMES if name in attributes], depth)


def _first(values: list[Any], depth: int) -> Meaning:
    if depth < _DEPTH:
        for value in values:
            found = _reader_of(type(value))(value, depth + 1)
            if not found.is_nothing:
                return found
    return NOTHING

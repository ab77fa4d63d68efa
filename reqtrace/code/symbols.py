"""What an expression in a function stands for, as far as its code object shows: names, their members, calls."""

from __future__ import annotations

from typing import Literal, NamedTuple

from reqtrace.code import grades
from reqtrace.code.grades import Grade

_DEPTH = 6


class Name(NamedTuple):
    """A name: of the module, of the function itself, or of one around it."""

    scope: Literal["module", "function", "around"]
    name: str


class Member(NamedTuple):
    """An attribute."""

    of: Symbol
    name: str


class Entry(NamedTuple):
    """What stands in a container under a key."""

    of: Symbol
    key: Symbol


class Called(NamedTuple):
    """The result of a call."""

    function: Symbol
    arguments: tuple[Symbol, ...]


class Constant(NamedTuple):
    """A value that stands in the code."""

    value: object


class Several(NamedTuple):
    """One of some values, or all of them: a choice, a tuple, a list."""

    values: tuple[Symbol, ...]


class Made(NamedTuple):
    """What was made of some values, as a text or a sum is: it carries something of them, and is none of them."""

    values: tuple[Symbol, ...]


Symbol = Name | Member | Entry | Called | Constant | Several | Made | None
"""None is what cannot be told."""

NOTHING_IN_IT = (None, False, "", (), 0)


def is_nothing(symbol: Symbol) -> bool:
    """Tell whether a value is one that a holder is cleared with."""
    return isinstance(symbol, Constant) and any(
        symbol.value is empty or (symbol.value == empty and type(symbol.value) is type(empty))
        for empty in NOTHING_IN_IT
    )


def last_name(symbol: Symbol) -> str:
    """Return the last part of a dotted expression, empty where there is none."""
    return symbol.name if isinstance(symbol, Name | Member) else ""


def grade_of(symbol: Symbol, parameters: dict[str, Grade], depth: int = 0) -> Grade | None:
    """Return what a value carries of a request; None where that cannot be told, as of any other parameter.

    Args:
        symbol: the value.
        parameters: what those of the function carry by convention.
        depth: how deep in another value it stands.

    """
    if depth > _DEPTH:
        return None
    match symbol:
        case Constant():
            return Grade.NOTHING
        case Name(scope, name):
            return parameters.get(name) if scope == "function" else _of_free(name)
        case Member(of, name):
            if isinstance(of, Name) and of.name == "self" and name == "request":
                return Grade.REQUEST
            owner = grade_of(of, parameters, depth + 1)
            return None if owner is None else grades.of_member(owner, name)
        case Entry(of, _):
            return grade_of(of, parameters, depth + 1)
        case Called(function, arguments):
            return _of_call(function, arguments, parameters, depth)
        case Several(values):
            return _most(values, parameters, depth)
        case Made(values):
            most = _most(values, parameters, depth)
            return None if most is None else min(most, Grade.DERIVED)
    return None


def _of_free(name: str) -> Grade | None:
    return grades.conventional([name]).get(name)


def _of_call(function: Symbol, arguments: tuple[Symbol, ...], parameters: dict[str, Grade], depth: int) -> Grade | None:
    name = last_name(function)
    of = function.of if isinstance(function, Member) else None
    if name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], Constant):
        owner = grade_of(arguments[0], parameters, depth + 1)
        return None if owner is None else grades.of_member(owner, str(arguments[1].value))
    given = [grade for value in arguments if (grade := grade_of(value, parameters, depth + 1)) is not None]
    if name[:1].isupper():  # a new object, which keeps what it was given
        return min(max(given, default=Grade.NOTHING), Grade.IDENTITY)
    owner = grade_of(of, parameters, depth + 1) if of is not None else None
    if not any(given) and not owner:
        return None  # whatever it returns
    return grades.of_result(name, max(given, default=Grade.NOTHING), owner or Grade.NOTHING)


def _most(values: tuple[Symbol, ...], parameters: dict[str, Grade], depth: int) -> Grade | None:
    every = [grade_of(value, parameters, depth + 1) for value in values]
    known = max((grade for grade in every if grade is not None), default=Grade.NOTHING)
    return None if None in every and known < Grade.IDENTITY else known

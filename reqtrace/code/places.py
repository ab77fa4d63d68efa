"""From a symbol in a function to the living object that it stands for, and to the place that code writes to."""

import builtins
import sys
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any, Final, NamedTuple

from reqtrace.code.bytecode import Operation, Return, Write, operations
from reqtrace.code.functions import Function, InstanceOf, function_behind
from reqtrace.code.grades import CLEARING, FILLING
from reqtrace.code.symbols import Called, Constant, Entry, Member, Name, Several, Symbol, last_name
from reqtrace.execution.real_types import is_really, pretends

_DEPTH = 8
_CONTAINERS = (dict, list, set, deque)


class _Unknown:
    """The type of `UNKNOWN`."""


UNKNOWN: Final = _Unknown()
"""What cannot be told, or is another object each time."""


class DictOf(NamedTuple):
    """The dict with an object's attributes."""

    owner: object


class Target(NamedTuple):
    """A place: an attribute of an object, or an object that is a place by itself, as a context variable is."""

    container: object
    """The module, class, thread-local, variable or collection; an `InstanceOf` for each instance of a class."""
    name: str = ""
    """The attribute, or the key in a dict that stands in the code; empty where the container is the place."""


def resolve(symbol: Symbol, function: Function, depth: int = 0) -> Any:
    """Return the object that a symbol stands for in a function, or `UNKNOWN`; runs no code of the application."""
    if depth > _DEPTH:
        return UNKNOWN
    match symbol:
        case Name("module", name):
            return function.globals.get(name, getattr(builtins, name, UNKNOWN))
        case Name(_, name):
            return function.known.get(name, UNKNOWN)
        case Constant(value):
            return value
        case Member(of, name):
            owner = resolve(of, function, depth + 1)
            return UNKNOWN if owner is UNKNOWN else member_of(owner, name)
        case Several(values):
            told = [value for value in values if value is not None and not isinstance(value, Constant)]
            return resolve(told[0], function, depth + 1) if len(told) == 1 else UNKNOWN
        case Called(called, arguments):
            return _result(called, arguments, function, depth)
    return UNKNOWN


def _result(called: Symbol, arguments: tuple[Symbol, ...], function: Function, depth: int) -> Any:
    name = last_name(called)
    if name in ("type", "vars") and len(arguments) == 1:
        given = resolve(arguments[0], function, depth + 1)
        if name == "vars":
            return UNKNOWN if given is UNKNOWN else DictOf(given)
        if is_really(given, InstanceOf):
            return given.class_
    elif name == "super" and not arguments:
        classes = (value.class_ for value in function.known.values() if is_really(value, InstanceOf))
        return next((InstanceOf(class_.__mro__[1]) for class_ in classes if len(class_.__mro__) > 1), UNKNOWN)
    elif name == "getattr" and len(arguments) > 1 and isinstance(arguments[1], Constant):
        owner = resolve(arguments[0], function, depth + 1)
        return UNKNOWN if owner is UNKNOWN else member_of(owner, str(arguments[1].value))
    return UNKNOWN


def member_of(owner: Any, name: str) -> Any:
    """Return an attribute as it stands in an object's or its class's own dict; a method stays a bare function."""
    if name == "__dict__":
        return DictOf(owner)
    if name == "__class__":
        return owner.class_ if is_really(owner, InstanceOf) else UNKNOWN
    if is_really(owner, DictOf) or is_thread_bound(owner) or is_really(owner, ContextVar):
        return UNKNOWN
    if is_really(owner, ModuleType):
        return vars(owner).get(name, UNKNOWN)
    if not is_really(owner, InstanceOf) and not is_really(owner, type):
        if pretends(type(owner)):
            return UNKNOWN
        held = _attributes_of(owner)
        if name in held:
            return held[name]
    of: type = owner if is_really(owner, type) else owner.class_ if is_really(owner, InstanceOf) else type(owner)
    for class_ in of.__mro__:
        if name in vars(class_):
            found = vars(class_)[name]
            return UNKNOWN if is_really(found, property) or is_really(found, MemberDescriptorType) else found
    return UNKNOWN


def _attributes_of(owner: object) -> dict[str, Any]:
    try:  # past any `__getattribute__` of the class
        held = object.__getattribute__(owner, "__dict__")
    except Exception:
        return {}
    return held if type(held) is dict else {}


def is_thread_bound(value: object) -> bool:
    """Tell whether the attributes of an object differ from thread to thread, or from context to context."""
    return _is_thread_bound(type(value))  # type: ignore[arg-type]


@lru_cache(maxsize=1_024)
def _is_thread_bound(class_: type) -> bool:
    return any(f"{base.__module__}.{base.__qualname__}" in _THREAD_BOUND for base in class_.__mro__)


_THREAD_BOUND = frozenset(
    {"_thread._local", "_threading_local.local", "gevent.local.local", "gevent._gevent_clocal.local"}
    | {"asgiref.local.Local", "werkzeug.local.Local"}
)


class Touch(NamedTuple):
    """What one operation does to a place."""

    target: Target
    value: Symbol
    at: int
    clears: bool


def touches(operation: Operation, function: Function) -> Iterator[Touch]:
    """Yield the places that an operation writes to or clears."""
    if isinstance(operation, Write):
        for target in targets(operation.target, function):
            yield Touch(target, operation.value, operation.at, operation.clears)
        return
    if isinstance(operation, Return):
        return
    called, arguments = operation.called
    name = last_name(called)
    if isinstance(called, Name) and name in ("setattr", "delattr") and len(arguments) > 1:
        value = arguments[2] if len(arguments) > 2 else None
        attribute = arguments[1].value if isinstance(arguments[1], Constant) else ""
        for target in targets(Member(arguments[0], str(attribute)), function):
            yield Touch(target, value, operation.at, name == "delattr")
    elif isinstance(called, Member) and name in FILLING | CLEARING:
        of = resolve(called.of, function)
        if is_really(of, ContextVar):
            found: list[Target] = [Target(of)]
        elif of is UNKNOWN or of is None or type(of) in _CONTAINERS:
            key = arguments[0] if name == "setdefault" and arguments else None
            found = list(targets(Entry(called.of, key), function))
        else:  # a method of the application's own, whose code says itself what it does
            return
        value = arguments[-1] if arguments else None
        for target in found:
            clears = name in CLEARING or (bool(arguments) and _is_nothing(value))
            yield Touch(target, value, operation.at, clears)


def _is_nothing(symbol: Symbol) -> bool:
    return isinstance(symbol, Constant) and symbol.value in (None, False, "")


def targets(symbol: Symbol, function: Function) -> Iterator[Target]:
    """Yield the places that an assignment to a symbol writes to: where it leads into something, that, too."""
    match symbol:
        case Name("module", name):
            module = sys.modules.get(str(function.globals.get("__name__")))
            if is_really(module, ModuleType) and vars(module) is function.globals:
                yield Target(module, name)
        case Member(of, name):
            owner = resolve(of, function)
            if is_really(owner, InstanceOf) or _can_hold(owner):
                yield Target(owner, name)
            else:
                yield from _within(of, function)
        case Entry(of, key):
            owner = resolve(of, function)
            if is_really(owner, DictOf):
                if isinstance(key, Constant) and isinstance(key.value, str):
                    yield Target(owner.owner, key.value)
                return
            if type(owner) is dict and isinstance(key, Constant) and type(key.value) is str:
                yield Target(owner, key.value)
                return
            if type(owner) in _CONTAINERS:
                yield Target(owner)
            yield from _within(of, function)


def handed_out(function: Function, depth: int = 0) -> Iterator[Target]:
    """Yield the places from which a function takes what it returns, also by way of others."""
    for operation in operations(function.code):
        if isinstance(operation, Return):
            values = operation.value.values if isinstance(operation.value, Several) else (operation.value,)
            for value in values:
                yield from _within(value, function)
                while isinstance(value, Member | Entry):  # `get_current_request().user`
                    value = value.of
                if isinstance(value, Called) and depth < _DEPTH:
                    inner = function_behind(resolve(value.function, function))
                    if inner is not None:
                        yield from handed_out(inner, depth + 1)


def _within(of: Symbol, function: Function) -> Iterator[Target]:
    """Yield the place whose content a symbol is: what is written into that, is written there."""
    match of:
        case Name("module", _) | Member():
            yield from targets(of, function)
        case Called(Member(variable, "get"), _):
            held = resolve(variable, function)
            if is_really(held, ContextVar):
                yield Target(held)
        case Called(Name(_, "getattr"), (owner, Constant(str() as name), *_)):
            yield from targets(Member(owner, name), function)


def _can_hold(owner: object) -> bool:
    if owner is UNKNOWN or owner is None or is_really(owner, DictOf):
        return False
    if is_really(owner, ModuleType) or is_really(owner, type) or is_thread_bound(owner):
        return True
    class_ = type(owner)
    plain = (str, bytes, int, float, tuple, frozenset, *_CONTAINERS, FunctionType, ContextVar)
    return class_ not in plain and not pretends(class_)

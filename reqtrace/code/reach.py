"""Which functions run when one is called: followed from call to call, as far as names lead."""

from collections.abc import Iterable, Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

from reqtrace.code import origins
from reqtrace.code.bytecode import Call, operations
from reqtrace.code.functions import Function, InstanceOf, function_behind
from reqtrace.code.places import UNKNOWN, member_of, resolve
from reqtrace.code.symbols import Member, last_name
from reqtrace.execution.real_types import is_really, pretends

_DEPTH = 6
_ENTERED = ("__init__", "__call__", "__enter__", "__aenter__")
"""What may run of a class whose name is called: its making, and its use as a context manager."""
_HOOKS = ("__call__", "__acall__", "process_request", "process_view")
"""What of a middleware runs on a request's way in."""


class Reach:
    """The functions that were reached so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self.functions: dict[CodeType, Function] = {}
        self.unresolved: set[str] = set()
        """Names of methods that were called on who knows what."""

    def follow(self, starts: Iterable[Function]) -> Iterator[None]:
        """Go from function to function; stop after each."""
        waiting = [(start, 0) for start in starts]
        while waiting:
            function, depth = waiting.pop()
            if function.code in self.functions or origins.is_of_framework(str(function.globals.get("__name__"))):
                continue
            self.functions[function.code] = function
            if depth < _DEPTH:
                waiting += [(inner, depth + 1) for inner in function.inner()]
                waiting += [(called, depth + 1) for called in self._called_by(function)]
            yield

    def _called_by(self, function: Function) -> Iterator[Function]:
        for operation in operations(function.code):
            if not isinstance(operation, Call):
                continue
            symbol = operation.called.function
            found = resolve(symbol, function)
            if found is not UNKNOWN:
                yield from _runs(found, _owner(symbol, function))
            elif isinstance(symbol, Member):
                self.unresolved.add(last_name(symbol))
            for argument in operation.called.arguments:  # a function that is handed on will be called
                given = resolve(argument, function)
                if any(is_really(given, class_) for class_ in (FunctionType, MethodType, partial)):
                    yield from _runs(given, None)


def on_the_way_in(middleware: object) -> Iterator[Function]:
    """Yield what of a middleware, a class or a factory, runs as a request comes in."""
    if not is_really(middleware, type):
        factory = function_behind(middleware)
        yield from factory.inner() if factory else ()
        return
    for hook in _HOOKS:
        function = function_behind(member_of(middleware, hook), InstanceOf(middleware))
        if function is not None:
            yield function


def of_callable(value: object) -> Iterator[Function]:
    """Yield what runs when a view or another callable is called; of a class-based view all its methods."""
    class_ = getattr(value, "view_class", None) or getattr(value, "cls", None)
    if is_really(class_, type):
        for owner in class_.__mro__:
            if not origins.is_of_framework(owner.__module__):
                for name in vars(owner):
                    function = function_behind(vars(owner)[name], InstanceOf(class_))
                    if function is not None:
                        yield function
        return
    yield from _runs(value, None)


def _owner(symbol: Any, function: Function) -> object:
    """Return what a method is called on."""
    owner = resolve(symbol.of, function) if isinstance(symbol, Member) else None
    return None if owner is UNKNOWN else owner


def _runs(value: Any, itself: object) -> Iterator[Function]:
    names: tuple[str, ...] = _ENTERED if is_really(value, type) else ()
    itself = InstanceOf(value) if is_really(value, type) else itself
    if not names and function_behind(value) is None and not is_really(value, InstanceOf) and not pretends(type(value)):
        itself, value, names = value, type(value), ("__call__",)
    for name in names:
        function = function_behind(member_of(value, name), itself)
        if function is not None:
            yield function
    if not names:
        function = function_behind(value, itself)
        if function is not None:
            yield function

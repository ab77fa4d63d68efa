"""The functions of a loaded module, found among its attributes and those of its classes: none is called."""

from collections.abc import Iterator
from functools import cache, cached_property, partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from reqtrace.code.instructions import first_names
from reqtrace.execution.real_types import is_really

CACHED: type = type(cache(lambda: None))
"""What ``functools.cache`` makes of a function: what stands in that runs at the first call alone."""
_WRAPPED_MAX = 8
"""How many decorators are looked under."""


class InstanceOf(NamedTuple):
    """Some instance of a class."""

    class_: type


class Function(NamedTuple):
    """A function as it lives in the process."""

    code: CodeType
    globals: dict[str, Any]
    known: dict[str, object]
    """What local names and those around stand for, as far as that is the same in each call: ``self``, closures."""

    def inner(self) -> "Iterator[Function]":
        """Yield the functions that stand in it, and in those."""
        for constant in self.code.co_consts:
            if isinstance(constant, CodeType):
                function = Function(constant, self.globals, self.known)
                yield function
                yield from function.inner()


def functions_of(module: ModuleType) -> Iterator[Function]:
    """Yield every function that a module's source defines, methods and those under decorators, too."""
    values, name = vars(module), vars(module).get("__name__")
    seen: set[CodeType] = set()
    for value in list(values.values()):
        if is_really(value, type):
            if value.__module__ == name:
                yield from _of_class(value, seen)
        else:
            yield from _all(value, values, None, seen)


def methods_of(class_: type) -> Iterator[Function]:
    """Yield every function that a class defines, those of its inner classes, too."""
    return _of_class(class_, set())


def function_behind(value: Any, itself: object = None) -> Function | None:
    """Return the function that a callable is or wraps; `itself` is what it is bound to."""
    for _ in range(_WRAPPED_MAX):
        if is_really(value, FunctionType):
            wrapped = getattr(value, "__wrapped__", None)  # not `vars`, which makes a dict that stays
            if wrapped is None:
                return _function(value, itself)
            value = wrapped
        elif is_really(value, CACHED):
            value = vars(value).get("__wrapped__")
        elif (inner := _bound(value, itself)) is not None:
            value, itself = inner
        else:
            return None
    return None


def bare(value: Any, itself: object = None) -> Function | None:
    """Return the function that a callable is, also where that wraps another one: what runs first as it is called."""
    for _ in range(_WRAPPED_MAX):
        if is_really(value, FunctionType):
            return _function(value, itself)
        if (inner := _bound(value, itself)) is None:
            return None
        value, itself = inner
    return None


def _bound(value: Any, itself: object) -> tuple[Any, object] | None:
    """Return what a callable binds, and to what; None where it binds nothing."""
    if is_really(value, MethodType):
        return value.__func__, value.__self__
    if is_really(value, staticmethod):
        return value.__func__, None
    if is_really(value, classmethod):
        return value.__func__, itself.class_ if is_really(itself, InstanceOf) else itself
    return (value.func, itself) if is_really(value, partial) else None


def _of_class(class_: type, seen: set[CodeType]) -> Iterator[Function]:
    for value in list(vars(class_).values()):
        if is_really(value, type):
            if value.__qualname__.startswith(f"{class_.__qualname__}."):
                yield from _of_class(value, seen)
            continue
        itself: object = InstanceOf(class_)
        parts = [value]
        if is_really(value, property):
            parts = [value.fget, value.fset, value.fdel]
        elif is_really(value, cached_property):
            parts = [value.func]
        elif is_really(value, classmethod):
            itself = class_
        for part in parts:
            yield from _all(part, None, itself, seen)


def _all(value: object, values: dict[str, Any] | None, itself: object, seen: set[CodeType]) -> Iterator[Function]:
    """Yield the function that a value is, those that it wraps, and those within."""
    waiting = [value]
    for _ in range(_WRAPPED_MAX):
        if not waiting:
            return
        part = waiting.pop()
        if is_really(part, staticmethod):
            itself = None
        if is_really(part, staticmethod) or is_really(part, classmethod):
            part = part.__func__
        if is_really(part, partial):
            waiting.append(part.func)
        if is_really(part, CACHED):
            waiting.append(vars(part).get("__wrapped__"))
        if not is_really(part, FunctionType):
            continue
        if (values is None or part.__globals__ is values) and part.__code__ not in seen:
            seen.add(part.__code__)
            function = _function(part, itself)
            yield function
            yield from function.inner()
        waiting.append(getattr(part, "__wrapped__", None))
        waiting += [held for held in closure_of(part).values() if is_really(held, FunctionType)]


def _function(function: FunctionType, itself: object) -> Function:
    known: dict[str, object] = closure_of(function)
    code = function.__code__
    if itself is not None and code.co_argcount:
        known[first_names(code, 1)[0]] = itself
    return Function(code, function.__globals__, known)


def closure_of(function: FunctionType) -> dict[str, Any]:
    """Return what the variables around a function hold, but for those that are not set yet."""
    cells: tuple[CellType, ...] = function.__closure__ or ()
    found: dict[str, Any] = {}
    if not cells:
        return found
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # empty
            continue
    return found

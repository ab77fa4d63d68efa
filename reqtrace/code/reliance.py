"""Whether what a view runs, each time that it answers, makes use of what stands in a place: whoever has put it there.

Followed from the view from call to call, as far as names lead, and only over instructions that no way to an answer
passes by. To ask whether anybody stands there, or whether it is this request, is no use of it.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import CodeType
from typing import Any

from reqtrace.code import origins
from reqtrace.code.branches import branches_of
from reqtrace.code.bytecode import Call, Operation, Return, operations
from reqtrace.code.functions import CACHED, Function, InstanceOf, bare, function_behind
from reqtrace.code.places import UNKNOWN, member_of, resolve
from reqtrace.code.symbols import Called, Constant, Entry, Made, Member, Name, Several, Symbol, last_name
from reqtrace.execution.real_types import is_really, pretends

_DEPTH = 8
_WORK_MAX = 200
"""How many functions are followed for one view."""
_HANDS_OVER = frozenset({"sync_to_async", "async_to_sync", "partial"})
"""What returns a function that does what the one does that it was given."""
_ELSEWHERE = ("redirect", "forbidden", "notfound", "badrequest", "notallowed", "gone", "login")
"""What stands in the names of functions and classes that answer with something else than a page."""
_HOOKS = ("setup", "dispatch", "initial")
_PARTS = ("get_queryset", "get_object", "get_context_data", "get_serializer_context", "form_valid")
"""What Django's generic views and REST framework's call of a class that leaves the handler to them."""


def relies_on(view: Any, method: str, status: int | None, container: object, name: str) -> bool:
    """Tell whether a view that has answered with some status surely has used ``container.name``."""
    if status is None or not 200 <= status < 400:
        return False
    search = _Search(container, name, shows_page=status < 300)
    return any(search.uses(function) for function in _entered(view, method, status))


def _entered(view: Any, method: str, status: int) -> Iterator[Function]:
    """Yield what runs first of a view; of a class-based one what the method of the request leads to."""
    class_ = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if not is_really(class_, type):
        yield from _bare(view)
        return
    if status >= 300:  # some layer may have answered before the view
        return
    actions = getattr(view, "actions", None)
    handler = str((actions if type(actions) is dict else {}).get(method.lower(), method.lower()))
    found = _own(class_, handler)
    for hook in (*_HOOKS, *((handler,) if found else _PARTS)):
        function = _own(class_, hook)
        if function is not None:
            yield function


def _own(class_: type, name: str) -> Function | None:
    """Return a method of a class, unless it is the framework's."""
    for base in class_.__mro__:
        if name in vars(base):
            is_foreign = origins.is_of_framework(base.__module__) or base.__module__.startswith("rest_framework.")
            return None if is_foreign else function_behind(vars(base)[name], InstanceOf(class_))
    return None


def _bare(value: Any, itself: object = None) -> Iterator[Function]:
    """Yield the function that a callable is, without looking under what wraps it."""
    function = bare(value, itself)
    if function is not None:
        yield function
    elif not is_really(value, type) and not is_really(value, InstanceOf):
        call = member_of(type(value), "__call__")
        function = None if call is UNKNOWN else bare(call, value)
        if function is not None:
            yield function


class _Search:
    """The search for one use of one place."""

    def __init__(self, container: object, name: str, *, shows_page: bool) -> None:
        self._container = container
        self._name = name
        self._shows_page = shows_page
        self._seen: set[CodeType] = set()

    def uses(self, function: Function, depth: int = 0) -> bool:
        """Tell whether a function, or what it calls, surely uses the place each time that it returns."""
        code = function.code
        if depth > _DEPTH or code in self._seen or len(self._seen) >= _WORK_MAX:
            return False
        if code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
            return False  # runs later, or never
        self._seen.add(code)
        is_foreign = origins.is_of_framework(str(function.globals.get("__name__")))
        every = operations(code)
        ways, ends = branches_of(code), self._ends(every, code)
        is_loaded = not is_foreign and (
            not self._name or any(name == self._name and ways.are_passed(at, ends) for at, name in ways.names.items())
        )
        for operation in every:
            if not ways.are_passed(operation.at, ends):
                continue
            parts = [] if is_foreign else [part for value in _values(operation) for part in _parts(value)]
            if is_loaded and any(self._is_it(part, function) for part in parts):
                return True
            runs = [getter for part in parts if isinstance(part, Member) for getter in self._getters(part, function)]
            if isinstance(operation, Call):
                runs += self._called(operation.called, function, is_foreign=is_foreign)
            if any(self.uses(run, depth + 1) for run in runs):
                return True
        return False

    def _ends(self, every: list[Operation], code: CodeType) -> list[int]:
        """Return where a function can have returned, as it was answered."""
        elsewhere = {
            operation.at
            for operation in every
            if self._shows_page
            and isinstance(operation, Return)
            and isinstance(operation.value, Called)
            and any(word in last_name(operation.value.function).lower().replace("_", "") for word in _ELSEWHERE)
        }
        returns = branches_of(code).returns
        return [at for at in returns if at not in elsewhere] or returns

    def _called(self, called: Called, function: Function, *, is_foreign: bool) -> Iterator[Function]:
        symbol: Symbol = called.function
        if isinstance(symbol, Called) and last_name(symbol.function) in _HANDS_OVER and symbol.arguments:
            symbol = symbol.arguments[0]
        if is_foreign and not (isinstance(symbol, Name) and symbol.scope == "around"):
            return  # of Django's own only what wraps the application's is followed
        owners = list(self._found(symbol.of, function)) if isinstance(symbol, Member) else [None]
        for owner in owners:
            values = self._found(symbol, function) if owner is None else [member_of(owner, symbol.name)]  # type: ignore[union-attr]
            for value in values:
                if value is UNKNOWN or is_really(value, CACHED):
                    continue
                if is_really(value, type):
                    made = _own(value, "__init__")
                    yield from () if made is None else (made,)
                else:
                    yield from _bare(value, owner)

    def _is_it(self, symbol: Symbol, function: Function) -> bool:
        """Tell whether a symbol stands for what is in the place."""
        name, container = self._name, self._container
        match symbol:
            case Name("module", named):
                return named == name and function.globals is getattr(container, "__dict__", None)
            case Name("around", named):
                return named == name and named in getattr(getattr(container, "__code__", None), "co_freevars", ())
            case Member(of, named) | Called(Name(_, "getattr"), (of, Constant(named), *_)):
                return named == name and any(self._is_of(owner) for owner in self._found(of, function))
            case Entry(of, Constant(key)) | Called(Member(of, "get"), (Constant(key), *_)):
                return str(key) == name and any(owner is container for owner in self._found(of, function))
            case Entry(of, _):
                return not name and any(owner is container for owner in self._found(of, function))
            case Called(Member(of, "get"), _) if is_really(container, ContextVar):
                return any(owner is container for owner in self._found(of, function))
        return False

    def _is_of(self, owner: object) -> bool:
        """Tell whether an attribute of an object is one of the container: of its class's instance, or inherited."""
        container = self._container
        if owner is container:
            return True
        class_ = owner.class_ if is_really(owner, InstanceOf) else owner if is_really(owner, type) else type(owner)
        if is_really(container, type):
            return container in class_.__mro__
        return is_really(owner, InstanceOf) and class_ in type(container).__mro__

    def _found(self, symbol: Symbol, function: Function, depth: int = 0) -> Iterator[Any]:
        """Yield the objects that a symbol may stand for: those that live, or some instance of a class."""
        if depth > _DEPTH:
            return
        match symbol:
            case Several(values):
                for value in values:
                    yield from self._found(value, function, depth + 1)
            case Member(of, name):
                for owner in self._found(of, function, depth + 1):
                    held = member_of(owner, name)
                    if held is not UNKNOWN:
                        yield held
                for getter in self._getters(symbol, function, depth + 1):
                    yield from self._returned(getter, depth + 1)
            case Called(called, _) if last_name(called) not in ("type", "vars", "super", "getattr"):
                for value in self._found(called, function, depth + 1):
                    yield from self._results(value, called, function, depth + 1)
            case Entry(of, Constant(key)):
                for owner in self._found(of, function, depth + 1):
                    if type(owner) is dict and key in owner:
                        yield owner[key]
            case _:
                found = resolve(symbol, function)
                if found is not UNKNOWN:
                    yield found

    def _results(self, value: Any, called: Symbol, function: Function, depth: int) -> Iterator[Any]:
        if is_really(value, type):
            if not origins.is_of_framework(value.__module__):
                yield InstanceOf(value)
            return
        owners = list(self._found(called.of, function, depth + 1)) if isinstance(called, Member) else [None]
        for owner in owners:
            behind = function_behind(value, owner)
            if behind is not None:
                yield from self._returned(behind, depth + 1)

    def _returned(self, function: Function, depth: int) -> Iterator[Any]:
        if not origins.is_of_framework(str(function.globals.get("__name__"))):
            for operation in operations(function.code):
                if isinstance(operation, Return):
                    yield from self._found(operation.value, function, depth)

    def _getters(self, member: Member, function: Function, depth: int = 0) -> Iterator[Function]:
        """Yield what runs where an attribute is a property."""
        for owner in self._found(member.of, function, depth):
            if is_really(owner, type) or pretends(type(owner)):
                continue
            class_ = owner.class_ if is_really(owner, InstanceOf) else type(owner)
            held = next((vars(base)[member.name] for base in class_.__mro__ if member.name in vars(base)), None)
            getter = bare(held.fget, owner) if is_really(held, property) and held.fget else None
            if getter is not None:
                yield getter


def _values(operation: Operation) -> Iterator[Symbol]:
    """Yield what an operation makes use of."""
    if isinstance(operation, Call):
        yield operation.called.function
        yield from operation.called.arguments
    elif isinstance(operation, Return):
        yield operation.value
    else:
        yield operation.value
        yield getattr(operation.target, "of", None)


def _parts(symbol: Symbol, depth: int = 0) -> Iterator[Symbol]:
    """Yield a symbol and all that it is made of."""
    if symbol is None or depth > _DEPTH:
        return
    yield symbol
    match symbol:
        case Member(of, _):
            yield from _parts(of, depth + 1)
        case Entry(of, key):
            yield from _parts(of, depth + 1)
            yield from _parts(key, depth + 1)
        case Called(function, arguments):
            yield from _parts(function, depth + 1)
            for argument in arguments:
                yield from _parts(argument, depth + 1)
        case Several(values) | Made(values):
            for value in values:
                yield from _parts(value, depth + 1)

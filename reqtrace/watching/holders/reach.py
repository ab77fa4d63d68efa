"""What can be reached from a place that lives long: over attributes, containers, closures and partials, a few steps.

A walk looks at what stands there and runs nothing of the application's. It looks at the garbage collector's referents
of an instance before it asks for the dict: CPython 3.11 and 3.12 keep the values in the instance itself and move them
into a dict for whoever asks, which most instances never need.
"""

import gc
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import _lru_cache_wrapper, partial
from itertools import islice
from time import perf_counter_ns
from types import FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from django.db.models import Model
from django.dispatch import Signal
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver
from django.utils.functional import LazyObject

from reqtrace.execution.real_types import is_really, pretends
from reqtrace.watching.holders.origin import is_of_framework
from reqtrace.watching.holders.routes import Attribute, Cell, Default, Item, Newest, Step

INSTANCE = "(instance)"
"""How the path of an object says that it is no class."""
_STEPS_MAX = 6
_NODES_MAX = 2_000
_ENTRIES_MAX = 64
"""Of a container with more in it only so many are looked at: it is a cache or a table, and no place for one."""
_NEXT_LAYER = ".get_response"
_BETWEEN_LAYERS = "django.core.handlers.exception"
"""Where the functions are made by which Django wraps each middleware, whose names they take over."""
_KEYWORDS = frozenset({"initkwargs", "view_initkwargs", "keywords"})
"""What `as_view` and partials call the keywords that they were given: their keys stand in the code."""
_STACK = re.compile(r"current|stack|active", re.IGNORECASE)


class Sight(NamedTuple):
    """A request or a user object that a walk has come to."""

    path: str
    root: Any
    steps: tuple[Step, ...]
    """From the root: the place to watch."""
    value: Any
    owner: Any
    """What has it as an attribute, as an entry or in a closure."""
    is_data: bool
    """Whether a key or an index leads there that is data: what stands there is one of many, and not the current one."""
    keys: tuple[str, ...]
    """Keys of dicts on the way that are data, unless they stand in the code."""


class _Node(NamedTuple):
    value: Any
    path: str
    root: Any
    steps: tuple[Step, ...]
    depth: int
    is_data: bool
    keys: tuple[str, ...]

    def below(self, step: Step, value: Any, *, is_data: bool = False, key: str | None = None) -> "_Node":
        """Go one step on."""
        is_data = self.is_data or is_data
        keys = self.keys if key is None else (*self.keys, key)
        path = self.path if is_data and type(step) is Item else self.path + step.text()
        return _Node(value, path, self.root, (*self.steps, step), self.depth + 1, is_data, keys)

    def anew(self, value: Any, path: str, *, is_data: bool = False) -> "_Node":
        """Begin a route anew at what will stay where it is."""
        return _Node(value, path, value, (), self.depth + 1, self.is_data or is_data, self.keys)


def walk(path: str, root: Any, until_ns: int) -> Iterator[Sight]:
    """Yield all requests and users that can be reached from `root`, until that moment of `time.perf_counter_ns`.

    Users of any class are among them, which need not know that they are: so are all objects of the application's.
    """
    pending = deque([_Node(root, path, root, (), 0, False, ())])
    seen: set[int] = set()  # within one walk, which holds what it has still to look at
    for _ in range(_NODES_MAX):
        if not pending or perf_counter_ns() > until_ns:
            return
        node = pending.popleft()  # what is near comes first: the time may not last for all
        if id(node.value) in seen:
            continue
        seen.add(id(node.value))
        for child in _expanders[_sort_of(type(node.value))](node):
            sort = _sort_of(type(child.value))
            if sort in ("request", "user", "object"):
                yield Sight(child.path, child.root, child.steps, child.value, node.value, child.is_data, child.keys)
            if sort not in ("dull", "request") and child.depth < _STEPS_MAX and not child.path.endswith(_NEXT_LAYER):
                pending.append(child)


def _sort_of(class_: type) -> str:
    """Return what instances of a class are to a walk; chosen once per class."""
    sort = _sorts.get(class_)
    if sort is None:
        sort = _choose_sort(class_)
        if len(_sorts) < _SORTS_MAX:
            _sorts[class_] = sort
    return sort


_SORTS_MAX = 4_096
_sorts: dict[type, str] = {}
_BASES: tuple[tuple[Any, str], ...] = (
    (HttpRequest, "request"),
    (LazyObject, "user"),
    (ModuleType, "module"),
    (type, "class"),
    (FunctionType, "function"),
    (MethodType, "method"),
    (partial, "partial"),
    (_lru_cache_wrapper, "cache"),
    (dict, "dict"),
    (list | deque, "list"),
    (tuple, "tuple"),
    (SimpleNamespace, "object"),
    (URLPattern | URLResolver, "pattern"),
    (Signal, "signal"),
)


def _choose_sort(class_: type) -> str:
    for base, sort in _BASES:
        if issubclass(class_, base):
            return sort
    if issubclass(class_, Model):
        return "user" if hasattr(class_, "USERNAME_FIELD") else "dull"
    return "dull" if pretends(class_) or is_of_framework(class_.__module__) else "object"


def _of_nothing(node: _Node) -> Iterable[_Node]:
    return ()


def _of_lazy(node: _Node) -> Iterator[_Node]:
    """Go behind a lazy object that somebody has evaluated: it may be the application's own."""
    wrapped = object.__getattribute__(node.value, "__dict__").get("_wrapped") if _is_lazy(node.value) else None
    if wrapped is not None and _sort_of(type(wrapped)) == "object":
        yield node.anew(wrapped, node.path, is_data=node.is_data)


def _is_lazy(value: object) -> bool:
    return issubclass(type(value), LazyObject)


def _of_module(node: _Node) -> Iterator[_Node]:
    name = node.value.__name__
    for attribute, value in list(vars(node.value).items()):
        sort = _sort_of(type(value))
        if sort in ("dull", "module", "class") or attribute.startswith("__"):
            continue
        if sort != "function" or value.__module__ == name:
            yield node.below(Attribute(attribute), value)


def _of_class(node: _Node) -> Iterator[_Node]:
    if node.depth:  # a value among others; those of the application are begun at
        return
    for attribute, value in list(vars(node.value).items()):
        if not attribute.startswith("__") and _sort_of(type(value)) not in ("dull", "class", "module", "function"):
            yield node.below(Attribute(attribute), value)


def _of_function(node: _Node) -> Iterator[_Node]:
    function = node.value
    if is_of_framework(function.__module__ or "") or function.__globals__.get("__name__") == _BETWEEN_LAYERS:
        return
    begun = node.anew(function, _path_of_function(function)) if node.steps else node
    if function.__closure__ is not None:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__, strict=True):
            try:
                yield begun.below(Cell(name), cell.cell_contents)
            except ValueError:  # empty
                continue
    if function.__defaults__:
        names = function.__code__.co_varnames[: function.__code__.co_argcount][-len(function.__defaults__) :]
        for index, value in enumerate(function.__defaults__):
            yield begun.below(Default(index, names[index]), value)
    for name, value in list(vars(function).items()):
        yield begun.below(Attribute(name), value)


def _path_of_function(function: FunctionType) -> str:
    """Return the path of a function; of a class-based view, by its class."""
    class_ = vars(function).get("view_class") or vars(function).get("cls")
    if is_really(class_, type):
        return f"{class_.__module__}.{class_.__qualname__}.as_view"
    return f"{function.__module__}.{function.__qualname__}"


def _of_method(node: _Node) -> Iterator[_Node]:
    yield node.anew(node.value.__self__, name_of(node.value.__self__))
    yield node.anew(node.value.__func__, node.path)


def _of_partial(node: _Node) -> Iterator[_Node]:
    for name in ("func", "args", "keywords"):
        yield node.below(Attribute(name), getattr(node.value, name))


def _of_dict(node: _Node) -> Iterator[_Node]:
    is_table = len(node.value) > _ENTRIES_MAX
    is_of_code = bool(node.steps) and node.steps[-1].name in _KEYWORDS
    for key, value in list(islice(dict.items(node.value), _ENTRIES_MAX)):
        if type(key) is str:
            yield node.below(Item(key), value, is_data=is_table, key=None if is_of_code else key)
        elif _sort_of(type(value)) == "dull":
            continue
        elif is_really(key, type):  # a registry of the application's classes
            yield node.anew(value, name_of(value), is_data=is_table)
        else:
            yield _entry(node, value)


def _of_list(node: _Node) -> Iterator[_Node]:
    entries = list(node.value)
    if entries and _STACK.search(node.path.rpartition(".")[2]):
        yield node.below(Newest(), entries[-1])
    for value in (*entries[: _ENTRIES_MAX // 2], *entries[-_ENTRIES_MAX // 2 :]):
        if _sort_of(type(value)) != "dull":
            yield _entry(node, value)


def _of_tuple(node: _Node) -> Iterator[_Node]:
    for index, value in enumerate(node.value[:_ENTRIES_MAX]):
        yield node.below(Item(index), value)


def _entry(node: _Node, value: Any) -> _Node:
    """Go to an entry of many: the places in it are its own, and it is not known which entry is current."""
    path = name_of(value) if _sort_of(type(value)) == "object" else node.path
    return node.anew(value, path, is_data=True)


def _of_cache(node: _Node) -> Iterator[_Node]:
    function = getattr(node.value, "__wrapped__", None)
    path = name_of(function) if is_really(function, FunctionType) else node.path
    for value in gc.get_referents(node.value)[:_ENTRIES_MAX]:
        if value is not function:
            yield node.anew(value, path, is_data=True)


def _of_pattern(node: _Node) -> Iterator[_Node]:
    values = vars(node.value)
    callback = values.get("callback")
    if callback is not None:
        yield node.anew(callback, name_of(callback))
    for pattern in values.get("url_patterns") or ():  # none is made that Django has not made already
        yield node.anew(pattern, node.path)


def _of_signal(node: _Node) -> Iterator[_Node]:
    for _, receiver, *_ in list(node.value.receivers):
        found = receiver() if hasattr(type(receiver), "__callback__") else receiver
        if found is not None:
            yield node.anew(found, name_of(found))


def _of_object(node: _Node) -> Iterator[_Node]:
    value = node.value
    if all(_sort_of(type(held)) == "dull" for held in gc.get_referents(value) if held is not type(value)):
        return
    try:  # past any `__getattribute__` of the class
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        attributes = {}
    for name in _slots_of(type(value)):
        yield node.below(step := Attribute(name), step.follow(value))
    for name, held in list(attributes.items()) if type(attributes) is dict else ():
        yield node.below(Attribute(name), held)


def _slots_of(class_: type) -> list[str]:
    names: list[str] = []
    for base in class_.__mro__:
        slots = vars(base).get("__slots__", ())
        names += [slots] if type(slots) is str else [name for name in slots if type(name) is str]
    return [name for name in names if not name.startswith("__")]


def name_of(value: Any) -> str:
    """Return the path of a class or function, or how an instance is called that no name leads to."""
    if is_really(value, FunctionType):
        return _path_of_function(value)
    if is_really(value, MethodType):
        return name_of(value.__self__)
    if is_really(value, partial):
        return name_of(value.func)
    if is_really(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    class_ = type(value)
    return f"{class_.__module__}.{class_.__qualname__}{INSTANCE}"


_expanders: dict[str, Callable[[_Node], Iterable[_Node]]] = {
    "dull": _of_nothing,
    "request": _of_nothing,
    "user": _of_lazy,
    "module": _of_module,
    "class": _of_class,
    "function": _of_function,
    "method": _of_method,
    "partial": _of_partial,
    "cache": _of_cache,
    "dict": _of_dict,
    "list": _of_list,
    "tuple": _of_tuple,
    "pattern": _of_pattern,
    "signal": _of_signal,
    "object": _of_object,
}

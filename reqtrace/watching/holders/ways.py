"""The way to an object: who leads to it, from a module or a middleware down, found by going up its referrers.

What no module leads to is not kept, however long it lives: it hangs in the hands of running code, as a response does in
a test that is still looking at it, or it is garbage that waits to be collected. Neither frames of running functions nor
C code are among the garbage collector's referrers, and so a way that begins there ends in nothing.
"""

import gc
import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from reqtrace.execution.real_types import is_really, pretends
from reqtrace.watching.holders.discovery import Discovery
from reqtrace.watching.holders.origin import is_of_application, is_of_framework
from reqtrace.watching.holders.reach import INSTANCE

_STEPS_MAX = 24
"""From a node of a template, over the template, the loader's cache and the engine, it is half of that to a module."""
_WIDTH_MAX = 256
"""Where so many things lead to an object at once, each further step would take too long."""


class Keeper(NamedTuple):
    """Who keeps an object alive."""

    path: str
    """The first place on the way that is the application's own; where there is none, a library's."""
    kept: list[Any]
    """All that the container refers to which refers to the object itself."""


def keeper_of(kept: object, discovery: Discovery) -> Keeper | None:
    """Return who keeps an object; None where no module and no middleware leads to it, or Python's and Django's alone.

    Each step looks at every object there is: for a few objects in the life of a process.
    """
    levels: list[list[Any]] = [[kept]]
    while len(levels) <= _STEPS_MAX and 0 < len(levels[-1]) <= _WIDTH_MAX:
        level: list[Any] = []
        for referrer in gc.get_referrers(*levels[-1]):
            if any(referrer is own for own in (level, levels, *levels)) or _is_among(referrer, levels):
                continue
            if not _is_end(referrer, discovery):
                level.append(referrer)
                continue
            way = _way(referrer, levels)
            # Before names are asked for: CPython 3.11 and 3.12 then move the values out of an instance into a dict.
            kept = gc.get_referents(way[1]) if way else []
            path = _own_or_first(_places(way, discovery))
            if path is not None:
                return Keeper(path, kept)
        levels.append(level)
    return None


def _own_or_first(places: Iterable[str]) -> str | None:
    """Return the first path that is the application's own, or else the first that is a library's."""
    first = None
    for path in places:
        if is_of_application(path):
            return path
        if first is None and not is_of_framework(path):
            first = path
    return first


def _is_among(value: object, levels: list[list[Any]]) -> bool:
    return any(value is known for level in levels for known in level)


def _is_end(value: object, discovery: Discovery) -> bool:
    return _is_module(value) or discovery.path_of_layer(value) is not None


def _is_module(value: object) -> bool:
    """Tell whether a dict holds the attributes of a module."""
    name = dict.get(value, "__name__") if is_really(value, dict) else None
    module = sys.modules.get(name) if type(name) is str else None
    return is_really(module, ModuleType) and vars(module) is value


def _way(end: object, levels: list[list[Any]]) -> list[Any]:
    """Return what leads from the object up to `end`, both included; nothing where it has changed meanwhile."""
    way = [end]
    for level in reversed(levels):
        referents = gc.get_referents(way[0])
        below = [known for known in level if any(known is referent for referent in referents)]
        if not below:
            return []
        way.insert(0, below[0])
    return way


def _places(way: list[Any], discovery: Discovery) -> Iterator[str]:
    """Yield what on the way has a name, by path: attributes of instances, classes and modules, and functions."""
    for held, here, above in zip(way, way[1:], [*way[2:], None], strict=False):
        if not is_really(here, dict):
            if is_of_framework(_name_of(here)):
                continue
            attribute = _name_in(_attributes_of(here), held)
            yield f"{_name_of(here)}.{attribute}" if attribute else _name_of(here)
        elif (attribute := _name_in(here, held)) and (owner := _owner_of(here, above, discovery)):
            yield f"{owner}.{attribute}"


def _owner_of(values: dict[Any, Any], above: object, discovery: Discovery) -> str | None:
    """Return whose attributes a dict holds, given what leads to it."""
    if _is_module(values):
        return str(values["__name__"])
    if is_really(above, dict):  # with one part for each thread, or of the application's own
        return discovery.path_of_local(values)
    return _name_of(above) if is_really(above, type) or _attributes_of(above) is values else None


def _name_in(values: object, held: object) -> str | None:
    """Return the name of an attribute; those with two underscores, such as a module's loader, are Python's own."""
    items = list(values.items()) if type(values) is dict else []
    names = (name for name, value in items if value is held and type(name) is str)
    return next((name for name in names if not name.startswith("__")), None)


def _name_of(value: object) -> str:
    if is_really(value, type) or is_really(value, FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    class_ = type(value)
    return f"{class_.__module__}.{class_.__qualname__}{INSTANCE}"


def _attributes_of(value: object) -> object:
    if pretends(type(value)):
        return None
    try:  # past any `__getattribute__` of the class
        return object.__getattribute__(value, "__dict__")
    except Exception:
        return None

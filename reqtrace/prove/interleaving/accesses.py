"""Which lines touch what two requests share: the only ones at which it matters which of them goes first."""

import builtins
import contextvars
import functools
import gc
import logging
import re
import threading
from ast import Attribute, Call, Constant, Name, Subscript, expr
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from asgiref.local import Local

from reqtrace.prove.interleaving.code import frame_record
from reqtrace.prove.interleaving.touches import ITEMS, Touch, touches_of
from reqtrace.prove.schedule import Access, Way

_CONTAINERS = (dict, list, set, deque, OrderedDict, defaultdict, bytearray)
_CHANGES = frozenset(
    {
        *("add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop", "popitem"),
        *("popleft", "remove", "reverse", "rotate", "setdefault", "sort", "update"),
        *("difference_update", "intersection_update", "symmetric_difference_update"),
    }
)
_OWN: dict[Way, tuple[type, ...]] = {
    "threads": (threading.local, Local, contextvars.ContextVar),
    "tasks": (Local, contextvars.ContextVar),
    "order": (),
    "connection": (),
}
"""What of each request's own belongs to its thread or its context, and is shared by none."""
_HARMLESS = (ModuleType, type, FunctionType, BuiltinFunctionType, MethodType, logging.Logger, re.Pattern, str, bytes)
_CACHE_READS = frozenset({"get", "get_many", "has_key"})
_UNKNOWN = object()

Location = tuple[int | None, str]
"""What was touched: the object, None where that cannot be told, and which part of it."""


Line = tuple[str, int]
"""A file and the number of a line in it."""


class Note(NamedTuple):
    """A touch that happened."""

    place: int
    access: Access
    stores: bool
    location: Location


class Accesses:
    """Takes down what requests touch of what was there before them."""

    def __init__(self, old: set[int], *, parts: Way) -> None:
        """Know the objects that are older than the requests by their ids, and how the requests share a process."""
        self._old = old
        self._own = _OWN[parts]
        self.notes: list[Note] = []
        self.lines: set[Line] = set()
        self.steps: set[tuple[int, int, Line]] = set()
        """Which lines ran in which step of which request."""
        self._round = 0

    def renew(self) -> None:
        """Count all that is there now among the old; what runs from now on are no steps of the first round."""
        self._round += 1
        self._old |= {id(one) for one in gc.get_objects()}

    def look(self, place: int, frame: FrameType, step: int = 0) -> None:
        """Take down what the line does before which a frame stands."""
        file, line = frame.f_code.co_filename, frame.f_lineno
        self.lines.add((file, line))
        if self._round == 0:
            self.steps.add((place, step, (file, line)))
        for touch in touches_of(file).get(line, ()):
            for stores, location in self._locate(touch, frame):
                access = Access(place, frame_record(frame), touch.label)
                self.notes.append(Note(place, access, stores, location))

    def _locate(self, touch: Touch, frame: FrameType) -> Iterable[tuple[bool, Location]]:
        if touch.base is None:
            return [(touch.kind == "store", (id(frame.f_globals), touch.name))]
        value, is_old = self._resolve(touch.base, frame)
        if touch.kind == "call":
            return self._call(touch, value, is_old)
        if value is _UNKNOWN:
            return [(touch.kind == "store", (None, touch.name))]
        if not is_old or _is(value, self._own):
            return ()
        return [(touch.kind == "store", (id(value), touch.name))]

    def _call(self, touch: Touch, value: Any, is_old: bool) -> Iterable[tuple[bool, Location]]:
        """Say what a call touches: the object whose method it is, or a cache behind the function."""
        if not touch.name:
            return [(True, (id(value), "()"))] if _is(value, functools._lru_cache_wrapper) else ()
        if value is _UNKNOWN:
            return [(True, (None, ITEMS))] if touch.name in _CHANGES else ()
        if not is_old:
            return ()
        if _is(value, contextvars.ContextVar):
            return () if contextvars.ContextVar in self._own else [(touch.name != "get", (id(value), "()"))]
        if _is(value, _CONTAINERS):
            return [(touch.name in _CHANGES, (id(value), ITEMS))]
        module = type(value).__module__
        if module.startswith("django.core.cache") or (
            module == "django.utils.connection" and type(value).__name__ == "ConnectionProxy"
        ):
            return [(touch.name not in _CACHE_READS, (0, "cache"))]
        method = getattr(type(value), touch.name, None)
        if isinstance(method, functools._lru_cache_wrapper):
            return [(True, (id(method), "()"))]
        if _is(value, _HARMLESS) or isinstance(method, FunctionType) or method is None:
            return ()  # its own lines tell
        return [(True, (id(value), "()"))]

    def _resolve(self, node: expr, frame: FrameType) -> tuple[Any, bool]:
        """Return what an expression names, without running any code, and whether it is older than the requests."""
        match node:
            case Name(id=name):
                if name in frame.f_locals:
                    return self._with_age(frame.f_locals[name])
                for names in (frame.f_globals, vars(builtins)):
                    if name in names:
                        return names[name], True
            case Attribute(value=base, attr=name):
                return self._part(base, name, frame)
            case Call(func=Name(id="getattr"), args=[base, Constant(value=str(name)), *_]):
                return self._part(base, name, frame)
            case Subscript(value=base, slice=Constant(value=key)):
                value, is_old = self._resolve(base, frame)
                if type(value) is dict and key in value:
                    return self._with_age(value[key], is_old)
        return _UNKNOWN, False

    def _part(self, base: expr, name: str, frame: FrameType) -> tuple[Any, bool]:
        value, is_old = self._resolve(base, frame)
        if value is _UNKNOWN:
            return value, False
        if _is(value, threading.local):
            return _UNKNOWN, False
        try:
            own = object.__getattribute__(value, "__dict__")
        except AttributeError:
            own = {}
        if name in own:
            return self._with_age(own[name], is_old)
        for class_ in type.__dict__["__mro__"].__get__(value if _is(value, type) else type(value)):
            if name in vars(class_):
                found = vars(class_)[name]
                return (_UNKNOWN, False) if hasattr(type(found), "__get__") else (found, True)
        return _UNKNOWN, False

    def _with_age(self, value: Any, is_old: bool = False) -> tuple[Any, bool]:
        untracked = type(value) is dict and not gc.is_tracked(value)  # such as an empty one: its age cannot be told
        return value, is_old or untracked or id(value) in self._old


def _is(value: Any, classes: Any) -> bool:
    """Tell what a value is without asking it: a lazy object would evaluate itself."""
    return issubclass(type(value), classes)


def places_of(notes: Iterable[Note]) -> set[Line]:
    """Return the lines at which requests may meet: that write what is shared, or read what a line writes."""
    notes = list(notes)
    stored = {note.location for note in notes if note.stores}
    names, unknown = {name for _, name in stored}, {name for key, name in stored if key is None}
    return {
        (note.access.frame.file, note.access.frame.line)
        for note in notes
        if note.stores
        or note.location in stored
        or note.location[1] in unknown
        or (note.location[0] is None and note.location[1] in names)
    }


def steps_of(steps: Iterable[tuple[int, int, Line]], place: int, places: set[Line]) -> set[int]:
    """Return the steps of a request in which it runs one of these lines; the first begins before any point."""
    return {step for one, step, line in steps if one == place and step > 0 and line in places}


def meeting_of(notes: Iterable[Note], victim: int) -> tuple[Access, Access] | None:
    """Return a pair of lines of which one wrote for another request what the victim's then read.

    The last such pair, but rather one in which both are known to touch the same object than one in which they only
    call it alike.
    """
    writers: dict[Location, Note] = {}
    found: dict[bool, tuple[Access, Access]] = {}
    for note in notes:
        key, name = note.location
        location = note.location if key is not None else (None, f"{note.access.name.rpartition('.')[0]} {name}")
        if note.stores:
            if note.place != victim or name != ITEMS:  # to add to a container overwrites nothing of the others'
                writers[location] = note
        elif note.place == victim:
            writer = writers.get(location)
            if writer is not None and writer.place != victim:
                found[key is not None] = writer.access, note.access
    return found.get(True) or found.get(False)

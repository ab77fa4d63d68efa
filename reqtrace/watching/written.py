"""Places that code can write to, watched from the first request on: they cost next to nothing until somebody is there.

What a holder is read for at every checkpoint is done here once per request, as its view ends, and in C: is what stands
in each place still what stood there when it named nobody? Only where it is not is the place looked into, and becomes a
holder like all others once it names somebody.
"""

import re
import sys
from collections import deque
from collections.abc import Callable, Sized
from contextlib import suppress
from contextvars import ContextVar
from functools import cache, partial
from operator import call, is_
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeGuard

from asgiref.local import Local
from django.apps import apps
from django.conf import settings

from reqtrace.code.knowledge import Knowledge
from reqtrace.code.writes import Place, SetWhen
from reqtrace.execution.places import native
from reqtrace.execution.process import started_ns
from reqtrace.execution.real_types import is_really
from reqtrace.watching.holders.attributes import AttributeHolder, KeyedDictHolder
from reqtrace.watching.holders.base import EMPTY, Holder
from reqtrace.watching.holders.context import AsgirefHolder, ContextVarHolder
from reqtrace.watching.holders.routes import Item, RouteHolder
from reqtrace.watching.holders.thread_local import ThreadLocalHolder, is_thread_local
from reqtrace.watching.holders.words import CURRENT, OF_RECORDS, OF_WHOM, words
from reqtrace.watching.meaning import meaning_of

PLACES_MAX = 256
"""How many places are watched so."""
_UNSURE_MAX = 64
"""When so many are, those are left to the search of which the code does not tell what is put there."""
AT_START_NS = 20_000_000
"""How long code is read as the middleware is loaded, so that the first request finds the application's own watched."""
_STIRRED_MAX = 16
"""A place that changes so often without ever naming anybody holds something else."""
_PLAIN = (type(None), bool, int, float, str, bytes, type, FunctionType, ModuleType)
_STACK = re.compile(r"current|stack|active", re.IGNORECASE)
IN_REQUEST_NS = 1_000_000
IN_REQUESTS = 32
"""How long a request may read code, and how many may in all."""


@cache
def loaded_code() -> Knowledge:
    """Return what is known of this process's code: once for all, since a fork takes it along."""
    _loaded_since_ns()
    return Knowledge(_packages, _middleware)


@cache
def _loaded_since_ns() -> int:
    """Return when the process began that loaded the code: this one, or the one that it was forked off from."""
    return started_ns()


def _packages() -> set[str]:
    """Name the libraries that take part in requests: apps and middleware."""
    entries = [*settings.MIDDLEWARE, *(config.name for config in apps.get_app_configs())]
    return {str(entry).partition(".")[0] for entry in entries}


def _middleware() -> list[object]:
    modules = ((sys.modules.get(str(entry).rpartition(".")[0]), str(entry)) for entry in settings.MIDDLEWARE)
    found = (vars(module).get(entry.rpartition(".")[2]) for module, entry in modules if module is not None)
    return [middleware for middleware in found if middleware is not None]


class _Slot(NamedTuple):
    """One place, asleep."""

    holder: Holder
    place: Place
    reader: Callable[[], object]
    """Returns what tells whether the place has changed: in C, and without a trace."""


class _Sleeping(NamedTuple):
    """All of them, as they stand at one moment; replaced as a whole."""

    slots: tuple[tuple[_Slot, object, int], ...] = ()
    """Each with what stood there while it named nobody, and how long that was, if it is a collection."""
    readers: tuple[Callable[[], object], ...] = ()
    quiet: tuple[object, ...] = ()
    """What each reader returns as long as none has changed: plain values, and collections with how long they are."""


class WrittenPlaces:
    """The places that are asleep."""

    def __init__(
        self, knowledge: Knowledge, wake: Callable[[Holder], None], user_of: Callable[[Any], Any] = lambda user: None
    ) -> None:
        """Take the places from `knowledge`; hand those that name somebody to `wake`.

        Args:
            knowledge: knows the code.
            wake: watches a holder.
            user_of: tells for which request a user object was made.

        """
        self.knowledge = knowledge
        self._user_of = user_of
        self._wake = wake
        self.is_open = True
        """Whether requests are to be known, and to look, since one of them may be put somewhere: there is such a place,
        or it is not yet known that there is none."""
        self._reads_left = IN_REQUESTS
        self._sleeping = _Sleeping()
        self._taken = 0
        self._told: tuple[int, tuple[Holder, ...]] = (0, ())
        self._arrived: deque[_Slot] = deque()
        self._stirred: dict[Holder, int] = {}
        self._changing = native("_thread", "allocate_lock")()

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._arrived or self._sleeping.slots)

    def __len__(self) -> int:
        """Return how many are asleep."""
        return len(self._sleeping.slots) + len(self._arrived)

    def search(self, budget_ns: int, *, watches: bool = True) -> bool:
        """Read code for a slice of time, off the request path, and watch what is found if it `watches`.

        Returns:
            Whether all that is loaded has been read.

        """
        is_through = self.knowledge.read(budget_ns)
        fresh = self.knowledge.places[self._taken :]
        self._taken += len(fresh)
        if watches:
            for place in sorted(fresh, key=lambda place: place.grade is None):
                room = _UNSURE_MAX if place.grade is None else PLACES_MAX
                slot = self._slot(place) if len(self) < room else None
                if slot is not None:
                    self._arrived.append(slot)
        self.is_open = watches and (not is_through or bool(self))
        return is_through

    def tell(self, holders: tuple[Holder, ...]) -> None:
        """Tell holders what the code says of when they are set, if there is news."""
        if self._told != (news := (self.knowledge.modules, holders)) and self.knowledge.is_through:
            self._told = news
            for holder in holders:
                holder.set_when = self._when(holder)

    def facts(self) -> dict[str, bool | int | float | str | None]:
        """Return what reading code has cost this process, and how many places are watched for it."""
        return {**self.knowledge.facts(), "code.watched": len(self), "code.since_ns": _loaded_since_ns()}

    def read_no_more(self) -> None:
        """Leave the code that requests load from here on to `search`."""
        self._reads_left = 0

    def look(self) -> None:
        """Look whether any has stirred; on the request path, as a view ends, on its thread and in its context.

        What the first requests have just loaded is read here, for a millisecond at the most, so that the next one
        does not meet somebody where nobody looks yet: loading it has taken longer.
        """
        if self._reads_left and (self.knowledge.is_behind() or not self.knowledge.is_through):
            self._reads_left -= 1
            self.search(IN_REQUEST_NS)
        sleeping = self._sleeping
        if self._arrived or not all(map(is_, map(call, sleeping.readers), sleeping.quiet)):
            self._look_closer(sleeping)

    def _look_closer(self, sleeping: _Sleeping) -> None:
        if not self._changing.acquire(False):
            return  # another request is at it
        try:
            slots: list[tuple[_Slot, object, int]] = []
            arrived = [self._arrived.popleft() for _ in range(len(self._arrived))]
            for slot, before, length_before in (*sleeping.slots, *((slot, EMPTY, 0) for slot in arrived)):
                value = slot.reader()
                length = len(value) if _is_collection(value) else 0
                if value is not before or length != length_before:
                    if self._names_somebody(slot):
                        slot.holder.set_when = self._when(slot.holder)
                        self._wake(slot.holder)
                        continue
                    if not self._goes_on_sleeping(slot, value):
                        continue
                slots.append((slot, value, length))
            readers: list[Callable[[], object]] = [slot.reader for slot, _, _ in slots]
            quiet: list[object] = [value for _, value, _ in slots]
            for _, value, length in slots:
                if _is_collection(value):
                    readers.append(partial(len, value))
                    quiet.append(length)
            self._sleeping = _Sleeping(tuple(slots), tuple(readers), tuple(quiet))
        finally:
            self._changing.release()

    def _when(self, holder: Holder) -> SetWhen:
        """Return when a holder is set, as far as that can be relied on.

        What all threads share may well be read where it is not set: whoever came first stays there for all.
        """
        when = self.knowledge.set_when(*holder.place)
        return "unknown" if when == "when used" and holder.kind == "attribute" else when

    def _goes_on_sleeping(self, slot: _Slot, value: object) -> bool:
        """Tell whether a place that has changed without naming anybody is still worth it: nothing large is held."""
        stirred = self._stirred[slot.holder] = self._stirred.get(slot.holder, 0) + 1
        is_small = type(value) in (*_PLAIN, list, deque) or (type(value) is dict and not value)
        return is_small and stirred < _STIRRED_MAX

    def _names_somebody(self, slot: _Slot) -> bool:
        """Tell whether a place names whoever is there now, as far as name and code say that it is meant to.

        A list is a stack of current ones only where its name says so. A user may well be meant, as a technical one is,
        unless the code takes it from a request or it was made for one, and its name is one for whoever is there now.
        """
        value = slot.holder.read()
        meaning = meaning_of(value)
        path = slot.holder.path
        if meaning.is_nothing or (is_really(value, list) and _STACK.search(path) is None):
            return False
        if slot.holder.kind != "attribute" or meaning.request is not None or CURRENT.search(path) is not None:
            return True
        names = set(words(f"{type(slot.place.container).__name__} {path}"))
        is_of_request = slot.place.grade is not None or self._user_of(meaning.user) is not None
        return is_of_request and not OF_WHOM.isdisjoint(words(slot.place.name)) and not OF_RECORDS & names

    def _slot(self, place: Place) -> _Slot | None:
        path = self.knowledge.path_of(place)
        if path is None:
            return None
        container, name = place.container, place.name
        holder: Holder
        if is_really(container, ContextVar):
            return _Slot(ContextVarHolder(path, container), place, partial(container.get, None))
        if type(container) is dict and name:
            return _Slot(RouteHolder(path, container, [Item(name)]), place, partial(container.get, name))
        if type(container) is dict:
            return _Slot(KeyedDictHolder(path, container), place, partial(len, container))
        if is_really(container, Local) and name:
            storage = getattr(getattr(container, "_storage", None), "_data", None)
            holder = AsgirefHolder(path, container, name)
            return _Slot(holder, place, partial(storage.get, None)) if is_really(storage, ContextVar) else None
        if is_thread_local(container) and name:
            if type(container).__init__ is not object.__init__:
                return None  # its first touch runs code: discovery knows how to look at it
            return _Slot(ThreadLocalHolder(path, container, name), place, partial(getattr, container, name, None))
        return _attribute_slot(path, place) if name else None


def _is_collection(value: object) -> TypeGuard[Sized]:
    """Tell whether a value may come to hold somebody and be the same as before."""
    return type(value) in (dict, list, deque)


def _attribute_slot(path: str, place: Place) -> _Slot | None:
    holder = AttributeHolder(path, place.container, place.name)
    attributes: Any = None
    with suppress(Exception):  # an instance without a dict, or of a class that hides it
        attributes = vars(place.container)
    return None if attributes is None else _Slot(holder, place, partial(attributes.get, place.name))

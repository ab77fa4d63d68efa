"""Requests that are still alive long after their end, and who holds them."""

import gc
import sys
from time import perf_counter_ns
from types import ModuleType
from typing import Any

from reqtrace.holders.discovery import Discovery
from reqtrace.live import OpenRequest, Retention
from reqtrace.real_types import is_really, pretends
from reqtrace.weak_map import WeakMap

AGE_NS = 10_000_000_000
"""How long after its end a request may be alive without a word."""
_EVERY_NS = 5_000_000_000
_SEARCHES_MAX = 8
"""How many times in its life a process looks for who holds a request: it means to look at every object there is."""


class RetentionSearch:
    """Looks for retained requests, in the shipper's spare time."""

    def __init__(self, known: WeakMap[OpenRequest], discovery: Discovery) -> None:
        """Look among `known`; name holders by what `discovery` has found."""
        self._known = known
        self._discovery = discovery
        self._due_ns = 0
        self._searches = 0
        self._collections: dict[int, int] = {}
        """Full collections that had been made when a request, by its number, was first seen to be alive."""

    def search(self, *, age_ns: int = AGE_NS) -> list[OpenRequest]:
        """Note each request that is still alive after a full collection; return those noted now.

        Waits for the collections that Python makes by itself: one of our own would stop the application.
        """
        now = perf_counter_ns()
        if now < self._due_ns:
            return []
        self._due_ns = now + _EVERY_NS
        collections = _full_collections()
        alive = self._alive(now - age_ns)
        noted = [
            opened
            for number, opened in alive.items()
            if collections > self._collections.get(number, collections)
            and not any(isinstance(fact, Retention) for fact in opened.facts)
        ]
        for opened in noted:
            self._note(opened, now)
        # From here on none of them is held by this search, which a collection that began earlier might have met.
        since = _full_collections()
        self._collections = {number: self._collections.get(number, since) for number in alive}
        return noted

    def _alive(self, before_ns: int) -> dict[int, OpenRequest]:
        return {opened.number: opened for _, opened in self._known.items() if 0 < opened.ended_ns < before_ns}

    def _note(self, opened: OpenRequest, now: int) -> None:
        holder: str | None = None
        if self._searches < _SEARCHES_MAX:
            self._searches += 1
            held = [request for request, known in self._known.items() if known is opened]
            holder = holder_of(held[0], self._discovery) if held else None
        opened.note(Retention(now - opened.began_ns, holder, None))


def _full_collections() -> int:
    return int(gc.get_stats()[2]["collections"])


def holder_of(request: Any, discovery: Discovery) -> str | None:
    """Name who holds an object: a module's attribute, a class's, an instance's, a thread-local's."""
    frame, own = sys._getframe(), _hanging_on(request)
    for referrer in gc.get_referrers(request):
        # What hangs on the request itself, such as its messages, does not hold it.
        if referrer is frame or any(referrer is value for value in own):
            continue
        name = _name_of(referrer, request, discovery)
        if name is not None:
            return name
    return None


def _hanging_on(request: Any) -> list[Any]:
    """Return the request's own parts and theirs, such as its messages, their storages, and its upload handlers."""
    parts: list[Any] = list(vars(request).values())
    for _ in range(2):
        inner = [attributes for part in parts if type(attributes := _attributes_of(part)) is dict]
        parts += [*inner, *(value for attributes in inner for value in attributes.values())]
        parts += [item for part in parts if issubclass(type(part), list | tuple) for item in part]
    return parts


def _name_of(referrer: Any, held: Any, discovery: Discovery) -> str | None:
    if is_really(referrer, dict):
        name = next((name for name, value in list(referrer.items()) if value is held), None)
        owner = _owner_of(referrer, discovery)
        if owner is not None:
            return f"{owner}.{name}"
    if issubclass(type(referrer), dict | list | set | tuple):
        for path, values in discovery.owned():
            name = next((name for name, value in values.items() if value is referrer), None)
            if name is not None:
                return f"{path}.{name}"
        return None
    return _instance_name(referrer, held)


def _owner_of(values: dict[Any, Any], discovery: Discovery) -> str | None:
    """Return whose attributes a dict holds."""
    name = values.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if is_really(module, ModuleType) and vars(module) is values:
        return module.__name__
    found = discovery.local_with(values)
    if found is None:
        instances = (owner for owner in gc.get_referrers(values) if _attributes_of(owner) is values)
        found = next((_name_of_instance(owner) for owner in instances), None)
    return found


def _instance_name(instance: Any, held: Any) -> str | None:
    """Return which attribute of an instance holds an object; its dict may not exist yet, and then it refers itself."""
    attributes = _attributes_of(instance)
    if type(attributes) is not dict:
        return None
    name = next((name for name, value in attributes.items() if value is held), None)
    return None if name is None else f"{_name_of_instance(instance)}.{name}"


def _attributes_of(instance: Any) -> Any:
    return None if pretends(type(instance)) else getattr(instance, "__dict__", None)


def _name_of_instance(instance: Any) -> str:
    class_ = type(instance)
    return f"{class_.__module__}.{class_.__qualname__}(instance)"

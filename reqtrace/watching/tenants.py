"""Tenants on database connections, by the conventions `tenant` and `schema_name`: set by a library or by hand."""

import sys
import threading
from time import perf_counter_ns
from typing import Any, NamedTuple

from django.db import connections

from reqtrace.execution.stacks import view_of
from reqtrace.watching.live import LeftState, OpenRequest

CONVENTIONS = ("tenant", "schema_name")
PUBLIC = frozenset({"public", ""})
"""What stands there for everybody."""
_SETTERS_MAX = 256
_ALONE = {"": object()}
_OF_CONNECTION = sys.getrefcount(_ALONE[""])
"""How many references are counted of what one dict alone holds, and the stack while it is asked for."""


class Standing(NamedTuple):
    """What stood on a connection as a request began."""

    connection: int
    name: str
    value: int
    """The object's id."""
    is_sole: bool
    """Whether nothing but the connection held it: no code can have set that very object again."""


class Tenants:
    """Tells what an earlier request has put on this thread's connections, and no code of this one has touched.

    An attribute does not say when it was set. But what nobody else holds cannot be put there once more: if it is still
    the same object as the view ends, it was left alone.
    """

    def __init__(self) -> None:
        """Know of no setting yet."""
        storage = getattr(getattr(connections, "_connections", None), "_storage", None)
        self._storage = storage if issubclass(type(storage), threading.local) else None
        self._setters: dict[tuple[int, str], tuple[int, OpenRequest]] = {}

    def now(self) -> tuple[Standing, ...]:
        """Return what stands on the connections of this thread; quickly where nobody knows of tenants."""
        if not self._are_used():
            return ()
        return tuple(
            [
                Standing(id(connection), name, id(attributes[name]), _is_sole(attributes, name))
                for connection, attributes in self._here()
                for name in CONVENTIONS
                if attributes.get(name) is not None
            ]
        )

    def look(self, opened: OpenRequest, before: tuple[Standing, ...]) -> None:
        """Note, as a view ends, what an earlier request has left."""
        if not before and not self._are_used():
            return
        stood = {(standing.connection, standing.name): standing for standing in before}
        for connection, attributes in self._here():
            for name in CONVENTIONS:
                value = attributes.get(name)
                if value is None:
                    continue
                key = id(connection), name
                standing = stood.get(key)
                if standing is None or standing.value != id(value):
                    if len(self._setters) >= _SETTERS_MAX:
                        self._setters.clear()
                    self._setters[key] = id(value), opened
                    continue
                left, setter = self._setters.get(key, (0, opened))
                if left == id(value) and setter is not opened and standing.is_sole and not _is_public(value):
                    at_ns = perf_counter_ns() - opened.began_ns
                    path = f"django.db.connections[{attributes.get('alias')}].{name}"
                    opened.note(LeftState("view-end", at_ns, path, setter, view_of(opened.request), "attribute"))

    def _are_used(self) -> bool:
        if self._storage is not None:
            for connection in self._storage.__dict__.values():
                attributes = connection.__dict__
                if "tenant" in attributes or "schema_name" in attributes:
                    return True
        return False

    def _here(self) -> list[tuple[Any, dict[str, Any]]]:
        """Return the connections of this thread, which nobody else uses, with their attributes."""
        made = vars(self._storage) if self._storage is not None else {}
        return [(connection, connection.__dict__) for connection in made.values()]


def _is_sole(attributes: dict[str, Any], name: str) -> bool:
    """Tell whether a connection alone holds a value; the name of a tenant that it holds, too, is held by that."""
    of_tenant = getattr(attributes.get("tenant"), "__dict__", {})
    also = 1 if name == "schema_name" and of_tenant.get(name) is attributes[name] else 0
    return sys.getrefcount(attributes[name]) <= _OF_CONNECTION + also


def _is_public(value: Any) -> bool:
    name = value if type(value) is str else getattr(value, "__dict__", {}).get("schema_name")
    return name in PUBLIC

"""Attributes of modules, classes and long-lived instances, and dicts keyed by thread: one value for everybody."""

import threading
from typing import Any

from reqtrace.execution.places import native
from reqtrace.watching.holders.base import EMPTY, Holder


class AttributeHolder(Holder):
    """An attribute of a module, a class or an instance that outlives requests."""

    kind = "attribute"

    def __init__(self, path: str, owner: Any, attribute: str) -> None:
        """Watch ``owner.attribute``, as it stands in the owner's own dict: no property runs."""
        super().__init__(path, owner, attribute)
        self._owner = owner
        self._attribute = attribute

    def read(self) -> object:
        """Return the attribute."""
        return vars(self._owner).get(self._attribute, EMPTY)


class KeyedDictHolder(Holder):
    """A dict whose keys are threads: `Thread` objects, idents or native ids."""

    kind = "dict by thread"

    def __init__(self, path: str, mapping: dict[Any, Any]) -> None:
        """Watch this thread's entry of `mapping`."""
        super().__init__(path, mapping)
        self._mapping = mapping

    def read(self) -> object:
        """Return this thread's entry."""
        ident = threading.get_ident()
        # Not `threading.current_thread()`, which makes and keeps an object for a thread that it does not know.
        for key in (getattr(threading, "_active", {}).get(ident), ident, native("_thread", "get_native_id")()):
            if key is not None and key in self._mapping:
                return self._mapping[key]
        return EMPTY

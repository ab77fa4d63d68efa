"""Weak maps that cost little: by what the keys equal, and by which objects they are."""

from typing import Any, Generic, TypeVar
from weakref import ref

Value = TypeVar("Value")


class WeakMap(Generic[Value]):
    """Maps living objects to values, by the objects themselves, for as long as they live.

    A plain dict whose keys are weak references: these hash and compare as what they refer to, and call the dict's
    own ``pop`` when that dies. `weakref.WeakKeyDictionary` does the same in Python code, four times as slowly.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._by_reference: dict[ref[Any], Value] = {}

    def add(self, key: Any, value: Value) -> None:
        """Map `key` to `value` from now on; leave out what allows no weak references, or cannot be hashed."""
        try:
            self._by_reference[ref(key, self._by_reference.pop)] = value
        except Exception:
            return

    def find(self, key: Any) -> Value | None:
        """Return the value of `key`; None for an object that is not in the map, or that cannot be."""
        try:
            return self._by_reference.get(ref(key))
        except Exception:  # no weak references, no hash, or a class whose `__eq__` raises
            return None

    def items(self) -> list[tuple[Any, Value]]:
        """Return all living objects with their values."""
        # A copy first, which is made in one go: a list of pairs may set off a collection, and objects that die in it
        # leave the map while it is walked.
        known = self._by_reference.copy()
        return [(key, value) for reference, value in known.items() if (key := reference()) is not None]


class WeakIdentityMap(Generic[Value]):
    """Says for which value an object was made, by which object it is, whatever it equals: two users of a row are two.

    Keyed by address, which is given out again once an object is dead. So each entry says by a weak reference whose it
    is, and one of another object counts for nothing. Dead ones stay until `sweep`: the request path pays for no
    callback. What finds no room among `room` objects is left out.
    """

    def __init__(self, room: int) -> None:
        """Begin empty."""
        self._room = room
        self._by_address: dict[int, tuple[ref[Any], Value | None]] = {}

    def add(self, key: Any, value: Value) -> None:
        """Map `key` to `value`; one that comes for another value, too, was made for neither, as those of a cache.

        What allows no weak references is left out.
        """
        address = id(key)
        entry = self._by_address.get(address)
        if entry is not None and entry[0]() is key:
            if entry[1] is not value:
                self._by_address[address] = entry[0], None
        elif len(self._by_address) < self._room:
            try:
                self._by_address[address] = ref(key), value
            except TypeError:
                return

    def find(self, key: Any) -> Value | None:
        """Return the value of `key`; None for an object that is not in the map, or was made for nobody alone."""
        entry = self._by_address.get(id(key))
        return entry[1] if entry is not None and entry[0]() is key else None

    def is_nobodys(self, key: Any) -> bool:
        """Tell whether `key` has come for two values."""
        entry = self._by_address.get(id(key))
        return entry is not None and entry[0]() is key and entry[1] is None

    def sweep(self) -> None:
        """Forget the dead; from one thread at a time, while others add."""
        for address, entry in list(self._by_address.items()):
            if entry[0]() is None:
                taken = self._by_address.pop(address, entry)
                if taken is not entry:  # somebody living has moved in meanwhile
                    self._by_address.setdefault(address, taken)

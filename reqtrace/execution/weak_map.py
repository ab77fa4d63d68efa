"""A weak map that costs little: its keys take themselves out without a line of Python being run."""

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
        return [
            (key, value) for reference, value in list(self._by_reference.items()) if (key := reference()) is not None
        ]

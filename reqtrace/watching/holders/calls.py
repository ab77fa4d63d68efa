"""Callables that give the current request or user: declared by the application, or needed to get at it."""

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from reqtrace.execution.calling import called
from reqtrace.watching.holders.base import EMPTY, Holder, HolderKind

SLOW_NS = 1_000_000
"""How long a callable may take; it is called at every checkpoint of every request."""
ORIGINAL = "reqtrace_original"
"""The attribute by which a function under `reqtrace.watch` names the one that it wraps."""


class HolderTooSlow(Exception):
    """A callable takes too long to be called at every checkpoint."""


class CallableHolder(Holder):
    """A function without arguments, such as ``myapp.auth.get_current_user``."""

    def __init__(self, path: str, function: Callable[[], object], kind: HolderKind = "callable") -> None:
        """Watch what `function` returns, which it takes from a place of some `kind`."""
        super().__init__(path, function)
        self.kind = kind
        # A watched getter that is declared, too, would have itself read for ever.
        self._function: Callable[[], object] = getattr(function, ORIGINAL, function)

    def read(self) -> object:
        """Call it; None means that it names nothing.

        Raises:
            HolderTooSlow: when it has taken too long, time after time.

        """
        began_ns = perf_counter_ns()
        value = called(self._function)
        if perf_counter_ns() - began_ns > SLOW_NS:
            self.times_slow += 1
            if self.is_off:
                raise HolderTooSlow(f"it took more than {SLOW_NS / 1e6:g} ms {self.times_slow} times in a row")
        else:
            self.times_slow = 0
        return EMPTY if value is None else value


class ThroughHolder(Holder):
    """A holder of something from which the request or the user has first to be got."""

    def __init__(self, inner: Holder, interpret: Callable[[Any], object], behind: str = "") -> None:
        """Watch what `interpret` makes of the value in `inner`; None means that it names nothing.

        Args:
            inner: reads the value.
            interpret: gets from it what is named.
            behind: how what is got is written behind the place of the value, where that has several.

        """
        super().__init__(inner.path, inner._container, inner._name + behind)
        self.kind = inner.kind
        self._inner = inner
        self._interpret = interpret

    def read(self) -> object:
        """Return what the value stands for."""
        value = self._inner.read()
        named = None if value is EMPTY else self._interpret(value)
        return EMPTY if named is None else named

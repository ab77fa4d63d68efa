"""The holders under test: every way in which applications keep the current request or user, and clear it or not."""

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from asgiref.local import Local

kept = threading.local()
cleared = threading.local()
signed_in = threading.local()
local_kept = Local()
local_cleared = Local()
variable_kept: ContextVar[Any] = ContextVar("variable_kept", default=None)
variable_reset: ContextVar[Any] = ContextVar("variable_reset", default=None)
current_request: Any = None
by_thread: dict[threading.Thread, Any] = {}


class Keeper:
    """A class that keeps the current request on itself."""

    current_request: Any = None


class Holder(ABC):
    """One place for the current request, or for the current user."""

    def __init__(self, name: str, path: str, title: str, *, clears: bool = False, of_user: bool = False) -> None:
        """Describe it.

        Args:
            name: as ``--holders`` takes it.
            path: behind this package's ``holders`` module, as reqtrace names it.
            title: what people call it.
            clears: whether the middleware clears it in ``finally``.
            of_user: whether it holds the user, and is set only for those who are signed in.

        """
        self.name = name
        self.path = f"{__name__}.{path}"
        self.title = title
        self.clears = clears
        self.of_user = of_user

    def enter(self, request: Any) -> Callable[[], object]:
        """Set it as the middleware of an application does; return what that does on the way out."""
        if self.of_user and not request.user.is_authenticated:
            return _nothing
        undo = self.put(request.user if self.of_user else request)
        return undo if self.clears else _nothing

    @abstractmethod
    def put(self, value: Any) -> Callable[[], object]:
        """Set it; return what clears it."""

    @abstractmethod
    def read(self) -> Any:
        """Return what it holds here and now; None for nothing."""


class InLocal(Holder):
    """The attribute ``value`` of a `threading.local` or asgiref `Local`."""

    def __init__(self, name: str, local: Any, attribute: str, title: str, **how: bool) -> None:
        """Keep it in `local`, known here as `attribute`."""
        super().__init__(name, f"{attribute}.value", title, **how)
        self._local = local

    def put(self, value: Any) -> Callable[[], object]:
        """Set the attribute."""
        self._local.value = value
        return partial(setattr, self._local, "value", None)

    def read(self) -> Any:
        """Read the attribute."""
        return getattr(self._local, "value", None)


class InVariable(Holder):
    """A context variable."""

    def __init__(self, name: str, variable: ContextVar[Any], title: str, **how: bool) -> None:
        """Keep it in `variable`."""
        super().__init__(name, variable.name, title, **how)
        self._variable = variable

    def put(self, value: Any) -> Callable[[], object]:
        """Set the variable."""
        return partial(self._variable.reset, self._variable.set(value))

    def read(self) -> Any:
        """Read the variable."""
        return self._variable.get()


class InAttribute(Holder):
    """The attribute ``current_request`` of a module or class."""

    def __init__(self, name: str, owner: Any, path: str, title: str) -> None:
        """Keep it on `owner`."""
        super().__init__(name, path, title)
        self._owner = owner

    def put(self, value: Any) -> Callable[[], object]:
        """Set the attribute."""
        self._owner.current_request = value
        return partial(setattr, self._owner, "current_request", None)

    def read(self) -> Any:
        """Read the attribute."""
        return self._owner.current_request


class InDict(Holder):
    """An entry for each thread."""

    def put(self, value: Any) -> Callable[[], object]:
        """Set this thread's entry."""
        by_thread[threading.current_thread()] = value
        return partial(by_thread.pop, threading.current_thread(), None)

    def read(self) -> Any:
        """Read this thread's entry."""
        return by_thread.get(threading.current_thread())


def _nothing() -> None:
    """Clear nothing."""


HOLDERS: dict[str, Holder] = {
    holder.name: holder
    for holder in (
        InLocal("local-kept", kept, "kept", "`threading.local`, never cleared"),
        InLocal("local-cleared", cleared, "cleared", "`threading.local`, cleared in `finally`", clears=True),
        InLocal("local-signed-in", signed_in, "signed_in", "`threading.local`, set if signed in", of_user=True),
        InLocal("asgiref-kept", local_kept, "local_kept", "asgiref `Local`, never reset"),
        InLocal("asgiref-cleared", local_cleared, "local_cleared", "asgiref `Local`, reset", clears=True),
        InVariable("contextvar-kept", variable_kept, "`ContextVar`, never reset"),
        InVariable("contextvar-reset", variable_reset, "`ContextVar`, reset", clears=True),
        InAttribute("module", sys.modules[__name__], "current_request", "module attribute"),
        InAttribute("class", Keeper, "Keeper.current_request", "class attribute"),
        InDict("dict-by-thread", "by_thread", "dict keyed by thread"),
    )
}
"""All of them, by name."""
CLEAN = ("local-cleared", "asgiref-cleared", "contextvar-reset")
"""Those that a careful application clears."""

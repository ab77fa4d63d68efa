"""Callables that give the current request or user, declared by the application."""

from collections.abc import Callable

from reqtrace.holders.base import EMPTY, Holder


class CallableHolder(Holder):
    """A function without arguments, such as ``myapp.auth.get_current_user``."""

    kind = "callable"

    def __init__(self, path: str, function: Callable[[], object]) -> None:
        """Watch what `function` returns."""
        super().__init__(path, function)
        self._function = function

    def read(self) -> object:
        """Call it; None means that it names nothing."""
        value = self._function()
        return EMPTY if value is None else value


class ThroughCallHolder(Holder):
    """A holder whose value is a callable that gives the user, as django-currentuser keeps one."""

    def __init__(self, inner: Holder) -> None:
        """Watch what the callable in `inner` returns."""
        super().__init__(inner.path, inner._container, inner._name)
        self.kind = inner.kind
        self._inner = inner

    def read(self) -> object:
        """Call what stands there."""
        value = self._inner.read()
        if not callable(value):
            return value
        user: object = value()
        return EMPTY if user is None else user


class WatchedGetter(Holder):
    """A function whose every call is a reading; nobody but the application calls it."""

    kind = "callable"

    def __init__(self, path: str, function: Callable[..., object]) -> None:
        """Name the function."""
        super().__init__(path, function)

    def read(self) -> object:
        """Name nobody: the readings come from the application's own calls."""
        return EMPTY

"""`ContextVar` and asgiref's `Local`: one value per context, which follows a request over threads and tasks."""

from contextvars import Context, ContextVar
from typing import Any

from asgiref.local import Local

from reqtrace.watching.holders.base import EMPTY, Holder

ASGIREF_VARIABLE = "asgiref.local"
"""The name of the context variable in which every asgiref `Local` keeps its data."""


class ContextVarHolder(Holder):
    """A context variable."""

    kind = "ContextVar"

    def __init__(self, path: str, variable: ContextVar[Any]) -> None:
        """Watch `variable`."""
        super().__init__(path, variable)
        self.variable = variable
        try:
            self._default: object = Context().run(variable.get)
        except LookupError:
            self._default = EMPTY

    def read(self) -> object:
        """Return its value in this context; its own default counts as one: a list that is, is everybody's."""
        return self.variable.get(self._default)


class AsgirefHolder(Holder):
    """An attribute of an asgiref `Local`."""

    kind = "asgiref.Local"

    def __init__(self, path: str, local: Local, attribute: str) -> None:
        """Watch ``local.attribute``."""
        super().__init__(path, local, attribute)
        self._local = local
        self._attribute = attribute

    def read(self) -> object:
        """Return the attribute in this context."""
        return getattr(self._local, self._attribute, EMPTY)


def asgiref_names(value: object) -> dict[str, object]:
    """Return what an asgiref `Local` holds, by attribute, from the value of its context variable.

    Since asgiref 3.12 that is a storage tagged with its thread, before it was a bare dict.
    """
    data = getattr(value, "data", value)
    return dict(data) if type(data) is dict else {}

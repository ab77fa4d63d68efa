"""State of Django's that names nobody and is somebody's all the same: the language and the time zone of a thread."""

from collections import deque
from contextvars import ContextVar
from time import perf_counter_ns
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import trans_real

from reqtrace.execution.stacks import view_of
from reqtrace.watching.live import LeftState, OpenRequest
from reqtrace.watching.tenants import Tenants

SETTERS_MAX = 64
"""Of how many settings, the newest, is remembered which request made them."""


class States:
    """Tells what an earlier request has set on its way or in its view, and no code of this one has set since.

    An asgiref `Local` exchanges its data whenever something is set, also where that is what stood there already. So
    data that are the same object as the request began and as its view ended were set by nobody in between.
    """

    def __init__(self) -> None:
        """Know of no setting yet."""
        self._variables: dict[str, ContextVar[Any]] = {
            path: variable
            for path, local in (
                ("django.utils.translation.trans_real._active.value", getattr(trans_real, "_active", None)),
                ("django.utils.timezone._active.value", getattr(timezone, "_active", None)),
            )
            if (variable := getattr(getattr(local, "_storage", None), "_data", None)) is not None
        }
        self.tenants = Tenants()
        self._setters: deque[tuple[dict[str, Any], OpenRequest]] = deque(maxlen=SETTERS_MAX)

    def now(self) -> tuple[Any, ...]:
        """Return what stands there for the code that runs now."""
        return (*self._data(), self.tenants.now())

    def _data(self) -> list[Any]:
        return [getattr(variable.get(None), "data", None) for variable in self._variables.values()]

    def look(self, opened: OpenRequest) -> None:
        """Note, as a view ends, what an earlier request has left and nobody has set since."""
        stood = opened.stood or ()
        if stood and opened.place is opened.first:  # a connection is of one thread
            self.tenants.look(opened, stood[-1])
        for path, before, data in zip(self._variables, stood, self._data(), strict=False):
            if type(data) is not dict or data.get("value") is None:
                continue
            if data is not before:
                self._setters.append((data, opened))
                continue
            setter = next((setter for left, setter in self._setters if left is data), None)
            if setter is not None and setter is not opened and not _is_default(data["value"]):
                at_ns = perf_counter_ns() - opened.began_ns
                opened.note(LeftState("view-end", at_ns, path, setter, view_of(opened.request)))


def _is_default(value: Any) -> bool:
    """Tell whether this is what a request has for which nobody sets anything."""
    language = getattr(value, "to_language", None)
    if language is not None:
        return bool(language() == settings.LANGUAGE_CODE)
    return str(value) == settings.TIME_ZONE

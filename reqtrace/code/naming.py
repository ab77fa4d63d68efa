"""Where objects are kept: the dotted paths of those that hold something without being modules or classes."""

import sys
from collections import deque
from contextvars import ContextVar
from functools import lru_cache
from types import ModuleType
from typing import Any

from reqtrace.code import origins
from reqtrace.code.places import is_thread_bound
from reqtrace.execution.real_types import is_really, pretends


class Naming:
    """The paths that were learnt so far."""

    def __init__(self) -> None:
        """Know none."""
        self._paths: dict[int, str] = {}
        """By the object's id, which stays its own for as long as the object is in `_kept`."""
        self._kept: dict[int, Any] = {}

    def learn(self, module: ModuleType) -> None:
        """Take what a module and its classes show; the module that assigns a name wins over one that imports it."""
        name = str(vars(module).get("__name__"))
        for attribute, value in list(vars(module).items()):
            if attribute.startswith("__"):  # Python's own, such as the builtins that all modules share
                continue
            if is_really(value, type):
                if value.__module__ == name:
                    for inner, held in list(vars(value).items()):
                        if _may_hold(held):
                            self._learn(f"{name}.{value.__qualname__}.{inner}", held, None, inner)
            elif _may_hold(value):
                self._learn(f"{name}.{attribute}", value, module, attribute)

    def _learn(self, path: str, value: object, module: ModuleType | None, attribute: str) -> None:
        if id(value) not in self._paths or module is None or origins.assigns(module, attribute):
            self._paths[id(value)] = path
            self._kept[id(value)] = value

    def path_of(self, container: object, name: str) -> str | None:
        """Return where a place is kept; None where no module shows it."""
        path: str | None
        if is_really(container, ModuleType):
            path = str(vars(container).get("__name__"))
        elif is_really(container, type):
            path = f"{container.__module__}.{container.__qualname__}"
        else:
            path = self._paths.get(id(container))
        if path and name and type(container) is dict:
            return f"{path}[{name}]"
        return f"{path}.{name}" if path and name else path


def _may_hold(value: object) -> bool:
    """Tell whether an object may be a place, or have some, for which it needs a path of its own."""
    return (
        is_really(value, ContextVar)
        or type(value) in (dict, list, deque)
        or is_thread_bound(value)
        or is_instance_of_application(value)
    )


def is_instance_of_application(value: object) -> bool:
    """Tell whether an object is of a class of the application, and may be one for all requests."""
    class_ = type(value)
    if class_.__module__ == "builtins":
        return False
    module = sys.modules.get(class_.__module__)
    return (
        is_really(module, ModuleType)
        and origins.is_application(module)
        and not pretends(class_)
        and not is_thread_bound(value)
        and not is_really(value, type)
    )


def is_cached_call(path: str) -> bool:
    """Tell whether a path leads to a function under ``functools.cache``, or a like one."""
    module, _, name = path.rpartition(".")
    owner: Any = sys.modules.get(module)
    if owner is None:  # a method
        module, _, class_name = module.rpartition(".")
        owner = vars(sys.modules[module]).get(class_name) if module in sys.modules else None
    if not is_really(owner, ModuleType) and not is_really(owner, type):
        return False
    return is_really(vars(owner).get(name), _CACHED)


_CACHED = type(lru_cache(lambda: None))

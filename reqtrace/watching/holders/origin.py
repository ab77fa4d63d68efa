"""Whose code something is: the application's, a library's, or Python's, Django's and ours."""

import sys
from types import ModuleType

_FRAMEWORK = sys.stdlib_module_names | {
    *("django", "asgiref", "reqtrace", "gevent", "greenlet", "channels", "debug_toolbar", "msgspec"),
    *("_pytest", "pluggy"),
}
_INSTALLED = ("site-packages", "dist-packages")


def is_of_framework(path: str) -> bool:
    """Tell whether a module, or something in one, is Python's, Django's or ours: not the application's to change."""
    return path.partition(".")[0] in _FRAMEWORK


def is_application(module: ModuleType) -> bool:
    """Tell whether a module that is not of the framework is the application's own, and no library's."""
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and not any(folder in file for folder in _INSTALLED)


def is_of_application(path: str) -> bool:
    """Tell whether something, by its path, stands in one of the application's own modules."""
    names = path.split(".")
    for length in range(len(names), 0, -1):
        module = sys.modules.get(".".join(names[:length]))
        if module is not None:
            return not is_of_framework(path) and is_application(module)
    return False

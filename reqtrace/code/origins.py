"""Whose code a module is: the application's, a library's that takes part in requests, or one that is no matter here."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
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
    """Tell whether a module is the application's own: neither framework nor installed."""
    file = vars(module).get("__file__")
    if not isinstance(file, str) or is_of_framework(str(vars(module).get("__name__"))):
        return False
    return not any(part in file for part in _INSTALLED)


def is_of(module: str, packages: Iterable[str]) -> bool:
    """Tell whether a module is one of some packages, or within one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def assigns(module: ModuleType | None, attribute: str) -> bool:
    """Tell whether the module's source assigns the name itself, rather than importing it; keeps no line of it."""
    file = getattr(module, "__file__", None)
    if not file:
        return False
    try:
        source = Path(file).read_bytes()
    except OSError:
        return False
    return re.search(rb"^" + re.escape(attribute.encode()) + rb"\s*[:=]", source, re.MULTILINE) is not None

"""Show which Django requests share a thread, and whether their identities get mixed up."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reqtrace.api import acting_for, checkpoint, current, watch

__version__ = "0.1.0"
__all__ = ["acting_for", "checkpoint", "current", "watch"]


def __getattr__(name: str) -> Any:
    # Only when first used: to import this package must not import Django's models before Django is set up.
    if name in __all__:
        return getattr(import_module("reqtrace.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""`threading.local` and gevent's: one value per thread, or per greenlet."""

import ctypes
import gc
import sys
from functools import cache
from typing import Any

from reqtrace.execution.places import native
from reqtrace.watching.holders.base import EMPTY, Holder

_thread_dict = ctypes.pythonapi.PyThreadState_GetDict
_thread_dict.restype = ctypes.c_void_p  # a borrowed reference: as a `py_object` it would be given back once too often


def is_thread_local(value: object) -> bool:
    """Tell whether a value is a `threading.local`, of a subclass or of gevent's make."""
    class_ = type(value)
    return issubclass(class_, native("_thread", "_local")) or _is_gevent(class_)


class ThreadLocalHolder(Holder):
    """An attribute of a thread-local.

    The first touch of a local in a thread runs ``__init__`` of its class there, with whatever that does. So a local
    of a class with an ``__init__`` of its own is read only where the application has touched it already.
    """

    def __init__(self, path: str, local: Any, attribute: str) -> None:
        """Watch ``local.attribute``."""
        super().__init__(path, local, attribute)
        class_ = type(local)
        self.kind = "gevent.local" if _is_gevent(class_) else "threading.local"
        self._local = local
        self._attribute = attribute
        self._has_init = class_.__init__ is not object.__init__

    def read(self) -> object:
        """Return the attribute in this thread."""
        if self._has_init and not is_touched(self._local):
            return EMPTY
        return getattr(self._local, self._attribute, EMPTY)


def names_in(local: Any) -> dict[str, object]:
    """Return all that a thread-local holds in this thread, by attribute."""
    if type(local).__init__ is not object.__init__ and not is_touched(local):
        return {}
    return dict(local.__dict__)


def parts_of(local: Any) -> list[dict[str, object]]:
    """Return what each thread that has used a thread-local has there, without being one of them; of gevent's none."""
    if _is_gevent(type(local)):
        return []
    tables = [table for table in gc.get_referents(local) if type(table) is dict]
    return [part for table in tables for part in list(table.values()) if type(part) is dict]


def is_touched(local: Any) -> bool:
    """Tell whether this thread has used the local before, without using it.

    Up to Python 3.12 a thread's own dict has an entry for each local that it has touched, under a key made of the
    local's address. Since 3.13 a local has one for each thread that has touched it, under an object that stands for
    the thread, in all locals the same. Where neither can be seen (gevent's locals), the answer is no: it is then not
    read.
    """
    if _is_gevent(type(local)):
        return False
    address = _thread_dict()
    if address is not None and f"thread.local.{id(local):#x}" in ctypes.cast(address, ctypes.py_object).value:
        return True
    thread = _key_of_this_thread()
    return any(thread in parts for parts in gc.get_referents(local) if type(parts) is dict)


def _key_of_this_thread() -> object:
    """Return what stands for this thread in a local: seen in one of our own."""
    own = _own()
    key = getattr(own, "key", None)
    if key is None:
        values = own.__dict__
        parts = [part for part in gc.get_referents(own) if type(part) is dict]
        keys = (key for part in parts for key, value in list(part.items()) if value is values)
        key = own.key = next(keys, own)
    return key


@cache
def _own() -> Any:
    return native("_thread", "_local")()


def _is_gevent(class_: type) -> bool:
    module = sys.modules.get("gevent.local")
    return module is not None and issubclass(class_, module.local)

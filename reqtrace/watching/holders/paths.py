"""From a dotted path, as a person writes it, to a holder."""

import difflib
import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from asgiref.local import Local

from reqtrace.exceptions import SettingsError
from reqtrace.execution.real_types import is_really, pretends
from reqtrace.watching.holders.attributes import AttributeHolder, KeyedDictHolder
from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.calls import CallableHolder
from reqtrace.watching.holders.context import AsgirefHolder, ContextVarHolder
from reqtrace.watching.holders.thread_local import ThreadLocalHolder, is_thread_local


def resolve(path: str) -> Holder:
    """Return the holder for a path such as ``shop.middleware._thread_locals.request``.

    The modules on the path are imported. A thread-local or asgiref `Local` needs the attribute behind it; it does
    not have to be set.

    Raises:
        SettingsError: when nothing of that name is there, with the nearest name, or when what is there holds nothing.

    """
    module_name, owner, rest = _module(path)
    done = module_name
    for index, name in enumerate(rest):
        tail = rest[index + 1 :]
        value = _step(path, done, owner, name)
        here = f"{done}.{name}"
        if is_really(value, ContextVar):
            return _whole(path, here, tail, ContextVarHolder(path, value))
        if is_really(value, Local) or is_thread_local(value):
            if len(tail) != 1:
                raise SettingsError(
                    f"{path!r}: {here} is a {type(value).__name__}; name one attribute of it behind it."
                )
            holder = AsgirefHolder if is_really(value, Local) else ThreadLocalHolder
            return holder(path, value, tail[0])
        if type(value) is dict and not tail:
            return KeyedDictHolder(path, value)
        if not tail:
            return _last(path, owner, name, value)
        owner, done = value, here
    raise SettingsError(f"{path!r} is a module; name something in it.")


def _module(path: str) -> tuple[str, Any, list[str]]:
    names = path.split(".")
    if not all(names):
        raise SettingsError(f"{path!r} is no dotted path such as 'myapp.middleware._thread_locals.request'.")
    for length in range(len(names), 0, -1):
        name = ".".join(names[:length])
        if name in sys.modules or _imports(path, name):
            return name, sys.modules[name], names[length:]
    near = difflib.get_close_matches(names[0], list(sys.modules), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SettingsError(f"{path!r}: there is no module {names[0]!r}.{hint}")


def _imports(path: str, name: str) -> bool:
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return False
        raise SettingsError(f"{path!r}: it cannot be imported: {error}.") from error
    except Exception as error:  # a project's own module may fail in any way
        raise SettingsError(f"{path!r}: it cannot be imported: {type(error).__name__}: {error}.") from error
    return True


def _step(path: str, done: str, owner: Any, name: str) -> Any:
    try:
        return inspect.getattr_static(owner, name)
    except AttributeError:
        names = list(getattr(owner, "__dict__", ()))
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {done}.{near[0]}?" if near else ""
        raise SettingsError(f"{path!r}: {done} has no {name!r}.{hint}") from None


def _last(path: str, owner: Any, name: str, value: Any) -> Holder:
    if is_really(value, property):
        raise SettingsError(f"{path!r} is a property: reading it runs code, which might query. Name what it reads.")
    if is_really(value, staticmethod):
        return _call(path, value.__func__)
    if is_really(value, classmethod):
        return _call(path, value.__get__(None, owner))
    if not pretends(type(value)) and inspect.isroutine(value):  # which would evaluate a lazy object
        return _call(path, value)
    return AttributeHolder(path, owner, name)


def _call(path: str, function: Callable[[], object]) -> Holder:
    with suppress(ValueError):  # some functions in C do not tell
        try:
            inspect.signature(function).bind()
        except TypeError as error:
            raise SettingsError(f"{path!r} cannot be called without arguments: {error}.") from error
    if inspect.iscoroutinefunction(function):
        raise SettingsError(f"{path!r} is a coroutine function; name what it reads.")
    return CallableHolder(path, function)


def _whole(path: str, here: str, tail: list[str], holder: Holder) -> Holder:
    if tail:
        raise SettingsError(f"{path!r}: {here} is a ContextVar; name it without {'.'.join(tail)!r}.")
    return holder

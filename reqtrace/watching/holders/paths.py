"""From a dotted path, as a person writes it, to a holder."""

import difflib
import inspect
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple
from uuid import UUID

from asgiref.local import Local

from reqtrace.exceptions import SettingsError
from reqtrace.execution.real_types import is_really, pretends
from reqtrace.identity import Identity
from reqtrace.watching.holders.attributes import AttributeHolder, KeyedDictHolder
from reqtrace.watching.holders.base import EMPTY, Holder
from reqtrace.watching.holders.calls import CallableHolder, ThroughHolder
from reqtrace.watching.holders.context import AsgirefHolder, ContextVarHolder
from reqtrace.watching.holders.routes import Attribute, Item, RouteHolder, Step
from reqtrace.watching.holders.thread_local import ThreadLocalHolder, is_thread_local

_PART = re.compile(r"([^.\[\]]+)((?:\[[^\[\]]+\])*)")
_SAID = ("pk", "username")
"""What a path may say of what stands in its place, behind a colon; a request or a user needs no word."""


class Found(NamedTuple):
    """What a path leads to."""

    holder: Holder
    notice: str | None = None
    """What a person should know of it, though it is watched."""


def resolve(path: str) -> Holder:
    """Return the holder for a path such as ``shop.middleware._thread_locals.request``.

    The modules on the path are imported. A thread-local or asgiref `Local` needs the attribute behind it; neither that
    nor any other last attribute has to be set. Keys stand in brackets, ``shop.schema.context[user_id]``, and behind a
    colon whether a primary key or a user name stands there: ``:pk``, ``:username``.

    Raises:
        SettingsError: when nothing of that name is there, with the nearest name, or when what is there holds nothing.

    """
    return look_up(path).holder


def look_up(path: str) -> Found:
    """Return the holder for a path as `resolve` does, and what a person should know of it."""
    place, said = _what_is_said(path)
    parts = _parts(path, place)
    module_name, module, rest = _module(path, parts)
    found = _Way(path, module_name, module).go(rest)
    return found if said is None else Found(_saying(found.holder, said), found.notice)


class _Way:
    """The way from a module along the parts of a path."""

    def __init__(self, path: str, name: str, module: Any) -> None:
        self._path = path
        self._module = module
        self._done = name
        self._owner: Any = module
        self._steps: list[Step] = []

    def go(self, parts: list[Step]) -> Found:
        """Return what stands at the end."""
        for index, step in enumerate(parts):
            tail = parts[index + 1 :]
            if isinstance(step, Item):
                return Found(self._behind_key(parts[index:]))
            try:
                value = inspect.getattr_static(self._owner, step.name)
            except AttributeError:
                return self._not_there(step, tail)
            here = f"{self._done}.{step.name}"
            if is_really(value, ContextVar):
                return Found(_behind(ContextVarHolder(self._path, value), here, "ContextVar", tail))
            if is_really(value, Local) or is_thread_local(value):
                return Found(self._in_local(value, here, tail))
            if type(value) is dict and not tail:
                return Found(KeyedDictHolder(self._path, value))
            if not tail:
                return Found(self._last(step.name, value))
            self._owner, self._done = value, here
            self._steps.append(step)
        raise SettingsError(f"{self._path!r} is a module; name something in it.")

    def _not_there(self, step: Step, tail: list[Step]) -> Found:
        names = list(getattr(self._owner, "__dict__", ()))
        near = difflib.get_close_matches(step.name, names, n=1)
        hint = f" Did you mean {self._done}.{near[0]}?" if near else ""
        message = f"{self._path!r}: {self._done} has no {step.name!r}"
        if tail or not (isinstance(self._owner, ModuleType | type) or hasattr(self._owner, "__dict__")):
            raise SettingsError(f"{message}.{hint}")
        return Found(self._attribute(step.name), f"{message} yet; it is watched from when it is there.{hint}")

    def _in_local(self, local: Any, here: str, tail: list[Step]) -> Holder:
        if not tail or not isinstance(tail[0], Attribute) or (len(tail) > 1 and not isinstance(tail[1], Item)):
            raise SettingsError(
                f"{self._path!r}: {here} is a {type(local).__name__}; name one attribute of it behind it."
            )
        make = AsgirefHolder if is_really(local, Local) else ThreadLocalHolder
        return _behind(make(self._path, local, tail[0].name), here, type(local).__name__, tail[1:])

    def _behind_key(self, steps: list[Step]) -> Holder:
        """Go the rest of the way with each reading: what is under a key comes and goes."""
        class_ = type(self._owner)
        if not issubclass(class_, dict | list | tuple):
            raise SettingsError(
                f"{self._path!r}: {self._done} is a {class_.__name__}, and has no keys; name an attribute."
            )
        return RouteHolder(self._path, self._module, [*self._steps, *steps])

    def _last(self, name: str, value: Any) -> Holder:
        if is_really(value, property):
            raise SettingsError(
                f"{self._path!r} is a property: reading it runs code, which might query. Name what it reads."
            )
        if is_really(value, staticmethod):
            return _call(self._path, value.__func__)
        if is_really(value, classmethod):
            return _call(self._path, value.__get__(None, self._owner))
        if not pretends(type(value)) and inspect.isroutine(value) and not inspect.ismemberdescriptor(value):
            return _call(self._path, value)  # a lazy object would have been evaluated
        return self._attribute(name)

    def _attribute(self, name: str) -> Holder:
        if is_really(self._owner, ModuleType) or is_really(self._owner, type):
            return AttributeHolder(self._path, self._owner, name)
        whole = RouteHolder(self._path, self._module, [*self._steps, Attribute(name)])
        # By way of a class one may come to what that has inherited, where no route leads.
        return whole if whole.place[0] is self._owner else RouteHolder(self._path, self._owner, [Attribute(name)])


def _what_is_said(path: str) -> tuple[str, str | None]:
    place, colon, said = path.rpartition(":")
    if not colon or "]" in said:
        return path, None
    if said not in _SAID:
        near = difflib.get_close_matches(said, _SAID, n=1)
        hint = f" Did you mean ':{near[0]}'?" if near else ""
        raise SettingsError(f"{path!r}: ':{said}' says nothing; ':pk' and ':username' do.{hint}")
    return place, said


def _parts(path: str, place: str) -> list[Step]:
    """Cut a path into names and keys."""
    parts: list[Step] = []
    for part in place.split(".") if "[" not in place else re.split(r"\.(?![^\[]*\])", place):
        match = _PART.fullmatch(part)
        if match is None:
            raise SettingsError(f"{path!r} is no dotted path such as 'myapp.middleware._thread_locals.request'.")
        parts.append(Attribute(match[1]))
        for key in re.findall(r"\[([^\[\]]+)\]", match[2]):
            parts.append(Item(int(key) if key.lstrip("-").isdigit() else key))
    return parts


def _module(path: str, parts: list[Step]) -> tuple[str, Any, list[Step]]:
    names: list[str] = []
    for part in parts:
        if isinstance(part, Item):
            break
        names.append(part.name)
    for length in range(len(names), 0, -1):
        name = ".".join(names[:length])
        if name in sys.modules or _imports(path, name):
            return name, sys.modules[name], parts[length:]
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


def _call(path: str, function: Callable[[], object]) -> Holder:
    with suppress(ValueError):  # some functions in C do not tell
        try:
            inspect.signature(function).bind()
        except TypeError as error:
            raise SettingsError(f"{path!r} cannot be called without arguments: {error}.") from error
    if inspect.iscoroutinefunction(function):
        raise SettingsError(f"{path!r} is a coroutine function; name what it reads.")
    return CallableHolder(path, function)


def _behind(holder: Holder, here: str, kind: str, steps: list[Step]) -> Holder:
    """Return a holder of what the steps lead to from what stands in `holder`."""
    if not steps:
        return holder
    if not isinstance(steps[0], Item):
        tail = "".join(step.text() for step in steps).lstrip(".")
        raise SettingsError(f"{holder.path!r}: {here} is a {kind}; name it without {tail!r}.")

    def follow(value: Any) -> object:
        for step in steps:
            value = step.follow(value)
            if value is EMPTY or value is None:
                return None
        return value

    return ThroughHolder(holder, follow, "".join(step.text() for step in steps))


def _saying(holder: Holder, said: str) -> Holder:
    """Return a holder of the person whose key or name stands in `holder`."""

    def interpret(value: Any) -> Identity | None:
        if type(value) not in (str, int, UUID):
            return None  # another class might run code to say what it is
        return Identity("authenticated", str(value)) if said == "pk" else Identity("authenticated", None, str(value))

    saying = ThroughHolder(holder, interpret)
    saying.says_names = said == "username"
    return saying

"""Holders that nobody declared: found by what they hold.

Two searches share the work. On the flusher's time, in slices, the loaded modules are gone through once each for
thread-locals, asgiref `Local`s and `ContextVar`s, and for the owners of attributes: modules of the application and
their classes, which are then looked into over and over, for a request that stands there. On the request path, for the
first requests and then for ten a second at the most, the locals, the variables and the instances in Django's
middleware chain are looked into at a moment when a request is there to be held. Whatever holds one becomes a holder by
its path, and is watched from then on.
"""

import gc
import linecache
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar, copy_context
from time import perf_counter_ns
from types import FunctionType, ModuleType
from typing import Any

from asgiref.local import Local

from reqtrace.execution.real_types import is_really, pretends
from reqtrace.watching.holders.attributes import AttributeHolder, KeyedDictHolder
from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.context import ASGIREF_VARIABLE, AsgirefHolder, ContextVarHolder, asgiref_names
from reqtrace.watching.holders.thread_local import ThreadLocalHolder, is_thread_local, names_in
from reqtrace.watching.meaning import meaning_of

PROBES = 64
"""How many checkpoints are probed after something new was found."""
PROBE_AGAIN_NS = 100_000_000
"""How long no request is due to be probed after one that was: a busy process has ten a second, an idle one all."""
_NEVER_NS = 2**63
SLICE_NS = 2_000_000
"""How long one slice of the search may take."""
_FRAMEWORK = sys.stdlib_module_names | {
    *("django", "asgiref", "reqtrace", "gevent", "greenlet", "channels", "debug_toolbar", "msgspec"),
    *("_pytest", "pluggy"),
}
INSTANCE = "(instance)"
"""How the path of an object says that it is no class."""
_CURRENT = re.compile(r"current|active_?user|actor|whoami", re.IGNORECASE)
_STACK = re.compile(r"current|stack|active", re.IGNORECASE)
_SLOTS_MAX = 64
"""A local or dict with more in it than this is no holder of the current request."""


class Discovery:
    """What was found in this process so far."""

    def __init__(self, add: Callable[[Holder], None], forget: Callable[[Iterable[Holder]], None]) -> None:
        """Hand every holder that is found to `add`, and those that are no more to `forget`."""
        self._add = add
        self._forget = forget
        self._seen_modules: set[str] = set()
        self._locals: dict[int, tuple[str, Any]] = {}
        self._asgiref: dict[ContextVar[Any], tuple[str, Local]] = {}
        self._variables: dict[ContextVar[Any], str] = {}
        self._owners: list[tuple[str, Any]] = []
        self._found: set[str] = set()
        self._search: Iterator[None] = iter(())
        self.probes_left = PROBES
        """How many checkpoints are still to be probed, whichever requests they belong to."""
        self.probe_due_ns = 0
        """`time.perf_counter_ns` at which a request is probed even so."""
        self.is_through = False
        """Whether all modules that were loaded at some moment have been seen."""
        self.is_thorough = False
        """Whether each probe looks into modules and classes, too: for tests, in which nothing may be missed."""
        self.entry: Callable[..., Any] | None = None
        """The layer below our middleware: the way into the middleware chain."""
        self._walked: object = None
        self._layers: list[tuple[str, Any]] = []
        self._layer_holders: list[Holder] = []

    def search(self, budget_ns: int = SLICE_NS) -> bool:
        """Go on with the search for a slice of time; return whether the loaded modules have all been seen."""
        end = perf_counter_ns() + budget_ns
        while perf_counter_ns() < end:
            try:
                next(self._search)
            except StopIteration:
                fresh = [name for name in list(sys.modules) if name not in self._seen_modules]
                if not fresh:
                    if self._walked is not self.entry:
                        self._chain()
                    self.is_through = True
                    self._search = self._look_over()
                    return True
                self._search = self._through(fresh)
        return False

    def path_of(self, variable: ContextVar[Any]) -> str:
        """Return where a context variable, or the asgiref `Local` behind one, is kept; its own name if nowhere."""
        if variable in self._asgiref:
            return self._asgiref[variable][0]
        return self._variables.get(variable, variable.name)

    def path_of_layer(self, value: object) -> str | None:
        """Return the path of a middleware of the application; None for anything else."""
        return next((path for path, layer in self._layers if layer is value), None)

    def path_of_local(self, values: dict[Any, Any]) -> str | None:
        """Return the path of the thread-local of which `values` are one thread's part."""
        for path, local in self._locals.values():
            for parts in gc.get_referents(local):
                if isinstance(parts, dict) and any(part is values for part in parts.values()):
                    return path
        return None

    def probe_again(self) -> None:
        """Probe with the next requests, as if something new had been found."""
        self.probes_left = PROBES

    def probe_never(self) -> None:
        """Leave requests alone: nothing that is not declared shall be found."""
        self.probes_left, self.probe_due_ns = 0, _NEVER_NS

    def probe(self) -> None:
        """Look into everything that was found, in the thread and context of a running request."""
        if not self.is_thorough:
            self.probes_left -= self.probes_left > 0
        for path, local in self._locals.values():
            for name, value in _holding(names_in(local)):
                self._take(f"{path}.{name}", value, ThreadLocalHolder, local, name)
        for variable, value in copy_context().items():
            if variable in self._asgiref:
                path, local = self._asgiref[variable]
                for name, held in _holding(asgiref_names(value)):
                    self._take(f"{path}.{name}", held, AsgirefHolder, local, name)
            elif variable in self._variables:
                self._take(self._variables[variable], value, ContextVarHolder, variable)
            elif self.is_through and variable.name != ASGIREF_VARIABLE and not variable.name.startswith("reqtrace."):
                self._take(variable.name, value, ContextVarHolder, variable)  # kept where no module shows it
        for path, owner in (*self._layers, *(self._owners if self.is_thorough else ())):
            self._look_into(path, owner)

    def _look_into(self, path: str, owner: Any) -> None:
        for name, value in list(vars(owner).items()):
            if type(value) is dict and value and _is_keyed_by_threads(value):
                held = next(iter(value.values()))
                self._take(f"{path}.{name}", held, KeyedDictHolder, value)
            elif _is_current(f"{path}.{name}", value):
                self._take(f"{path}.{name}", value, AttributeHolder, owner, name)

    def _look_over(self) -> Iterator[None]:
        """Look into all modules and classes of the application, as they stand at this moment."""
        for path, owner in list(self._owners):
            self._look_into(path, owner)
            yield

    def _take(self, path: str, value: object, make: Callable[..., Holder], *arguments: Any) -> None:
        if path not in self._found and not meaning_of(value).is_nothing:
            self._found.add(path)
            holder = make(path, *arguments)
            if any(path.startswith(f"{layer}.") for layer, _ in self._layers):
                self._layer_holders.append(holder)
            self._add(holder)

    def _through(self, names: Iterable[str]) -> Iterator[None]:
        for name in names:
            self._seen_modules.add(name)
            module = sys.modules.get(name)
            if is_really(module, ModuleType) and not is_of_framework(name):
                self._module(name, module)
                self.probes_left = max(self.probes_left, PROBES // 4)
            yield

    def _module(self, name: str, module: ModuleType) -> None:
        values = vars(module)
        is_application = "site-packages" not in (getattr(module, "__file__", None) or "site-packages")
        if is_application:
            self._owners.append((name, module))
        for attribute, value in list(values.items()):
            self._candidate(name, module, attribute, value)
            if is_really(value, type) and value.__module__ == name:
                if is_application:
                    self._owners.append((f"{name}.{attribute}", value))
                for inner, held in list(vars(value).items()):
                    self._candidate(f"{name}.{attribute}", None, inner, held)

    def _candidate(self, path: str, module: ModuleType | None, attribute: str, value: object) -> None:
        full = f"{path}.{attribute}"
        if is_really(value, ContextVar):
            if value not in self._variables or _defines(module, attribute):  # the defining module's name wins
                self._variables[value] = full
        elif is_really(value, Local):
            variable = _variable_of(value)
            if variable is not None and (variable not in self._asgiref or _defines(module, attribute)):
                self._asgiref[variable] = (full, value)
        elif is_thread_local(value) and (id(value) not in self._locals or _defines(module, attribute)):
            self._locals[id(value)] = (full, value)  # kept alive here, so that the id stays its own

    def _chain(self) -> None:
        """Walk Django's middleware chain, whose instances live as long as the process.

        Only the newest chain is looked into: each of Django's test clients makes one of its own, and what the
        middleware of an older one holds is seen by no request any more.
        """
        self._forget(self._layer_holders)
        self._found.difference_update(holder.path for holder in self._layer_holders)
        self._layers, self._layer_holders = [], []
        layer: Any = self.entry
        self._walked = layer
        for _ in range(100):
            layer = getattr(layer, "__wrapped__", layer)
            following = _below(layer)
            if following is None:
                return
            path, layer = _named(_within(layer, following))
            if not is_of_framework(path):
                self._layers.append((path, layer))
            layer = following


def is_of_framework(path: str) -> bool:
    """Tell whether a module, or something in one, is Python's, Django's or ours: not the application's to change."""
    return path.partition(".")[0] in _FRAMEWORK


def _within(layer: Any, following: Any) -> Any:
    """Return the middleware that a layer wraps, as each is wrapped by Sentry's SDK; the layer itself if it is one."""
    for part in getattr(layer, "__dict__", {}).values():
        if is_really(part, FunctionType):
            if _below(part) is following:
                return part
        elif not pretends(type(part)) and _below(part) is following:
            return part
    return layer


def _named(layer: Any) -> tuple[str, Any]:
    """Return the path of a layer, and the layer: an instance of a class, or a function out of a factory."""
    if is_really(layer, FunctionType):
        return f"{layer.__module__}.{layer.__qualname__}", layer
    return f"{type(layer).__module__}.{type(layer).__qualname__}{INSTANCE}", layer


def _below(layer: Any) -> Any:
    """Return the next layer of the middleware chain: an instance's attribute, or a variable of a function's closure."""
    code, cells = getattr(layer, "__code__", None), getattr(layer, "__closure__", None)
    if code is None or cells is None:
        parts = getattr(layer, "__dict__", {})  # not the attribute itself, which might be code of the application
        return parts.get("get_response") or next(filter(_is_wrapped_by_django, parts.values()), None)
    return next(
        (cell.cell_contents for name, cell in zip(code.co_freevars, cells, strict=True) if name == "get_response"), None
    )


def _is_wrapped_by_django(value: object) -> bool:
    """Tell whether this is what Django hands to a middleware as ``get_response``, whatever that calls it."""
    return is_really(value, FunctionType) and value.__globals__.get("__name__") == "django.core.handlers.exception"


def _holding(values: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what names somebody, from a local that is no cache of a thousand things."""
    return [] if len(values) > _SLOTS_MAX else list(values.items())


def _is_current(path: str, value: object) -> bool:
    """Tell whether an attribute holds a request, or a user under a name that says it is the current one.

    Any other user there may well be meant: a technical one, or an entry of a cache. A list is a stack of current ones
    only where its name says so, else it is a log or a queue: what it keeps too long is found as retained.
    """
    meaning = meaning_of(value)
    if is_really(value, list):
        return not meaning.is_nothing and _STACK.search(path) is not None
    return meaning.request is not None or (meaning.identity.id is not None and _CURRENT.search(path) is not None)


def _is_keyed_by_threads(mapping: dict[Any, Any]) -> bool:
    idents = {thread.ident for thread in threading.enumerate()}
    return all(is_really(key, threading.Thread) or (type(key) is int and key in idents) for key in list(mapping)[:8])


def _variable_of(local: Local) -> ContextVar[Any] | None:
    storage = getattr(local, "_storage", None)
    return getattr(storage, "_data", None)


def _defines(module: ModuleType | None, attribute: str) -> bool:
    """Tell whether the module's source assigns the name itself, rather than importing it."""
    file = getattr(module, "__file__", None)
    if not file:
        return False
    pattern = re.compile(rf"^{re.escape(attribute)}\s*[:=]")
    return any(pattern.match(line) for line in linecache.getlines(file))

"""Holders that nobody declared: found by what they hold.

Two searches share the work. On the shipper's time, in slices, the loaded modules are gone through once each for
thread-locals, asgiref `Local`s and `ContextVar`s. The application's own modules and classes, and whatever else lives as
long as the process (`roots.py`), are then looked at over and over, with all that they lead to, for a request or a user
that stands there; and so is every thread's part of the locals. On the request path, for the first requests and then for
ten a second at the most, the locals, the variables and the instances in Django's middleware chain are looked into at a
moment when a request is there to be held; where few requests come, the application's modules as well. Whatever holds
one becomes a holder by its path, and is watched from then on.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar, copy_context
from time import perf_counter_ns
from types import FunctionType, ModuleType
from typing import Any

from asgiref.local import Local

from reqtrace.code.origins import assigns
from reqtrace.execution.real_types import is_really, pretends
from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.context import ASGIREF_VARIABLE, AsgirefHolder, ContextVarHolder, asgiref_names
from reqtrace.watching.holders.lookout import Finder, Lookout
from reqtrace.watching.holders.origin import is_application, is_of_framework
from reqtrace.watching.holders.reach import INSTANCE
from reqtrace.watching.holders.roots import roots
from reqtrace.watching.holders.thread_local import ThreadLocalHolder, is_thread_local, names_in, parts_of
from reqtrace.watching.meaning import meaning_of

PROBES = 64
"""How many requests are probed after something new was found."""
PROBE_AGAIN_NS = 100_000_000
"""How long no request is due to be probed after one that was: a busy process has ten a second, an idle one all."""
_NEVER_NS = 2**63
SLICE_NS = 2_000_000
"""How long one slice of the search may take."""
WALK_NS = 800_000
"""How long a request may look around among the application's modules, where few requests come."""
LAYERS_NS = 200_000
"""How long among the middleware."""
PROBES_WHEN_CALM = 32
_PARTS = 32
"""At so many threads' parts of a local it is looked at a time: there may be thousands."""
_SLOTS_MAX = 64
"""A local or dict with more in it than this is no holder of the current request."""


class Discovery:
    """What was found in this process so far."""

    def __init__(
        self,
        add: Callable[[Holder], None],
        forget: Callable[[Iterable[Holder]], None],
        request_of: Finder = lambda value: None,
        user_of: Finder = lambda value: None,
    ) -> None:
        """Hand every holder that is found to `add`, and those that are no more to `forget`.

        Args:
            add: watches a holder.
            forget: watches them no more.
            request_of: tells which request of ours an object is.
            user_of: tells for which one a user object was made.

        """
        self._add = add
        self._forget = forget
        self.lookout = Lookout(add, request_of, user_of)
        self._seen_modules: set[str] = set()
        self._locals: dict[int, tuple[str, Any]] = {}
        self._asgiref: dict[ContextVar[Any], tuple[str, Local]] = {}
        self._variables: dict[ContextVar[Any], str] = {}
        self._modules: list[ModuleType] = []
        """The application's own."""
        self._found: set[str] = set()
        self._search: Iterator[None] = iter(())
        self._is_looking = False
        """Whether all modules are known, and everything that lives long is being looked at."""
        self.due_ns = 0
        """`time.perf_counter_ns` from which the next request is probed: at once while probes are left."""
        self._probes_left, self._probe_due_ns = PROBES, 0
        self.is_through = False
        """Whether all modules that were loaded at some moment have been seen."""
        self.rounds = 0
        """How often all that lives long has been looked at."""
        self.is_thorough = False
        """Whether each probe looks into modules and classes, too: for tests, in which nothing may be missed."""
        self.entry: Callable[..., Any] | None = None
        """The layer below our middleware: the way into the middleware chain."""
        self._walked: object = None
        self._layers: list[tuple[str, Any]] = []

    @property
    def probes_left(self) -> int:
        """How many requests are still to be probed."""
        return self._probes_left

    @probes_left.setter
    def probes_left(self, number: int) -> None:
        self._probes_left = number
        self.due_ns = 0 if number else self._probe_due_ns

    @property
    def probe_due_ns(self) -> int:
        """`time.perf_counter_ns` at which a request is probed even where no probes are left."""
        return self._probe_due_ns

    @probe_due_ns.setter
    def probe_due_ns(self, due_ns: int) -> None:
        self._probe_due_ns = due_ns
        self.due_ns = 0 if self._probes_left else due_ns

    def search(self, budget_ns: int = SLICE_NS) -> bool:
        """Go on with the search for a slice of time; return whether everything has been looked at."""
        end = perf_counter_ns() + budget_ns
        while perf_counter_ns() < end:
            try:
                next(self._search)
            except StopIteration:
                fresh = [name for name in list(sys.modules) if name not in self._seen_modules]
                if fresh:
                    fresh.sort(key=_is_foreign)
                    self._search = self._through(fresh)
                elif self._is_looking:
                    self.search_anew()
                    self.rounds += 1
                    return True
                else:
                    self.is_through = True
                    if self._walked is not self.entry:
                        self._chain()
                    self._is_looking = True
                    self._search = self._look_over()
        return False

    def search_anew(self) -> None:
        """Begin the look at everything once more."""
        self._is_looking = False
        self._search = iter(())

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
            if any(part is values for part in parts_of(local)):
                return path
        return None

    def probe_again(self) -> None:
        """Probe with the next requests, as if something new had been found."""
        self.probes_left = PROBES

    def probe_never(self) -> None:
        """Leave requests alone: nothing that is not declared shall be found."""
        self.probes_left, self.probe_due_ns = 0, _NEVER_NS

    def be_calm(self) -> None:
        """Probe with the next few requests: so few come that none is in a hurry."""
        if self.probe_due_ns < _NEVER_NS:
            self.probes_left = max(self.probes_left, PROBES_WHEN_CALM)

    def probe(self, request: Any = None, *, is_last: bool = True) -> None:
        """Look into everything that was found, in the thread and context of a running request.

        Args:
            request: looks around itself, at its view first, and further where few requests come.
            is_last: whether this is the last time for it, so that one probe less is left for others.

        """
        looks_around = self.probes_left > 0
        if is_last and not self.is_thorough:
            self.probes_left -= looks_around
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
        if self.is_thorough:
            for module in self._modules:
                self.lookout.look_at_module(module)
        elif request is not None:
            self.lookout.look_from(request, perf_counter_ns() + WALK_NS, everywhere=looks_around)
        until_ns = perf_counter_ns() + LAYERS_NS
        for path, layer in self._layers:
            self.lookout.look(path, layer, until_ns)

    def _look_over(self) -> Iterator[None]:
        """Look at all that lives as long as the process, and what it leads to, as it stands at this moment."""
        self.lookout.begin_round()
        for module in list(self._modules):
            self.lookout.look_at_module(module)
            yield
        for path, root in (*self._layers, *roots()):
            self.lookout.look(path, root)
            yield
        for path, local in list(self._locals.values()):
            first = 0
            while self._look_at_parts(path, local, first):
                first += _PARTS
                yield
        yield from self.lookout.read_literals()
        self.lookout.end_round(self._forget)

    def _look_at_parts(self, path: str, local: Any, first: int) -> bool:
        """Look at what some threads have in a local; return whether there are more. Nothing of it outlives the call."""
        parts = parts_of(local)
        for values in parts[first : first + _PARTS]:
            for name, value in _holding(values):
                self._take(f"{path}.{name}", value, ThreadLocalHolder, local, name)
        return len(parts) > first + _PARTS

    def _take(self, path: str, value: object, make: Callable[..., Holder], *arguments: Any) -> None:
        if path not in self._found and not meaning_of(value).is_nothing:
            self._found.add(path)
            self._add(make(path, *arguments))

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
        if is_application(module):
            self._modules.append(module)
        for attribute, value in list(values.items()):
            self._candidate(name, module, attribute, value)
            if is_really(value, type) and value.__module__ == name:
                for inner, held in list(vars(value).items()):
                    self._candidate(f"{name}.{attribute}", None, inner, held)

    def _candidate(self, path: str, module: ModuleType | None, attribute: str, value: object) -> None:
        full = f"{path}.{attribute}"
        if is_really(value, ContextVar):
            if value.name.startswith("reqtrace."):
                return  # one of ours, which the application may import
            if value not in self._variables or assigns(module, attribute):  # the defining module's name wins
                self._variables[value] = full
        elif is_really(value, Local):
            variable = _variable_of(value)
            if variable is not None and (variable not in self._asgiref or assigns(module, attribute)):
                self._asgiref[variable] = (full, value)
        elif is_thread_local(value) and (id(value) not in self._locals or assigns(module, attribute)):
            self._locals[id(value)] = (full, value)  # kept alive here, so that the id stays its own

    def _chain(self) -> None:
        """Walk Django's middleware chain, whose instances live as long as the process.

        Only the newest chain is looked into: each of Django's test clients makes one of its own, and what the
        middleware of an older one holds is seen by no request any more.
        """
        self.lookout.forget([layer for _, layer in self._layers], self._forget)
        self._layers = []
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


def _is_foreign(name: str) -> bool:
    """Tell whether a module is not the application's, whose own are looked at first."""
    module = sys.modules.get(name)
    return is_of_framework(name) or not is_really(module, ModuleType) or not is_application(module)


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


def _variable_of(local: Local) -> ContextVar[Any] | None:
    storage = getattr(local, "_storage", None)
    return getattr(storage, "_data", None)

"""What is known of the code that is loaded: which functions write to which places, and where.

Read from the code objects that live in the process: that takes neither files nor parsing, and is what really runs.
Modules of the application come first, then those of libraries that are middleware or installed apps; no others. A slice
ends between two functions, so that nobody waits for long; what is loaded later is read as it comes.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from time import thread_time_ns
from types import FunctionType, ModuleType
from typing import Any

from reqtrace.code import origins
from reqtrace.code.functions import InstanceOf, function_behind, functions_of, methods_of
from reqtrace.code.guards import only_when_empty
from reqtrace.code.naming import Naming, is_instance_of_application
from reqtrace.code.places import Target, handed_out, is_thread_bound
from reqtrace.code.reach import Reach, on_the_way_in
from reqtrace.code.reliance import relies_on
from reqtrace.code.writes import Place, SetWhen, Written, most_of, writes_of
from reqtrace.execution.places import native
from reqtrace.execution.real_types import is_really

INSTANCE = "(instance)"
"""How the path of an object says that it is no class."""
_NAMES_AT_ONCE = 64
_RELIANCE_MAX = 256
_ENTRY_BYTES = 650
"""About what one write takes to remember, measured over a large project."""


class Knowledge:
    """What was read so far."""

    def __init__(
        self, libraries: Callable[[], Iterable[str]] = tuple, middleware: Callable[[], Iterable[object]] = tuple
    ) -> None:
        """Know nothing yet.

        Args:
            libraries: names the packages that are read beside the application.
            middleware: returns the classes and factories of the middleware in use.

        """
        self._libraries = libraries
        self._middleware = middleware
        self._reading = native("_thread", "allocate_lock")()
        self._seen: set[str] = set()
        self._work: Iterator[None] = iter(())
        self._writes: dict[tuple[int, str], list[Written]] = {}
        """By the container's id, which stays its own for as long as the container is in `_kept`."""
        self._kept: dict[int, Any] = {}
        self._of_class: dict[type, dict[str, list[Written]]] = {}
        self.places: list[Place] = []
        """All that may be given a person, as they were found."""
        self._told: set[tuple[int, str]] = set()
        self._naming = Naming()
        self._way_in = Reach()
        self._reliance: dict[tuple[int, str, int, str], tuple[Any, bool]] = {}
        self._followed = 0
        self._loaded = (0, "")
        self.is_through = False
        """Whether all that was loaded at some moment has been read."""
        self.modules = self.functions = self.failed = self.spent_ns = 0

    def read(self, budget_ns: int) -> bool:
        """Go on reading for a slice of this thread's time; return whether all that is loaded has been read."""
        if not self._reading.acquire(False):
            return False  # somebody else is at it
        began = now = thread_time_ns()
        try:
            while now - began < budget_ns:
                try:
                    next(self._work)
                except StopIteration:
                    if not self._goes_on():
                        return True
                now = thread_time_ns()
            return False
        finally:
            self.spent_ns += thread_time_ns() - began
            self._reading.release()

    def _goes_on(self) -> bool:
        """Take what is to be read next; return whether there is anything."""
        if self.is_behind():
            self._loaded = _loaded()
            self.is_through = False
            self._work = self._take_in([name for name in list(sys.modules) if name not in self._seen])
        elif self._followed != self.modules:
            self._followed, self._way_in = self.modules, Reach()
            self._work = self._way_in.follow(
                function for middleware in self._middleware() for function in on_the_way_in(middleware)
            )
        else:
            self.is_through = True
        return not self.is_through

    def is_behind(self) -> bool:
        """Tell whether modules have been loaded since it was last looked; quickly."""
        return self._loaded != _loaded()

    def is_busy(self) -> bool:
        """Tell whether somebody is reading right now: after a fork that is nobody any more."""
        return bool(self._reading.locked())

    def writes_to(self, container: object, name: str) -> list[Written]:
        """Return all places in the code that write to ``container.name``, or to the container itself.

        Of a function those that write to where it takes from what it returns.
        """
        if is_really(container, FunctionType):
            function = function_behind(container)
            places = handed_out(function) if function else ()
            every = [written for place in places for written in self.writes_to(*place)]
            return list({written.frame: written for written in every}.values())
        is_kept = self._kept.get(id(container)) is container
        found = list(self._writes.get((id(container), name), ()) if is_kept else ())
        if type(container) in (dict, list):
            if name and is_kept:  # under any key
                found += self._writes.get((id(container), ""), ())
            return found
        if name and not is_really(container, ModuleType) and not is_thread_bound(container):
            of = container if is_really(container, type) else type(container)
            for class_ in of.__mro__:
                if is_really(container, type) and class_ is not container:
                    found += self._writes.get((id(class_), name), ()) if id(class_) in self._kept else ()
                elif not is_really(container, type) and not origins.is_of_framework(class_.__module__):
                    found += self._writes_in(class_).get(name, ())
        return found

    def writes_at(self, path: str) -> list[Written]:
        """Return all places in the code that write to what is kept at a dotted path."""
        owner, instance, name = path.rpartition(f"{INSTANCE}.")
        if instance:
            module, _, class_name = owner.rpartition(".")
            class_ = vars(sys.modules[module]).get(class_name) if module in sys.modules else None
            classes = class_.__mro__ if is_really(class_, type) else ()
            return [written for class_ in classes for written in self._writes_in(class_).get(name, ())]
        return next(
            (self.writes_to(place.container, place.name) for place in self.places if self.path_of(place) == path), []
        )

    def places_in(self, instance: object) -> list[Place]:
        """Return the attributes of an instance that its own methods may give a person."""
        names: dict[str, list[Written]] = {}
        for class_ in type(instance).__mro__:
            if not origins.is_of_framework(class_.__module__):
                for name, writes in self._writes_in(class_).items():
                    names.setdefault(name, []).extend(writes)
        return [
            Place(instance, name, most_of(writes))
            for name, writes in names.items()
            if any(written.may_be_somebody for written in writes)
        ]

    def set_when(self, container: object, name: str) -> SetWhen:
        """Return when a place is given something; unknown until all that is loaded has been read."""
        codes = [written.code for written in self.writes_to(container, name) if not written.clears]
        if any(code in self._way_in.functions for code in codes):
            return "on the way in"
        if not codes or not self.is_through or any(code.co_name in self._way_in.unresolved for code in codes):
            return "unknown"
        if all(only_when_empty(code, name) for code in codes):
            return "unknown"  # who finds somebody there uses them: that is not put right by being used
        return "when used"

    def relies_on(self, view: Any, method: str, status: int | None, path: str, container: object, name: str) -> bool:
        """Tell whether a view that has answered with some status surely has used what stands in a place.

        It is read once for each view and path, and neither is the container kept alive.
        """
        key = (id(view), method, 0 if status is None else status // 100, path)
        known = self._reliance.get(key)
        if known is None or known[0] is not view:
            if len(self._reliance) >= _RELIANCE_MAX:
                self._reliance.clear()
            known = self._reliance[key] = view, relies_on(view, method, status, container, name)
        return known[1]

    def path_of(self, place: Place) -> str | None:
        """Return where a place is kept, as a dotted path; None where no module shows it."""
        return self._naming.path_of(place.container, place.name)

    def facts(self) -> dict[str, bool | int | float | str | None]:
        """Return what reading has cost so far, for the process's record."""
        entries = sum(map(len, self._writes.values())) + sum(
            len(writes) for names in self._of_class.values() for writes in names.values()
        )
        return {
            "code.modules": self.modules,
            "code.functions": self.functions,
            "code.failed": self.failed,
            "code.places": len(self._told),
            "code.read_ms": round(self.spent_ns / 1e6, 1),
            "code.kib": round((entries * _ENTRY_BYTES + sum(map(len, self._seen))) / 1024),
        }

    def _take_in(self, names: list[str]) -> Iterator[None]:
        """Read those of the modules that matter, the application's own first, and of these the newest: views."""
        libraries: list[ModuleType] = []
        own: list[ModuleType] = []
        packages = tuple(self._libraries())
        for number, name in enumerate(names):
            self._seen.add(name)
            module = sys.modules.get(name)
            if is_really(module, ModuleType) and not origins.is_of_framework(name):
                if origins.is_application(module):
                    own.append(module)
                elif origins.is_of(name, packages):
                    libraries.append(module)
            if not number % _NAMES_AT_ONCE:
                yield
        for module in (*reversed(own), *libraries):
            self.modules += 1
            try:
                yield from self._read_module(module)
            except Exception:  # whatever stands in a module: all others are read
                self.failed += 1

    def _read_module(self, module: ModuleType) -> Iterator[None]:
        self._naming.learn(module)
        yield
        for function in functions_of(module):
            self.functions += 1
            for target, written in writes_of(function):
                self._note(target, written)
            yield
        for value in list(vars(module).values()):
            if is_instance_of_application(value):
                for class_ in type(value).__mro__:
                    if not origins.is_of_framework(class_.__module__):
                        yield from self._read_class(class_)
                for place in self.places_in(value):
                    self._tell(place)
                yield

    def _note(self, target: Target, written: Written) -> None:
        if is_really(target.container, InstanceOf) or (not written.clears and not written.may_be_somebody):
            return
        key = (id(target.container), target.name)
        self._kept[id(target.container)] = target.container
        writes = self._writes.setdefault(key, [])
        if all(written.frame != known.frame for known in writes):
            writes.append(written)
        if written.may_be_somebody:
            self._tell(Place(target.container, target.name, most_of(writes)))

    def _tell(self, place: Place) -> None:
        key = (id(place.container), place.name)
        if key not in self._told:
            self._told.add(key)
            self._kept[id(place.container)] = place.container
            self.places.append(place)

    def _writes_in(self, class_: type) -> dict[str, list[Written]]:
        """Return what the methods of a class write to their instance, by attribute; read when first asked for."""
        for _ in self._read_class(class_):
            pass
        return self._of_class[class_]

    def _read_class(self, class_: type) -> Iterator[None]:
        if class_ in self._of_class:
            return
        found: dict[str, list[Written]] = {}
        for function in methods_of(class_):
            for target, written in writes_of(function, of_instance=True):
                of = target.container
                if is_really(of, InstanceOf) and of.class_ is class_ and written.may_be_somebody:
                    found.setdefault(target.name, []).append(written)
            yield
        self._of_class[class_] = found


def _loaded() -> tuple[int, str]:
    """Return what tells whether a module has been loaded: how many there are, and which came last."""
    return len(sys.modules), next(reversed(sys.modules))

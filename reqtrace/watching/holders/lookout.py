"""From what walks have come to, to places worth watching: precise first, since a place is watched for good.

A request in a place with a name is always worth it. A user may well be meant: a technical one, the author of something,
an entry of a cache. So one counts only if its object was made for a request of ours, in a place whose name speaks of
whoever is there now; or, of any other make, if the name says that it is the current one.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from time import perf_counter_ns
from types import CodeType, FunctionType, ModuleType
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from reqtrace import identity
from reqtrace.execution.real_types import is_really
from reqtrace.execution.weak_map import WeakIdentityMap
from reqtrace.watching.holders.attributes import AttributeHolder, KeyedDictHolder
from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.origin import is_application, is_of_framework
from reqtrace.watching.holders.reach import Sight, walk
from reqtrace.watching.holders.roots import Root, roots_beside_views, view_of_request
from reqtrace.watching.holders.routes import Attribute, RouteHolder
from reqtrace.watching.holders.words import CURRENT, OF_RECORDS, OF_WHOM, words
from reqtrace.watching.meaning import meaning_of

NEVER_NS = 2**63
_HOLDERS_MAX = 64
"""How many places are watched that were found so: each is read at every checkpoint."""
_KEPT_MAX = 256
_ROOTS_AT_ONCE = 32

Finder = Callable[[Any], Any]
"""Returns what is known of the request that an object is, or was made for; None for any other object."""


class Lookout:
    """Looks at one root after another, and hands on what is to be watched."""

    def __init__(
        self,
        add: Callable[[Holder], None],
        request_of: Finder,
        user_of: Finder,
    ) -> None:
        """Hand places to `add`; tell requests by `request_of`, and for which one a user was made by `user_of`."""
        self._add = add
        self._request_of = request_of
        self._user_of = user_of
        self._taken: list[Holder] = []
        self._occupants: WeakIdentityMap[Any] = WeakIdentityMap(_KEPT_MAX)
        """Whom an entry of many was seen to hold: two of them, one after another, and it is a place for everybody."""
        self.kept: dict[int, tuple[Any, str, int]] = {}
        """Requests that this round has come to in places that are not watched, by number: with the place that leads to
        them, and when."""
        self._literals: frozenset[str] = frozenset()
        self._modules_read: set[str] = set()
        self._turns = count()
        self._names: list[str] = []
        self._roots = roots_beside_views()

    def look(self, path: str, root: Any, until_ns: int = NEVER_NS) -> None:
        """Walk from one root, and take what is worth watching."""
        for sight in walk(path, root, until_ns):
            if is_really(sight.value, HttpRequest):
                self._see_request(sight)
            elif sight.steps:
                self._see_user(sight)

    def look_from(self, request: Any, until_ns: int, *, everywhere: bool) -> None:
        """Look at a request's view, and if `everywhere` at its module and by turns at all else that lives long."""
        view = view_of_request(request)
        if view is not None:
            self.look(*view, until_ns)
        if not everywhere:
            return
        half_ns = (perf_counter_ns() + until_ns) // 2
        for root in self._next_roots():
            self.look(*root, half_ns)
        if view is not None:
            defined = view[1] if is_really(view[1], FunctionType) else type(view[1])
            module = sys.modules.get(defined.__module__)
            if module is not None:
                self.look_at_module(module, until_ns)
        for _ in range(len(sys.modules)):
            if perf_counter_ns() > until_ns:
                return
            module = self._next_module()
            if module is not None:
                self.look_at_module(module, until_ns)

    def look_at_module(self, module: ModuleType, until_ns: int = NEVER_NS) -> None:
        """Walk from a module and from the classes that it defines, if they are the application's."""
        name = module.__name__
        if is_of_framework(name) or not is_application(module):
            return
        self.look(name, module, until_ns)
        self._look_for_threads(name, module)
        for attribute, value in list(vars(module).items()):
            if is_really(value, type) and value.__module__ == name:
                self.look(f"{name}.{attribute}", value, until_ns)
                self._look_for_threads(f"{name}.{attribute}", value)

    def _look_for_threads(self, path: str, owner: Any) -> None:
        """Look for dicts that have an entry for each thread."""
        for name, value in list(vars(owner).items()):
            if type(value) is dict and _is_keyed_by_threads(value):
                held = next(iter(value.values()), None)
                if not meaning_of(held).is_nothing:
                    self._watch(KeyedDictHolder(f"{path}.{name}", value))

    def begin_round(self) -> None:
        """Begin to look at everything anew."""
        self.kept = {}

    def end_round(self, forget: Callable[[Iterable[Holder]], None]) -> None:
        """Give up the routes that begin at what is no more."""
        self._give_up([holder for holder in self._taken if isinstance(holder, RouteHolder) and holder.is_gone], forget)
        self._occupants.sweep()

    def forget(self, roots: Iterable[Any], forget: Callable[[Iterable[Holder]], None]) -> None:
        """Give up the places that begin at these."""
        begun = [holder for holder in self._taken if any(holder.is_of(root) for root in roots)]
        self._give_up(begun, forget)

    def _give_up(self, holders: list[Any], forget: Callable[[Iterable[Holder]], None]) -> None:
        if holders:
            self._taken = [holder for holder in self._taken if holder not in holders]
            forget(holders)

    def read_literals(self) -> Iterator[None]:
        """Read which texts stand in the application's code, module by module: a key that does not is somebody's."""
        for name, module in list(sys.modules.items()):
            if name not in self._modules_read and is_really(module, ModuleType) and not is_of_framework(name):
                self._modules_read.add(name)
                if is_application(module):
                    self._literals |= set(_literals_in(module))
                    yield

    def _next_roots(self) -> list[Root]:
        """Return the next few of what lives long beside views and modules."""
        try:
            found = list(islice(self._roots, _ROOTS_AT_ONCE))
        except ValueError:  # another request is at it
            return []
        if len(found) < _ROOTS_AT_ONCE:
            self._roots = roots_beside_views()
        return found

    def _next_module(self) -> ModuleType | None:
        turn = next(self._turns)
        names = self._names
        if turn >= len(names) or len(names) < len(sys.modules) // 2:
            names = self._names = [
                name
                for name, module in list(sys.modules.items())
                if not is_of_framework(name) and is_really(module, ModuleType) and is_application(module)
            ]
            self._turns = count(1)
            turn = 0
        module = sys.modules.get(names[turn]) if turn < len(names) else None
        return module if is_really(module, ModuleType) else None

    def _see_request(self, sight: Sight) -> None:
        opened = self._request_of(sight.value)
        is_place = bool(sight.steps) and self._are_literals(sight.keys)
        if sight.is_data or not is_place:
            if opened is None:
                return
            if not self._is_shared(sight, opened):
                if len(self.kept) < _KEPT_MAX:  # without the key, which may be somebody's name
                    self.kept[opened.number] = opened, sight.path.partition("[")[0], perf_counter_ns()
                return
        self._take(sight)

    def _see_user(self, sight: Sight) -> None:
        user = identity.unwrapped(sight.value)
        if user is None:
            return
        opened = self._user_of(user)
        if opened is not None:
            is_worth = self._speaks_of_now(sight) and (not sight.is_data or self._is_shared(sight, opened))
        else:
            is_worth = _is_model(user) and CURRENT.search(sight.path) is not None and not (sight.is_data or sight.keys)
        if is_worth:
            self._take(sight)

    def _speaks_of_now(self, sight: Sight) -> bool:
        """Tell whether the name of a place is one for whoever is there now, and none for somebody remembered."""
        route = " ".join(step.text() for step in sight.steps)
        return (
            not OF_WHOM.isdisjoint(words(sight.steps[-1].text()))
            and OF_RECORDS.isdisjoint(words(f"{route} {_classes_of(sight)}"))
            and not _is_record(sight.owner)
            and self._are_literals(sight.keys)
        )

    def _is_shared(self, sight: Sight, opened: Any) -> bool:
        """Tell whether an entry of many has been seen to hold two people's, one after another."""
        if not sight.steps:
            return False
        self._occupants.add(sight.root, opened)
        return self._occupants.is_nobodys(sight.root)

    def _are_literals(self, keys: Iterable[str]) -> bool:
        return all(key in self._literals or not OF_WHOM.isdisjoint(words(key)) for key in keys)

    def _take(self, sight: Sight) -> None:
        if self._is_taken(sight):
            return
        path, steps = sight.path, sight.steps
        # A wrapper around the request, which stands for it.
        if len(steps) > 1 and path.endswith("._request") and type(sight.owner).__name__.endswith("Request"):
            path, steps = path.removesuffix("._request"), steps[:-1]
        first = steps[0]
        holder: Holder
        if len(steps) == 1 and type(first) is Attribute and issubclass(type(sight.root), ModuleType | type):
            holder = AttributeHolder(path, sight.root, first.name)
        else:
            holder = RouteHolder(path, sight.root, steps)
        self._watch(holder)

    def _is_taken(self, sight: Sight) -> bool:
        """Tell whether the place is watched already, by whatever way it was come to."""
        return any(
            holder.leads_to(sight.owner, sight.steps[-1])
            if isinstance(holder, RouteHolder)
            else holder.path == sight.path
            for holder in self._taken
        )

    def _watch(self, holder: Holder) -> None:
        if len(self._taken) < _HOLDERS_MAX and not any(holder.is_same_as(taken) for taken in self._taken):
            self._taken.append(holder)
            self._add(holder)


def _is_keyed_by_threads(mapping: dict[Any, Any]) -> bool:
    first = next(iter(mapping), None)
    if not (is_really(first, threading.Thread) or type(first) is int):
        return False
    idents = {thread.ident for thread in threading.enumerate()}
    return all(is_really(key, threading.Thread) or (type(key) is int and key in idents) for key in list(mapping)[:8])


def _classes_of(sight: Sight) -> str:
    """Return the names of the classes that what was seen belongs to."""
    values = [value for value in (sight.owner, sight.root) if not issubclass(type(value), ModuleType | FunctionType)]
    return " ".join(value.__name__ if is_really(value, type) else type(value).__name__ for value in values)


def _is_model(user: Any) -> bool:
    return issubclass(type(user), Model) and hasattr(type(user), "USERNAME_FIELD")


def _is_record(owner: Any) -> bool:
    """Tell whether something was made to stay as it is: a tuple, or a frozen dataclass."""
    parameters = getattr(type(owner), "__dataclass_params__", None)
    return issubclass(type(owner), tuple) or bool(getattr(parameters, "frozen", False))


_WRAPPING = (staticmethod, classmethod)


def _literals_in(module: ModuleType) -> Iterator[str]:
    for value in list(vars(module).values()):
        if is_really(value, FunctionType) and value.__module__ == module.__name__:
            yield from _constants(value.__code__)
        elif is_really(value, type) and value.__module__ == module.__name__:
            for member in list(vars(value).values()):
                function = getattr(member, "__func__", member) if type(member) in _WRAPPING else member
                if is_really(function, FunctionType):
                    yield from _constants(function.__code__)


def _constants(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if type(constant) is str:
            yield constant
        elif type(constant) is CodeType:
            yield from _constants(constant)

"""Routes: from something that lives long, over attributes and keys, to the place where a request or a user stands.

Each reading goes the whole route anew. So a service that is made anew for every request is followed, nothing on the way
is kept alive by being watched, and what is not there names nobody.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any
from weakref import ref

from reqtrace.watching.holders.base import EMPTY, Holder


class Step(ABC):
    """One step of a route."""

    name: str = ""
    """What it takes from its owner; empty for what has no name."""

    @abstractmethod
    def follow(self, owner: Any) -> object:
        """Return what it leads to from `owner`, without running any code of the application's; `EMPTY` for nothing."""

    @abstractmethod
    def text(self) -> str:
        """Return how it is written behind the path of its owner."""


class Attribute(Step):
    """An attribute of a module, a class or an instance."""

    def __init__(self, name: str) -> None:
        """Go over the attribute `name`."""
        self.name = name
        self._how: tuple[type, Any] = (type(None), None)
        """How it is read of the class that was met last."""

    def follow(self, owner: Any) -> object:
        """Return it, as it stands in the owner itself or in a slot: no property runs."""
        class_ = type(owner)
        if issubclass(class_, ModuleType | type | FunctionType):
            return vars(owner).get(self.name, EMPTY)
        met, kind = self._how
        if met is not class_:
            kind = _kind_of(class_, self.name)
            self._how = class_, kind
        try:
            if kind is _PLAIN:  # not over the instance's dict, which CPython would have to make for that
                return object.__getattribute__(owner, self.name)
            if kind is _SHADOWED:
                return object.__getattribute__(owner, "__dict__").get(self.name, EMPTY)
            return EMPTY if kind is None else kind.__get__(owner)
        except AttributeError:
            return EMPTY

    def text(self) -> str:
        """Return the name behind a dot."""
        return f".{self.name}"


class Item(Step):
    """What a dict has under a key, or a list or tuple at an index."""

    def __init__(self, key: str | int) -> None:
        """Go over `key`."""
        self.key = key
        self.name = str(key)

    def follow(self, owner: Any) -> object:
        """Return it, past any ``__missing__`` and ``__getitem__`` of a class."""
        class_ = type(owner)
        if issubclass(class_, dict):
            found = dict.get(owner, self.key, EMPTY)
            return dict.get(owner, self.name, EMPTY) if found is EMPTY else found
        if type(self.key) is int and issubclass(class_, list | tuple):
            base = list if issubclass(class_, list) else tuple
            try:
                return base.__getitem__(owner, self.key)
            except IndexError:
                return EMPTY
        return EMPTY

    def text(self) -> str:
        """Return the key in brackets, as people write it in the setting ``HOLDERS``."""
        return f"[{self.key}]"


class Default(Step):
    """What a parameter of a function has as its default: a dict or list there is one for all calls."""

    def __init__(self, index: int, name: str) -> None:
        """Go over the default at `index`, of the parameter `name`."""
        self.index = index
        self.name = name

    def follow(self, owner: Any) -> object:
        """Return it."""
        defaults = owner.__defaults__ if type(owner) is FunctionType else None
        return EMPTY if defaults is None or self.index >= len(defaults) else defaults[self.index]

    def text(self) -> str:
        """Return the parameter's name in parentheses."""
        return f"({self.name})"


class Newest(Step):
    """The last of a list or a deque that serves as a stack."""

    def follow(self, owner: Any) -> object:
        """Return it."""
        class_ = type(owner)
        base = list if issubclass(class_, list) else deque if issubclass(class_, deque) else None
        try:
            return EMPTY if base is None else base.__getitem__(owner, -1)
        except IndexError:
            return EMPTY

    def text(self) -> str:
        """Return nothing: the stack's own path is the place."""
        return ""


class Cell(Step):
    """A variable of the function around a function."""

    def __init__(self, name: str) -> None:
        """Go over the variable `name`."""
        self.name = name

    def follow(self, owner: Any) -> object:
        """Return what stands there now."""
        if type(owner) is not FunctionType or owner.__closure__ is None:
            return EMPTY
        for name, cell in zip(owner.__code__.co_freevars, owner.__closure__, strict=True):
            if name == self.name:
                try:
                    return cell.cell_contents
                except ValueError:  # empty
                    return EMPTY
        return EMPTY

    def text(self) -> str:
        """Return the name as if it were an attribute."""
        return f".{self.name}"


class RouteHolder(Holder):
    """What stands at the end of a route: one value for everybody, as an attribute has."""

    kind = "attribute"

    def __init__(self, path: str, root: Any, steps: Iterable[Step]) -> None:
        """Watch what the steps lead to from `root`, which is not kept alive where it allows weak references."""
        self._steps = tuple(steps)
        try:
            self._root: Any = ref(root)
        except TypeError:
            self._root = lambda: root
        super().__init__(path, self._root, "".join(step.text() for step in self._steps))

    def read(self) -> object:
        """Go there; None on the way is nobody."""
        return self._follow(self._steps)

    def _follow(self, steps: Iterable[Step]) -> object:
        value = self._root()
        for step in steps:
            if value is None or value is EMPTY:
                return EMPTY
            value = step.follow(value)
        return value

    def route(self) -> list[tuple[object, str]]:
        """Return the places on the way, the last one first."""
        places = []
        value = self._root()
        for step in self._steps:
            if value is None or value is EMPTY:
                break
            places.append((value, step.name))
            value = step.follow(value)
        return places[::-1] or [self.place]

    def leads_to(self, owner: object, last: Step) -> bool:
        """Tell whether its end is what `last` leads to from `owner`, by whatever way it gets there."""
        return self._steps[-1].text() == last.text() and self.place[0] is owner

    @property
    def place(self) -> tuple[object, str]:
        """Return what the last step begins at, and the name or the key that it takes; or itself, where nothing is."""
        owner = self._follow(self._steps[:-1])
        return (self, "") if owner is None or owner is EMPTY else (owner, self._steps[-1].name)

    def is_of(self, container: object) -> bool:
        """Tell whether the route begins at `container`."""
        return self._root() is container

    @property
    def is_gone(self) -> bool:
        """Tell whether what it begins at is no more."""
        return self._root() is None


_PLAIN, _SHADOWED = object(), object()
"""No class has a word in an attribute; one has a method or a lazy attribute, which instances may replace."""


def _kind_of(class_: type, name: str) -> Any:
    """Return how an attribute of instances is read: by a slot's descriptor, as one of the above says, or None: not."""
    for base in class_.__mro__:
        if name in vars(base):
            member = vars(base)[name]
            if type(member) is MemberDescriptorType:
                return member
            found = type(member)
            if hasattr(found, "__set__") or hasattr(found, "__delete__"):
                return None
            return _SHADOWED if hasattr(found, "__get__") else _PLAIN
    return _PLAIN

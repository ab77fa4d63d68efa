"""What functions write to places: where in the code, and how much of a request it is."""

from collections.abc import Iterable, Iterator
from types import CodeType, ModuleType
from typing import Any, Literal, NamedTuple

from reqtrace.code import origins
from reqtrace.code.bytecode import STORES, line_of, operations, writes_beyond_itself
from reqtrace.code.functions import Function, InstanceOf
from reqtrace.code.grades import CLEARING, FILLING, Grade, conventional
from reqtrace.code.instructions import first_names, rough
from reqtrace.code.places import Target, touches
from reqtrace.code.symbols import grade_of
from reqtrace.execution.real_types import is_really
from reqtrace.records import Frame

PLACES_TOLD = 3
_ON_CREATION = frozenset({"__init__", "__new__", "__post_init__", "__set_name__"})
_TELLING = FILLING | CLEARING | {"setattr", "delattr"}

SetWhen = Literal["on the way in", "when used", "unknown"]
"""Whether middleware sets a holder as a request comes in, or whoever uses it then; unknown where no code tells."""


class Written(NamedTuple):
    """A place in the code that writes to a holder, or clears it."""

    frame: Frame
    code: CodeType
    grade: Grade | None
    """What is put in, of a request; None where that cannot be told."""
    clears: bool

    @property
    def may_be_somebody(self) -> bool:
        """Tell whether this may put a request or a user there."""
        return not self.clears and (self.grade is None or self.grade >= Grade.IDENTITY)


class Place(NamedTuple):
    """A place that lives as long as the process, and that code writes to."""

    container: Any
    """Whose attribute it is; or the place itself, as a context variable or a collection is."""
    name: str
    """The attribute; empty where the container is the place."""
    grade: Grade | None
    """The most that is put there, as in `Written`."""


def writes_of(function: Function, *, of_instance: bool = False) -> Iterator[tuple[Target, Written]]:
    """Yield what a function writes where; with `of_instance`, also if that is no more than what it is a method of.

    What an instance is given as it is made, no request has a part in.
    """
    code = function.code
    itself = function.known.get(first_names(code, 1)[0]) if code.co_argcount else None
    is_creation = code.co_name in _ON_CREATION
    takes_all = itself is not None and not (is_really(itself, InstanceOf) and (is_creation or not of_instance))
    stores = not STORES.isdisjoint(rough(code)[0]) if takes_all else writes_beyond_itself(code)
    if not stores and _TELLING.isdisjoint(code.co_names):
        return
    parameters = conventional(first_names(code, code.co_argcount + code.co_kwonlyargcount))
    for operation in operations(code):
        for target, value, at, clears in touches(operation, function):
            if (is_creation and is_really(target.container, InstanceOf)) or _is_foreign(target.container):
                continue
            frame = Frame(code.co_filename, line_of(code, at), code.co_qualname)
            yield target, Written(frame, code, grade_of(value, parameters), clears)


def _is_foreign(container: object) -> bool:
    """Tell whether an attribute would be one of Python's or Django's own modules or classes."""
    name = (
        container.__module__
        if is_really(container, type)
        else vars(container).get("__name__")
        if is_really(container, ModuleType)
        else None
    )
    return name is not None and origins.is_of_framework(str(name))


def most_of(writes: Iterable[Written]) -> Grade | None:
    grades = [written.grade for written in writes if not written.clears]
    known = max((grade for grade in grades if grade is not None), default=None)
    return known if known is not None and known >= Grade.IDENTITY else None


def told(writes: Iterable[Written]) -> tuple[list[Frame], bool | None]:
    """Return where somebody is put, the surest first, three places at most; and whether there is no other."""
    frames = [
        written.frame
        for written in sorted(writes, key=lambda written: written.grade or Grade.NOTHING, reverse=True)
        if written.may_be_somebody
    ]
    return frames[:PLACES_TOLD], len(frames) == 1 if frames else None

"""Whether a function puts something into a place only where that is empty: who comes later finds who came first.

Read from the instructions: a jump that asks the place whether anything stands there, and a store on the side on which
nothing does. Where the test is written another way, or stands in another function, the answer is no.
"""

import dis
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

_SILENT = frozenset(
    {"CACHE", "EXTENDED_ARG", "NOP", "RESUME", "PRECALL", "PUSH_NULL", "NOT_TAKEN", "TO_BOOL", "COPY", "KW_NAMES"}
)
_STORES = frozenset({"STORE_ATTR", "STORE_GLOBAL", "STORE_DEREF"})
_LOADS = frozenset({"LOAD_ATTR", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_METHOD"})
_ENDS = frozenset({"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"})
_ASKING = frozenset({"hasattr", "getattr"})
_FAR = 8
"""How many instructions before a jump the call may begin that asks."""


class _Span(NamedTuple):
    """Where in the code a place is known to be empty."""

    start: int
    end: int


@lru_cache(maxsize=256)
def only_when_empty(code: CodeType, name: str) -> bool:
    """Tell whether all that a function stores under a name, but None, is stored only where nothing stands there."""
    instructions = [one for one in dis.get_instructions(code) if one.opname not in _SILENT]
    spans = list(_empty(instructions, name))
    stores = [
        one.offset
        for index, one in enumerate(instructions)
        if index and one.opname in _STORES and one.argval == name and not _is_none(_value_before(instructions, index))
    ]
    return bool(stores) and all(any(span.start < at <= span.end for span in spans) for at in stores)


def _value_before(instructions: Sequence[dis.Instruction], index: int) -> dis.Instruction:
    """Return what was loaded to be stored: before the object whose attribute it becomes, if it is that simple."""
    before = instructions[index - 1]
    is_of_object = instructions[index].opname == "STORE_ATTR" and index > 1 and before.opname.startswith("LOAD_FAST")
    return instructions[index - 2] if is_of_object else before


def _empty(instructions: Sequence[dis.Instruction], name: str) -> Iterator[_Span]:
    for index, jump in enumerate(instructions):
        if not jump.opname.startswith(("POP_JUMP", "JUMP_IF")) or not index or type(jump.argval) is not int:
            continue
        goes_if_filled = _asks(instructions, index, name)
        target = jump.argval
        if goes_if_filled is None or target <= jump.offset:
            continue
        before = next((one for one in reversed(instructions) if one.offset < target), jump)
        if goes_if_filled:
            # ``name = name or value`` keeps what it has asked, and jumps to where that is stored.
            keeps = "OR_POP" in jump.opname or instructions[index + 1].opname == "POP_TOP"
            stored = next(
                (one.offset for one in instructions if one.offset >= target and one.opname in _STORES), target
            )
            yield _Span(jump.offset, stored if keeps else target - 1)
        elif before.opname in _ENDS:
            yield _Span(target - 1, instructions[-1].offset)
        elif before.opname == "JUMP_FORWARD":
            yield _Span(target - 1, before.argval - 1)


def _asks(instructions: Sequence[dis.Instruction], index: int, name: str) -> bool | None:
    """Return whether a jump is taken where something stands there; None where it asks for something else."""
    jump, asked = instructions[index].opname, instructions[index - 1]
    is_filled = "NONE" not in jump
    if "NOT_NONE" in jump or "IF_TRUE" in jump:
        is_taken = True
    elif "IF_NONE" in jump or "IF_FALSE" in jump:
        is_taken = False
    else:
        return None
    if asked.opname == "IS_OP" and index > 2 and is_filled:
        if not _is_none(instructions[index - 2]) or not _is_load(instructions[index - 3], name):
            return None
        return is_taken is bool(asked.argval)
    if _is_load(asked, name) or (asked.opname.startswith("CALL") and _is_asked(instructions, index - 1, name)):
        return is_taken
    return None


def _is_asked(instructions: Sequence[dis.Instruction], index: int, name: str) -> bool:
    """Tell whether a call is ``hasattr`` or ``getattr`` of that name."""
    around = instructions[max(0, index - _FAR) : index]
    start = max((at for at, one in enumerate(around) if one.opname in _LOADS and one.argval in _ASKING), default=None)
    return start is not None and any(one.opname == "LOAD_CONST" and one.argval == name for one in around[start:])


def _is_load(one: dis.Instruction, name: str) -> bool:
    return one.opname in _LOADS and one.argval == name


def _is_none(one: dis.Instruction) -> bool:
    return one.opname.startswith("LOAD_CONST") and one.argval is None

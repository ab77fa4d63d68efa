"""Which instructions of a function run each time that it comes to its end: not those that some way passes by.

A small graph of the instructions, without the ways of exceptions. Ends that an answer of some status cannot have come
from are no ends: where a page was shown, nobody was redirected, and nothing was raised.
"""

import dis
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType

_JUMPS = frozenset(dis.opname[op] for op in (*dis.hasjrel, *dis.hasjabs))
_RETURNS = frozenset({"RETURN_VALUE", "RETURN_CONST"})
_RAISES = frozenset({"RAISE_VARARGS", "RERAISE"})
_UNASKED = frozenset({"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE"})
"""Jumps that are always taken."""


class Branches:
    """The ways through one code object."""

    def __init__(self, code: CodeType) -> None:
        """Draw them."""
        instructions = list(dis.get_instructions(code))
        self.names: dict[int, object] = {one.offset: one.argval for one in instructions}
        """What each instruction is about: a name, a constant."""
        self._next: dict[int, tuple[int, ...]] = {}
        self.returns: list[int] = []
        """The instructions that return."""
        self._first = instructions[0].offset
        for one, after in zip(instructions, [*instructions[1:], None], strict=True):
            following = () if after is None else (after.offset,)
            if one.opname in _RETURNS:
                self.returns.append(one.offset)
                following = ()
            elif one.opname in _RAISES:
                following = ()
            elif one.opname in _JUMPS:
                following = (int(one.argval), *(() if one.opname in _UNASKED else following))
            self._next[one.offset] = following

    def are_passed(self, at: int, ends: Iterable[int]) -> bool:
        """Tell whether all ways to these ends lead over an instruction."""
        wanted = set(ends)
        seen, waiting = {at}, [self._first]
        while waiting:
            offset = waiting.pop()
            if offset in seen:
                continue
            if offset in wanted:
                return False
            seen.add(offset)
            waiting += self._next.get(offset, ())
        return bool(wanted)


@lru_cache(maxsize=256)
def branches_of(code: CodeType) -> Branches:
    """Return the ways through a code object."""
    return Branches(code)

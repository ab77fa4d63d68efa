"""What a code object writes and calls, read from its instructions: neither run, nor in need of its source.

A walk over the instructions with a stack of symbols in place of values. Branches are taken in the order in which they
stand; where two meet, a value may be that of either. What an instruction that is not known here leaves behind cannot
be told, and by how much it moves the stack `dis` knows.
"""

import dis
import sys
from collections.abc import Callable
from inspect import CO_NESTED
from types import CodeType
from typing import NamedTuple

from reqtrace.code.instructions import exact, rough
from reqtrace.code.symbols import Called, Constant, Entry, Made, Member, Name, Several, Symbol, is_nothing

_SINCE_312 = sys.version_info >= (3, 12)
_SINCE_313 = sys.version_info >= (3, 13)
_NULL = Constant("NULL")
"""What a call may have in place of an object whose method is called."""
_SELF = Constant("SELF")
_SUBSCRIPT = 26
"""The number among the binary operators, since Python 3.14."""
_STORING = frozenset({"STORE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "DELETE_GLOBAL", "DELETE_ATTR", "DELETE_SUBSCR"})
_SILENT = frozenset(
    {"RESUME", "NOP", "PRECALL", "MAKE_CELL", "COPY_FREE_VARS", "SETUP_ANNOTATIONS", "NOT_TAKEN", "CACHE"}
)
_FINAL = frozenset(
    dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE") if name in dis.opmap
)
_CHOICES_MAX = 4
STORES = frozenset(dis.opmap[name] for name in _STORING)
"""Instructions that write to more than a local name."""
SHARED = STORES - {dis.opmap["STORE_ATTR"], dis.opmap["DELETE_ATTR"]}
"""Of these those that cannot be about ``self``."""
_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)


_TWO_NAMES = frozenset(dis.opmap[name] for name in dis.opmap if name.count("LOAD_FAST") == 2)
_ONE_NAME = frozenset(dis.opmap[name] for name in ("LOAD_FAST", "LOAD_FAST_BORROW") if name in dis.opmap)
_STORE_MEMBER = dis.opmap["STORE_ATTR"]


class Write(NamedTuple):
    """A place is written to, or cleared."""

    target: Symbol
    """A name of the module, a member, or an entry."""
    value: Symbol
    at: int
    """Which instruction does it; `line_of` knows the line."""
    clears: bool


class Call(NamedTuple):
    """Something is called."""

    called: Called
    at: int


class Return(NamedTuple):
    """Something is returned."""

    value: Symbol
    at: int


Operation = Write | Call | Return


def line_of(code: CodeType, at: int) -> int:
    """Return the line on which an instruction stands."""
    return next((line or 0 for start, end, line in code.co_lines() if start <= at < end), 0)


def writes_beyond_itself(code: CodeType) -> bool:
    """Tell whether a function may write to more than attributes of its first argument; quickly, since most do not."""
    ops, args = rough(code)
    if not SHARED.isdisjoint(ops):
        return True
    at = ops.find(_STORE_MEMBER)
    while at > 0:
        before, arg = ops[at - 1], args[at - 1]
        if not ((before in _ONE_NAME and arg == 0) or (before in _TWO_NAMES and arg & 15 == 0)):
            return True
        at = ops.find(_STORE_MEMBER, at + 1)
    return False


def operations(code: CodeType) -> list[Operation]:
    """Return what a function does, in the order in which it stands there; what its inner functions do is theirs."""
    return _Walk(code).run()


class _Walk:
    """One way through one code object."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._stack: list[Symbol] = []
        self._is_reached = True
        self._waiting: dict[int, list[Symbol]] = {}
        """Stacks with which jumps arrive, by where."""
        self._names: dict[str, Symbol] = {}
        """What local names were given so far."""
        self._found: list[Operation] = []
        self._offset = 0

    def run(self) -> list[Operation]:
        raw, waiting = exact(self._code), self._waiting
        extended = 0
        for offset in range(0, len(raw), 2):
            op = raw[offset]
            if not op:
                continue  # room for what the interpreter learns
            arg = raw[offset + 1] | extended
            if op == dis.EXTENDED_ARG:
                extended = arg << 8
                continue
            extended = 0
            self._offset = offset
            if offset in waiting:
                self._arrive(waiting.pop(offset))
            step = _TABLE[op]
            if step is None:
                self._move(dis.stack_effect(op, arg if op >= dis.HAVE_ARGUMENT else None, jump=False))
            elif step is _Walk.jump:
                self.jump(op, arg, raw)
            else:
                step(self, arg)
            if op in _FINAL:
                self._leave()
        return self._found

    def _arrive(self, stack: list[Symbol]) -> None:
        """Go on where a jump leads to, with what it and the way down to here have left."""
        if not self._is_reached:
            self._stack, self._is_reached = stack, True
        elif len(stack) == len(self._stack):
            self._stack = [_either(one, other) for one, other in zip(stack, self._stack, strict=True)]

    def _leave(self) -> None:
        self._stack, self._is_reached = [], False

    def jump(self, op: int, arg: int, raw: bytes) -> None:
        name = dis.opname[op]
        if "BACKWARD" in name:
            if "IF" in name:
                self._pop()
            elif name.startswith("JUMP"):
                self._leave()
            return
        after = self._offset + 2
        while after < len(raw) and raw[after] == 0:
            after += 2
        before = list(self._stack)
        if name == "JUMP_FORWARD":
            self._wait(after + 2 * arg, before)
            self._leave()
            return
        if name.startswith("POP_JUMP"):
            self._pop()
            self._wait(after + 2 * arg, self._stack)
        elif name.endswith("OR_POP"):
            self._wait(after + 2 * arg, before)
            self._pop()
        else:
            self._move(dis.stack_effect(op, arg, jump=True))
            self._wait(after + 2 * arg, self._stack)
            self._stack = before
            self._move(dis.stack_effect(op, arg, jump=False))

    def _wait(self, where: int, stack: list[Symbol]) -> None:
        self._waiting.setdefault(where, list(stack))

    def _move(self, net: int) -> None:
        """Do what an instruction does of which only the effect on the stack's height is known."""
        for _ in range(-net):
            self._pop()
        if self._stack:
            self._stack[-1] = None
        self._stack += [None] * net

    def _pop(self) -> Symbol:
        return self._stack.pop() if self._stack else None

    def _take(self, count: int) -> tuple[Symbol, ...]:
        return tuple(self._pop() for _ in range(count))[::-1]

    def write(self, target: Symbol, value: Symbol, *, clears: bool | None = None) -> None:
        self._found.append(Write(target, value, self._offset, is_nothing(value) if clears is None else clears))

    # What stands on the stack.

    def local(self, index: int) -> None:
        name = self._code._varname_from_oparg(index)  # type: ignore[attr-defined]
        around = bool(self._code.co_flags & CO_NESTED) and name in self._code.co_freevars
        self._stack.append(self._names.get(name, Name("around" if around else "function", name)))

    def two_locals(self, arg: int) -> None:
        self.local(arg >> 4)
        self.local(arg & 15)

    def keep(self, index: int) -> None:
        name, value = self._code._varname_from_oparg(index), self._pop()  # type: ignore[attr-defined]
        self._names[name] = _either(self._names[name], value) if name in self._names else value

    def keep_and_load(self, arg: int) -> None:
        self.keep(arg >> 4)
        self.local(arg & 15)

    def keep_two(self, arg: int) -> None:
        self.keep(arg >> 4)
        self.keep(arg & 15)

    def constant(self, index: int) -> None:
        self._stack.append(Constant(self._code.co_consts[index]))

    def small_number(self, number: int) -> None:
        self._stack.append(Constant(number))

    def of_module(self, arg: int) -> None:
        found = Name("module", self._code.co_names[arg >> 1])
        self._stack += ([found, _NULL] if _SINCE_313 else [_NULL, found]) if arg & 1 else [found]

    def of_name(self, index: int) -> None:
        self._stack.append(Name("module", self._code.co_names[index]))

    def null(self, _: int) -> None:
        self._stack.append(_NULL)

    def member(self, arg: int) -> None:
        owner = self._pop()
        self._stack.append(Member(owner, self._code.co_names[arg >> 1 if _SINCE_312 else arg]))
        if _SINCE_312 and arg & 1:
            self._stack.append(_SELF)

    def method(self, index: int) -> None:
        owner = self._pop()
        self._stack += [Member(owner, self._code.co_names[index]), _SELF]

    def inherited(self, arg: int) -> None:
        _, _, owner = self._take(3)
        self._stack.append(Member(owner, self._code.co_names[arg >> 2]))
        if arg & 1:
            self._stack.append(_SELF)

    def entry(self, _: int) -> None:
        of, key = self._take(2)
        self._stack.append(Entry(of, key))

    def operator(self, arg: int) -> None:
        if arg == _SUBSCRIPT and sys.version_info >= (3, 14):
            self.entry(arg)
        else:
            self._stack.append(Made(self._take(2)))

    def collection(self, count: int) -> None:
        self._stack.append(Several(self._take(count)))

    def mapping(self, count: int) -> None:
        self._stack.append(Several(self._take(2 * count)[1::2]))

    def keyed(self, count: int) -> None:
        self._pop()
        self._stack.append(Several(self._take(count)))

    def text(self, count: int) -> None:
        self._stack.append(Made(self._take(count)))

    def formatted(self, arg: int) -> None:
        self._stack.append(Made(self._take(2 if arg & 4 else 1)))

    def copy(self, depth: int) -> None:
        self._stack.append(self._stack[-depth] if depth <= len(self._stack) else None)

    def swap(self, depth: int) -> None:
        if depth <= len(self._stack):
            self._stack[-1], self._stack[-depth] = self._stack[-depth], self._stack[-1]

    def stay(self, _: int) -> None:
        return

    def pop(self, _: int) -> None:
        self._pop()

    def caught(self, _: int) -> None:
        self._stack, self._is_reached = [None, None], True

    # What is done.

    def call(self, count: int) -> None:
        arguments = self._take(count)
        self._called([value for value in self._take(2) if value not in (_NULL, _SELF)], arguments)

    def call_with_names(self, count: int) -> None:
        self._pop()
        self.call(count)

    def call_unpacked(self, arg: int) -> None:
        net = dis.stack_effect(dis.opmap["CALL_FUNCTION_EX"], arg)
        taken = self._take(1 - net)
        values = [value for value in taken if value not in (_NULL, _SELF)]
        self._called(values[:1], tuple(values[1:]))

    def _called(self, function: list[Symbol], arguments: tuple[Symbol, ...]) -> None:
        called = Called(function[0] if function else None, arguments)
        self._stack.append(called)
        self._found.append(Call(called, self._offset))

    def give(self, _: int) -> None:
        self._found.append(Return(self._pop(), self._offset))

    def write_name(self, index: int) -> None:
        self.write(Name("module", self._code.co_names[index]), self._pop())

    def write_member(self, index: int) -> None:
        owner = self._pop()
        self.write(Member(owner, self._code.co_names[index]), self._pop())

    def write_entry(self, _: int) -> None:
        value, of, key = self._take(3)
        self.write(Entry(of, key), value)

    def delete_name(self, index: int) -> None:
        self.write(Name("module", self._code.co_names[index]), None, clears=True)

    def delete_member(self, index: int) -> None:
        self.write(Member(self._pop(), self._code.co_names[index]), None, clears=True)

    def delete_entry(self, _: int) -> None:
        of, key = self._take(2)
        self.write(Entry(of, key), None, clears=True)


def _either(one: Symbol, other: Symbol) -> Symbol:
    if one == other:
        return one
    values: list[Symbol] = []
    for value in (one, other):
        values += value.values if isinstance(value, Several) else (value,)
    return Several(tuple(dict.fromkeys(values))) if len(values) <= _CHOICES_MAX else None


_STEPS: dict[str, Callable[[_Walk, int], None]] = {
    "LOAD_CONST": _Walk.constant,
    "RETURN_CONST": _Walk.stay,
    "RETURN_VALUE": _Walk.give,
    "LOAD_SMALL_INT": _Walk.small_number,
    "LOAD_FAST": _Walk.local,
    "LOAD_FAST_CHECK": _Walk.local,
    "LOAD_FAST_BORROW": _Walk.local,
    "LOAD_FAST_AND_CLEAR": _Walk.local,
    "LOAD_DEREF": _Walk.local,
    "LOAD_CLASSDEREF": _Walk.local,
    "LOAD_FAST_LOAD_FAST": _Walk.two_locals,
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": _Walk.two_locals,
    "STORE_FAST": _Walk.keep,
    "STORE_DEREF": _Walk.keep,
    "STORE_FAST_LOAD_FAST": _Walk.keep_and_load,
    "STORE_FAST_STORE_FAST": _Walk.keep_two,
    "LOAD_GLOBAL": _Walk.of_module,
    "LOAD_NAME": _Walk.of_name,
    "PUSH_NULL": _Walk.null,
    "LOAD_ATTR": _Walk.member,
    "LOAD_METHOD": _Walk.method,
    "LOAD_SUPER_ATTR": _Walk.inherited,
    "BINARY_SUBSCR": _Walk.entry,
    "BINARY_OP": _Walk.operator,
    "BUILD_TUPLE": _Walk.collection,
    "BUILD_LIST": _Walk.collection,
    "BUILD_SET": _Walk.collection,
    "BUILD_MAP": _Walk.mapping,
    "BUILD_CONST_KEY_MAP": _Walk.keyed,
    "BUILD_STRING": _Walk.text,
    "FORMAT_VALUE": _Walk.formatted,
    "FORMAT_SIMPLE": lambda walk, _: walk.text(1),
    "FORMAT_WITH_SPEC": lambda walk, _: walk.text(2),
    "COPY": _Walk.copy,
    "SWAP": _Walk.swap,
    "POP_TOP": _Walk.pop,
    "PUSH_EXC_INFO": _Walk.caught,
    "CALL": _Walk.call,
    "CALL_KW": _Walk.call_with_names,
    "CALL_FUNCTION_EX": _Walk.call_unpacked,
    "STORE_GLOBAL": _Walk.write_name,
    "STORE_ATTR": _Walk.write_member,
    "STORE_SUBSCR": _Walk.write_entry,
    "DELETE_GLOBAL": _Walk.delete_name,
    "DELETE_ATTR": _Walk.delete_member,
    "DELETE_SUBSCR": _Walk.delete_entry,
}


def _step_of(op: int) -> Callable[..., None] | None:
    name = dis.opname[op]
    if op in _JUMPS:
        return _Walk.jump
    return _Walk.stay if name in _SILENT else _STEPS.get(name)


_TABLE = [_step_of(op) for op in range(256)]
"""By the instruction's number."""

"""The instructions of a code object, read without making the interpreter keep a copy of them.

Whoever asks for ``co_code`` gets bytes that CPython keeps beside the code object for good, and since 3.12 the same goes
for the tuples of its names. What the interpreter runs is there anyway: with instructions that it has specialised, and
with what it has learnt between them. Those are private names of CPython's; where one has moved, ``co_code`` it is.
"""

import dis
import opcode
from types import CodeType
from typing import Any

_PLAIN = bytearray(range(256))
"""The instruction that each was before it was specialised."""
_ROOM = [0] * 256
"""How many bytes behind an instruction are room for what the interpreter learns."""
_KNOWN = bytearray(256)
"""1 for instructions that are told for sure; those that a debugger or a tracer has put in are not."""


def _learn() -> bool:
    """Fill the tables; return whether this interpreter's are known."""
    names: dict[str, int] = getattr(dis, "_all_opmap", dis.opmap)
    room: Any = getattr(opcode, "_inline_cache_entries", None)
    specialised: dict[str, str] | None = getattr(dis, "deoptmap", None)
    if room is None or specialised is None:
        return False
    for name, op in dis.opmap.items():
        if op < 256:
            _KNOWN[op] = not name.startswith(("INSTRUMENTED_", "ENTER_EXECUTOR"))
            _ROOM[op] = 2 * (room.get(name, 0) if isinstance(room, dict) else room[op])
    for name, plain in specialised.items():
        op = names.get(name, getattr(dis, "_specialized_opmap", {}).get(name, 0))
        if op:
            _PLAIN[op], _KNOWN[op] = dis.opmap[plain], 1
    return True


_IS_KNOWN = _learn()


def rough(code: CodeType) -> tuple[bytes, bytes]:
    """Return instructions and their arguments, with some among them that are none: for a quick look."""
    raw: bytes = getattr(code, "_co_code_adaptive", b"") if _IS_KNOWN else b""
    raw = raw or code.co_code
    return raw[::2].translate(_PLAIN), raw[1::2]


def exact(code: CodeType) -> bytes:
    """Return what ``co_code`` is."""
    raw = bytearray(getattr(code, "_co_code_adaptive", b"") if _IS_KNOWN else b"")
    at, end = 0, len(raw)
    while at < end:
        op = raw[at]
        if not _KNOWN[op]:
            return code.co_code
        raw[at] = op = _PLAIN[op]
        at += 2
        room = _ROOM[op]
        if room:
            raw[at : at + room] = bytes(room)
            at += room
    return bytes(raw) or code.co_code


def first_names(code: CodeType, count: int) -> tuple[str, ...]:
    """Return the first names of a function's own: its parameters come first."""
    return tuple(code._varname_from_oparg(index) for index in range(count))  # type: ignore[attr-defined]

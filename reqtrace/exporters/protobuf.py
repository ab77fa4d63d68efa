"""Writes Protocol Buffers: the few shapes of fields that our formats have.

https://protobuf.dev/programming-guides/encoding/ is the whole of it. Two formats of ours need it, for messages that
never change; a library for it would be a dependency of everybody who installs reqtrace.
"""

_VARINT, _FIXED64, _LENGTH = 0, 1, 2
_64_BITS = 2**64 - 1

_14_BITS = 2**14 - 1
_CONTINUED = [bytes((value & 0x7F | 0x80, value >> 7 | 0x80)) for value in range(_14_BITS + 1)]
_LAST = [bytes((value,)) if value < 0x80 else bytes((value & 0x7F | 0x80, value >> 7)) for value in range(_14_BITS + 1)]
"""An integer of 14 bits, and whether more of it follows: two bytes at a time take a third of the time."""


def varint(value: int) -> bytes:
    """Return an integer in as few bytes as it takes; a negative one as its complement of 64 bits."""
    value &= _64_BITS
    written = b""
    while value > _14_BITS:
        written += _CONTINUED[value & _14_BITS]
        value >>= 14
    return written + _LAST[value]


class _Varints(dict[int, bytes]):
    def __missing__(self, value: int) -> bytes:
        return varint(value)


VARINTS = _Varints(enumerate(_LAST[:4_096]))
"""The varint of any integer: for sizes and counts, which are mostly small, quicker than a call."""


def integer_key(field: int) -> bytes:
    """Return how a field of type int32, int64, uint32, uint64, bool or of an enumeration begins; a varint follows."""
    return varint(field << 3 | _VARINT)


def sized_key(field: int) -> bytes:
    """Return how a field that holds text, bytes or a message begins; their size follows, and they themselves."""
    return varint(field << 3 | _LENGTH)


_INTEGERS, _SIZED = ([key(field) for field in range(0x80)] for key in (integer_key, sized_key))
_FIXEDS = [varint(field << 3 | _FIXED64) for field in range(0x80)]


def integer(field: int, value: int) -> bytes:
    """Return a field of type int32, int64, uint32, uint64, bool or of an enumeration."""
    return _INTEGERS[field] + varint(value)


def fixed64(field: int, value: int) -> bytes:
    """Return a field of type fixed64."""
    return _FIXEDS[field] + (value & _64_BITS).to_bytes(8, "little")


def message(field: int, value: bytes) -> bytes:
    """Return a field that holds bytes, or a message."""
    return _SIZED[field] + VARINTS[len(value)] + value


def text(field: int, value: str) -> bytes:
    """Return a field of type string."""
    return message(field, value.encode())

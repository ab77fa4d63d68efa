"""How records stand in a store: a request, of which there are many, as bare values, and all others as JSON objects.

The names of thirty fields are twice as long as what they name. Without them the same request takes a third of the
space, and writing it to a SQLite file half of the time.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from reqtrace.records import TYPES, Hop, Record, RecordKind, Request, User

_NOBODY = User()
_values = msgspec.structs.astuple
_encode = msgspec.json.Encoder().encode
_NO_JOB = b",null,null,null,[],false]"
"""How a request ends that nobody sent as a job and nobody made up, and that took in no messages: what may be missing
need not be written."""


class PackedRequest(Request, array_like=True, gc=False):
    """A request as an array of its values, in the order of `Request`; fields at the end may be missing."""

    user: User | None  # type: ignore[assignment]
    """None for a user of whom nothing is known."""
    hops: list[Hop] | None  # type: ignore[assignment]
    """None for the hop that most requests consist of: they start where their view runs."""

    def encoded(self) -> bytes:
        """Return the payload.

        Raises:
            UnicodeEncodeError: for text that is no Unicode.

        """
        payload = _encode(self)
        return payload[: -len(_NO_JOB)] + b"]" if payload.endswith(_NO_JOB) else payload

    def unpacked(self) -> Request:
        """Return the record."""
        if self.user is None:
            self.user = _NOBODY
        if self.hops is None:
            self.hops = [_start(self)]
        return Request(*_values(self))


_DECODERS: Mapping[RecordKind, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(PackedRequest if type_ is Request else type_) for kind, type_ in TYPES.items()
}


def pack(record: Record) -> bytes:
    """Return the payload of a record.

    Raises:
        UnicodeEncodeError: for text that is no Unicode.

    """
    if not isinstance(record, Request):
        return _encode(record)
    packed = PackedRequest(*_values(record))
    if record.user == _NOBODY:
        packed.user = None
    if record.hops == [_start(record)]:
        packed.hops = None
    return packed.encoded()


def unpack(kind: RecordKind, payload: bytes) -> Record:
    """Return the record that `pack` made the payload of.

    Raises:
        msgspec.MsgspecError, UnicodeDecodeError: when it is none of this kind.

    """
    record: Record = _DECODERS[kind].decode(payload)
    return record.unpacked() if isinstance(record, PackedRequest) else record


def without_readings(payload: bytes) -> bytes:
    """Return the payload of a request without its readings and messages: the same bytes, where it has none.

    Raises:
        msgspec.MsgspecError, UnicodeDecodeError: when it is the payload of no request.

    """
    packed: PackedRequest = _DECODERS["request"].decode(payload)
    if not packed.readings and not packed.messages:
        return payload
    packed.readings, packed.messages = [], []
    return packed.encoded()


def _start(record: Request) -> Hop:
    return Hop(0, "start", record.thread_id, record.thread_serial, record.task_serial, record.greenlet_serial)

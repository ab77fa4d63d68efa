"""What travels with a job: a header of ours in its message, by which the worker knows who sent it, and for whom."""

from time import time_ns
from typing import Any

import msgspec

from reqtrace import conf
from reqtrace.capture.carrying import current
from reqtrace.capture.jobs.sealing import opened, sealed
from reqtrace.capture.recorder import Recorder
from reqtrace.identity import UNRESOLVED, Identity
from reqtrace.shipping.ledger import trace_context
from reqtrace.watching.live import OpenRequest, Sent

HEADER = "reqtrace"
"""The name of the header, or of the key, in the message of whichever queue."""
_LONGEST = 4_096


class _Header(msgspec.Struct, omit_defaults=True):
    """The header's content, as JSON."""

    sent_ns: int
    parent: str | None = None
    trace_id: str | None = None
    user: str | None = None
    """A `_Person`, sealed."""


_Person = tuple[str, str | None, str | None]
"""State, primary key and name of a user."""


def header(recorder: Recorder) -> str:
    """Return the header for a job that is being sent here and now.

    The user stands there sealed: brokers, their consoles and their logs are read by others than traces are, and may
    not be told what traces do not tell either. The primary key itself it must be, to be known again in a holder.
    """
    sender = current()
    if sender is None:
        return _encoded(_Header(time_ns()))
    sent = sent_now_by(recorder, sender)
    return _encoded(_Header(time_ns(), sent.parent, sent.trace_id, _told(sent.user)))


def sent_now_by(recorder: Recorder, sender: OpenRequest) -> Sent:
    """Return what is to be known of a job that a request or another job sends now."""
    return Sent(recorder.ledger.id_of(sender), time_ns(), _trace_of(sender), _user_of(sender))


def sent_by(text: object) -> Sent | None:
    """Return what a header told; None where there is none of ours, whatever stands there."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        told = msgspec.json.decode(text.encode(), type=_Header)
        user = UNRESOLVED if told.user is None else _person(told.user)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return Sent(told.parent, told.sent_ns, told.trace_id, user)


def _told(user: Identity) -> str | None:
    if user.state == "unresolved":
        return None
    is_named = conf.get().user_label not in ("pk", "pseudonym")
    return sealed(msgspec.json.encode((user.state, user.id, user.name if is_named else None)).decode())


def _person(seal: str) -> Identity:
    """Return whom a seal names; nobody known where it was made with another ``SECRET_KEY``."""
    text = opened(seal)
    return UNRESOLVED if text is None else Identity(*msgspec.json.decode(text, type=_Person))


def _encoded(told: _Header) -> str:
    return msgspec.json.encode(told).decode()


def _user_of(sender: OpenRequest) -> Identity:
    if sender.request is None:  # it is over, and has been read
        return sender.user
    user = sender.whose()
    return sender.presumed if user.state == "unresolved" else user


def _trace_of(sender: OpenRequest) -> str | None:
    request: Any = sender.request
    meta = {} if request is None else request.META
    trace_id, _ = trace_context(sender.traceparent or meta.get("HTTP_TRACEPARENT"))
    return trace_id if trace_id is not None or sender.sent is None else sender.sent.trace_id

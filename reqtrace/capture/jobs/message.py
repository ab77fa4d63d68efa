"""What travels with a job: a header of ours in its message, by which the worker knows who sent it, and for whom."""

from time import time_ns
from typing import Any

import msgspec

from reqtrace import conf
from reqtrace.capture.carrying import current
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
    user: tuple[str, str | None, str | None] | None = None


def header(recorder: Recorder) -> str:
    """Return the header for a job that is being sent here and now.

    The user is told by primary key, and by name where ``USER_LABEL`` shows names: nothing that the message itself, made
    by this very code, could not say as well.
    """
    sender = current()
    if sender is None:
        return _encoded(_Header(time_ns()))
    sent = sent_now_by(recorder, sender)
    name = sent.user.name if conf.get().user_label == "username" else None
    told = None if sent.user.state == "unresolved" else (sent.user.state, sent.user.id, name)
    return _encoded(_Header(time_ns(), sent.parent, sent.trace_id, told))


def sent_now_by(recorder: Recorder, sender: OpenRequest) -> Sent:
    """Return what is to be known of a job that a request or another job sends now."""
    return Sent(recorder.ledger.id_of(sender), time_ns(), _trace_of(sender), _user_of(sender))


def sent_by(text: object) -> Sent | None:
    """Return what a header told; None where there is none of ours, whatever stands there."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        told = msgspec.json.decode(text.encode(), type=_Header)
        user = UNRESOLVED if told.user is None else Identity(*told.user)  # type: ignore[arg-type]
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return Sent(told.parent, told.sent_ns, told.trace_id, user if user.state in _STATES else UNRESOLVED)


_STATES = ("authenticated", "anonymous")


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

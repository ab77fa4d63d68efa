"""In step with OpenTelemetry: the span that is current while a request runs says what reqtrace knows of it."""

from functools import cache
from importlib import import_module
from os import getpid
from typing import Any

from reqtrace.capture import outgoing
from reqtrace.capture.recorder import Recorder
from reqtrace.records import Finding
from reqtrace.watching.live import OpenRequest


@cache
def _api() -> Any:
    """Return OpenTelemetry's interface, loaded when it is first wanted; None where it is not installed."""
    try:
        return import_module("opentelemetry.trace")
    except ImportError:  # said by a system check
        return None


def annotate(recorder: Recorder, opened: OpenRequest) -> None:
    """Tell the current span where the request's view ran, and what was found about it up to now.

    Called as the response leaves the middleware: OpenTelemetry's own middleware, and its wrappers of WSGI and ASGI
    applications, stand outside of ours, and their span is over before the response is closed. What is found later is
    in the trace alone.
    """
    trace = _api()
    if trace is None:
        return
    try:
        span = trace.get_current_span()
        if not span.is_recording():
            return
        for key, value in _attributes(recorder, opened).items():
            if value is not None:
                span.set_attribute(key, value)
        if opened.facts and outgoing.found_leak(recorder, opened):
            leak = next(finding for finding in opened.findings if finding.level == "leak")
            span.set_status(trace.StatusCode.ERROR, leak.message)
        for finding in opened.findings:
            span.add_event("reqtrace.finding", _event(finding))
    except Exception as error:
        recorder.faults.note("telling OpenTelemetry", error)


def _attributes(recorder: Recorder, opened: OpenRequest) -> dict[str, Any]:
    place, thread = opened.place, opened.place.thread
    return {
        "process.pid": getpid(),
        "thread.id": thread.ident,
        "thread.name": thread.name,
        "reqtrace.request.id": recorder.ledger.id_of(opened),
        "reqtrace.thread.serial": thread.serial,
        "reqtrace.thread.native_id": thread.native_id,
        "reqtrace.asyncio.task.id": place.task_id,
        "reqtrace.asyncio.task.serial": place.task_serial,
        "reqtrace.asyncio.task.name": place.task_name,
        "reqtrace.greenlet.id": place.greenlet_id,
        "reqtrace.greenlet.serial": place.greenlet_serial,
    }


def _event(finding: Finding) -> dict[str, str]:
    told = {
        "reqtrace.finding.id": finding.id,
        "reqtrace.finding.kind": finding.kind,
        "reqtrace.finding.level": finding.level,
        "reqtrace.finding.message": finding.message,
        "reqtrace.finding.fix": finding.fix,
        "reqtrace.finding.holder": finding.holder,
    }
    return {key: value for key, value in told.items() if value is not None}

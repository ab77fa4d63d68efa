"""What the toolbar's panel shows of a request: what was known with the page, brought up to date from the store."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from reqtrace import conf
from reqtrace.capture import lifecycle
from reqtrace.capture.carrying import current
from reqtrace.panel.strip import colours_of, strip_of
from reqtrace.reading import neighbours
from reqtrace.reading.neighbours import Neighbours
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Level, Named, Reading, Request, Sharing, Side, Thread, User, key_of
from reqtrace.stores import registry

NEAREST = 20
"""How many neighbours of each kind are listed."""

_SHARING: dict[Sharing, Any] = {
    "exclusive": _("This thread has handled no other request."),
    "sequential": _("This thread handles requests one after another."),
    "interleaved": _("This thread handles several requests at once."),
}
_LEVELS: dict[Level, Any] = {"leak": _("leak"), "hazard": _("hazard"), "notice": _("notice")}
_NAMED: dict[Named, Any] = {
    "request": _("this request"),
    "user": _("this user"),
    "other": _("somebody else"),
    "nobody": _("nobody"),
}


class Recorded(msgspec.Struct):
    """What is known while the page is being made; the toolbar stores it as JSON and gives it back in any process."""

    request: Request
    """As it stood then: still open."""
    thread: Thread
    """The thread of its view."""
    findings: list[Finding]
    server: str
    worker_class: str
    interface: str


class Shown(msgspec.Struct):
    """What was recorded then, brought up to date from the store."""

    request: Request
    thread: Thread
    findings: list[Finding]
    neighbours: Neighbours
    trouble: str
    """Why the store could not be read; empty when it could."""


class Row(NamedTuple):
    """A neighbour as the page shows it."""

    request: Request
    user: Any
    colour: str
    """The fill that the live page has for the user."""
    offset_ms: float
    """From the start of the panel's request to its start; negative for one that began earlier."""
    duration_ms: float


class Told(NamedTuple):
    """A finding as the page shows it."""

    finding: Finding
    level: Any
    at_ms: float
    expected: Any
    observed: Any


class Holder(NamedTuple):
    """What one holder named at each of the checkpoints, in their order."""

    path: str
    named: list[list[tuple[Any, bool]]]
    """In words, and whether that was wrong."""


def record() -> dict[str, Any] | None:
    """Return a `Recorded` of the request in flight here, as JSON takes it; None when it is not traced."""
    opened = current()
    if opened is None:
        return None
    recorder = lifecycle.recorder()
    ledger = recorder.ledger
    serving = ledger.serving
    assert serving is not None
    # A copy: by its end more may be known of whom it is for, and then it is judged for good.
    so_far = opened.so_far(query_string=recorder.settings.capture_query_string)
    ledger.judge(so_far)
    recorded = Recorded(
        ledger.request(so_far),
        ledger.thread(opened.place.thread),
        list(so_far.findings),
        serving.server,
        serving.worker_class,
        serving.interface,
    )
    made: dict[str, Any] = msgspec.to_builtins(recorded)
    return made


def read(recorded: Recorded) -> Shown:
    """Bring up to date what was recorded."""
    reader = Reader(registry.store())
    request = reader.request(recorded.request.id) or recorded.request
    thread_entry = reader.store.get("thread", key_of(recorded.thread))
    thread = reader.decode(thread_entry) if thread_entry else None
    found = {finding.id: finding for finding in reader.findings() if finding.request == request.id}
    if request.outcome == "open":
        found = {finding.id: finding for finding in recorded.findings} | found
    return Shown(
        request,
        thread if isinstance(thread, Thread) else recorded.thread,
        list(found.values()),
        neighbours.of(reader, request),
        "",
    )


def unread(recorded: Recorded, trouble: str) -> Shown:
    """Return what was recorded, for want of the store."""
    return Shown(recorded.request, recorded.thread, recorded.findings, Neighbours([], [], [], []), trouble)


def context(recorded: Recorded, shown: Shown) -> dict[str, Any]:
    """Return what the template takes."""
    request, around = shown.request, shown.neighbours
    checkpoints, holders = _holders(request.readings)
    return {
        "recorded": recorded,
        "request": request,
        "live": live_page(),
        "trace": _trace_page(request.trace_id),
        "thread": shown.thread,
        "user": name_of(request.user),
        "sharing": _SHARING[shown.thread.sharing],
        "hops": [(hop, hop.at_ns / 1e6) for hop in request.hops],
        "checkpoints": checkpoints,
        "holders": holders,
        "findings": [_told(finding) for finding in shown.findings],
        "strip": strip_of(request, [*around.before, *around.at_once, *around.after]),
        "meanwhile": len(around.at_once) + len(around.elsewhere),
        "neighbours": [
            (_("Before it on its thread"), *_rows(around.before, request)),
            (_("At once with it on its thread"), *_rows(around.at_once, request)),
            (_("After it on its thread"), *_rows(around.after, request)),
            (_("At once with it on other threads of its process"), *_rows(around.elsewhere, request)),
        ],
        "trouble": shown.trouble,
    }


def live_page() -> str:
    """Return the address of the live page; empty where none is known."""
    try:
        return conf.get().dashboard_url or reverse("reqtrace_dashboard:page")
    except NoReverseMatch:
        return ""


def _trace_page(trace_id: str | None) -> str:
    """Return where the trace viewer shows a trace; empty where there is no trace, or no viewer."""
    template = conf.get().trace_url
    return "" if template is None or trace_id is None else template.replace("{trace_id}", quote(trace_id, safe=""))


def name_of(user: User) -> Any:
    """Return what to call a user."""
    if user.state == "authenticated":
        return user.label or _("somebody")
    return _("nobody signed in") if user.state == "anonymous" else _("user never asked for")


def _told(finding: Finding) -> Told:
    return Told(finding, _LEVELS[finding.level], finding.at_ns / 1e6, _side(finding.expected), _side(finding.observed))


def _side(side: Side) -> Any:
    """Return whom a side of a finding names; empty where it is not known."""
    return name_of(side.user) if side.user.state != "unresolved" else ""


def _rows(requests: list[Request], of: Request) -> tuple[list[Row], int]:
    """Return the nearest as rows, and how many more there are."""
    nearest = [
        Row(
            other,
            name_of(other.user),
            colours_of(other.user)[0],
            (other.start_ns - of.start_ns) / 1e6,
            other.duration_ns / 1e6,
        )
        for other in requests[:NEAREST]
    ]
    return nearest, len(requests) - len(nearest)


def _holders(readings: Iterable[Reading]) -> tuple[list[str], list[Holder]]:
    """Return the checkpoints at which holders were read, and what each holder named there."""
    named: dict[str, dict[str, list[tuple[Any, bool]]]] = {}
    checkpoints: dict[str, None] = {}
    for reading in sorted(readings, key=lambda reading: reading.at_ns):
        checkpoints[reading.checkpoint] = None
        at = named.setdefault(reading.holder, {}).setdefault(reading.checkpoint, [])
        at.append((_NAMED[reading.names], reading.names == "other"))
    return list(checkpoints), [
        Holder(path, [by_checkpoint.get(checkpoint, []) for checkpoint in checkpoints])
        for path, by_checkpoint in named.items()
    ]

"""The panel in django-debug-toolbar: who ran this request, and which requests shared its thread."""

from functools import cached_property
from typing import Any

import msgspec
from debug_toolbar.panels import Panel
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reqtrace import lifecycle, neighbours, registry
from reqtrace.exceptions import StoreError
from reqtrace.neighbours import Neighbours
from reqtrace.reader import Reader
from reqtrace.recorder import current_request
from reqtrace.records import Finding, Request, Sharing, Thread, User, key_of

NEAREST = 20
"""How many neighbours of each kind are listed."""

_SHARING: dict[Sharing, Any] = {
    "exclusive": _("has handled no other request"),
    "sequential": _("handles requests one after another"),
    "interleaved": _("handles several requests at once"),
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


class Row(msgspec.Struct, frozen=True):
    """A neighbour as the page shows it."""

    request: Request
    user: Any
    offset_ms: float
    """From the start of the panel's request to its start; negative for one that began earlier."""
    duration_ms: float


class Shown(msgspec.Struct):
    """What was recorded then, brought up to date from the store."""

    request: Request
    thread: Thread
    findings: list[Finding]
    neighbours: Neighbours
    trouble: str
    """Why the store could not be read; empty when it could."""


class RequestTracePanel(Panel):  # type: ignore[misc]
    """Shows this request's place and person, and its neighbours on the thread.

    While the toolbar makes the page, the request is still open and its neighbours may be, too. So the page gets what
    the recorder knows by then; when somebody opens the panel, later and perhaps by another worker, the rest is read
    from the store.
    """

    is_async = True
    nav_title = _("Request trace")
    template = "reqtrace/panel.html"

    @property
    def title(self) -> Any:
        """Return the title, with the number of findings where there are any."""
        source = self._shown if self.from_store else self._recorded
        count = len(source.findings) if source is not None else 0
        if not count:
            return self.nav_title
        return ngettext("Request trace: %(count)d finding", "Request trace: %(count)d findings", count) % {
            "count": count
        }

    @property
    def nav_subtitle(self) -> Any:
        """Return whose request this is, and what its thread is like."""
        recorded = self._recorded
        if recorded is None:
            return _("not traced")
        return _("%(user)s on a thread that %(sharing)s") % {
            "user": _name(recorded.request.user),
            "sharing": _SHARING[recorded.thread.sharing],
        }

    @property
    def content(self) -> str:
        """Render the panel; a fault of ours becomes a sentence in its place."""
        try:
            return render_to_string(self.template, self._context())
        except Exception as error:
            _note(error)
            return format_html("<p>{}</p>", _("reqtrace met a fault while it made this panel; its log says more."))

    def generate_stats(self, request: Any, response: Any) -> None:
        """Record what is known now; nothing is asked of the request itself."""
        try:
            self.record_stats({"recorded": _record()})
        except Exception as error:
            _note(error)

    @cached_property
    def _recorded(self) -> Recorded | None:
        stored = self.get_stats().get("recorded")
        try:
            return None if stored is None else msgspec.convert(stored, Recorded)
        except msgspec.ValidationError as error:  # of another version of ours, in a toolbar's store that lasts
            _note(error)
            return None

    @cached_property
    def _shown(self) -> Shown | None:
        recorded = self._recorded
        if recorded is None:
            return None
        try:
            return _read(recorded)
        except Exception as error:
            if not isinstance(error, StoreError):
                _note(error)
            return Shown(recorded.request, recorded.thread, recorded.findings, Neighbours([], [], []), str(error))

    def _context(self) -> dict[str, Any]:
        shown, recorded = self._shown, self._recorded
        if shown is None or recorded is None:
            return {}
        request = shown.request
        return {
            "recorded": recorded,
            "request": request,
            "thread": shown.thread,
            "user": _name(request.user),
            "sharing": _SHARING[shown.thread.sharing],
            "hops": [(hop, hop.at_ns / 1e6) for hop in request.hops],
            "findings": shown.findings,
            "neighbours": [
                (_("Before it on its thread"), *_rows(shown.neighbours.before, request)),
                (_("At once with it on its thread"), *_rows(shown.neighbours.at_once, request)),
                (_("After it on its thread"), *_rows(shown.neighbours.after, request)),
            ],
            "trouble": shown.trouble,
        }


def _record() -> dict[str, Any] | None:
    """Return a `Recorded` of the request in flight here, as JSON takes it; None when it is not traced."""
    opened = current_request.get()
    if opened is None:
        return None
    ledger = lifecycle.recorder().ledger
    serving = ledger.serving
    assert serving is not None
    recorded = Recorded(
        ledger.request_so_far(opened),
        ledger.thread(opened.place.thread),
        list(opened.findings),
        serving.server,
        serving.worker_class,
        serving.interface,
    )
    made: dict[str, Any] = msgspec.to_builtins(recorded)
    return made


def _read(recorded: Recorded) -> Shown:
    reader = Reader(registry.store())
    request = reader.request(recorded.request.id) or recorded.request
    thread_entry = reader.store.get("thread", key_of(recorded.thread))
    thread = reader.decode(thread_entry) if thread_entry else None
    stored = {finding.id: finding for finding in reader.findings() if finding.request == request.id}
    return Shown(
        request,
        thread if isinstance(thread, Thread) else recorded.thread,
        list(({finding.id: finding for finding in recorded.findings} | stored).values()),
        neighbours.of(reader, request),
        "",
    )


def _rows(requests: list[Request], of: Request) -> tuple[list[Row], int]:
    """Return the nearest as rows, and how many more there are."""
    nearest = [
        Row(other, _name(other.user), (other.start_ns - of.start_ns) / 1e6, other.duration_ns / 1e6)
        for other in requests[:NEAREST]
    ]
    return nearest, len(requests) - len(nearest)


def _name(user: User) -> Any:
    if user.state == "authenticated":
        return user.label or _("somebody")
    return _("nobody signed in") if user.state == "anonymous" else _("user never asked for")


def _note(error: Exception) -> None:
    lifecycle.recorder().faults.note("the toolbar panel", error)

"""The panel in django-debug-toolbar: who ran this request, and which requests shared its thread."""

from functools import cached_property
from typing import Any

import msgspec
from debug_toolbar.panels import Panel
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reqtrace.capture import lifecycle
from reqtrace.exceptions import StoreError
from reqtrace.panel import content
from reqtrace.panel.content import Recorded, Shown
from reqtrace.records import Sharing

_SUBTITLES: dict[Sharing, Any] = {
    "exclusive": _("%(user)s on a thread that has handled no other request"),
    "sequential": _("%(user)s on a thread that handles requests one after another"),
    "interleaved": _("%(user)s on a thread that handles several requests at once"),
}
# A picture, since its colours are attributes: a style would need the permission of the page's security policy.
_BADGE = (
    '<svg aria-hidden="true" width="22" height="16" viewBox="0 0 22 16"><rect width="22" height="16" rx="8"'
    ' fill="#c62828"/><text x="11" y="12" fill="#fff" font-size="11" font-weight="700" text-anchor="middle">{}</text>'
    "</svg>"
)


class RequestTracePanel(Panel):  # type: ignore[misc]
    """Shows this request's place and person, and its neighbours on the thread.

    While the toolbar makes the page, the request is still open and its neighbours may be, too. So the page gets what
    the recorder knows by then; when somebody opens the panel, later and perhaps by another worker, the rest is read
    from the store.
    """

    __module__ = "reqtrace.panel"  # as settings name it: the toolbar compares that with DISABLE_PANELS
    is_async = True
    template = "reqtrace/panel.html"
    nav_icon = "reqtrace/panel.svg"

    @property
    def title(self) -> Any:
        """Return the title, with the number of findings where there are any."""
        count = self._count
        if not count:
            return _("Request trace")
        return ngettext("Request trace: %(count)d finding", "Request trace: %(count)d findings", count) % {
            "count": count
        }

    @property
    def nav_title(self) -> Any:
        """Return the title for the side bar: with the number of findings on red where there are any."""
        return format_html("{} {}", self.title_bar, self.title) if self._count else self.title

    @property
    def title_bar(self) -> Any:
        """Return that number on red, for the panel's own title."""
        return format_html(_BADGE, self._count) if self._count else ""

    @property
    def nav_subtitle(self) -> Any:
        """Return whose request this is, and what its thread is like."""
        recorded = self._recorded
        if recorded is None:
            return _("not traced")
        return _SUBTITLES[recorded.thread.sharing] % {"user": content.name_of(recorded.request.user)}

    @property
    def content(self) -> str:
        """Render the panel; a fault of ours becomes a sentence in its place."""
        try:
            recorded, shown = self._recorded, self._shown
            known = {} if recorded is None or shown is None else content.context(recorded, shown)
            return render_to_string(self.template, known)
        except Exception as error:
            _note(error)
            return format_html("<p>{}</p>", _("reqtrace met a fault while it made this panel; its log says more."))

    def generate_stats(self, request: Any, response: Any) -> None:
        """Record what is known now; nothing is asked of the request itself."""
        try:
            self.record_stats({"recorded": content.record()})
        except Exception as error:
            _note(error)

    @property
    def _count(self) -> int:
        """Return how many findings there are, as far as that is known when the page is made, or later by the store."""
        source = self._shown if self.from_store else self._recorded
        return len(source.findings) if source is not None else 0

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
            return content.read(recorded)
        except Exception as error:
            if not isinstance(error, StoreError):
                _note(error)
            return content.unread(recorded, str(error))


def _note(error: Exception) -> None:
    lifecycle.recorder().faults.note("the toolbar panel", error)

"""What stands in the panel's place under a debug toolbar too old for it: a line in the side bar, no page broken."""

from typing import Any

from debug_toolbar.panels import Panel
from django.utils.translation import gettext_lazy as _

from reqtrace.checks import TOOLBAR_SINCE


class RequestTracePanel(Panel):  # type: ignore[misc]
    """Says which toolbar it takes."""

    __module__ = "reqtrace.panel"
    is_async = True
    has_content = False
    title = _("Request trace")

    @property
    def nav_subtitle(self) -> Any:
        """Return what is missing."""
        return _("needs django-debug-toolbar %(version)d or newer") % {"version": TOOLBAR_SINCE}

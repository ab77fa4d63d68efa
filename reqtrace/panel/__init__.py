"""The panel in django-debug-toolbar. Open `toolbar.py` first; `content.py` is what it shows."""

from reqtrace.panel.toolbar import RequestTracePanel

__all__ = ["RequestTracePanel"]

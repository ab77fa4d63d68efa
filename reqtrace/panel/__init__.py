"""The panel in django-debug-toolbar. Open `toolbar.py` first; `content.py` is what it shows."""

from reqtrace.checks import fits_panel, toolbar_version

if fits_panel(toolbar_version() or ""):
    from reqtrace.panel.toolbar import RequestTracePanel
else:
    from reqtrace.panel.absent import RequestTracePanel

__all__ = ["RequestTracePanel"]

"""Who sees the debug toolbar in the demo."""

from debug_toolbar.middleware import show_toolbar
from django.conf import settings
from django.http import HttpRequest


def shown_to(request: HttpRequest) -> bool:
    """Show it to people only: for the traffic it would do nothing but slow the shop down."""
    return show_toolbar(request) and request.headers.get("User-Agent") != settings.TRAFFIC_AGENT

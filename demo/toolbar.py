"""Who sees the debug toolbar in the demo."""

from debug_toolbar.middleware import show_toolbar
from django.conf import settings
from django.http import HttpRequest


def shown_to(request: HttpRequest) -> bool:
    """Show it to people in the shop: it would slow the traffic down, and the live page takes no foreign scripts."""
    is_traffic = request.headers.get("User-Agent") == settings.TRAFFIC_AGENT
    return show_toolbar(request) and not is_traffic and not request.path.startswith("/reqtrace/")

"""Who sees the debug toolbar in the demo."""

from debug_toolbar.middleware import show_toolbar
from django.conf import settings
from django.http import HttpRequest


def shown_to(request: HttpRequest) -> bool:
    """Show it to people in the shop: traffic would be slowed down, and live page, tour and lab stand alone."""
    is_traffic = request.headers.get("User-Agent") == settings.TRAFFIC_AGENT
    return show_toolbar(request) and not is_traffic and not request.path.startswith(("/reqtrace/", "/tour/", "/lab/"))

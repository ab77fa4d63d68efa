"""The socket's URL, for a project that mounts the page: `URLRouter([*websocket_urlpatterns, ...])`."""

import re

from django.urls import NoReverseMatch, get_script_prefix, re_path, reverse
from django.utils.functional import lazy

from .consumers import live

DEFAULT_PATH = "reqtrace/"


def _pattern() -> str:
    """Return the pattern of ``live/`` below the page, wherever the project has mounted that."""
    try:
        page = reverse("reqtrace_dashboard:page")
    except NoReverseMatch:
        page = DEFAULT_PATH
    else:
        page = page.removeprefix(get_script_prefix())
    return f"^{re.escape(page)}live/$"


# Lazy, because this is imported before the project's URLs can be asked.
websocket_urlpatterns = [re_path(lazy(_pattern, str)(), live)]  # type: ignore[arg-type]

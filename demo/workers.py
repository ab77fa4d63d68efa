"""Who makes this page, for its last line."""

import os
import threading

from django.http import HttpRequest


def here(request: HttpRequest) -> dict[str, object]:
    """Add the process and the thread that render, to find the page again among the traces (a context processor)."""
    return {"pid": os.getpid(), "thread": threading.current_thread().name}

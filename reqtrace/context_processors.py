"""The checkpoint `template`: a context processor, which Django runs as a template begins to be rendered."""

from django.http import HttpRequest

from reqtrace.capture import lifecycle
from reqtrace.capture.carrying import current


def checkpoint(request: HttpRequest) -> dict[str, object]:
    """Examine identity where a template is rendered; add nothing to its context."""
    opened = current()
    if opened is not None:
        lifecycle.recorder().checkpoint(opened, "template")
    return {}

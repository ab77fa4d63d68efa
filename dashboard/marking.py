"""Marks on groups of findings, which everybody sees: the one thing that a visitor of the page can change."""

import time

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, RawPostDataException
from django.http.request import HttpHeaders
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_protect

from reqtrace.exceptions import QueryError
from reqtrace.reading.reader import Reader
from reqtrace.records import Mark
from reqtrace.stores import registry
from reqtrace.stores.base import Item

from . import responses, views
from .api import answers
from .protocol import Error, MarkRequest

GROUP_LENGTH = 100
"""More than the name of any group."""

_decoder = msgspec.json.Decoder(MarkRequest)


@views.guarded
@csrf_protect  # not every project has the middleware
@views.reading
def mark_list(request: HttpRequest) -> HttpResponse:
    """Answer with what people marked as known, and the token that a change must bear."""
    header = HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME)
    return responses.json(answers.marks(registry.store(), get_token(request), header or "X-CSRFToken"))


@views.guarded
@csrf_protect
@views.answering("POST", "DELETE")
def mark(request: HttpRequest, group: str) -> HttpResponse:
    """Mark a group as known, by ``POST``, with a ``note`` as JSON if you like; ``DELETE`` takes that back."""
    if len(group) > GROUP_LENGTH:
        raise QueryError("group", f"No group of findings has a name of {len(group):,} characters.")
    store = registry.store()
    if store.get("mark", group) is None and not Reader(store).has_group(group):
        error = Error(error=f"There is no group of findings {group!r}; it may have been trimmed.", parameter="group")
        return responses.json(error, status=404)
    user = getattr(request, "user", None)
    made = Mark(
        group=group,
        known=request.method == "POST",
        by=user.get_username() if user is not None and user.is_authenticated else "",
        at_ns=time.time_ns(),
        note=_note(request) if request.method == "POST" else "",
    )
    store.append([Item("mark", group, msgspec.json.encode(made))])
    return responses.json(made)


def _note(request: HttpRequest) -> str:
    try:
        return _decoder.decode(request.body or b"{}").note.strip()
    except (msgspec.MsgspecError, UnicodeDecodeError, RawPostDataException) as error:  # the last with a form's data
        raise QueryError("note", f"The note cannot be read; it takes JSON such as {{}}: {error}") from error

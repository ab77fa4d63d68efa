"""Views that use the libraries, and answer with whom each names: what the application sees itself is the truth."""

from collections.abc import Iterator
from typing import Any

from asgiref.sync import sync_to_async
from auditlog.models import LogEntry
from cms.utils.permissions import get_current_user
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_page
from django.views.decorators.csrf import csrf_exempt
from guardian.core import ObjectPermissionChecker
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from sitetree.sitetreeapp import get_sitetree
from structlog.contextvars import get_contextvars
from waffle import flag_is_active
from wagtail.log_actions import LogContext, get_active_log_context

from tests.servers.crowded.change_logging import current_request, quote_for
from tests.servers.crowded.models import Note


def told(request: Any, **names: str | None) -> JsonResponse:
    """Answer with who asks, and with whom the libraries have named, in the view that used them."""
    user = request.user
    bound = get_contextvars().get("user_id")
    named = {"structlog": None if bound is None else str(bound) == str(user.pk), "cms": _same(get_current_user(), user)}
    current = current_request.get()
    named["own"] = None if current is None else current is getattr(request, "_request", request)
    me = user.get_username()
    return JsonResponse({"me": me, "same": named | {key: name in (me, None) for key, name in names.items()}})


def _same(seen: Any, user: Any) -> bool | None:
    return None if seen is None else seen.pk == user.pk


def menu(request: HttpRequest) -> HttpResponse:
    """Render a menu by sitetree's tag, which keeps the context that it was called with."""
    text = render(request, "menu.html").content.decode()
    held = get_sitetree().current_request
    greeted = text.rpartition("<p>")[2].partition("<")[0]
    return told(
        request,
        menu=held.user.get_username(),
        text=greeted if request.user.is_authenticated else None,
    )


@csrf_exempt
def save(request: HttpRequest) -> HttpResponse:
    """Change something, and look whom the audits blame."""
    note = Note.objects.create(text=request.user.get_username())
    entry = LogEntry.objects.get_for_object(note).first()
    history = note.history.first()
    return told(
        request,
        auditlog=entry.actor.get_username() if entry is not None and entry.actor else None,
        history=history.history_user.get_username() if history is not None and history.history_user else None,
        saved_by=note.saved_by or None,  # type: ignore[attr-defined]
    )


def quote(request: HttpRequest) -> HttpResponse:
    """Ask the service, which is told each time for whom."""
    by_local, _, by_variable = quote_for(request).partition(" ")
    return told(request, by_local=by_local, by_variable=by_variable)


@cache_page(600)
def public(request: HttpRequest) -> HttpResponse:
    """Answer everybody alike, out of the cache."""
    return JsonResponse({"me": None, "same": {}})


def plain(request: HttpRequest) -> HttpResponse:
    """Use nothing."""
    return told(request)


def flags(request: HttpRequest) -> HttpResponse:
    """Ask for a flag, which waffle decides for the user."""
    return told(request, flag=str(flag_is_active(request, "shiny"))[:0] or None)


def rights(request: HttpRequest) -> HttpResponse:
    """Ask guardian for the user's rights, by a checker of this request."""
    if not request.user.is_authenticated:
        return told(request)
    checker = ObjectPermissionChecker(request.user)
    checker.has_perm("view_note", Note.objects.first() or Note.objects.create(text="first"))
    return told(request, checker=checker.user.get_username())


async def by_async(request: HttpRequest) -> HttpResponse:
    """Use the service, from a view that is a coroutine."""
    await request.auser()

    def use() -> HttpResponse:
        by_local, _, by_variable = quote_for(request).partition(" ")
        return told(request, by_local=by_local, by_variable=by_variable)

    return await sync_to_async(use)()


def stream(request: HttpRequest) -> HttpResponse:
    """Stream a few parts."""
    me = request.user.get_username()

    def parts() -> Iterator[str]:
        yield '{"me": "' + me + '", '
        yield '"same": {}}'

    return StreamingHttpResponse(parts())


def wagtail_log(request: HttpRequest) -> HttpResponse:
    """Be in the context as wagtail's admin does around its views."""
    with LogContext(user=request.user if request.user.is_authenticated else None):
        held = get_active_log_context().user
    return told(request, wagtail=None if held is None else held.get_username())


class Api(APIView):
    """An API that a token opens, or the session, and that is throttled."""

    def get(self, request: Request) -> Response:
        """Say who asks."""
        return Response({"me": request.user.get_username(), "same": {}})

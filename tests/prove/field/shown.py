"""What is shown to whom: menus, caches, tokens, loaders (F1, F8, F12, F14 to F16)."""

import asyncio
import threading
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_cookie
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response

_service = threading.local()
_pricing_for: ContextVar[str] = ContextVar("pricing_for")


def menu(request: HttpRequest) -> HttpResponse:
    """Render a menu by sitetree's tag, whose holder is set when it is used."""
    return render(request, "menu.html")


def priced(request: HttpRequest) -> HttpResponse:
    """Use a service that is told for whom it works each time it is called, and never forgets."""
    if getattr(_service, "request", None) is not request:
        _service.request = request
    _pricing_for.set(request.user.get_username())
    return HttpResponse(f"Prices for {_service.request.user.get_username()} and {_pricing_for.get()}")


def _greeting(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<h1>Your vouchers, {request.user.get_username() or 'stranger'}</h1>")


cached = cache_page(600)(_greeting)
cached_by_cookie = cache_page(600)(vary_on_cookie(_greeting))


@cache_page(600)
def public(request: HttpRequest) -> HttpResponse:
    """Show everybody the same, whoever they are."""
    return HttpResponse("<h1>Opening hours</h1>")


class ByToken(BaseAuthentication):
    """Knows people by a token, whoever the session says they are."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Take the token for a name."""
        user = get_user_model().objects.filter(username=request.query_params.get("token")).first()
        return (user, None) if user else None


class ByTokenOfOneself(ByToken):
    """Refuses a token that is not the session's."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Take the token where both name the same person."""
        found = super().authenticate(request)
        signed_in = request._request.user
        if found is None or (signed_in.is_authenticated and signed_in.pk != found[0].pk):
            return None
        return found


@api_view()
@authentication_classes([ByToken])
def by_token(request: Request) -> Response:
    """Say for whom it works."""
    return Response({"works for": request.user.get_username()})


@api_view()
@authentication_classes([ByTokenOfOneself])
def by_own_token(request: Request) -> Response:
    """Say so, where session and token agree."""
    return Response({"works for": request.user.get_username()})


def fragment(request: HttpRequest) -> HttpResponse:
    """Show a cached greeting, without the user in its key."""
    return render(request, "fragment.html")


def own_fragment(request: HttpRequest) -> HttpResponse:
    """Show a cached greeting, with the user in its key."""
    return render(request, "own_fragment.html")


class Loader:
    """Loads in batches and remembers by id alone, as loaders for GraphQL do."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._loaded: dict[int, str] = {}

    async def load(self, key: int, viewer: str) -> str:
        """Return the document with an id as its viewer may see it."""
        if key not in self._loaded:
            await asyncio.sleep(0)
            self._loaded[key] = f"document {key} with the notes of {viewer}"
        return self._loaded[key]


_loader = Loader()


async def loaded(request: HttpRequest) -> HttpResponse:
    """Load through one that is made once per process."""
    user = await request.auser()
    return HttpResponse(await _loader.load(1, user.get_username() or "nobody"))


async def loaded_anew(request: HttpRequest) -> HttpResponse:
    """Load through one of this request's own."""
    user = await request.auser()
    return HttpResponse(await Loader().load(1, user.get_username() or "nobody"))

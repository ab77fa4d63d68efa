"""Pages that go to somebody else, streams that have lost their request, and credentials that do not agree."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.cache import cache_page
from rest_framework.authentication import BaseAuthentication
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from demo.lab.field.base import NOBODYS, Kind, answer

Next = Callable[[HttpRequest], HttpResponse]
_streaming = threading.local()
_kept: dict[str, HttpResponse] = {}


def look_first(get_response: Next) -> Next:
    """Return a middleware that looks at who asks before any view does, and one that tells streams for whom they are."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/cached-page/", "/two-credentials/")):
            bool(request.user.is_authenticated)
        if not request.path.startswith("/gone-in-stream/broken/"):
            return get_response(request)
        _streaming.request = request
        try:
            return get_response(request)
        finally:
            _streaming.request = None

    return middleware


@cache_page(600)
def cached_page(request: Any, key: str) -> HttpResponse:
    """Greet, out of a cache that does not know whom."""
    return answer(request, request.user)


@cache_page(600)
def public_page(request: Any, key: str) -> HttpResponse:
    """Show everybody the same."""
    return HttpResponse(f"{NOBODYS} {NOBODYS}")


def kept_response(request: Any, key: str) -> HttpResponse:
    """Answer with the response that was made first."""
    if "menu" not in _kept:
        _kept["menu"] = answer(request, request.user)
    return _kept["menu"]


def own_response(request: Any, key: str) -> HttpResponse:
    """Make a response for each."""
    return answer(request, request.user)


def gone_in_stream(request: Any, key: str) -> StreamingHttpResponse:
    """Stream, and look for whom when the middleware is done."""
    me = request.user.get_username()

    def parts() -> Iterator[str]:
        yield f"{me} "
        held = _streaming.request
        yield held.user.get_username() if held is not None else "nobody"

    return StreamingHttpResponse(parts())


def given_to_stream(request: Any, key: str) -> StreamingHttpResponse:
    """Stream for whom it was asked."""
    me = request.user.get_username()
    return StreamingHttpResponse(iter([f"{me} ", me]))


class ByToken(BaseAuthentication):
    """Takes everybody at their word."""

    def authenticate(self, request: Any) -> Any:
        """Return whoever is named."""
        return User.objects.get(username=request.query_params["token"]), None


class Api(APIView):
    """An API that looks at tokens alone."""

    authentication_classes = (ByToken,)
    renderer_classes = (JSONRenderer,)

    def get(self, request: Any, key: str) -> Response:
        """Answer for whoever the token names."""
        return Response(request.user.get_username())


KINDS = (
    Kind(
        "cached-page",
        "a page in the cache that greets its visitor",
        cached_page,
        public_page,
        findings=frozenset({"response-crossed"}),
        shares_path=True,
    ),
    Kind(
        "kept-response",
        "a response that is made once",
        kept_response,
        own_response,
        findings=frozenset({"response-crossed"}),
    ),
    Kind(
        "gone-in-stream",
        "a thread-local that is empty while the body is made",
        gone_in_stream,
        given_to_stream,
        findings=frozenset({"lost"}),
    ),
)

"""A project with a layer around Django that sets a context variable for each request and never resets it."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from reqtrace.asgi import TraceASGI

current_user: ContextVar[Any] = ContextVar("current_user", default=None)


def user_of(scope: Any) -> Any:
    """Return whoever a request says that it is of."""
    from django.contrib.auth.models import AnonymousUser, User

    name = dict(scope["headers"]).get(b"x-person", b"").decode()
    return User(pk=len(name), username=name) if name else AnonymousUser()


class RemembersWho:
    """Sets the variable for whatever runs within, and leaves it at that."""

    def __init__(self, application: Any) -> None:
        """Wrap `application`."""
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Remember those who are somebody."""
        user = user_of(scope) if scope["type"] == "http" else None
        if user is not None and user.is_authenticated:
            current_user.set(user)
        await self.application(scope, receive, send)


class SignsIn:
    """Gives each request its user."""

    async_capable, sync_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> None:
        """Wrap the next layer."""
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sign in whoever the request says that it is of."""
        request.user = user_of(request.scope)  # type: ignore[attr-defined]
        return await self.get_response(request)


async def view(request: HttpRequest) -> HttpResponse:
    """Say whose request it is, and whom the variable names."""
    length, told = len(request.body), current_user.get()
    return HttpResponse(f"{length} {request.user.get_username()} {told and told.get_username()}")


urlpatterns = [path("", view)]
application = TraceASGI(RemembersWho(get_asgi_application()))

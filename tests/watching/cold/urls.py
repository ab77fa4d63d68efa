"""Loaded by the first request, with the places that its views write to."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.watching.cold import middleware

_user = None


class Registry:
    """One for all."""

    def enter(self, request: HttpRequest) -> None:
        """Keep whoever came first."""
        if getattr(self, "visitor", None) is None:
            self.visitor = request.user


registry = Registry()


def of_class(request: HttpRequest) -> HttpResponse:
    """Answer to whom the middleware remembers."""
    state = middleware.State.request
    return HttpResponse(state.user.get_username() if state else "")


def of_module(request: HttpRequest) -> HttpResponse:
    """Answer to whoever came first."""
    global _user
    if _user is None and request.user.is_authenticated:
        _user = request.user
    return HttpResponse(_user.get_username() if _user else "")


def of_object(request: HttpRequest) -> HttpResponse:
    """Answer to whoever came first, by way of an object."""
    registry.enter(request)
    return HttpResponse(registry.visitor.get_username())


urlpatterns = [path("class/", of_class), path("module/", of_module), path("object/", of_object)]

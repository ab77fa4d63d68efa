"""Objects that outlive a request and keep who asked: views, checkers, registries, classes (F2 to F4, F6, F7, F13)."""

import functools
from types import SimpleNamespace
from typing import Any, ClassVar

from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.views import View
from guardian.core import ObjectPermissionChecker


class Profile:
    """A view object, as the URLconf may hold one: for everybody the same."""

    request: HttpRequest

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Keep the request, and answer whoever is kept."""
        self.request = request
        title = "Profile of"
        return HttpResponse(f"{title} {self.request.user.get_username()}")


class OwnProfile(View):
    """A view of which each request gets an object of its own."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Keep the request in that."""
        title = "Profile of"
        return HttpResponse(f"{title} {self.request.user.get_username()}")


class Listeners:
    """Keeps requests in its own attributes, and is never asked for them."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.last: HttpRequest | None = None


_listeners = Listeners()


def retained(request: HttpRequest) -> HttpResponse:
    """Keep the request, and show the one that came in."""
    _listeners.last = request
    return HttpResponse(f"Welcome {request.user.get_username()}")


def released(request: HttpRequest) -> HttpResponse:
    """Keep nothing."""
    return HttpResponse(f"Welcome {request.user.get_username()}")


class Documents:
    """A service for all, which makes its checker when it first needs one."""

    checker: ObjectPermissionChecker | None = None

    def may_change(self, user: Any, group: Group) -> bool:
        """Tell whether somebody may change a group; it is whoever asked first that it tells of."""
        if self.checker is None:
            self.checker = ObjectPermissionChecker(user)
        return self.checker.has_perm("change_group", group)


_documents = Documents()


def checked(request: HttpRequest) -> HttpResponse:
    """Ask the service that outlives its requests."""
    allowed = request.user.is_authenticated and _documents.may_change(request.user, Group.objects.get(name="editors"))
    return HttpResponse("You may change it." if allowed else "You may read it.")


def checked_anew(request: HttpRequest) -> HttpResponse:
    """Ask a service of this request's own."""
    allowed = request.user.is_authenticated and Documents().may_change(request.user, Group.objects.get(name="editors"))
    return HttpResponse("You may change it." if allowed else "You may read it.")


registry = SimpleNamespace()


def late(request: HttpRequest) -> HttpResponse:
    """Give an object an attribute that only the first request makes, and read it a line later."""
    registry.request = request
    title = "Orders of"
    return HttpResponse(f"{title} {registry.request.user.get_username()}")


def handed_on(request: HttpRequest) -> HttpResponse:
    """Hand the request on."""
    title = "Orders of"
    return HttpResponse(f"{title} {request.user.get_username()}")


class Basket:
    """Remembers its owner for all."""

    owner: ClassVar[Any] = None


def few(request: HttpRequest) -> HttpResponse:
    """Let the class remember who is signed in, and greet whom it remembers."""
    if request.user.is_authenticated:
        Basket.owner = request.user
    return HttpResponse(f"Basket of {Basket.owner.get_username() if Basket.owner else 'a visitor'}")


def few_mended(request: HttpRequest) -> HttpResponse:
    """Greet who is signed in."""
    return HttpResponse(f"Basket of {request.user.get_username() or 'a visitor'}")


@functools.cache
def _rights_of(request: HttpRequest) -> str:
    return f"Rights of {request.user.get_username()}"


def cached_by_request(request: HttpRequest) -> HttpResponse:
    """Remember for each request, for ever."""
    return HttpResponse(_rights_of(request))


def computed(request: HttpRequest) -> HttpResponse:
    """Remember nothing."""
    return HttpResponse(_rights_of.__wrapped__(request))

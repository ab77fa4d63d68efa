"""A thread-local that is set for some visitors only.

A middleware keeps the user, and only where there is one: why keep an anonymous visitor? So nothing replaces what the
request before has left on the thread, and the next visitor, who never signed in, is taken for alice, in the view and
to the end.

The mended middleware sets it for everybody, and clears it.
"""

import threading
from typing import Any

from django.http import HttpRequest, HttpResponse

from demo.scenarios.base import Scenario, Way
from demo.scenarios.meeting import meet
from demo.scenarios.visit import Visit

held = threading.local()
cleared = threading.local()


class SetsForSome:
    """Keeps the current user, if there is one."""

    def __init__(self, get_response: Any) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the thread-local for people who have signed in."""
        if request.user.is_authenticated:
            held.user = request.user
        return self.get_response(request)


class SetsForAll:
    """Keeps the current user, whoever it is."""

    def __init__(self, get_response: Any) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the thread-local for everybody, and clear it whatever happens."""
        cleared.user = request.user if request.user.is_authenticated else None
        try:
            return self.get_response(request)
        finally:
            del cleared.user


def greeting_by(holder: Any) -> Any:
    """Return a view that greets the user in `holder`."""

    def greeting(request: HttpRequest) -> HttpResponse:
        meet(request.GET)
        user = getattr(holder, "user", None)
        return HttpResponse(
            "Hello, stranger." if user is None else f"Hello {user.get_username()}, your card ends in 1881."
        )

    return greeting


def traffic(visit: Visit) -> None:
    """Let alice be on all four threads of the server; then somebody comes who never signed in."""
    alice, stranger = visit.person("alice"), visit.visitor()
    visit.on_every_thread(alice)
    visit.opens(stranger)


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="gunicorn",
    kind="crossed",
    broken=Way(
        pages={"": greeting_by(held)}, middleware=(SetsForSome,), code=(SetsForSome,), tidy=lambda: vars(held).clear()
    ),
    mended=Way(pages={"": greeting_by(cleared)}, middleware=(SetsForAll,), code=(SetsForAll,)),
    traffic=traffic,
    code=(greeting_by,),
)

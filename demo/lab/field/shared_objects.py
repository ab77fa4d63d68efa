"""One object for everybody that keeps the request while it works, reached from the view in all ways people have."""

import functools
from collections.abc import Callable
from typing import Any

from django.dispatch import Signal
from django.http import HttpResponse
from django.template.base import Node, Parser, Token
from django.template.library import Library
from django.template.loader import get_template
from django.views import View

from demo.lab.field.base import Kind, answer, meet

register = Library()


class Desk:
    """Keeps whom it serves."""

    def serve(self, request: Any) -> HttpResponse:
        """Serve whoever asks, as it believes."""
        self.request = request
        meet(request)
        return answer(request, self.request)

    def receive(self, request: Any, **_: Any) -> HttpResponse:
        """Serve whoever a signal brings."""
        return self.serve(request)


class CarefulDesk(Desk):
    """Hands the request on, and keeps how many there were."""

    served = 0

    def serve(self, request: Any) -> HttpResponse:
        """Serve whoever asks."""
        self.served += 1
        meet(request)
        return answer(request, request)


class Served(View):
    """A view of a class, which is given its desk in the URLconf."""

    desk: Any = None

    def get(self, request: Any, key: str) -> HttpResponse:
        """Let the desk serve."""
        response: HttpResponse = self.desk.serve(request)
        return response


def closing_over(desk: Desk) -> Callable[..., HttpResponse]:
    """Return a view around a desk."""

    def view(request: Any, key: str) -> HttpResponse:
        return desk.serve(request)

    return view


def remembering(request: Any, key: str, state: dict[str, Any] = {}) -> HttpResponse:  # noqa: B006  the very mistake
    """Keep the request in a default, which is one for all calls."""
    state["request"] = request
    meet(request)
    return answer(request, state["request"])


def forgetting(request: Any, key: str, state: dict[str, Any] | None = None) -> HttpResponse:
    """Make a dict for each call."""
    state = {"request": request}
    meet(request)
    return answer(request, state["request"])


def given(desk: Desk, request: Any, key: str) -> HttpResponse:
    """Serve by a desk that a partial brings."""
    return desk.serve(request)


def sending(desk: Desk) -> Callable[..., HttpResponse]:
    """Return a view that sends a signal, which the desk receives."""
    asked = Signal()
    asked.connect(desk.receive, weak=False)
    _signals.append(asked)
    return functools.partial(_send, asked)


def _send(asked: Signal, request: Any, key: str) -> HttpResponse:
    ((_, response),) = asked.send(sender=None, request=request)
    return response


class Greeting(Node):
    """A tag of a template, which is parsed once and rendered for everybody."""

    def render(self, context: Any) -> str:
        """Greet whoever it believes to be there."""
        self.request = context["request"]
        meet(self.request)
        return answer(context["request"], self.request).content.decode()


class CarefulGreeting(Node):
    """The same, which keeps nothing."""

    def render(self, context: Any) -> str:
        """Greet whoever is there."""
        meet(context["request"])
        return answer(context["request"], context["request"]).content.decode()


@register.tag
def greet(parser: Parser, token: Token) -> Node:
    """Make the tag."""
    return Greeting()


@register.tag
def greet_carefully(parser: Parser, token: Token) -> Node:
    """Make the careful one."""
    return CarefulGreeting()


def rendering(name: str) -> Callable[..., HttpResponse]:
    """Return a view that renders a template."""

    def view(request: Any, key: str) -> HttpResponse:
        return HttpResponse(get_template(name).render({"request": request}))

    return view


class Serializer:
    """Is made once, and takes its context from whoever comes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._context: dict[str, Any] = {}


_signals: list[Signal] = []
serializer = Serializer()


def serializing(request: Any, key: str) -> HttpResponse:
    """Give the serializer the request."""
    serializer._context = {"request": request}
    meet(request)
    return answer(request, serializer._context["request"])


def serializing_anew(request: Any, key: str) -> HttpResponse:
    """Make a serializer for each."""
    own = Serializer()
    own._context = {"request": request}
    meet(request)
    return answer(request, own._context["request"])


def _kind(name: str, title: str, broken: Any, clean: Any, *, each: bool = True) -> Kind:
    return Kind(name, title, broken, clean, at_once=2, tells_each=each)


KINDS = (
    _kind("given-to-a-view", "an object given to `as_view`", Served.as_view(desk=Desk()),
          Served.as_view(desk=CarefulDesk())),
    _kind("in-a-closure", "an object in a view's closure", closing_over(Desk()), closing_over(CarefulDesk())),
    _kind("in-a-default", "a dict that is a parameter's default", remembering, forgetting),
    _kind("in-a-partial", "an object in a partial", functools.partial(given, Desk()),
          functools.partial(given, CarefulDesk())),
    _kind("in-a-receiver", "an object that receives a signal", sending(Desk()), sending(CarefulDesk())),
    _kind("in-a-node", "a node of a template", rendering("broken.html"), rendering("clean.html"), each=False),
    _kind("in-a-context", "a serializer made once, and its context", serializing, serializing_anew),
)  # fmt: skip

"""Where a walk comes to a request, over what it goes, and what it leaves alone."""

import functools
import gc
import sys
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.dispatch import Signal
from django.http import HttpRequest
from django.urls import path
from django.utils.functional import SimpleLazyObject, cached_property
from django.views import View

from reqtrace.watching.holders.base import EMPTY
from reqtrace.watching.holders.lookout import NEVER_NS
from reqtrace.watching.holders.reach import Sight, walk
from reqtrace.watching.holders.routes import Attribute, Item, RouteHolder

HERE = __name__


class Service:
    """An object that is made once."""

    def __init__(self, **values: object) -> None:
        """Keep these."""
        self.__dict__.update(values)

    def __call__(self, request: object) -> None:
        """Be a view."""

    def handle(self, **_: object) -> None:
        """Receive a signal."""


class Slotted:
    """An object without a dict."""

    __slots__ = ("__weakref__", "request")

    def __init__(self, request: object) -> None:
        """Keep it."""
        self.request = request


class Running:
    """An object whose code must not be run by looking at it."""

    def __init__(self, request: object) -> None:
        """Keep it."""
        self.request = request

    def __getattribute__(self, name: str) -> Any:
        """Refuse."""
        raise AssertionError("it was asked")

    @property
    def user(self) -> object:
        """Refuse."""
        raise AssertionError("a property was run")

    @cached_property
    def later(self) -> object:
        """Refuse."""
        raise AssertionError("a lazy attribute was run")


class Greeting(View):
    """A view of a class, of which there is one for each request; what `as_view` was given is there for all."""

    service: object = None


def closing_over(value: object) -> Callable[[], object]:
    def view() -> object:
        return value

    return view


def with_default(value: object) -> Callable[..., object]:
    def view(seen: object = value) -> object:
        return seen

    return view


@functools.lru_cache(maxsize=4)
def remembered(value: object) -> int:
    return 1


def receiving(service: Service) -> Signal:
    signal = Signal()
    signal.connect(service.handle, weak=False)
    return signal


def wrapped(value: object) -> Callable[[], object]:
    inner = closing_over(value)

    @functools.wraps(inner)
    def outer() -> object:
        return inner()

    return outer


def lazily(service: Service) -> object:
    lazy = SimpleLazyObject(lambda: service)
    assert lazy.__dict__ or lazy.request is not None  # as the application uses it
    str(lazy)
    return lazy


PLACES: dict[str, tuple[Callable[[Any], object], str, bool]] = {
    "an instance": (lambda request: Service(request=request), "shop.held.request", False),
    "an instance of an instance": (
        lambda request: Service(inner=Service(request=request)),
        "shop.held.inner.request",
        False,
    ),
    "a slot": (Slotted, "shop.held.request", False),
    "an instance that must not be asked": (Running, "shop.held.request", False),
    "a dict": (lambda request: {"request": request}, "shop.held[request]", False),
    "a tuple": (lambda request: (1, Service(request=request)), "shop.held[1].request", False),
    "a closure": (lambda request: closing_over(request), f"{HERE}.closing_over.<locals>.view.value", False),
    "a decorated function's closure": (
        lambda request: wrapped(request),
        f"{HERE}.closing_over.<locals>.view.value",
        False,
    ),
    "a default": (
        lambda request: with_default({"request": request}),
        f"{HERE}.with_default.<locals>.view(seen)[request]",
        False,
    ),
    "a partial": (
        lambda request: functools.partial(print, Service(request=request)),
        "shop.held.args[0].request",
        False,
    ),
    "a method": (lambda request: Service(request=request).handle, f"{HERE}.Service(instance).request", False),
    "a receiver": (
        lambda request: receiving(Service(request=request)),
        f"{HERE}.Service(instance).request",
        False,
    ),
    "a view object": (
        lambda request: (path("x/", Service(request=request)),),  # type: ignore[call-overload]
        f"{HERE}.Service(instance).request",
        False,
    ),
    "what a view of a class was given": (
        lambda request: Greeting.as_view(service=Service(request=request)),
        f"{HERE}.Greeting.as_view.initkwargs[service].request",
        False,
    ),
    "an object made late": (
        lambda request: lazily(Service(request=request)),
        "shop.held.request",
        False,
    ),
    "a namespace": (lambda request: SimpleNamespace(request=request), "shop.held.request", False),
    "a list": (lambda request: [request], "shop.held", True),
    "an object in a list": (lambda request: [Service(request=request)], f"{HERE}.Service(instance).request", True),
    "a deque": (lambda request: deque([request]), "shop.held", True),
    "a table": (lambda request: dict.fromkeys(map(str, range(99)), request), "shop.held", True),
    "a dict by number": (lambda request: {7: request}, "shop.held", True),
    "a cache": (lambda request: remembered(request) and remembered, f"{HERE}.remembered", True),
}


@pytest.fixture
def shop() -> Iterator[ModuleType]:
    module = ModuleType("shop")
    yield module
    remembered.cache_clear()


def sights(root: Any, name: str = "shop") -> list[Sight]:
    return [sight for sight in walk(name, root, NEVER_NS) if issubclass(type(sight.value), HttpRequest)]


@pytest.mark.parametrize("place", PLACES)
def test_a_walk_comes_to_a_request_by_a_route_that_leads_there_again(shop: ModuleType, place: str) -> None:
    make, expected, is_data = PLACES[place]
    request = HttpRequest()
    shop.held = make(request)  # type: ignore[attr-defined]
    if type(shop.held) is FunctionType:
        shop.__name__ = HERE  # its own, and no import
    found = sights(shop)
    assert [(sight.path, sight.is_data) for sight in found[:1]] == [(expected, is_data)]
    if not is_data:
        assert RouteHolder(expected, found[0].root, found[0].steps).read() is request


@pytest.mark.skipif(not (3, 11) <= sys.version_info < (3, 13), reason="other versions keep no values in the instance")
def test_an_instance_that_holds_nobody_is_not_given_a_dict(shop: ModuleType) -> None:
    class Plain:
        def __init__(self) -> None:
            self.name, self.number = "x", 1

    shop.held = Plain()  # type: ignore[attr-defined]
    assert sights(shop) == []
    assert not any(isinstance(value, dict) for value in gc.get_referents(shop.held))


def test_a_route_reads_without_giving_an_instance_a_dict(shop: ModuleType) -> None:
    request = HttpRequest()
    shop.held = held = Slotted(None)  # type: ignore[attr-defined]
    holder = RouteHolder("shop.held.request", shop, (Attribute("held"), Attribute("request")))
    assert holder.read() is None
    held.request = request
    assert holder.read() is request
    del shop.held
    assert holder.read() is EMPTY
    shop.held = Running(request)  # type: ignore[attr-defined]
    assert holder.read() is request
    for name in ("user", "later"):
        assert RouteHolder(name, shop, (Attribute("held"), Attribute(name))).read() is EMPTY
    shop.held = {"request": request}  # type: ignore[attr-defined]
    assert RouteHolder("shop.held[request]", shop, (Attribute("held"), Item("request"))).read() is request


def test_a_route_keeps_nothing_alive() -> None:
    service = Service(request=HttpRequest())
    holder = RouteHolder("service.request", service, (Attribute("request"),))
    assert not holder.is_gone
    del service
    assert holder.is_gone
    assert holder.read() is EMPTY


def test_a_walk_ends_in_time_and_goes_no_circles(shop: ModuleType) -> None:
    shop.held = Service(request=None)  # type: ignore[attr-defined]
    shop.held.itself = [shop.held]
    assert sights(shop) == []
    shop.held.request = HttpRequest()
    assert len(sights(shop)) == 1
    assert list(walk("shop", shop, 0)) == []


def test_a_route_knows_the_places_that_lead_to_its_end() -> None:
    checker = SimpleNamespace(user="alice")
    rights = Service(checker=checker)
    holder = RouteHolder("rights.checker.user", rights, [Attribute("checker"), Attribute("user")])
    assert holder.route() == [(checker, "user"), (rights, "checker")]
    rights.__dict__.clear()
    assert holder.route() == [(rights, "checker")], "what is not there leads nowhere"

"""What a view surely makes use of as it answers, and what it may pass by."""

import functools
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.views import View

from reqtrace.code.reliance import relies_on

Load = Callable[[str], ModuleType]


class Service:
    """Keeps whoever came first."""

    shared: Any = None

    def __init__(self) -> None:
        """Begin with nobody."""
        self.user: Any = None

    def of(self, user: Any) -> Any:
        """Return whoever is kept."""
        if self.user is None:
            self.user = user
        return self.user

    def is_free(self) -> bool:
        """Tell whether nobody is kept."""
        return self.user is None

    @property
    def name(self) -> str:
        """Return the name of whoever is kept."""
        return str(self.user.name)


service = Service()
local = threading.local()
current_user: Any = None
state: dict[str, Any] = {}


@functools.cache
def get_service() -> Service:
    """Return the one service."""
    return service


def answer(*values: Any) -> Any:
    """Answer."""
    return values


def redirect(to: str) -> Any:
    """Answer with another address."""
    return to


def module_(request: Any) -> Any:
    global current_user
    if current_user is None:
        current_user = request.user
    return answer(request, current_user)


def by_method(request: Any) -> Any:
    return answer(request, service.of(request.user))


def by_getter(request: Any) -> Any:
    return answer(get_service().of(request.user))


def by_member(request: Any) -> Any:
    name = service.user.name
    return answer(f"hello {name}")


def after_a_redirect(request: Any) -> Any:
    if not request.user:
        return redirect("login")
    if request.method == "POST":
        service.of(request.user).save()
    return answer(service.user)


def chosen(request: Any) -> Any:
    who = service.user if service.user is not None else request.user
    return answer(who)


class Page(View):
    """A view of a class."""

    def get(self, request: Any) -> Any:
        """Show."""
        return self.shown(request)

    def post(self, request: Any) -> Any:
        """Take."""
        return answer(request)

    def shown(self, request: Any) -> Any:
        """Show whoever is kept."""
        return answer(service.of(request.user))


def sometimes(request: Any) -> Any:
    if request.GET.get("audit"):
        service.of(request.user)
    return answer(request)


def asks_alone(request: Any) -> Any:
    if service.user is None:
        service.user = request.user
    return answer(request, request.user)


def compares(request: Any) -> Any:
    is_mine = service.user == request.user
    if is_mine and service.user is not request.user:
        return answer(service.user)
    return answer(request)


def in_a_loop(request: Any) -> Any:
    for _ in request.items:
        answer(service.user)
    return answer(request)


def never(request: Any) -> Any:
    return answer(request)


async def by_await(request: Any) -> Any:
    return await answer(service.of(request.user))


def shared(request: Any) -> Any:
    return answer(Service.shared.name)


def shared_by_instance(request: Any) -> Any:
    return answer(service.shared.name)


def of_thread(request: Any) -> Any:
    return answer(getattr(local, "user", None))


def of_dict(request: Any) -> Any:
    return answer(state["user"])


def wrapped(request: Any) -> Any:
    return login_required(by_method)(request)


SURE = [module_, by_method, by_getter, by_member, after_a_redirect, chosen, by_await, login_required(by_method)]
UNSURE = [sometimes, asks_alone, compares, in_a_loop, never]
HERE = sys.modules[__name__]


def uses_service(view: Any, method: str = "GET", status: int = 200) -> bool:
    return relies_on(view, method, status, service, "user")


@pytest.mark.parametrize("view", SURE[1:], ids=lambda view: view.__name__)
def test_what_a_view_uses_each_time_it_relies_on(view: Any) -> None:
    assert uses_service(view)


@pytest.mark.parametrize("view", UNSURE, ids=lambda view: view.__name__)
def test_what_some_way_through_a_view_passes_by_or_only_asks_for_it_does_not(view: Any) -> None:
    assert not uses_service(view)


@pytest.mark.parametrize(
    ("view", "container", "name"),
    [
        (module_, HERE, "current_user"),
        (shared, Service, "shared"),
        (shared_by_instance, Service, "shared"),
        (of_thread, local, "user"),
        (of_dict, state, "user"),
    ],
)
def test_places_of_all_kinds_are_told_from_their_neighbours(view: Any, container: object, name: str) -> None:
    assert relies_on(view, "GET", 200, container, name)
    assert not relies_on(view, "GET", 200, container, "other")
    assert not relies_on(view, "GET", 200, Service(), "user")


def test_of_a_class_the_methods_count_that_the_request_came_to() -> None:
    assert uses_service(Page.as_view())
    assert not uses_service(Page.as_view(), "POST")


def test_an_error_may_have_come_before_and_a_redirect_from_a_layer_around() -> None:
    assert not uses_service(by_method, status=404)
    assert not uses_service(login_required(by_method), status=302)
    assert uses_service(by_method, status=302)
    assert not uses_service(after_a_redirect, status=302)


def test_a_property_is_looked_into() -> None:
    assert relies_on(lambda request: answer(service.name), "GET", 200, service, "user")

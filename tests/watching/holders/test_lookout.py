"""Which of the places that a walk comes to are watched: those of whoever is there now, and none of somebody meant."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.lookout import Lookout


class Checker:
    """Knows one person's rights."""

    def __init__(self, user: object) -> None:
        """Know this person's."""
        self.user = user


class LoginEvent:
    """Says that somebody was there."""

    def __init__(self, user: object) -> None:
        """Say who."""
        self.user = user


@dataclass(frozen=True)
class Booking:
    """What somebody has done."""

    user: object


class Row(NamedTuple):
    """The same, as a tuple."""

    user: object


class Keeping:
    """A middleware or a service that wraps the request."""

    def __init__(self, request: object) -> None:
        """Wrap it."""
        self._request = request


def uses_a_key(services: dict[str, Any]) -> object:
    return services["rights"]


class Shop:
    """What a process knows, and what is found in it."""

    def __init__(self) -> None:
        """Know nothing."""
        self.module = ModuleType(__name__)
        self.module.__file__ = "/shop/module.py"
        self.people: dict[int, object] = {}
        self.found: list[Holder] = []
        self.lookout = Lookout(self.found.append, self._find, self._find)

    def _find(self, value: object) -> Any:
        return self.people.get(id(value))

    def makes(self, value: object) -> Any:
        """Know a request, or a user object that was made for one."""
        self.people[id(value)] = SimpleNamespace(number=len(self.people), ended_ns=1)
        return value

    def paths(self, **values: object) -> list[str]:
        """Return what is watched once these stand in the module."""
        vars(self.module).update(values)
        self.lookout.look("shop", self.module)
        return [holder.path for holder in self.found]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def lazily(user: User) -> SimpleLazyObject:
    lazy = SimpleLazyObject(lambda: user)
    str(lazy)
    return lazy


WATCHED: dict[str, tuple[Callable[[Any], object], str]] = {
    "of a checker": (Checker, "shop.held.user"),
    "of a lazy user": (lambda user: Checker(lazily(user)), "shop.held.user"),
    "of an object in an object": (lambda user: SimpleNamespace(checker=Checker(user)), "shop.held.checker.user"),
    "under a key that speaks of users": (lambda user: {"current_user": user}, "shop.held[current_user]"),
    "of an object under a key of the code": (lambda user: {"rights": Checker(user)}, "shop.held[rights].user"),
}
LEFT_ALONE: dict[str, Callable[[Any], object]] = {
    "by a name that speaks of nobody": lambda user: SimpleNamespace(value=user),
    "who was there last": lambda user: SimpleNamespace(last_user=user),
    "who has written something": lambda user: SimpleNamespace(article=SimpleNamespace(created_by_user=user)),
    "of an event": LoginEvent,
    "of a frozen record": Booking,
    "of a tuple": Row,
    "of one of many": lambda user: [Checker(user)],
    "under somebody's name": lambda user: {"alice": Checker(user)},
    "under somebody's number": lambda user: {1: Checker(user)},
    "by name": lambda user: {"alice": user},
}


@pytest.mark.parametrize("place", WATCHED)
def test_the_user_of_a_request_is_watched_in_a_place_for_whoever_is_there(shop: Shop, place: str) -> None:
    make, path = WATCHED[place]
    shop.module.uses_a_key = uses_a_key  # type: ignore[attr-defined]
    user = shop.makes(User(pk=1, username="alice"))
    shop.lookout._literals = frozenset(uses_a_key.__code__.co_consts) - {None}
    assert shop.paths(held=make(user)) == [path]
    assert shop.paths() == [path]  # said once


@pytest.mark.parametrize("place", LEFT_ALONE)
def test_somebody_who_may_be_meant_is_left_alone(shop: Shop, place: str) -> None:
    assert shop.paths(held=LEFT_ALONE[place](shop.makes(User(pk=1, username="alice")))) == []


@pytest.mark.parametrize("place", WATCHED)
def test_a_user_who_was_made_for_no_request_is_left_alone(shop: Shop, place: str) -> None:
    """Such as a technical user; but for a name that says that it is the current one."""
    assert shop.paths(held=WATCHED[place][0](User(pk=99, username="robot"))) == []
    assert shop.paths(current_user=User(pk=99, username="robot")) == ["shop.current_user"]


def test_an_entry_of_many_is_watched_once_it_has_held_two_people(shop: Shop) -> None:
    handler = Checker(shop.makes(User(pk=1)))
    assert shop.paths(handlers=[handler]) == []
    assert shop.paths() == []
    handler.user = shop.makes(User(pk=2))
    assert shop.paths() == [f"{__name__}.Checker(instance).user"]


def test_a_request_is_watched_in_every_place_with_a_name_and_noted_in_all_others(shop: Shop) -> None:
    held, listed, keyed = (shop.makes(HttpRequest()) for _ in range(3))
    assert shop.paths(held=SimpleNamespace(of_mine=held), seen=[listed], waiting={"alice": keyed}) == [
        "shop.held.of_mine"
    ]
    assert sorted(path for _, path, _ in shop.lookout.kept.values()) == ["shop.seen", "shop.waiting"]


def test_a_wrapper_stands_for_its_request(shop: Shop) -> None:
    class ShopRequest(Keeping):
        """Calls itself a request, as REST framework's does."""

    assert shop.paths(held=SimpleNamespace(wrapped=ShopRequest(shop.makes(HttpRequest())))) == ["shop.held.wrapped"]


def test_two_ways_to_one_place_are_one_place(shop: Shop) -> None:
    service = SimpleNamespace(request=shop.makes(HttpRequest()))
    assert len(shop.paths(one=service, other=service, third=SimpleNamespace(inner=service))) == 1


def test_two_objects_of_one_class_are_two_places(shop: Shop) -> None:
    views = tuple(Checker(shop.makes(HttpRequest())) for _ in range(2))
    for view in views:
        shop.lookout.look(f"{__name__}.Checker(instance)", view)
    assert [holder.path for holder in shop.found] == [f"{__name__}.Checker(instance).user"] * 2


def test_a_key_is_no_data_where_it_stands_in_the_code(shop: Shop) -> None:
    import sys

    shop.makes(user := User(pk=1))
    name = "shop_whose_code_is_read"
    shop.module.__name__ = name
    sys.modules[name] = shop.module
    try:
        function = type(uses_a_key)(uses_a_key.__code__, {"__name__": name})
        assert shop.paths(services={"rights": Checker(user)}, uses=function) == []
        for _ in shop.lookout.read_literals():
            pass
        assert shop.paths() == ["shop.services[rights].user"]
    finally:
        del sys.modules[name]

"""Whom a value names, however it is wrapped, and that nothing is evaluated to find out."""

import asyncio
import threading
from collections import namedtuple
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from reqtrace.watching.meaning import NOTHING, meaning_of

ALICE = User(pk=1, username="alice")


class Slotted:
    """What django-cms keeps: an object without a dict."""

    __slots__ = ("note", "user")


class SlottedBelow(Slotted):
    """A subclass, whose instances have no dict either."""

    __slots__ = ()

    @property
    def request(self) -> object:
        """Fail, as a property that queries may."""
        raise AssertionError("a property was run")


class Boxed:
    """A proxy that says that it is what it stands for."""

    def __init__(self) -> None:
        """Stand for alice."""
        self.user = ALICE

    @property
    def __class__(self) -> type[Any]:  # type: ignore[override]
        """Fail, as a proxy whose request is over does."""
        raise AssertionError("it was asked for its class")


def slotted(class_: type[Slotted]) -> Slotted:
    made = class_()
    made.user = ALICE
    return made


@pytest.mark.parametrize(
    "value",
    [
        ALICE,
        SimpleNamespace(user=ALICE),
        {"actor": ALICE, "remote_addr": None},
        [User(pk=9), {"user": ALICE}],
        namedtuple("Frame", "user manager")(ALICE, None),
        slotted(Slotted),
        slotted(SlottedBelow),
    ],
    ids=["a user", "an object", "a dict", "a stack", "a named tuple", "slots", "inherited slots"],
)
def test_a_user_is_found_in_what_keeps_one(value: object) -> None:
    assert meaning_of(value).identity.id == "1"


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "alice",
        Slotted(),
        SlottedBelow(),
        threading.local(),
        User,
        {ALICE},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_names_nobody_for_sure_is_nothing(value: object) -> None:
    assert meaning_of(value) == NOTHING


async def test_a_dict_that_a_class_hides_is_left_alone() -> None:
    assert meaning_of(asyncio.get_running_loop().create_future()) == NOTHING


@pytest.mark.parametrize("make", [Boxed, lambda: SimpleLazyObject(lambda: pytest.fail("it was evaluated"))])
def test_nothing_is_asked_what_it_stands_for(make: Callable[[], object]) -> None:
    assert meaning_of(make()) == NOTHING
    assert meaning_of(SimpleNamespace(_request=make(), user=make())) == NOTHING


def test_a_wrapper_stands_for_the_request_within() -> None:
    request = HttpRequest()
    assert meaning_of(SimpleNamespace(_request=request, user=ALICE)).request is request


def test_a_function_names_nobody_whatever_was_copied_onto_it() -> None:
    def view() -> None:
        return None

    view.request = HttpRequest()  # type: ignore[attr-defined]  # as `functools.wraps` does around a middleware
    assert meaning_of(view) == NOTHING

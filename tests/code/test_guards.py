"""Which functions put something into a place only where that is empty."""

from collections.abc import Callable
from typing import Any

import pytest

from reqtrace.code.guards import only_when_empty

user: Any = None


class Service:
    """Keeps somebody."""

    user: Any = None

    def if_none(self, given: Any) -> None:
        if self.user is None:
            self.user = given

    def if_not(self, given: Any) -> None:
        if not self.user:
            self.user = given

    def if_it_has_none(self, given: Any) -> None:
        if not hasattr(self, "user"):
            self.user = given

    def if_getting_gives_none(self, given: Any) -> None:
        if getattr(self, "user", None) is None:
            self.user = given

    def by_or(self, given: Any) -> None:
        self.user = self.user or given

    def after_returning_it(self, given: Any) -> Any:
        if self.user is not None:
            return self.user
        self.user = given
        return given

    def otherwise(self, given: Any) -> Any:
        if self.user:
            found = self.user
        else:
            found = self.user = given
        return found

    def and_clears_it(self, given: Any) -> None:
        if given is None:
            self.user = None
        if self.user is None:
            self.user = given

    def of_module(self, given: Any) -> None:
        global user
        if user is None:
            user = given

    # The twins.

    def always(self, given: Any) -> None:
        self.user = given

    def if_it_is_another(self, given: Any) -> None:
        if self.user is not given:
            self.user = given

    def after_a_look(self, given: Any) -> None:
        if self.user is None:
            print("the first")
        self.user = given

    def if_there_is_somebody(self, given: Any) -> None:
        if self.user is not None:
            self.user = given

    def if_something_else_is_empty(self, given: Any) -> None:
        if given.user_id is None:
            self.user = given

    def and_always(self, given: Any) -> None:
        if self.user is None:
            self.user = given
        self.user = given.user

    def only_clears(self) -> None:
        self.user = None


ONCE = (
    Service.if_none,
    Service.if_not,
    Service.if_it_has_none,
    Service.if_getting_gives_none,
    Service.by_or,
    Service.after_returning_it,
    Service.otherwise,
    Service.and_clears_it,
    Service.of_module,
)
ANEW = (
    Service.always,
    Service.if_it_is_another,
    Service.after_a_look,
    Service.if_there_is_somebody,
    Service.if_something_else_is_empty,
    Service.and_always,
    Service.only_clears,
)


@pytest.mark.parametrize("function", ONCE, ids=lambda function: function.__name__)
def test_what_is_stored_only_where_nothing_stands_stays(function: Callable[..., Any]) -> None:
    assert only_when_empty(function.__code__, "user")


@pytest.mark.parametrize("function", ANEW, ids=lambda function: function.__name__)
def test_what_is_stored_in_any_case_is_set_anew(function: Callable[..., Any]) -> None:
    assert not only_when_empty(function.__code__, "user")

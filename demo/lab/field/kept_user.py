"""A module attribute, a class attribute, and an object's, that keep the first user or request that came."""

from typing import Any

from django.http import HttpResponse

from demo.lab.field.base import Kind, answer

current_user: Any = None


class Account:
    """Keeps whom it is for on the class, and so for everybody."""

    current_user: Any = None


class Ledger:
    """An object made once; what it books it books for the request that it was given first."""

    def book(self, request: Any) -> Any:
        """Book."""
        if not hasattr(self, "request"):
            self.request = request
        return self.request


ledger = Ledger()


def module_broken(request: Any, key: str) -> HttpResponse:
    """Keep the first user."""
    global current_user
    if current_user is None:
        current_user = request.user
    return answer(request, current_user)


def class_broken(request: Any, key: str) -> HttpResponse:
    """Keep the first user on a class."""
    if Account.current_user is None:
        Account.current_user = request.user
    return answer(request, Account.current_user)


def object_broken(request: Any, key: str) -> HttpResponse:
    """Keep the first request on an object."""
    return answer(request, ledger.book(request))


def clean(request: Any, key: str) -> HttpResponse:
    """Keep nobody."""
    return answer(request, request.user)


KINDS = (
    Kind("kept-in-module", "a user in a module attribute", module_broken, clean),
    Kind("kept-in-class", "a user in a class attribute", class_broken, clean),
    Kind("kept-in-object", "a request in an object made once", object_broken, clean),
)

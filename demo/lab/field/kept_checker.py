"""A service at module level that keeps a permission checker, which was made for the first who came."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse

from demo.lab.field.base import Kind, answer


class Checker:
    """Knows one person's rights, as django-guardian's does."""

    def __init__(self, user: Any) -> None:
        """Know this person's."""
        self.user = user


class Rights:
    """The application's service."""

    def __init__(self) -> None:
        """Begin with nobody's."""
        self.checker: Checker | None = None

    def of(self, user: Any) -> Checker:
        """Return a checker; it takes long to make one."""
        if self.checker is None:
            self.checker = Checker(user)
        return self.checker


class CarefulRights:
    """Makes a checker for each, and keeps that of a technical user, who is nobody's visitor."""

    def __init__(self) -> None:
        """Keep the robot's."""
        self.of_robot = Checker(User(pk=99, username="robot"))
        self.last_checked: Any = None

    def of(self, user: Any) -> Checker:
        """Return a checker."""
        self.last_checked = user
        return Checker(user)


rights = Rights()
careful_rights = CarefulRights()


def broken(request: Any, key: str) -> HttpResponse:
    """Decide by the rights of whoever came first."""
    return answer(request, rights.of(request.user).user)


def clean(request: Any, key: str) -> HttpResponse:
    """Decide by one's own."""
    return answer(request, careful_rights.of(request.user).user)


KIND = Kind("kept-checker", "a permission checker that a service keeps", broken, clean)

"""Users and requests of the kinds that break tools which look at them carelessly."""

import uuid
from collections.abc import Callable
from typing import Any, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils.functional import SimpleLazyObject


class Member(AbstractBaseUser):
    """A user model with a primary key and a user name of its own."""

    member = models.UUIDField(primary_key=True)
    email = models.EmailField(unique=True)

    USERNAME_FIELD = "email"

    class Meta:
        app_label = "lab"
        managed = False


class Incomparable:
    """A user that can be neither compared, hashed nor tested."""

    is_authenticated = True

    def __init__(self, number: int, name: str) -> None:
        """Be that person."""
        self.pk = number
        self.username = name

    def __eq__(self, other: object) -> bool:
        """Refuse."""
        _refuse()

    def __hash__(self) -> int:
        """Refuse."""
        _refuse()

    def __bool__(self) -> bool:
        """Refuse."""
        _refuse()


class Slotted:
    """A user to which no weak reference can be made, and which has no dict."""

    __slots__ = ("pk", "username")
    is_authenticated = True

    def __init__(self, number: int, name: str) -> None:
        """Be that person."""
        self.pk = number
        self.username = name


class Proxy:
    """Pretends to be a user, and must not be looked behind."""

    def __getattr__(self, name: str) -> Any:
        """Refuse."""
        _refuse()

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        """Say what it pretends to be; `isinstance` believes it."""
        return Member


def _refuse() -> NoReturn:
    raise AssertionError("a tool looked where it must not")


ODD: dict[str, Callable[[int, str], Any]] = {
    "member": lambda number, name: Member(member=uuid.UUID(int=number), email=f"{name}@example.com"),
    "incomparable": Incomparable,
    "slotted": Slotted,
    "proxy": lambda number, name: Proxy(),
    "lazy": lambda number, name: SimpleLazyObject(_refuse),
}
"""What makes such a user, by the name that the header ``X-Odd`` bears."""


def disguise(request: Any) -> None:
    """Give a request another class, as libraries do, whose instances can be neither compared nor hashed."""
    class_ = type(request)
    request.__class__ = type(class_.__name__, (class_,), {"__eq__": Incomparable.__eq__, "__hash__": None})

"""What an object really is, whatever it pretends to be."""

from typing import Any, TypeGuard, TypeVar

Class = TypeVar("Class")


def is_really(value: object, class_: type[Class]) -> TypeGuard[Class]:
    """Tell whether `value` is an instance of `class_` by its own type alone.

    `isinstance` asks a value that is none for its ``__class__``, and a lazy object evaluates itself to answer: any
    module of an application may hold one, and a query behind it.
    """
    return issubclass(type(value), class_)


def pretends(class_: type[Any]) -> bool:
    """Tell whether the instances of a class say themselves of which class they are, as proxies and lazy objects do."""
    return any("__class__" in vars(base) for base in class_.__mro__[:-1])

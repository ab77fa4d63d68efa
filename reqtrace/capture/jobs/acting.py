"""Whose a job is: nobody's, unless it says so."""

from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, Self, TypeVar

from asgiref.sync import iscoroutinefunction

from reqtrace import identity
from reqtrace.capture import lifecycle
from reqtrace.capture.carrying import current
from reqtrace.capture.jobs.base import Job
from reqtrace.watching.live import OpenRequest

Function = TypeVar("Function", bound=Callable[..., Any])


class ByKey:
    """A user of whom the primary key alone is known."""

    is_authenticated = True

    def __init__(self, key: object) -> None:
        """Know the key."""
        self.pk = key


class acting_for:  # noqa: N801  read as a function, at its place of use
    """Say for whom the work within a block, or within a function, is done.

    >>> with reqtrace.acting_for(order.customer):
    ...     send_invoice(order)

    The job is theirs from then on, and whoever else stands in a holder while it runs is a leak. Within a request it
    says that the request rightly acts for them, too. Takes a user, or a primary key where none is at hand; as a
    decorator also a function of the decorated one's arguments that returns either::

        @reqtrace.acting_for(lambda order_id: customer_of(order_id))
        def send_invoice(order_id): ...
    """

    def __init__(self, user: Any) -> None:
        """Act for `user`."""
        self._user = user
        self._opened: OpenRequest | None = None
        self._before: object = None

    def __enter__(self) -> Self:
        """Begin to act."""
        user = ByKey(self._user) if isinstance(self._user, int | str) else self._user
        self._opened = current()
        if self._opened is not None:
            self._before = _begin(self._opened, user)
        return self

    def __exit__(
        self, class_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Act for whoever it was before."""
        if self._opened is not None:
            _end(self._opened, self._before)
            self._opened = self._before = None

    def __call__(self, function: Function) -> Function:
        """Act within each call of a function, sync or async."""
        if iscoroutinefunction(function):

            @wraps(function)
            async def acting_async(*args: Any, **kwargs: Any) -> Any:
                with self._for(args, kwargs):
                    return await function(*args, **kwargs)

            return acting_async  # type: ignore[return-value]

        @wraps(function)
        def acting(*args: Any, **kwargs: Any) -> Any:
            with self._for(args, kwargs):
                return function(*args, **kwargs)

        return acting  # type: ignore[return-value]

    def _for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "acting_for":
        return acting_for(self._user(*args, **kwargs) if callable(self._user) else self._user)


def _begin(opened: OpenRequest, user: object) -> object:
    """Note that the job is this person's; return whom it acted for until now."""
    try:
        opened.belongs_to(identity.of_user(user))
        if not isinstance(opened.request, Job):
            return None
        before = opened.request.__dict__.get("user")
        _stand(opened, opened.request, user)
        opened.request.__dict__["_cached_user"] = user
    except Exception as error:
        lifecycle.recorder().faults.note("acting for somebody", error)
        return None
    return before


def _end(opened: OpenRequest, before: object) -> None:
    job = opened.request
    if isinstance(job, Job):  # still running
        _stand(opened, job, before)


def _stand(opened: OpenRequest, job: Job, user: object) -> None:
    # Met already: unlike that of a request, a job's user object need not have been made for it, and is not known by it.
    opened.met, opened.met_as = user, identity.UNRESOLVED if user is None else identity.of_user(user)
    if user is None:
        job.__dict__.pop("user", None)
    else:
        job.__dict__["user"] = user

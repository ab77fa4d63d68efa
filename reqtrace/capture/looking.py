"""Whether a view looked at who asks, though others had before it: middleware, or what stands before the cache."""

from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils.functional import SimpleLazyObject, empty

from reqtrace import identity
from reqtrace.watching.live import OpenRequest

_AUTHENTICATION = "django.contrib.auth.middleware"


class Look:
    """Sees whether session or user are looked at from now on, until it is told to stop seeing.

    A session says whether it was accessed; until `stop`, it says so of what was done since. ``request.user`` of
    Django's own middleware forgets that it was evaluated: whoever uses it gets the very same object again, from where
    that middleware keeps it for the request, without a query. Every other `request.user` is left alone, and what looks
    at it is not seen.
    """

    def __init__(self, session: Any, user: Any, wrapped: object) -> None:
        """See looks at a session that was accessed before, and at a lazy user that was evaluated before, or None."""
        self._session = session
        self._user = user
        self._wrapped = wrapped
        self.again()

    def again(self) -> None:
        """Forget the looks so far."""
        if self._session is not None:
            self._session.accessed = False
        if self._user is not None:
            self._user[identity.SET_ASIDE] = self._wrapped
            self._user["_wrapped"] = empty

    @property
    def has_looked(self) -> bool:
        """Tell whether anybody has looked since."""
        return bool(
            (self._session is not None and self._session.accessed)
            or (self._user is not None and self._user["_wrapped"] is not empty)
        )

    def stop(self) -> bool:
        """Leave session and user as whoever looked before has left them; return whether anybody has looked since."""
        looked = self.has_looked
        if self._session is not None:
            self._session.accessed = True
        if self._user is not None:
            if self._user["_wrapped"] is empty:
                self._user["_wrapped"] = self._wrapped
            self._user.pop(identity.SET_ASIDE, None)
        self._session = self._user = None
        return looked


def begin_page(opened: OpenRequest) -> None:
    """See what makes a page for the cache look at, from where the cache begins within the view."""
    if opened.look is not None:
        opened.look.again()
    elif opened.is_in_view and _has_anybody_looked(opened.request.__dict__):
        opened.look = see(opened.request.__dict__)


def begin_rendering(opened: OpenRequest) -> None:
    """See whether the template of a page for the cache looks at the user, where its view did not."""
    if opened.has_looked is False:
        opened.look = see(opened.request.__dict__, with_session=False)


def end(opened: OpenRequest) -> None:
    """Stop seeing, and remember."""
    look, opened.look = opened.look, None
    if look is not None:
        opened.has_looked = look.stop()


def has_looked(opened: OpenRequest) -> bool:
    """Tell whether the view, or what it called, looked at who asks."""
    if opened.look is not None and (opened.look.has_looked or not opened.has_looked):
        return bool(opened.look.has_looked)
    if opened.has_looked is not None:
        return opened.has_looked
    return _has_anybody_looked(opened.request.__dict__)


def _has_anybody_looked(asked: dict[str, Any]) -> bool:
    session = asked.get("session")
    return bool(getattr(session, "accessed", False)) or "_cached_user" in asked or "_acached_user" in asked


def see(asked: dict[str, Any], *, with_session: bool = True) -> Look:
    """Begin to see who looks at session and user of a request, given its attributes, at which somebody has looked."""
    session = asked.get("session") if with_session else None
    if not (issubclass(type(session), SessionBase) and session.__dict__.get("accessed")):
        session = None
    user = asked.get("user")
    if type(user) is SimpleLazyObject:
        values = object.__getattribute__(user, "__dict__")
        wrapped, setup = values.get("_wrapped"), values.get("_setupfunc")
        # Only where evaluating it once more gives the same object, and asks nobody for it.
        if wrapped is asked.get("_cached_user") and getattr(setup, "__module__", None) == _AUTHENTICATION:
            return Look(session, values, wrapped)
    return Look(session, None, None)

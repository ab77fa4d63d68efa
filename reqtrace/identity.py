"""Whose request this is, without a query, without `Vary: Cookie`, without evaluating `request.user`."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Model
from django.utils.functional import LazyObject, SimpleLazyObject, empty
from django.utils.module_loading import import_string

from reqtrace import conf
from reqtrace.execution.calling import called
from reqtrace.execution.real_types import pretends
from reqtrace.records import UserState

attribute_of = object.__getattribute__
NOBODY_YET = SimpleLazyObject(lambda: None)
"""Stands for the user of a request that has none; like most users of requests, nobody has asked for it."""
_SESSION_KEY = "_SessionBase__session_key"
_SESSION_KEY_USUAL = 128
_AUTH_USER_ID = "_auth_user_id"  # django.contrib.auth.SESSION_KEY, which cannot be imported before apps are ready


class Identity(NamedTuple):
    """Whom something is for, in primitives only: never a model, never a lazy object."""

    state: UserState
    id: str | None = None
    """The primary key, as text."""
    name: str | None = None
    """What the person is called, as ``USER_LABEL`` says: the user name, most often."""


UNRESOLVED = Identity("unresolved")
ANONYMOUS = Identity("anonymous")


def of_request(request: Any) -> Identity:
    """Return whose request this is, as far as somebody has already asked."""
    user = user_of(request)
    identity = UNRESOLVED if user is None else of_user(user)
    return of_visitor(request) if identity.state == "unresolved" else identity


def user_of(request: Any) -> object:
    """Return the user object that ``request.user`` stands for; None while nobody has asked for it.

    It is looked at in the request's own dict: reading the attribute is harmless, but any use of the lazy object
    behind it would run the session query and the user query of the application, and mark the session as accessed,
    which adds ``Vary: Cookie`` to the response.
    """
    return unwrapped(request.__dict__.get("user"))


def unwrapped(user: Any) -> object:
    """Return the object that a lazy one stands for, None where it would have to be evaluated; any other as it is."""
    if type(user) is SimpleLazyObject or issubclass(type(user), LazyObject):
        lazy, user = user, attribute_of(user, "_wrapped")
        return _set_aside(lazy) if user is empty else user
    return user


SET_ASIDE = "_reqtrace_wrapped"
"""Where a lazy user keeps its object while it is seen whether anybody uses it; see `reqtrace.capture.looking`."""


def _set_aside(lazy: Any) -> object:
    return attribute_of(lazy, "__dict__").get(SET_ASIDE)


def of_visitor(request: Any) -> Identity:
    """Return who came with this request, whatever ``request.user`` is by now: who signed in, or whose session it is."""
    attributes = request.__dict__
    if "_cached_user" in attributes or "_acached_user" in attributes:
        identity = of_user(login_of(request))
        if identity.state != "unresolved":
            return identity
    return of_session(attributes.get("session"))


def login_of(request: Any) -> object:
    """Return the user who was signed in as the request came, as `request.user` and `auser()` remember once asked."""
    attributes = request.__dict__
    user = attributes.get("_cached_user")
    return attributes.get("_acached_user") if user is None else user


def users_of(request: Any) -> list[object]:
    """Return the user objects of a request, none of them evaluated: the lazy one, and what is behind it."""
    attributes = request.__dict__
    users = [attributes[name] for name in ("user", "_cached_user", "_acached_user") if name in attributes]
    lazy = [user for user in users if issubclass(type(user), LazyObject)]
    return [*users, *(unwrapped(user) for user in lazy)]


def of_user(user: Any) -> Identity:
    """Return the identity of a user object of any make; unresolved for one that would have to be evaluated."""
    try:
        return (_readers.get(type(user)) or _reader_of(type(user)))(user)
    except Exception:  # a strange user model: whatever it does when looked at, it is not known
        return UNRESOLVED


def session_key_of(request: Any) -> str | None:
    """Return the session's key without loading the session.

    Not through ``session.session_key``: the signed-cookies backend computes it from the data, and so loads them.
    """
    session = request.__dict__.get("session")
    # By its type: `isinstance` would evaluate a lazy one.
    key = session.__dict__.get(_SESSION_KEY) if issubclass(type(session), SessionBase) else None
    return as_known(key) if type(key) is str else None


def as_known(session_key: str) -> str:
    """Return what a session is known by: its key, but for one that is long, since anybody may send such."""
    if len(session_key) <= _SESSION_KEY_USUAL:
        return session_key
    return hashlib.sha256(session_key.encode(errors="surrogatepass")).hexdigest()


def key_and_owner(session: Any) -> tuple[str | None, Identity]:
    """Return a session's key, and whose it is, as `session_key_of` and `of_session` do, by one look."""
    class_ = type(session)
    if class_ not in _session_classes and not _is_session_class(class_):
        return None, UNRESOLVED
    within = session.__dict__
    key = within.get(_SESSION_KEY)
    if key is not None:
        if type(key) is not str:
            key = None
        elif len(key) > _SESSION_KEY_USUAL:
            key = as_known(key)
    return key, of_session(session) if "_session_cache" in within else UNRESOLVED


def of_session(session: object) -> Identity:
    """Return whose session this is, if its data are loaded already: loading them is a query."""
    if not issubclass(type(session), SessionBase):
        return UNRESOLVED
    loaded = session.__dict__.get("_session_cache")
    if type(loaded) is not dict or (id_ := loaded.get(_AUTH_USER_ID)) is None:
        return UNRESOLVED
    return Identity("authenticated", str(id_))


_READERS_MAX = 1_024
_session_classes: set[type[Any]] = set()


def _is_session_class(class_: type[Any]) -> bool:
    """Tell whether the instances of a class are sessions, and remember it; by the class, since a lazy one pretends."""
    found = issubclass(class_, SessionBase)
    if found and len(_session_classes) < _READERS_MAX:
        _session_classes.add(class_)
    return found


_readers: dict[type[Any], Callable[[Any], Identity]] = {}
"""How instances of a class are read: chosen once per class, and looked up several times per request."""


def reset(*, setting: str, **_: object) -> None:
    """Choose anew how users are read, when ``REQTRACE`` changes (a receiver of Django's ``setting_changed``)."""
    if setting == conf.DICT:
        _readers.clear()


def _reader_of(class_: type[Any]) -> Callable[[Any], Identity]:
    """Choose how instances of a class are read, and remember it."""
    reader = _choose_reader(class_)
    if len(_readers) < _READERS_MAX:
        _readers[class_] = reader
    return reader


def _choose_reader(class_: type[Any]) -> Callable[[Any], Identity]:
    if issubclass(class_, LazyObject):
        return _of_lazy
    if issubclass(class_, Model):
        return _model_reader(class_)
    if pretends(class_):
        return _of_proxy
    return _of_plain


def _of_lazy(user: Any) -> Identity:
    wrapped = unwrapped(user)
    if wrapped is None:
        return UNRESOLVED
    return (_readers.get(type(wrapped)) or _reader_of(type(wrapped)))(wrapped)


def _model_reader(class_: type[Model]) -> Callable[[Any], Identity]:
    label = conf.get().user_label
    key_field = class_._meta.pk.attname
    name_field = getattr(class_, *(("EMAIL_FIELD", "email") if label == "email" else ("USERNAME_FIELD", "username")))

    def of_model(user: Any) -> Identity:
        # From the instance's dict: a deferred field, read as an attribute, would be fetched by a query.
        values = user.__dict__
        key, name = values.get(key_field), values.get(name_field)
        return Identity("authenticated", None if key is None else str(key), name if type(name) is str else None)

    return of_model if "." not in label else _named_by(import_string(label), of_model)


def _named_by(name_of: Callable[[Any], object], read: Callable[[Any], Identity]) -> Callable[[Any], Identity]:
    """Let the project's own callable name people; what it cannot name, or not by a text, keeps the user name."""

    def of_named(user: Any) -> Identity:
        identity = read(user)
        try:
            name = called(name_of, user)
        except Exception:  # a callable of the project's own may fail in any way, and the person stays known
            return identity
        return identity._replace(name=name) if type(name) is str else identity

    return of_named


def _of_proxy(user: Any) -> Identity:
    return UNRESOLVED  # it pretends to be another class: looking closer would evaluate it


def _of_plain(user: Any) -> Identity:
    """Read AnonymousUser, and users without a table such as those of stateless tokens."""
    if not user.is_authenticated:
        return ANONYMOUS
    key = getattr(user, "pk", None) or getattr(user, "id", None)
    name = getattr(user, "username", None)
    return Identity("authenticated", None if key is None else str(key), name if type(name) is str else None)


def known_impersonation(request: Any) -> bool:
    """Tell whether somebody acts as somebody else here by a library made for it.

    Knows django-hijack, django-impersonate, django-loginas and django-su by the marks that they leave in the
    session's data, where those are already loaded, or on the request.
    """
    attributes = request.__dict__
    if attributes.get("impersonator") is not None or attributes.get("real_user") is not None:
        return True
    session = attributes.get("session")
    loaded = session.__dict__.get("_session_cache") if issubclass(type(session), SessionBase) else None
    return type(loaded) is dict and not _IMPERSONATION_MARKS.isdisjoint(loaded)


_IMPERSONATION_MARKS = frozenset(
    {"hijack_history", "_impersonate", "_impersonate_prev_path", "loginas_from_user", "exit_users_pk"}
)

"""From a path, as a person writes it, to a holder; what cannot be watched is refused by name, with the way out."""

import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import pytest
from asgiref.local import Local
from django.utils.functional import SimpleLazyObject

import tests.watching.holders
from reqtrace.exceptions import SettingsError
from reqtrace.identity import Identity
from reqtrace.watching.holders.base import EMPTY
from reqtrace.watching.holders.paths import look_up, resolve

thread_locals = threading.local()
asgi_local = Local()
variable: ContextVar[object] = ContextVar("variable")
by_thread: dict[object, object] = {}
context: dict[object, object] = {}


class Registry:
    """An object that is made once, and gets its attribute with the first request."""

    inner: object = None


registry, inherited = Registry(), type("Heir", (Registry,), {})


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    context.clear()
    registry.__dict__.clear()


def fail() -> object:
    raise AssertionError("it was evaluated")


lazy = SimpleLazyObject(fail)


class Auth:
    """What an application keeps in a class."""

    current: object = None

    @property
    def user(self) -> object:
        """Query, as properties do."""
        raise AssertionError("a property was run")

    @staticmethod
    def get_user() -> object:
        """Return somebody."""
        return "somebody"

    @classmethod
    def get_class(cls) -> object:
        """Return the class."""
        return cls

    @staticmethod
    def get_class_of(request: object) -> object:
        """Return the class of a request."""
        return type(request)


async def aget_user() -> object:
    """Return somebody, later."""
    return "somebody"


HERE = "tests.watching.holders.test_paths"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("thread_locals.request", "threading.local"),
        ("asgi_local.request", "asgiref.Local"),
        ("variable", "ContextVar"),
        ("by_thread", "dict by thread"),
        ("Auth.current", "attribute"),
        ("Auth.get_user", "callable"),
        ("lazy", "attribute"),
    ],
)
def test_each_kind_of_place_is_told_by_what_stands_there_and_nothing_is_evaluated(path: str, kind: str) -> None:
    holder = resolve(f"{HERE}.{path}")
    assert (holder.path, holder.kind) == (f"{HERE}.{path}", kind)


def test_a_class_method_is_called_with_its_class() -> None:
    assert resolve(f"{HERE}.Auth.get_class").read() is Auth
    assert resolve(f"{HERE}.Auth.get_user").read() == "somebody"
    assert resolve(f"{HERE}.Auth.current").read() is None
    assert resolve(f"{HERE}.variable").read() is EMPTY


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("shoop.middleware.local", "there is no module 'shoop'"),
        (f"{HERE}.thread_local.request", "Did you mean tests.watching.holders.test_paths.thread_locals?"),
        (f"{HERE}.Auht.current", "Did you mean tests.watching.holders.test_paths.Auth?"),
        (f"{HERE}.registry.name.request", "has no 'name'"),
        (f"{HERE}.by_thread.request", "has no 'request'"),
        (f"{HERE}.registry[request]", "is a Registry, and has no keys; name an attribute"),
        (f"{HERE}.variable.user[id]", "is a ContextVar; name it without 'user[id]'"),
        (
            f"{HERE}.context[user_id]:usernam",
            "':usernam' says nothing; ':pk' and ':username' do. Did you mean ':username'?",
        ),
        (f"{HERE}.context[", "is no dotted path"),
        (f"{HERE}.thread_locals", "name one attribute of it behind it"),
        (f"{HERE}.variable.user", "is a ContextVar; name it without 'user'"),
        (f"{HERE}.Auth.user", "is a property: reading it runs code, which might query"),
        (HERE, "is a module; name something in it"),
        (f"{HERE}.Auth.get_class_of", "cannot be called without arguments: missing a required argument: 'request'"),
        (f"{HERE}.aget_user", "is a coroutine function"),
        ("", "is no dotted path"),
        ("tests..request", "is no dotted path"),
        ("tests.watching.holders.broken.Current.request", "cannot be imported: RuntimeError: no licence."),
        ("tests.watching.holders.lacking.Current.request", "cannot be imported: No module named 'absent'"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_the_way_out(
    path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('no licence')")
    (tmp_path / "lacking.py").write_text("import absent")
    monkeypatch.setattr(tests.watching.holders, "__path__", [*tests.watching.holders.__path__, str(tmp_path)])
    with pytest.raises(SettingsError) as refused:
        resolve(path)
    assert message in str(refused.value)
    assert path in str(refused.value)


def test_what_is_not_there_yet_is_watched_from_when_it_is_and_the_nearest_name_is_said() -> None:
    holder, notice = look_up(f"{HERE}.registry.innerr")
    assert notice is not None
    assert "registry has no 'innerr' yet; it is watched from when it is there." in notice
    assert holder.read() is EMPTY
    registry.innerr = "somebody"  # type: ignore[attr-defined]
    assert holder.read() == "somebody"
    assert look_up(f"{HERE}.registry.innerr").notice is None
    assert "Did you mean tests.watching.holders.test_paths.Auth.current?" in str(look_up(f"{HERE}.Auth.curent").notice)


def test_an_attribute_of_a_base_class_is_read_where_it_stands() -> None:
    assert resolve(f"{HERE}.inherited.inner").read() is EMPTY
    inherited.inner = "somebody"
    assert resolve(f"{HERE}.inherited.inner").read() == "somebody"
    del inherited.inner


def test_what_stands_under_a_key_comes_and_goes() -> None:
    holder = resolve(f"{HERE}.context[shop][0].current")
    assert holder.read() is EMPTY
    context["shop"] = [Auth]
    assert holder.read() is None
    context.clear()
    assert holder.read() is EMPTY
    token = variable.set({"user_id": 7})
    assert resolve(f"{HERE}.variable[user_id]:pk").read() == Identity("authenticated", "7")
    variable.reset(token)
    thread_locals.context = {"user_id": 8}
    assert resolve(f"{HERE}.thread_locals.context[user_id]:pk").read() == Identity("authenticated", "8")
    del thread_locals.context


def test_what_stands_in_a_place_can_be_said() -> None:
    holder = resolve(f"{HERE}.context[user_id]:pk")
    context["user_id"] = 7
    assert holder.read() == Identity("authenticated", "7")
    context["user_id"] = lazy  # which would have to be evaluated
    assert holder.read() is EMPTY
    named = resolve(f"{HERE}.Auth.current:username")
    assert (named.says_names, holder.says_names) == (True, False)

"""Which functions write to which places: read from modules that are really loaded."""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from reqtrace.code.grades import Grade
from reqtrace.code.knowledge import Knowledge

Load = Callable[..., ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return a function that writes a module of an application and imports it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def load(source: str, name: str = "shop_code") -> ModuleType:
        (tmp_path / f"{name}.py").write_text(dedent(source))
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield load
    for name in set(sys.modules) - before:
        if name.startswith("shop_"):
            del sys.modules[name]


def read(*middleware: object) -> Knowledge:
    """Return what is known once everything has been read."""
    knowledge = Knowledge(tuple, lambda: middleware)
    while not knowledge.read(10**9):
        pass
    return knowledge


def lines(knowledge: Knowledge, module: ModuleType, container: object, name: str = "") -> list[str]:
    """Return the lines that write somebody to a place."""
    text = Path(str(module.__file__)).read_text().splitlines()
    writes = knowledge.writes_to(container, name)
    return [text[written.frame.line - 1].strip() for written in writes if written.may_be_somebody]


WRITES = {
    "a name of the module": "global current\n    current = request",
    "an attribute of a class": "State.current = request",
    "an attribute of a class, from a choice": "State.current = request.user if request.user else None",
    "an attribute by setattr": "setattr(State, 'current', request)",
    "a thread-local": "local.current = request",
    "a thread-local through its dict": "local.__dict__['current'] = request",
    "a thread-local through vars": "vars(local)['current'] = request.user",
    "what lies in a thread-local": "local.current['user'] = request.user",
    "a context variable": "variable.set(request.user)",
    "what lies in a context variable": "variable.get()['user'] = request.user",
    "a dict": "table[get_ident()] = request",
    "a dict by setdefault": "table.setdefault(1, request)",
    "a list": "stack.append(request.user)",
    "an object": "registry.current = request",
    "an object by its method": "registry.enter(request)",
    "a name by way of a local one": "state = local\n    state.current = request",
}
PLACES = {
    "name": lambda module: (module, "current"),
    "class": lambda module: (module.State, "current"),
    "thread-local": lambda module: (module.local, "current"),
    "variable": lambda module: (module.variable, ""),
    "dict": lambda module: (module.table, ""),
    "list": lambda module: (module.stack, ""),
    "object": lambda module: (module.registry, "current"),
}
EXPECTED = {
    "a name of the module": "name",
    "an attribute of a class": "class",
    "an attribute of a class, from a choice": "class",
    "an attribute by setattr": "class",
    "a context variable": "variable",
    "what lies in a context variable": "variable",
    "a dict": "dict",
    "a dict by setdefault": "dict",
    "a list": "list",
    "an object": "object",
    "an object by its method": "object",
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_function_that_puts_somebody_somewhere_is_known_with_its_line(kind: str, load: Load) -> None:
    module = load(f"""
        import contextvars, threading
        from threading import get_ident

        local = threading.local()
        variable = contextvars.ContextVar("variable")
        table, stack, current = {{}}, [], None

        class State:
            current = None

        class Registry:
            def enter(self, who):
                self.current = who

        registry = Registry()

        def enter(request):
            {WRITES[kind].replace("    ", " " * 12)}
    """)
    knowledge = read()
    container, name = PLACES[EXPECTED.get(kind, "thread-local")](module)
    last = WRITES[kind].splitlines()[-1].strip()
    assert (last if "enter" not in last else "self.current = who") in lines(knowledge, module, container, name)
    places = [(place.container, place.name) for place in knowledge.places if place.container is container]
    assert (container, name) in places


@pytest.mark.parametrize(
    "statement",
    ["current = None", "current = request.path", "current = f'{request.user}'", "current = Client()", "current = 3"],
)
def test_what_names_nobody_makes_no_place(statement: str, load: Load) -> None:
    module = load(f"""
        current = None

        class Client:
            pass

        def enter(request):
            global current
            {statement}
    """)
    knowledge = read()
    assert not [place for place in knowledge.places if place.container is module]


def test_what_cannot_be_told_is_a_place_after_those_that_can(load: Load) -> None:
    module = load("""
        def set_current(value):
            global current
            current = value

        def set_user(request):
            global user
            user = request.user
    """)
    grades = {place.name: place.grade for place in read().places if place.container is module}
    assert grades == {"current": None, "user": Grade.IDENTITY}


def test_methods_under_decorators_properties_and_inner_functions_are_read_too(load: Load) -> None:
    module = load("""
        import functools

        class State:
            pass

        def plain(function):
            def inner(request):
                State.by_inner = request
                return function(request)
            return inner

        def wrapping(function):
            @functools.wraps(function)
            def inner(request):
                return function(request)
            return inner

        @plain
        @wrapping
        def view(request):
            State.by_view = request
            def later():
                State.by_closure = request
            return later

        class Service:
            @classmethod
            def enter(cls, request):
                cls.by_class = request

            @property
            def user(self):
                return None

            @user.setter
            def user(self, request):
                type(self).by_property = request.user

            @staticmethod
            def leave(request):
                State.by_static = request
    """)
    knowledge = read()
    names = {place.name for place in knowledge.places if place.container in (module.State, module.Service)}
    assert names == {"by_inner", "by_view", "by_closure", "by_class", "by_property", "by_static"}


def test_a_name_that_is_imported_is_the_place_in_its_home_and_known_by_that_path(load: Load) -> None:
    home = load("import threading\nlocals_ = threading.local()", "shop_home")
    guest = load("from shop_home import locals_\ndef enter(request):\n    locals_.user = request.user", "shop_guest")
    knowledge = read()
    (place,) = [place for place in knowledge.places if place.container is home.locals_]
    assert knowledge.path_of(place) == "shop_home.locals_.user"
    assert lines(knowledge, guest, home.locals_, "user") == ["locals_.user = request.user"]


def test_a_place_says_whether_a_middleware_fills_it_or_whoever_uses_it(load: Load) -> None:
    module = load("""
        import threading

        early, late, hidden = threading.local(), threading.local(), threading.local()

        class Current:
            def __init__(self, request):
                self.request = request

            def __enter__(self):
                early.request = self.request

            def __exit__(self, *error):
                early.request = None

        class Middleware:
            def __init__(self, get_response):
                self.get_response = get_response

            def __call__(self, request):
                with Current(request):
                    backend().activate(request)
                    return self.get_response(request)

        def view(request):
            late.request = request

        class Backend:
            def activate(self, request):
                hidden.request = request
    """)
    knowledge = read(module.Middleware)
    assert knowledge.set_when(module.early, "request") == "on the way in"
    assert knowledge.set_when(module.late, "request") == "when used"
    assert knowledge.set_when(module.hidden, "request") == "unknown"  # some `activate` is called, who knows whose
    assert knowledge.set_when(threading.local(), "request") == "unknown"


def test_what_is_given_somebody_only_where_nobody_stands_is_not_put_right_by_being_used(load: Load) -> None:
    module = load("""
        class Rights:
            def of(self, user):
                if self.user is None:
                    self.user = user
                return self.user

        class Careful(Rights):
            def of(self, user):
                self.user = user
                return self.user

        rights, careful = Rights(), Careful()
    """)
    knowledge = read()
    assert knowledge.set_when(module.rights, "user") == "unknown"
    assert knowledge.set_when(module.careful, "user") == "when used"


def test_a_getter_stands_for_the_places_it_takes_from(load: Load) -> None:
    module = load("""
        import threading

        _locals = threading.local()

        def enter(request):
            _locals.request = request

        def get_request():
            return getattr(_locals, "request", None)

        def get_user():
            return get_request().user
    """)
    assert lines(read(), module, module.get_user) == ["_locals.request = request"]


def test_what_is_loaded_later_is_read_as_it_comes(load: Load) -> None:
    knowledge = read()
    module = load("def enter(request):\n    global current\n    current = request")
    assert not knowledge.writes_to(module, "current")
    while not knowledge.read(10**9):
        pass
    assert lines(knowledge, module, module, "current") == ["current = request"]


def test_a_slice_ends_soon_and_what_it_cost_is_told(load: Load) -> None:
    load("\n".join(f"def f{number}(request):\n    global current\n    current = request" for number in range(3_000)))
    knowledge = Knowledge()
    slices = 1
    while not knowledge.read(200_000):
        slices += 1
    facts = knowledge.facts()
    assert slices > 3
    assert facts["code.functions"] >= 3_000
    assert 0 < facts["code.kib"] < 16 * 1024
    assert facts["code.read_ms"] > 0


def test_reading_runs_nothing_of_the_application(load: Load) -> None:
    module = load("""
        ran = []

        class Careful:
            def __getattr__(self, name):
                ran.append(name)
                raise AttributeError(name)

            @property
            def current(self):
                ran.append("current")

            def __hash__(self):
                ran.append("hash")
                return 1

            def __eq__(self, other):
                ran.append("eq")
                return False

        class Lazy:
            @property
            def __class__(self):
                ran.append("class")
                return int

        careful, lazy = Careful(), Lazy()

        def enter(request):
            careful.current.user = request.user
            lazy.user = request.user
            careful.other = request
    """)
    knowledge = read()
    knowledge.writes_to(module.careful, "other")
    assert module.ran == []

"""The doctor: every hazard it must name, every good pattern it must leave alone, and the command around it."""

import ast
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from reqtrace.code.source.module import Module
from reqtrace.code.source.sources import Sources
from reqtrace.doctor.base import Diagnosis, Project, TextFile
from reqtrace.doctor.examine import EXAMINATIONS, examine
from reqtrace.doctor.project import files_of, library, origin_of

TRACE = "reqtrace.middleware.TraceMiddleware"
CODES = {code: known for examination in EXAMINATIONS for code, known in examination.codes.items()}
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"


def parse(files: Mapping[str, str]) -> list[Module]:
    """Parse sources given by their path."""
    return [
        Module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."), Path(path), dedent(text).encode())
        for path, text in files.items()
    ]


def diagnose(files: Mapping[str, str], **facts: object) -> list[Diagnosis]:
    """Return what the doctor says about a project that is otherwise in order."""
    known = {"middleware": (TRACE,), **facts}
    project = Project(sources=Sources(parse(files), library), settings_file=Path("settings.py"), **known)
    found = [diagnosis for group in examine(project) for diagnosis in group.diagnoses]
    assert all(one.level in CODES[one.code].level.split(" or ") for one in found), (
        "the reference lists what there may be"
    )
    return found


def codes(source: str, **facts: object) -> list[tuple[str, str, str]]:
    """Return code, level and text of the line of each thing found in one module."""
    lines = dedent(source).splitlines()
    return [
        (one.code, one.level, lines[one.line - 1].partition("#")[0].strip())
        for one in diagnose({"shop/middleware.py": source}, **facts)
    ]


def middleware(body: str, head: str = "_locals = threading.local()") -> str:
    """Return a module with a middleware class whose `__call__` has this body."""
    lines = dedent(body).strip().splitlines()
    return "\n".join(
        (
            "import contextvars, threading",
            "from asgiref.local import Local",
            *dedent(head).strip().splitlines(),
            "class Current:",
            "    def __init__(self, get_response):",
            "        self.get_response = get_response",
            "    def __call__(self, request):",
            *(f"        {line}" for line in lines),
        )
    )


@pytest.mark.parametrize(
    "head",
    [
        "_locals = threading.local()",
        "from threading import local as L\n_locals = L()",
        "import threading as t\n_locals: object = t.local()",
        "class Store(threading.local):\n    pass\n_locals = Store()",
        "try:\n    from _thread import _local\nexcept ImportError:\n    pass\n_locals = _local()",
        "_locals = Local()",
    ],
)
def test_a_local_that_is_never_cleared_is_a_hazard_however_it_was_imported(head: str) -> None:
    source = middleware("_locals.user = request.user\nreturn self.get_response(request)", head)
    assert codes(source) == [("never-cleared", "hazard", "_locals.user = request.user")]


def test_the_fix_speaks_of_the_holder_and_its_kind() -> None:
    (local,) = diagnose({"shop/a.py": middleware("_locals.user = request.user\nreturn self.get_response(request)")})
    assert "shop.a._locals.user (threading.local)" in local.message
    assert "delete _locals.user in its `finally`" in local.fix
    head = "_user = contextvars.ContextVar('user')"
    (var,) = diagnose({"shop/a.py": middleware("_user.set(request.user)\nreturn self.get_response(request)", head)})
    assert "_user.reset(token)" in var.fix


CLEARING = {
    "del": "del _locals.user",
    "delattr": "delattr(_locals, 'user')",
    "None": "_locals.user = None",
    "the value before": "_locals.user = before",
    "dict": "_locals.__dict__.clear()",
    "vars": "vars(_locals).clear()",
    "pop": "_locals.__dict__.pop('user', None)",
    "if there": "if hasattr(_locals, 'user'):\n        del _locals.user",
    "suppressed": "with suppress(AttributeError):\n        del _locals.user",
    "all": "for name in list(vars(_locals)):\n        delattr(_locals, name)",
}


@pytest.mark.parametrize("clearing", CLEARING.values(), ids=CLEARING)
def test_a_local_cleared_in_finally_is_fine_and_one_cleared_outside_it_is_a_notice(clearing: str) -> None:
    begin = "before = getattr(_locals, 'user', None)\n_locals.user = request.user\n"
    safe = f"{begin}try:\n    return self.get_response(request)\nfinally:\n    {clearing}"
    assert codes(middleware(safe)) == []
    straight = clearing.replace("\n    ", "\n")
    unsafe = f"{begin}response = self.get_response(request)\n{straight}\nreturn response"
    assert codes(middleware(unsafe)) == [("cleared-outside-finally", "notice", "_locals.user = request.user")]


def test_clearing_at_the_start_or_another_attribute_does_not_count() -> None:
    before = "_locals.user = None\n_locals.user = request.user\nreturn self.get_response(request)"
    assert codes(middleware(before)) == [("never-cleared", "hazard", "_locals.user = request.user")]
    other = "_locals.user = request.user\ntry:\n    return self.get_response(request)\nfinally:\n    del _locals.path"
    assert codes(middleware(other)) == [("never-cleared", "hazard", "_locals.user = request.user")]


@pytest.mark.parametrize(
    "body",
    [
        "if request.user.is_authenticated:\n    _locals.user = request.user\nreturn self.get_response(request)",
        """
        if not request.user.is_authenticated:
            return self.get_response(request)
        _locals.user = request.user
        return self.get_response(request)
        """,
    ],
)
def test_set_only_for_people_who_signed_in_and_never_cleared_has_a_stronger_text(body: str) -> None:
    (found,) = diagnose({"shop/middleware.py": middleware(body)})
    assert (found.code, found.level) == ("set-conditionally-never-cleared", "hazard")
    assert "request.user.is_authenticated" in found.message
    assert "anonymous" in found.message


def test_set_on_both_branches_is_not_conditional() -> None:
    body = """
        if request.user.is_authenticated:
            _locals.user = request.user
        else:
            _locals.user = None
        return self.get_response(request)
    """
    assert [one[0] for one in codes(middleware(body))] == ["never-cleared"]


def test_a_context_variable_reset_by_token_is_fine_and_one_only_set_is_a_hazard() -> None:
    head = "_user = contextvars.ContextVar('user', default=None)"
    good = (
        "token = _user.set(request.user)\ntry:\n    return self.get_response(request)\nfinally:\n    _user.reset(token)"
    )
    assert codes(middleware(good, head), asgi=True, versions={"uvicorn": "0.54.0"}) == []
    bad = "_user.set(request.user)\nreturn self.get_response(request)"
    assert codes(middleware(bad, head)) == [("never-cleared", "hazard", "_user.set(request.user)")]
    found = codes(middleware(bad, head), asgi=True, versions={"uvicorn": "0.54.0"})
    assert {one[:2] for one in found} == {("never-cleared", "hazard"), ("context-kept-by-uvicorn", "notice")}


def test_holders_setters_and_context_managers_are_followed_through_other_modules() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/state.py": """
            import threading
            from contextlib import contextmanager
            _locals = threading.local()
            def set_user(user):
                _locals.user = user
            def clear():
                del _locals.user
            @contextmanager
            def acting(user):
                set_user(user)
                try:
                    yield
                finally:
                    clear()
            @contextmanager
            def careless(user):
                set_user(user)
                yield
                clear()
            class Acting:
                def __init__(self, request):
                    self.request = request
                def __enter__(self):
                    set_user(self.request.user)
                def __exit__(self, *args):
                    clear()
        """,
        "shop/api.py": "from .state import acting, careless, clear, set_user, Acting",
    }

    def says(body: str) -> list[str]:
        source = middleware(
            body, "from shop.api import *\nfrom shop.api import acting, careless, clear, set_user, Acting"
        )
        return [one.code for one in diagnose({**files, "shop/middleware.py": source})]

    assert says("set_user(request.user)\nreturn self.get_response(request)") == ["never-cleared"]
    assert says("set_user(request.user)\ntry:\n    return self.get_response(request)\nfinally:\n    clear()") == []
    assert says("with acting(request.user):\n    return self.get_response(request)") == []
    assert says("with Acting(request):\n    return self.get_response(request)") == []
    assert says("with careless(request.user):\n    return self.get_response(request)") == ["cleared-outside-finally"]
    assert says("set_user(None)\nreturn self.get_response(request)") == []


def test_hooks_of_the_mixin_are_read_in_their_order() -> None:
    source = """
        import threading
        from django.utils.deprecation import MiddlewareMixin
        class Current(MiddlewareMixin):
            _locals = threading.local()
            def process_request(self, request):
                self._locals.request = request
            def process_response(self, request, response):
                del self._locals.request
                return response
    """
    assert codes(source) == [("cleared-outside-finally", "notice", "self._locals.request = request")]


def test_a_middleware_function_is_read_for_both_its_inner_functions() -> None:
    source = """
        import threading
        from django.utils.decorators import sync_and_async_middleware
        _locals = threading.local()
        @sync_and_async_middleware
        def current(get_response):
            if iscoroutinefunction(get_response):
                async def inner(request):
                    _locals.request = request  # async
                    try:
                        return await get_response(request)
                    finally:
                        del _locals.request
            else:
                def inner(request):
                    _locals.request = request  # sync
                    return get_response(request)
            return inner
    """
    assert [one[:2] for one in codes(source)] == [("thread-local-in-async", "hazard"), ("never-cleared", "hazard")]


def test_a_time_or_a_number_of_our_own_in_a_local_is_not_identity() -> None:
    body = "_locals.began = time.monotonic()\n_locals.depth = 0\nreturn self.get_response(request)"
    assert codes(middleware(body)) == []


def test_a_dict_keyed_by_thread_is_a_holder_also_through_methods_and_local_names() -> None:
    source = """
        import threading
        from django.utils.deprecation import MiddlewareMixin
        class Current(MiddlewareMixin):
            __users = {}
            def process_request(self, request):
                self.__class__.set_user(request.user)
            @classmethod
            def set_user(cls, user):
                key = threading.get_ident()
                cls.__users[key] = user
    """
    assert codes(source) == [("never-cleared", "hazard", "self.__class__.set_user(request.user)")]


def test_a_view_that_fills_a_holder_which_nothing_clears_is_a_hazard() -> None:
    source = """
        import threading
        _locals = threading.local()
        def view(request):
            _locals.user = request.user
    """
    assert codes(source) == [("never-cleared", "hazard", "_locals.user = request.user")]
    assert codes(source + "\n        def done():\n            del _locals.user\n") == []


def test_a_mutable_default_is_a_hazard_when_it_is_changed_in_place_and_else_a_notice() -> None:
    for default in ("[]", "{}", "set()", "defaultdict(list)"):
        source = f"from contextvars import ContextVar\nstack = ContextVar('stack', default={default})\n"
        assert [one[:2] for one in codes(source)] == [("mutable-default", "notice")]
        source += "def note(user):\n    found = stack.get()\n    found.append(user)\n"
        assert [one[:2] for one in codes(source)] == [("mutable-default", "hazard")]
    assert codes("from contextvars import ContextVar\nstack = ContextVar('stack', default=())") == []


def test_a_token_reset_in_another_hook_is_a_hazard_under_asgi() -> None:
    source = """
        from contextvars import ContextVar
        from django.utils.deprecation import MiddlewareMixin
        _user = ContextVar("user")
        class Current(MiddlewareMixin):
            def process_request(self, request):
                request.token = _user.set(request.user)
            def process_response(self, request, response):
                _user.reset(request.token)
                return response
    """
    assert ("token-of-another-context", "hazard", "_user.reset(request.token)") in codes(source, asgi=True)
    assert ("token-of-another-context", "notice", "_user.reset(request.token)") in codes(source)


@pytest.mark.parametrize("cache", ["functools.cache", "functools.lru_cache", "functools.lru_cache(maxsize=9)"])
def test_a_function_that_is_cached_by_the_request_keeps_it_for_ever(cache: str) -> None:
    head = "import functools\n"
    assert codes(f"{head}@{cache}\ndef flags(request):\n    return request.user.pk\n") == [
        ("cached-by-request", "hazard", f"@{cache}")
    ]
    assert codes(f"{head}@{cache}\ndef flags(user_id):\n    return user_id\n") == []


@pytest.mark.parametrize(
    ("base", "method"),
    [("template.Node", "render(self, request)"), ("validators.BaseValidator", "set_context(self, request)")],
)
def test_a_template_node_and_a_validator_that_keep_the_request_are_named(base: str, method: str) -> None:
    source = f"""
    from django import template
    from django.core import validators
    class Greeting({base}):
        def {method}:
            self.request = request
    """
    assert codes(source) == [("kept-on-instance", "hazard", "self.request = request")]


FRAGMENTS = {
    "{% cache 600 menu %}Hello {{ user.username }}{% endcache %}": ("menu", "user"),
    "{% cache 600 menu lang %}{% if request.user.is_staff %}x{% endif %}{% endcache %}": ("menu", "request.user"),
    "{% cache 600 bar %}{% if perms.shop.add %}x{% endif %}{% endcache %}": ("bar", "perms"),
}


@pytest.mark.parametrize("text", FRAGMENTS)
def test_a_fragment_cached_without_its_user_in_the_key_is_named_by_file_and_line(text: str) -> None:
    name, shown = FRAGMENTS[text]
    (found,) = diagnose({}, templates=(TextFile(Path("menu.html"), "{% load cache %}\n" + text),))
    assert (found.code, found.level, found.file) == ("fragment-cached-without-user", "hazard", "menu.html")
    assert found.line == 2
    assert f"keeps {name} " in found.message
    assert f"shows {shown}:" in found.message


@pytest.mark.parametrize(
    "text",
    [
        "{% cache 600 menu request.user.pk %}Hello {{ user.username }}{% endcache %}",
        "{% cache 600 menu user.id %}Hello {{ user.username }}{% endcache %}",
        "{% cache 600 menu %}{% url 'user' %} the user manual, data-user=1{% endcache %}{{ user }}",
        "{% cache 600 menu %}{{ superuser }} {{ page.user }}{% endcache %}",
        "{# {% cache 600 menu %}{{ user }}{% endcache %} #}",
        "{{ user }}{% cache 600 menu %}menu{% endcache %}",
    ],
)
def test_a_fragment_that_is_keyed_by_its_user_or_shows_nobody_is_left_alone(text: str) -> None:
    assert diagnose({}, templates=(TextFile(Path("menu.html"), text),)) == []


def test_a_client_made_in_a_module_is_a_notice_and_one_made_for_each_call_is_none() -> None:
    assert codes("import requests\nsession = requests.Session()\n") == [
        ("shared-client", "notice", "session = requests.Session()")
    ]
    assert codes("import requests\ndef call():\n    session = requests.Session()\n    return session\n") == []


@pytest.mark.parametrize(
    "statement",
    [
        'MIDDLEWARE.append("{0}")',
        'MIDDLEWARE += ["{0}"]',
        'MIDDLEWARE.insert(0, "{0}")',
        'if 1:\n MIDDLEWARE += ["{0}"]',
    ],
)
def test_the_line_of_an_entry_that_was_appended_is_found(statement: str) -> None:
    settings = f"MIDDLEWARE = ['{TRACE}']\n" + statement.format("threadlocals.middleware.ThreadLocalMiddleware")
    entries = (TRACE, "threadlocals.middleware.ThreadLocalMiddleware")
    (found,) = diagnose({"shop/settings.py": settings}, middleware=entries, versions={"django-threadlocals": "0.10"})
    assert (found.code, found.file, found.line) == ("known-library", "shop/settings.py", 2 + statement.count("\n"))


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "project").glob("*.py")), ids=lambda path: path.stem)
def test_a_sample_is_diagnosed_on_the_lines_that_say_so_and_on_no_other(path: Path) -> None:
    lines = path.read_text().splitlines()
    expected = {
        (number, *line.partition("# expect: ")[2].split())
        for number, line in enumerate(lines, 1)
        if "# expect: " in line
    }
    found = diagnose({f"shop/{path.name}": path.read_text()}, asgi=True)
    assert {(one.line, one.code, one.level) for one in found} == expected


def test_a_personal_page_in_the_cache_is_told_by_what_asks_for_the_person() -> None:
    source = """
        from django.http import HttpResponse
        from django.views.decorators.cache import cache_page

        @cache_page(60)
        def page(request):
            return HttpResponse(request.user.email)
        """
    (found,) = diagnose({"shop.views": source})
    assert "what page makes of request.user.email, before" in found.message


def test_gunicorn_that_preloads_before_gevent_patches_is_a_hazard() -> None:
    config = "worker_class = 'gevent'\npreload_app = True\n"

    def says(text: str) -> list[tuple[str, int]]:
        file = Module("gunicorn.conf", Path("gunicorn.conf.py"), text.encode())
        return [(one.code, one.line) for one in diagnose({}, gunicorn=file)]

    assert says(config) == [("gevent-patched-after-import", 2)]
    assert says(f"from gevent import monkey\nmonkey.patch_all()\n{config}") == []
    assert says("worker_class = 'gevent'\n") == []
    assert says("worker_class = 'gthread'\npreload_app = True\n") == []


def test_uwsgi_with_gevent_needs_the_early_patch() -> None:
    def says(text: str) -> list[tuple[str, int]]:
        return [(one.code, one.line) for one in diagnose({}, uwsgi=(TextFile(Path("uwsgi.ini"), text),))]

    assert says("[uwsgi]\ngevent = 20\ngevent-monkey-patch = true\n") == [("gevent-patched-after-import", 2)]
    assert says("[uwsgi]\ngevent = 20\ngevent-early-monkey-patch = true\n") == []
    assert says("[uwsgi]\nthreads = 4\n") == []


def test_a_patch_behind_the_first_import_of_django_is_a_hazard() -> None:
    late = "import os\nfrom django.conf import settings\nfrom gevent import monkey\nmonkey.patch_all()"
    assert codes(late) == [("gevent-patched-after-import", "hazard", "monkey.patch_all()")]
    assert codes("import os\nfrom gevent import monkey\nmonkey.patch_all()\nfrom django.conf import settings") == []


def test_the_cache_middleware_must_stand_above_sessions() -> None:
    update, fetch = (f"django.middleware.cache.{name}CacheMiddleware" for name in ("Update", "FetchFrom"))
    settings = f"MIDDLEWARE = [\n    {TRACE!r},\n    {SESSIONS!r},\n    {update!r},\n    {fetch!r},\n]"
    (found,) = diagnose({"shop/settings.py": settings}, middleware=(TRACE, SESSIONS, update, fetch))
    assert (found.code, found.level, found.file, found.line) == (
        "cache-below-sessions",
        "hazard",
        "shop/settings.py",
        4,
    )
    assert diagnose({}, middleware=(TRACE, update, SESSIONS, fetch)) == []
    swapped = diagnose({}, middleware=(TRACE, fetch, SESSIONS, update))
    assert {one.code for one in swapped} == {"cache-below-sessions", "cache-order"}


def test_trace_middleware_that_is_missing_or_not_first_is_a_notice() -> None:
    assert [(one.code, one.level) for one in diagnose({}, middleware=())] == [("not-traced", "notice")]
    assert [one.code for one in diagnose({}, middleware=(SESSIONS, TRACE))] == ["not-first"]


def test_sync_only_middleware_is_noted_under_asgi_alone() -> None:
    files = {"shop/middleware.py": middleware("return self.get_response(request)")}
    entries = (TRACE, SESSIONS, "shop.middleware.Current")
    assert [one.code for one in diagnose(files, middleware=entries, asgi=True)] == ["sync-only-middleware"]
    assert diagnose(files, middleware=entries) == []
    capable = {"shop/middleware.py": files["shop/middleware.py"] + "\n    async_capable = True"}
    assert diagnose(capable, middleware=entries, asgi=True) == []


def test_libraries_are_judged_by_their_version() -> None:
    entry = "cms.middleware.user.CurrentUserMiddleware"
    assert [one.level for one in diagnose({}, middleware=(TRACE, entry), versions={"django-cms": "5.0.3"})] == [
        "hazard"
    ]
    assert diagnose({}, middleware=(TRACE, entry), versions={"django-cms": "5.1.0"}) == []
    old = {"asgiref": "3.11.1", "uvicorn": "0.54.0"}
    assert [one.code for one in diagnose({}, asgi=True, versions=old)] == ["known-version"]
    assert diagnose({}, asgi=True, versions={**old, "asgiref": "3.12.0"}) == []
    assert diagnose({}, versions=old) == []


def test_a_comment_at_the_end_of_the_line_silences_it() -> None:
    source = middleware("_locals.user = request.user  # reqtrace: ok, this worker serves one person\nreturn 1")
    assert codes(source) == []


def diagnose_package(package: str) -> set[tuple[str, str]]:
    """Return code and level of what the doctor says about an installed package."""
    top = package.partition(".")[0]
    files = [(name, path) for name, path in files_of(top, origin_of(top)) if f"{name}.".startswith(f"{package}.")]
    assert files
    sources = Sources([Module(name, path, path.read_bytes()) for name, path in files], library)
    project = Project(sources=sources, settings_file=Path("settings.py"), middleware=(TRACE,), asgi=True)
    return {(one.code, one.level) for group in examine(project) for one in group.diagnoses}


@pytest.mark.parametrize(
    "package",
    ["django.contrib", "django.middleware", "rest_framework", "debug_toolbar", "simple_history", "dashboard"],
)
def test_code_that_is_known_to_be_clean_gets_not_one_diagnosis(package: str) -> None:
    assert diagnose_package(package) == set()


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("crum", {("cleared-outside-finally", "notice")}),
        ("auditlog", {("never-cleared", "hazard"), ("kept-on-instance", "hazard")}),
        ("easyaudit", {("cleared-outside-finally", "notice")}),
        ("django_guid", {("cleared-outside-finally", "notice")}),
        ("reversion", {("mutable-default", "hazard")}),
    ],
)
def test_real_libraries_get_what_reading_their_sources_says(package: str, expected: set[tuple[str, str]]) -> None:
    assert diagnose_package(package) == expected


def test_every_examination_stands_in_the_round() -> None:
    folder = Path(sys.modules[EXAMINATIONS[0].__module__].__file__ or "").parent
    declared = {
        node.name
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Examination" for base in node.bases)
    }
    assert declared == {examination.__name__ for examination in EXAMINATIONS}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a small project into a folder of its own."""
    files = {
        "shop/__init__.py": "",
        "shop/settings.py": f"""
            from pathlib import Path
            BASE_DIR = Path(__file__).resolve().parent.parent
            SECRET_KEY = "only for tests"
            INSTALLED_APPS = ["reqtrace", "shop"]
            MIDDLEWARE = ["{TRACE}", "shop.middleware.Current"]
            ROOT_URLCONF = "shop.urls"
            REQTRACE = {{"STORE": "memory:"}}
        """,
        "shop/urls.py": "urlpatterns = []",
        "shop/middleware.py": middleware("_locals.user = request.user\nreturn self.get_response(request)")
        + "\nraise RuntimeError('imported')",
        "shop/broken.py": "def broken(:\n",
        "shop/migrations/0001_first.py": "def broken(:\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text))
    return tmp_path


def run_doctor(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-m", "django", "reqtrace", "doctor", *arguments],
        cwd=project,
        env={"DJANGO_SETTINGS_MODULE": "shop.settings", "PYTHONPATH": f"{project}:{root}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_command_names_the_line_without_importing_it_and_fails_on_a_hazard(project: Path) -> None:
    done = run_doctor(project)
    assert done.returncode == 1, done.stderr
    assert "hazard shop/middleware.py:8 never-cleared" in done.stdout
    assert "Examined 4 files in shop" in done.stdout
    assert "Skipped shop/broken.py: line 1" in done.stdout
    assert "1 hazard to mend" in done.stderr
    assert "\x1b" not in done.stdout


def test_the_command_as_json_says_the_same_and_is_content_when_the_line_is_mended(project: Path) -> None:
    document = json.loads(run_doctor(project, "--json").stdout)
    assert document["examined"] == {"files": 4, "packages": ["shop"]}
    assert [one["file"] for one in document["skipped"]] == ["shop/broken.py"]
    (group,) = document["groups"]
    (found,) = group["diagnoses"]
    assert (found["file"], found["line"], found["level"]) == ("shop/middleware.py", 8, "hazard")
    path = project / "shop/middleware.py"
    path.write_text(path.read_text().replace("request.user\n", "request.user  # reqtrace: ok\n"))
    done = run_doctor(project, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["groups"] == []


def test_an_option_it_does_not_have_is_bad_usage(project: Path) -> None:
    assert run_doctor(project, "--yaml").returncode == 2

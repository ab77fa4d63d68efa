"""The pytest plugin, in runs of pytest of their own over a small project, loaded as pip would have it loaded."""

import os
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from reqtrace.reading.reader import Reader
from reqtrace.stores.sqlite import SqliteStore

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent

SHOP = """
import threading

from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop"
STATIC_URL = "static/"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "reqtrace"]
MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", "shop.sign_in"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
_thread_locals = threading.local()
_keeper = {}


def sign_in(get_response):
    def middleware(request):
        from django.contrib.auth.models import User

        name = request.GET["as"]
        request.user = User(pk=sum(name.encode()), username=name)
        if request.path == "/keep/":
            _thread_locals.request = request
        if request.path == "/share/":
            Keeper.current = request
        return get_response(request)

    return middleware


def clean(request):
    return HttpResponse(request.user.username)


def keep(request):
    return HttpResponse("kept")


class Keeper:
    current = None


def share(request):
    return HttpResponse("shared")


urlpatterns = [path("clean/", clean), path("keep/", keep), path("share/", share)]
"""

LEAKING = """
def test_of_a_leak(client):
    client.get("/keep/?as=alice")
    client.get("/clean/?as=carol")


def test_of_a_leak_and_more(client):
    client.get("/share/?as=alice")
    client.get("/clean/?as=carol")
    assert "this" == "that"


def test_of_the_fixture(reqtrace_capture, client):
    client.get("/clean/?as=carol")
    assert [request.path for request in reqtrace_capture.requests] == ["/clean/"]
    assert reqtrace_capture.leaks
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a project in a folder of its own, in which reqtrace is installed as its wheel would install it."""
    names = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    entry_points = "\n".join(["[pytest11]", *(f"{name} = {path}" for name, path in names.items())])
    installed = pytester.mkdir("installed") / "django_reqtrace-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: django-reqtrace\nVersion: 0\n")
    (installed / "entry_points.txt").write_text(entry_points)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (pytester.path, installed.parent, ROOT))))
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(shop=SHOP)
    pytester.makeini(
        """
        [pytest]
        addopts = --strict-markers -p no:randomly
        asyncio_mode = auto
        asyncio_default_fixture_loop_scope = function
        """
    )
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*arguments, timeout=60)


def test_a_leak_fails_the_test_with_the_report(project: pytest.Pytester) -> None:
    project.makepyfile(LEAKING)
    result = run(project, "--reqtrace")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "reqtrace found that a request saw somebody else:",
            "leak crossed: While carol was served, shop._thread_locals.request named alice.",
            "  holder   shop._thread_locals.request (threading.local)",
            "  request  GET /clean/ of carol (*)",
            "  saw      GET /keep/ of alice (*)",
            "  at       checkpoint 'view-end', shop.py:* in clean*",
            "  fix      *",
            '  allow    @pytest.mark.reqtrace_allow(kind="crossed", holder="shop._thread_locals.request")*',
            "*assert 'this' == 'that'*",
            "*Captured reqtrace call*",
            "leak crossed: While carol was served, shop.Keeper.current named alice.",
        ]
    )
    result.stdout.no_fnmatch_line("hazard leftover:*")
    with closing(SqliteStore(f"sqlite:///{project.path}/.reqtrace/traces.sqlite3")) as store:
        assert not list(Reader(store).requests())


@pytest.mark.parametrize(
    "order", [("--reqtrace", "tests"), ("tests", "--reqtrace"), ("-q", "--reqtrace", "tests/test_one.py")]
)
def test_a_path_behind_the_option_is_a_path(project: pytest.Pytester, order: tuple[str, ...]) -> None:
    folder = project.mkdir("tests")
    (folder / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--of-this-folder')")
    (folder / "test_one.py").write_text(LEAKING)
    project.makepyfile(test_elsewhere="def test_that_was_not_asked_for(): assert False")
    result = run(project, *order, "--of-this-folder=1")
    result.assert_outcomes(failed=3)
    result.stdout.no_fnmatch_line("*test_elsewhere*")


def test_without_the_option_tests_fail_by_themselves_alone(project: pytest.Pytester) -> None:
    project.makepyfile(LEAKING)
    result = run(project)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.no_fnmatch_line("*Captured reqtrace*")


def test_clean_tests_pass_and_hazards_fail_where_that_is_asked_for(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from django.test import AsyncClient

        def test_of_no_request():
            pass

        def test_of_many_requests(client):
            for name in ("alice", "bob", "carol"):
                client.get(f"/clean/?as={name}")

        async def test_of_async_requests():
            assert (await AsyncClient().get("/clean/?as=alice")).content == b"alice"

        def test_of_a_hazard(client):
            client.get("/keep/?as=alice")
        """
    )
    result = run(project, "--reqtrace=hazard")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["hazard leftover: shop._thread_locals.request still named the request of alice*"])


def test_markers_allow_what_they_name_and_nothing_else(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from django.test import Client
        import shop

        @pytest.fixture(autouse=True)
        def forget():
            yield
            vars(shop._thread_locals).clear()
            shop.Keeper.current = None

        def leak(page):
            client = Client()
            client.get(f"/{page}/?as=alice")
            client.get("/clean/?as=carol")

        @pytest.mark.reqtrace_allow(kind="crossed")
        def test_kind_is_allowed():
            leak("keep")

        @pytest.mark.reqtrace_allow(holder="shop._thread_*")
        def test_holder_is_allowed():
            leak("keep")

        @pytest.mark.reqtrace_allow(kind="crossed", holder="shop._thread_locals.request")
        @pytest.mark.reqtrace_allow(holder="shop.Keeper.*")
        def test_either_is_allowed():
            leak("keep")
            leak("share")

        @pytest.mark.reqtrace_allow(kind="swapped", holder="shop._thread_locals.request")
        def test_another_kind_is_allowed():
            leak("keep")

        @pytest.mark.reqtrace_allow(holder="shop._thread_locals.request")
        def test_another_holder_is_allowed():
            leak("share")
        """
    )
    result = run(project, "--reqtrace")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["FAILED *test_another_kind_is_allowed*", "FAILED *test_another_holder_is_allowed*"])


def test_live_servers_and_async_clients_are_seen(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from urllib.request import urlopen

        from django.test import AsyncClient, LiveServerTestCase

        class LiveTests(LiveServerTestCase):
            def test_of_a_live_leak(self):
                urlopen(self.live_server_url + "/share/?as=alice").read()
                urlopen(self.live_server_url + "/clean/?as=carol").read()

        async def test_of_an_async_leak():
            client = AsyncClient()
            await client.get("/keep/?as=alice")
            await client.get("/clean/?as=carol")
        """
    )
    result = run(project, "--reqtrace")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "leak crossed: While carol was served, shop.Keeper.current named alice.",
            "leak crossed: While carol was served, shop._thread_locals.request named alice.",
        ]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reqtrace=everything"], "ERROR: --reqtrace=everything: there are leak and hazard*"),
        (["--reqtrace", "--ds=blind"], "ERROR: --reqtrace: MIDDLEWARE has no 'reqtrace.middleware.TraceMiddleware'*"),
        (["--reqtrace", "--ds=off"], "ERROR: --reqtrace: REQTRACE?'ENABLED'? is false*"),
        (["--reqtrace", "--ds="], "ERROR: --reqtrace: *settings are not configured*"),
    ],
)
def test_what_cannot_be_checked_is_refused_before_any_test_runs(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    project.makepyfile(
        "def test_of_nothing(): pass",
        blind="from shop import *\nMIDDLEWARE = []",
        off="from shop import *\nREQTRACE = {'ENABLED': False}",
    )
    if "--ds=" in arguments:
        monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    result = run(project, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_markers_that_allow_everything_or_nothing_are_refused(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.reqtrace_allow()
        def test_of_everything(): pass

        @pytest.mark.reqtrace_allow("crossed")
        def test_of_a_place(): pass

        @pytest.mark.reqtrace_allow(kind="crossed", level="leak")
        def test_of_a_stranger(): pass

        @pytest.mark.reqtrace_allow(kind=None)
        def test_of_no_text(): pass

        @pytest.mark.reqtrace_allow(kind="crossed")
        def test_of_a_good_one(): pass
        """
    )
    result = run(project, "--reqtrace")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    names = ("of_everything", "of_a_place", "of_a_stranger", "of_no_text")
    takes = "reqtrace_allow takes kind=..., holder=... or both, by name and as text."
    result.stderr.fnmatch_lines([f"*::test_{name}: {takes}" for name in names], consecutive=True)
    result.stderr.no_fnmatch_line("*of_a_good_one*")


def test_it_imports_no_django_by_itself_and_can_be_left_out(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_of_nothing(pytestconfig):
            assert "reqtrace.pytest_plugin" in sys.modules
            assert "django" not in sys.modules
            assert not pytestconfig.pluginmanager.has_plugin("reqtrace-check")
        """
    )
    run(project, "-p", "no:django").assert_outcomes(passed=1)
    result = run(project, "-p", "no:django", "-p", "no:reqtrace")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 'reqtrace.pytest_plugin' in*"])

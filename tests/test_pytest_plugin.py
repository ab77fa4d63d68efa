"""The pytest plugin, in runs of pytest of their own over a small project, loaded as pip would have it loaded."""

import os
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent

SHOP = """
import threading

from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "reqtrace"]
MIDDLEWARE = ["reqtrace.middleware.TraceMiddleware", "shop.sign_in"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
_thread_locals = threading.local()
_keeper = {}


def sign_in(get_response):
    def middleware(request):
        from django.contrib.auth.models import User

        name = request.GET["as"]
        request.user = User(pk=len(name), username=name)
        return get_response(request)

    return middleware


def clean(request):
    return HttpResponse(request.user.username)


def keep(request):
    _thread_locals.request = request
    return HttpResponse("kept")


class Keeper:
    current = None


def share(request):
    Keeper.current = request
    return HttpResponse("shared")


urlpatterns = [path("clean/", clean), path("keep/", keep), path("share/", share)]
"""

LEAKING = """
import pytest


def test_of_a_leak(client):
    client.get("/keep/?as=alice")
    client.get("/clean/?as=carol")
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
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:randomly\nasyncio_mode = auto\n")
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*arguments, timeout=60)


def test_a_leak_fails_the_test_with_the_report_and_only_where_that_is_asked_for(project: pytest.Pytester) -> None:
    project.makepyfile(LEAKING)
    run(project).assert_outcomes(passed=1)
    result = run(project, "--reqtrace")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "reqtrace found that a request saw somebody else:",
            "leak crossed: While carol was served, shop._thread_locals.request named alice.",
            "  holder   shop._thread_locals.request (threading.local)",
            "  request  GET /clean/ of carol (*)",
            "  saw      GET /keep/ of alice (*)",
            "  at       checkpoint 'view', shop.py:* in clean*",
            "  fix      *",
            '  allow    @pytest.mark.reqtrace_allow(kind="crossed", holder="shop._thread_locals.request")*',
        ]
    )
    result.stdout.no_fnmatch_line("*hazard leftover*")
    assert not (project.path / ".reqtrace" / "traces.sqlite3").exists() or "--reqtrace" not in result.outlines[0]


def test_clean_tests_pass_whatever_runs_beside_them(project: pytest.Pytester) -> None:
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
        """
    )
    run(project, "--reqtrace=hazard").assert_outcomes(passed=3)


def test_hazards_fail_a_test_only_where_that_is_asked_for(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_of_a_hazard(client):
            client.get("/keep/?as=alice")
        """
    )
    run(project, "--reqtrace").assert_outcomes(passed=1)
    result = run(project, "--reqtrace=hazard")
    result.assert_outcomes(failed=1)
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
    result.stdout.fnmatch_lines(["*FAILED*test_another_kind_is_allowed*", "*FAILED*test_another_holder_is_allowed*"])


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
    result.stdout.fnmatch_lines(["leak crossed: While carol was served, shop.Keeper.current named alice."])
    result.stdout.fnmatch_lines(["leak crossed: While carol was served, shop._thread_locals.request named alice."])


def test_a_test_that_fails_by_itself_shows_the_leak_beside_it(project: pytest.Pytester) -> None:
    project.makepyfile(LEAKING + "    assert 1 == 2\n")
    result = run(project, "--reqtrace")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*", "*Captured reqtrace call*", "leak crossed: *"])


def test_the_fixture_gives_what_was_traced(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_of_the_fixture(client, reqtrace_capture):
            client.get("/keep/?as=alice")
            client.get("/clean/?as=carol")
            assert [request.path for request in reqtrace_capture.requests] == ["/keep/", "/clean/"]
            assert [leak.kind for leak in reqtrace_capture.leaks] == ["crossed"]
        """
    )
    run(project).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--reqtrace=everything",), "*--reqtrace=everything: there are leak and hazard*"),
        (("--reqtrace", "--ds=blind"), "*--reqtrace: MIDDLEWARE has no 'reqtrace.middleware.TraceMiddleware'*"),
        (("--reqtrace", "--ds=off"), "*--reqtrace: REQTRACE?'ENABLED'? is false*"),
        (("--reqtrace", "-p", "no:django", "--ds="), "*unrecognized arguments: --ds=*"),
    ],
)
def test_what_cannot_be_checked_is_refused_before_any_test_runs(
    project: pytest.Pytester, arguments: tuple[str, ...], message: str
) -> None:
    project.makepyfile(LEAKING)
    project.makepyfile(blind="from shop import *\nMIDDLEWARE = []", off="from shop import *\nREQTRACE = {'ENABLED': 0}")
    result = run(project, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


@pytest.mark.parametrize("arguments", ["", "level='leak'", "'crossed'", "kind='crossed', level='leak'"])
def test_a_marker_that_allows_everything_or_nothing_is_refused(project: pytest.Pytester, arguments: str) -> None:
    project.makepyfile(LEAKING.replace("def test", f"@pytest.mark.reqtrace_allow({arguments})\ndef test"))
    result = run(project, "--reqtrace")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_of_a_leak: reqtrace_allow takes kind=..., holder=... or both, by name.*"])


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
    no_django = ("-p", "no:django", "-p", "no:schemathesis")
    run(project, *no_django).assert_outcomes(passed=1)
    result = run(project, *no_django, "-p", "no:reqtrace")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 'reqtrace.pytest_plugin' in*"])

"""Which paths are never traced."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import clear_url_caches, include, path

from reqtrace import conf
from reqtrace.execution import exclusions


def view(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("x")


class Mounted:
    """A URLconf in which dashboard and toolbar stand at places of their own."""

    urlpatterns = (
        path("inner/traces/", include("dashboard.urls")),
        path("__tools__/", include("debug_toolbar.urls")),
        path("plain/", view),
    )


class Bare:
    """A URLconf with neither of them."""

    urlpatterns = (path("plain/", view),)


class Broken:
    """A URLconf that cannot be read."""

    @property
    def urlpatterns(self) -> list[object]:
        """Fail as a project does whose views cannot be imported."""
        raise ImportError("no views")


@pytest.fixture(autouse=True)
def afresh(settings: SimpleNamespace) -> Iterator[None]:
    """Begin and end without what another test worked out."""
    exclusions.prefixes.cache_clear()
    settings.STATIC_URL = "/assets/"
    yield
    exclusions.prefixes.cache_clear()
    clear_url_caches()


def test_dashboard_and_toolbar_are_excluded_where_they_are_mounted(settings: SimpleNamespace) -> None:
    settings.ROOT_URLCONF = Mounted
    assert set(exclusions.prefixes()) == {"/inner/traces/", "/__tools__/", "/assets/"}


def test_what_is_not_mounted_excludes_nothing(settings: SimpleNamespace) -> None:
    settings.ROOT_URLCONF = Bare
    assert exclusions.prefixes() == ("/assets/",)


def test_ignored_paths_are_excluded_and_an_empty_one_does_not_exclude_everything(settings: SimpleNamespace) -> None:
    settings.ROOT_URLCONF = Bare
    settings.REQTRACE = {"STORE": "memory:", "IGNORE_PATHS": ["/health/", ""]}
    assert set(exclusions.prefixes()) == {"/health/", "/assets/"}
    assert "" not in exclusions.prefixes()


@pytest.mark.parametrize("static", [None, "/", "https://cdn.example.org/", "//cdn.example.org/"])
def test_static_files_from_elsewhere_exclude_nothing_here(settings: SimpleNamespace, static: str | None) -> None:
    settings.ROOT_URLCONF = Bare
    settings.STATIC_URL = static
    assert not "/plain/".startswith(exclusions.prefixes())


def test_a_broken_urlconf_is_left_for_django_to_report(settings: SimpleNamespace) -> None:
    settings.REQTRACE = {"STORE": "memory:", "IGNORE_PATHS": ["/health/"]}
    settings.ROOT_URLCONF = Broken()
    assert exclusions.prefixes() == ("/health/",)


@pytest.mark.parametrize(
    ("name", "value"),
    [(conf.DICT, {"STORE": "memory:", "IGNORE_PATHS": ["/new/"]}), ("STATIC_URL", "/new/"), ("ROOT_URLCONF", Mounted)],
)
def test_they_are_worked_out_again_when_a_setting_changes(settings: SimpleNamespace, name: str, value: object) -> None:
    settings.ROOT_URLCONF = Bare
    before = exclusions.prefixes()
    assert exclusions.prefixes() is before
    setattr(settings, name, value)
    assert exclusions.prefixes() != before

"""The socket stands below the page, wherever that is mounted."""

import pytest
from django.test import override_settings
from django.urls import include, path, set_script_prefix
from django.urls.resolvers import RegexPattern
from django.utils.functional import lazy

from dashboard import routing


class Elsewhere:
    """A URLconf that mounts the page at another place."""

    urlpatterns = (path("ops/who+what/", include("dashboard.urls")),)


class Nowhere:
    """A URLconf without the page."""

    urlpatterns = ()


def matches(address):
    return bool(RegexPattern(lazy(routing._pattern, str)()).match(address))


@pytest.mark.parametrize(
    ("urlconf", "address"),
    [("tests.urls", "reqtrace/live/"), (Elsewhere, "ops/who+what/live/"), (Nowhere, "reqtrace/live/")],
)
def test_the_socket_follows_the_page(urlconf, address):
    with override_settings(ROOT_URLCONF=urlconf):
        assert matches(address)
        assert not matches(f"shop/{address}")
        assert not matches(f"{address}more/")
        assert not matches("live/")


def test_a_prefix_that_the_server_takes_off_does_not_count():
    set_script_prefix("/shop/")
    try:
        assert matches("reqtrace/live/")
    finally:
        set_script_prefix("/")


def test_it_is_asked_only_when_the_first_socket_comes():
    with override_settings(ROOT_URLCONF="a.module.that.is.not.there"):
        (pattern,) = routing.websocket_urlpatterns
        assert not isinstance(pattern.pattern._regex, str)

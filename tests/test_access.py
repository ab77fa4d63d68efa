"""Who is let in: staff, people at this machine while developing, and nobody when the question cannot be answered."""

import logging
from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from reqtrace import access, checks

STAFF = SimpleNamespace(is_active=True, is_staff=True)
ALICE = SimpleNamespace(is_active=True, is_staff=False)
RETIRED = SimpleNamespace(is_active=False, is_staff=True)


def visit(address="127.0.0.1", host="localhost:8000", **headers):
    """Return the same visit as a request and as an ASGI scope."""
    request = RequestFactory().get("/", REMOTE_ADDR=address, HTTP_HOST=host, headers=headers)
    pairs = {"host": host, **headers}.items()
    scope = {"client": (address, 1), "headers": [(name.lower().encode(), value.encode()) for name, value in pairs]}
    return request, scope


def refuse(user, visit):
    return False


def fail(user, visit):
    raise RuntimeError("the directory is down")


async def ask_elsewhere(user, visit):
    return False


@pytest.mark.parametrize(("user", "expected"), [(STAFF, True), (ALICE, False), (RETIRED, False), (None, False)])
def test_only_active_staff_is_let_in(settings, user, expected):
    settings.DEBUG = False
    for who in visit():
        assert access.allowed(user, who) is expected


def test_where_the_user_model_knows_no_staff_active_superusers_are_let_in(settings):
    settings.DEBUG = False
    for who in visit():
        assert access.allowed(SimpleNamespace(is_active=True, is_superuser=True), who)
        assert not access.allowed(SimpleNamespace(is_active=True, is_superuser=False), who)
        assert not access.allowed(SimpleNamespace(is_active=False, is_superuser=True), who)
        assert not access.allowed(SimpleNamespace(is_active=True, is_staff=False, is_superuser=True), who)


def test_a_user_model_without_staff_is_said_by_the_check_with_the_way_out(settings):
    assert checks.check_access(None) == []
    settings.AUTH_USER_MODEL = "auth.Permission"  # a model without `is_staff`
    (warning,) = checks.check_access(None)
    assert "superusers" in warning.msg
    assert "ACCESS" in warning.hint
    assert "superusers" in access.who_may_look()
    settings.REQTRACE = {"ACCESS": "tests.test_access.refuse"}
    assert checks.check_access(None) == []
    assert "tests.test_access.refuse" in access.who_may_look()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8000", "shop.localhost", "127.0.0.1:1", "[::1]:8000"])
def test_people_at_this_machine_are_let_in_while_debug_is_on(settings, address, host):
    for who in visit(address, host):
        settings.DEBUG = True
        assert access.allowed(ALICE, who)
        settings.DEBUG = False
        assert not access.allowed(ALICE, who)


@pytest.mark.parametrize("address", ["10.0.0.1", "8.8.8.8", "::2", "", "nonsense"])
def test_an_address_elsewhere_is_not_local(settings, address):
    settings.DEBUG = True
    for who in visit(address):
        assert not access.allowed(ALICE, who)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Via"])
def test_whoever_came_through_a_proxy_is_not_local(settings, header):
    settings.DEBUG = True
    for who in visit(**{header: "127.0.0.1"}):
        assert not access.allowed(ALICE, who)


def test_a_name_that_points_at_this_machine_is_not_local_unless_it_is_allowed_by_itself(settings):
    settings.DEBUG = True
    for who in visit(host="rebound.example"):
        settings.ALLOWED_HOSTS = ["*"]
        assert not access.allowed(ALICE, who)
        settings.ALLOWED_HOSTS = ["rebound.example"]
        assert access.allowed(ALICE, who)


def test_a_unix_socket_is_not_local(settings):
    settings.DEBUG = True
    assert not access.allowed(ALICE, {"client": None, "headers": [(b"host", b"localhost")]})


def test_a_callable_of_the_project_decides(settings):
    settings.REQTRACE = {"ACCESS": f"{__name__}.refuse"}
    assert not access.allowed(STAFF, visit()[0])


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("fail", "the directory is down"),
        ("ask_elsewhere", "coroutine"),
        ("STAFF", "cannot be called"),
        ("gone", "gone"),
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_callable_that_cannot_answer_lets_nobody_in_and_is_logged_once(settings, caplog, name, problem):
    access._log_once.cache_clear()
    settings.REQTRACE = {"ACCESS": f"{__name__}.{name}"}
    with caplog.at_level(logging.ERROR, "reqtrace.access"):
        assert not access.allowed(STAFF, visit()[0])
        assert not access.allowed(STAFF, visit()[0])
    assert len({record.getMessage() for record in caplog.records}) == len(caplog.records) == 1
    assert problem in caplog.text

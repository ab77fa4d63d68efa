"""The second door: what guesses, sessions, links and a login page elsewhere are good for, at a real server."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from django.core.signing import TimestampSigner

from dashboard.door import links
from dashboard.door.sessions import AGE_SECONDS, SESSIONS_MAX, SessionStore
from dashboard.door.throttle import FORGOTTEN_SECONDS, Throttle
from tests.dashboard import samples
from tests.dashboard.wire import Place, Running, hear_greeting

pytestmark = pytest.mark.server

SERVE = ("-m", "tests.dashboard.serve", "127.0.0.1", "0")
SAYS = r"http://(?P<address>[^/]+)/reqtrace/[\s\S]*?(/sign-in/(?P<token>\S+)/|People sign in)"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("place"))
    samples.append(place.store, [samples.process(), samples.request(1)])
    yield place
    place.store.close()


@pytest.fixture
def server(place: Place) -> Iterator[Running]:
    with place.running(*SERVE, says=SAYS) as server:
        yield server


def try_in(visitor: httpx.Client, name: str, password: str) -> httpx.Response:
    visitor.get("/sign-in/")
    form = {"username": name, "password": password, "csrfmiddlewaretoken": visitor.cookies["reqtrace_csrftoken"]}
    return visitor.post("/sign-in/", data=form)


def test_a_session_of_this_server_is_none_of_the_application(server: Running, place: Place) -> None:
    with server.visitor("staff") as staff:
        key = staff.cookies["reqtrace_sessionid"]
        assert staff.get("/reqtrace/api/requests").status_code == 200
    with closing(sqlite3.connect(place.path / "project.sqlite3")) as database:
        assert key not in {known for (known,) in database.execute("SELECT session_key FROM django_session")}
    program = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        f"client = Client(); client.cookies['sessionid'] = '{key}'\n"
        "print(client.get('/reqtrace/api/requests').status_code, '_auth_user_id' in client.session)\n"
    )
    done = subprocess.run(place.command("-c", program), capture_output=True, text=True, **place.options)
    assert done.stdout.split() == ["404", "False"], done.stderr


def test_failures_are_logged_and_slowed_by_account(server: Running) -> None:
    with server.visitor() as guesser:
        assert [try_in(guesser, "alice", "wrong\n").status_code for _ in range(5)] == [200] * 5
        refused = try_in(guesser, "Alice", "alice")
        assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)
        assert try_in(guesser, "staff", "staff").status_code == 302, "another account is not slowed"


def test_each_failure_is_a_line_of_the_log(server: Running) -> None:
    with server.visitor() as guesser:
        try_in(guesser, "eve\nforged", "x")
    server.process.terminate()
    printed, _ = server.process.communicate(timeout=20)
    (line,) = [line for line in printed.splitlines() if "Signing in" in line]
    assert "eve" in line
    assert "127.0.0.1" in line


def test_a_link_of_the_terminal_signs_in_once_without_an_account(server: Running) -> None:
    found = re.search(r"/sign-in/\S+/", server.printed)
    assert found
    with server.visitor() as operator, server.visitor() as thief:
        assert operator.head(found[0]).status_code == 405
        answer = operator.get(found[0])
        assert (answer.status_code, answer.headers["location"]) == (302, "/reqtrace/")
        page = operator.get("/reqtrace/")
        assert (page.status_code, "/sign-out/" in page.text) == (200, True)
        with server.socket(operator) as socket:
            hear_greeting(socket)
        assert thief.get(found[0]).status_code == 403
        assert thief.get("/reqtrace/api/requests").status_code == 404
        operator.post("/sign-out/", data={"csrfmiddlewaretoken": operator.cookies["reqtrace_csrftoken"]})
        assert operator.get("/reqtrace/api/requests").status_code == 404


def test_behind_tls_every_cookie_is_secure(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(place.environment, "DJANGO_SETTINGS_MODULE", "tests.dashboard.proxied_project")
    with place.running(*SERVE, says=SAYS) as server, server.visitor() as visitor:
        answer = visitor.get("/sign-in/", headers={"X-Forwarded-Proto": "https"})
        assert "Secure" in answer.headers["set-cookie"]
        assert "Secure" not in visitor.get("/sign-in/").headers["set-cookie"]


@pytest.mark.parametrize(
    ("way", "answer"),
    [("link", (200, None)), ("https://shop.example/login/", (302, "https://shop.example/login/"))],
)
def test_a_setting_turns_passwords_off_and_says_how_to_come_in(
    place: Place, monkeypatch: pytest.MonkeyPatch, way: str, answer: tuple[int, str | None]
) -> None:
    monkeypatch.setitem(place.environment, "REQTRACE_SIGN_IN", way)
    with place.running(*SERVE, says=SAYS) as server, server.visitor() as visitor:
        got = visitor.get("/sign-in/")
        assert (got.status_code, got.headers.get("location")) == answer
        assert "password" not in got.text
        form = {"username": "staff", "password": "staff"}
        assert visitor.post("/sign-in/", data=form).status_code in (302, 403, 405)
        assert visitor.get("/reqtrace/api/requests").status_code == 404


def test_with_the_projects_login_page_its_sessions_count_here(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(place.environment, "REQTRACE_SIGN_IN", "/accounts/login/")
    program = (
        "import django; django.setup()\n"
        "from django.test import Client\nfrom django.contrib.auth.models import User\n"
        "client = Client(); client.force_login(User.objects.get(username='staff'))\n"
        "print(client.cookies['sessionid'].value)\n"
    )
    key = subprocess.run(place.command("-c", program), capture_output=True, text=True, check=True, **place.options)
    with place.running(*SERVE, says=SAYS) as server, server.visitor() as staff:
        staff.cookies.set("sessionid", key.stdout.strip())
        page = staff.get("/reqtrace/")
        assert (page.status_code, "/sign-out/" in page.text) == (200, False)
        with server.socket(staff) as socket:
            hear_greeting(socket)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_who_guesses_waits_twice_as_long_each_time_and_is_forgotten_in_the_end(clock: list[float]) -> None:
    throttle = Throttle(free=3)
    for _ in range(3):
        assert throttle.wait("a") == 0
        throttle.fail("a")
    waits = []
    for _ in range(12):
        waits.append(throttle.wait("a"))
        clock[0] += waits[-1]
        throttle.fail("a")
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 300
    assert throttle.wait("b") == 0
    clock[0] += FORGOTTEN_SECONDS + 1
    assert throttle.wait("a") == 0
    assert throttle.fail("a") == 1


def test_a_link_is_refused_that_is_old_forged_or_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    token = links.new_token()
    assert not links.use(token + "x")
    assert not links.use(TimestampSigner(salt="another").sign("x"))
    later = time.time() + links.VALID_SECONDS + 5
    monkeypatch.setattr(time, "time", lambda: later)
    assert not links.use(token)


def test_sessions_are_bounded_and_end(clock: list[float], settings: Any) -> None:
    first = SessionStore()
    first["x"] = 1
    first.save()
    assert SessionStore(first.session_key)["x"] == 1
    clock[0] += AGE_SECONDS + 1
    assert "x" not in SessionStore(first.session_key)
    SessionStore.clear_expired()
    assert not first.exists(first.session_key or "")
    made = []
    for _ in range(SESSIONS_MAX + 1):
        store = SessionStore()
        store.create()
        made.append(store.session_key)
    assert not SessionStore().exists(made[0])
    assert SessionStore().exists(made[-1])
    for key in made:
        SessionStore().delete(key)

"""The standalone server at the wire: a real Daphne, a real store file, real accounts."""

import os
import signal
import socket as sockets
import subprocess
import time

import psutil
import pytest
from django.utils.module_loading import import_string
from websockets.exceptions import ConnectionClosed

from dashboard import server as standalone
from dashboard.protocol import WINDOW, Batch, Denied, Missed, Status
from dashboard.responses import CONTENT_SECURITY_POLICY

from . import samples
from .wire import Place, hear, hear_greeting, hear_until, see

pytestmark = pytest.mark.server

SERVE = ("-m", "tests.dashboard.serve", "127.0.0.1")
SAYS = r"http://(?P<address>[^/]+)/reqtrace/"
DOORS = ["", "api/requests", "api/requests/r1", "api/threads", "api/processes", "api/findings", "api/export",
         "assets/app.js"]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("place"))
    samples.append(place.store, [samples.process(), samples.thread(1), samples.request(1)])
    yield place
    place.store.close()


@pytest.fixture(scope="module")
def server(place):
    with place.running(*SERVE, "0", says=SAYS) as server:
        yield server


@pytest.fixture
def staff(server):
    with server.visitor("staff") as visitor:
        yield visitor


def test_staff_signs_in_and_sees_a_request_arrive_that_another_process_recorded(server, place, staff):
    assert staff.get("/reqtrace/").status_code == 200
    with server.socket(staff) as socket:
        greeting = hear_greeting(socket)
        assert "p1" in [process.id for said in greeting for process in said.records.processes]
        samples.append(place.store, [samples.request(2)])
        assert [request.id for request in samples.requests_in(hear_until(socket, Batch))] == ["r2"]


def test_a_stranger_is_sent_to_the_sign_in_page_and_finds_every_other_door_closed(server):
    with server.visitor() as stranger:
        answer = stranger.get("/reqtrace/")
        assert (answer.status_code, answer.headers["location"]) == (302, "/sign-in/")
        assert {stranger.get(f"/reqtrace/{door}").status_code for door in DOORS[1:]} == {404}
        assert server.refusal(stranger) == 403


def test_somebody_who_is_not_staff_is_told_so_and_can_sign_out(server):
    with server.visitor("alice") as alice:
        answer = alice.get("/reqtrace/")
        assert answer.status_code == 404
        assert "alice" in answer.text
        assert {alice.get(f"/reqtrace/{door}").status_code for door in DOORS[1:]} == {404}
        assert server.refusal(alice) == 403
        answer = alice.post("/sign-out/", data={"csrfmiddlewaretoken": alice.cookies["reqtrace_csrftoken"]})
        assert answer.status_code == 302
        assert "reqtrace_sessionid" not in alice.cookies


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "http://127.0.0.1", "null", None])
def test_a_page_of_another_site_cannot_open_the_socket(server, staff, origin):
    assert server.refusal(staff, origin=origin) == 403


def test_a_socket_at_another_address_is_refused(server, staff):
    assert server.refusal(staff, path="/elsewhere/") == 403


def test_a_loopback_client_is_not_let_in_when_debug_is_off(server):
    with server.visitor() as stranger:
        assert stranger.get("/reqtrace/api/requests").status_code == 404


def sign_out(visitor, place):
    visitor.post("/sign-out/", data={"csrfmiddlewaretoken": visitor.cookies["reqtrace_csrftoken"]})


def lose_staff_status(visitor, place):
    place.change("UPDATE auth_user SET is_staff = 0 WHERE username = 'staff_leaving'")


def be_deleted(visitor, place):
    place.change("DELETE FROM auth_user WHERE username = 'staff_deleted'")


@pytest.mark.parametrize(
    ("name", "lose_access"),
    [("staff_signing_out", sign_out), ("staff_leaving", lose_staff_status), ("staff_deleted", be_deleted)],
)
def test_a_socket_closes_when_its_person_loses_access(server, place, name, lose_access):
    with server.visitor(name) as leaving, server.socket(leaving) as socket:
        hear_greeting(socket)
        lose_access(leaving, place)
        samples.append(place.store, [samples.request(3)])
        assert "ended" in hear_until(socket, Denied).message
        with pytest.raises(ConnectionClosed) as closed:
            hear(socket)
        assert closed.value.rcvd.code == 4403
        assert server.refusal(leaving) == 403


def test_a_browser_that_does_not_keep_up_is_told_what_it_missed_and_catches_up_by_the_api(server, place, staff):
    long = "/" + "x" * 100_000
    with server.socket(staff) as slow, server.socket(staff) as quick:
        last = hear_greeting(slow, seeing=False)[-1].position
        hear_greeting(quick)
        for number in range(WINDOW - 1):
            samples.append(place.store, [samples.request(100 + number)])
            last = hear_until(slow, Batch, seeing=False).position
            hear_until(quick, Batch)
        lost = [f"r{number}" for number in range(200, 290)]
        heard = []
        for begin in range(200, 290, 30):
            samples.append(place.store, [samples.request(number, path=long) for number in range(begin, begin + 30)])
            while f"r{begin + 29}" not in heard:
                heard += [request.id for request in samples.requests_in(hear_until(quick, Batch))]
        assert heard == lost
        samples.append(place.store, [samples.request(300)])
        assert [request.id for request in samples.requests_in(hear_until(quick, Batch))] == ["r300"]

        see(slow, last)
        missed = hear_until(slow, Missed)
        assert missed.after == last
        heard = []
        while "r300" not in heard:
            heard += [request.id for request in samples.requests_in(hear_until(slow, Batch))]
        assert heard == [*lost, "r300"][missed.requests :]
    caught, cursor = [], str(missed.until + 1)
    while cursor is not None and int(cursor) > missed.after + 1:
        page = staff.get("/reqtrace/api/requests", params={"limit": 50, "cursor": cursor}).json()
        caught += [request["id"] for request in page["requests"]]
        cursor = page["cursor"]
    assert set(lost[: missed.requests]) <= set(caught)


def test_an_outage_of_the_store_is_told_and_ends_by_itself(server, place, staff):
    file, away = place.path / "traces.sqlite3", place.path / "away.sqlite3"
    with server.socket(staff) as socket:
        hear_greeting(socket)
        file.rename(away)
        file.mkdir()
        try:
            told = hear_until(socket, Status).health
            assert (told.store, str(file) in told.message) == ("unreachable", True)
            answer = staff.get("/reqtrace/api/requests")
            assert (answer.status_code, str(file) in answer.json()["error"]) == (503, True)
            assert staff.get("/reqtrace/api/export").status_code == 503
        finally:
            file.rmdir()
            away.rename(file)
        assert hear_until(socket, Status).health.store == "ok"
        samples.append(place.store, [samples.request(400)])
        assert [request.id for request in samples.requests_in(hear_until(socket, Batch))] == ["r400"]


def test_every_response_is_locked_down_and_none_is_open_to_other_origins(server, staff):
    with server.visitor() as stranger:
        answers = [
            stranger.get("/"), stranger.get("/sign-in/"), stranger.get("/nothing/"), stranger.post("/sign-in/"),
            staff.post("/reqtrace/"), *(staff.get(f"/reqtrace/{door}") for door in DOORS),
            staff.get("/reqtrace/api/requests?limit=0"),
        ]  # fmt: skip
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert {answer.headers["cache-control"] for answer in answers if "asset" not in answer.url.path} == {"no-store"}


@pytest.mark.parametrize("door", ["api/requests?limit=1000", "api/export?format=json"])
def test_a_head_of_much_leaves_its_connection_in_step(server, place, staff, door):
    samples.append(place.store, [samples.request(number, path="/" + "x" * 500) for number in range(500, 700)])
    address = f"/reqtrace/{door}"
    for _ in range(2):
        answer = staff.head(address)
        assert (answer.status_code, answer.content) == (200, b"")
        assert len(staff.get(address).content) > 65_536


def test_a_host_that_is_not_ours_is_refused(server, staff):
    assert staff.get("/reqtrace/api/requests", headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_form_without_its_token_signs_nobody_in(server):
    with server.visitor() as stranger:
        answer = stranger.post("/sign-in/", data={"username": "staff", "password": "staff"})
    assert answer.status_code == 403
    assert "reqtrace_sessionid" not in answer.cookies


def test_a_wrong_password_is_answered_on_the_page(server):
    with server.visitor() as stranger:
        stranger.get("/sign-in/")
        form = {"username": "<b>staff", "password": "x", "csrfmiddlewaretoken": stranger.cookies["reqtrace_csrftoken"]}
        answer = stranger.post("/sign-in/", data=form)
    assert (answer.status_code, 'role="alert"' in answer.text, "<b>" in answer.text) == (200, True, False)


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(server, wanted):
    with server.visitor() as stranger:
        stranger.get("/sign-in/")
        token = stranger.cookies["reqtrace_csrftoken"]
        form = {"username": "staff", "password": "staff", "next": wanted, "csrfmiddlewaretoken": token}
        assert stranger.post("/sign-in/", data=form).headers["location"] == "/reqtrace/"


def test_its_cookies_are_not_those_of_the_application_on_another_port(server, staff):
    assert set(staff.cookies) == {"reqtrace_sessionid", "reqtrace_csrftoken"}


def test_a_project_without_accounts_says_that_only_debug_opens_the_page(place, monkeypatch):
    monkeypatch.setitem(place.environment, "DJANGO_SETTINGS_MODULE", "tests.dashboard.accountless_project")
    with place.running(*SERVE, "0", says=SAYS + r"[^$]*?nobody needs to sign in") as server:
        assert "no accounts" in server.printed
        with server.visitor() as visitor:
            assert visitor.get("/reqtrace/").status_code == 200
            answer = visitor.get("/reqtrace/", headers={"X-Forwarded-For": "127.0.0.1"})
            assert (answer.status_code, answer.headers["location"]) == (302, "/sign-in/")
            assert visitor.get("/reqtrace/api/requests", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
            assert "reqtrace dashboard --link" in visitor.get("/sign-in/").text
            with server.socket(visitor) as socket:
                hear_greeting(socket)


def test_a_port_that_is_taken_is_named_with_the_way_out(place):
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            place.command(*SERVE, port), capture_output=True, text=True, timeout=30, check=False, **place.options
        )
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_when_told_to_also_with_a_page_open(place, number):
    with place.running(*SERVE, "0", says=SAYS) as server, server.visitor("staff") as visitor:
        with server.socket(visitor) as socket:
            hear_greeting(socket)
            os.kill(server.process.pid, number)
            printed, _ = server.process.communicate(timeout=20)
        assert server.process.returncode == 0, printed
        assert "Traceback" not in printed


def test_an_export_that_nobody_reads_waits_for_its_client_and_takes_no_memory(tmp_path):
    place = Place(tmp_path)
    for first in range(0, 40_000, 2_000):
        samples.append(place.store, [samples.request(number) for number in range(first, first + 2_000)])
    with place.running(*SERVE, "0", says=SAYS) as server, server.visitor("staff") as staff:
        process = psutil.Process(server.process.pid)
        assert staff.get("/reqtrace/api/requests").status_code == 200
        before = process.memory_info().rss
        with staff.stream("GET", "/reqtrace/api/export", params={"format": "ndjson"}) as answer:
            time.sleep(4)
            waiting = process.memory_info().rss - before
            length = sum(len(piece) for piece in answer.iter_raw())
        assert length > 20_000_000, "it did not come whole"
        assert waiting < 12_000_000
    place.store.close()


@pytest.mark.parametrize(
    "path", [standalone._SECURE, standalone._LANGUAGE, *standalone._SESSIONS, *standalone._ACCOUNTS]
)
def test_no_middleware_waits_in_a_thread_for_what_is_below_it(path: str) -> None:
    """It would wait for ever where the server ends meanwhile, and the process with it."""
    assert import_string(path).async_capable

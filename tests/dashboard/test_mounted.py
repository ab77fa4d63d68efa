"""The dashboard mounted in an ASGI project, on the servers that people mount it on."""

import pytest

from dashboard.protocol import Batch, Hello

from . import samples
from .wire import Place, hear_until

pytestmark = pytest.mark.server

SERVERS = {
    "daphne": (("daphne", "-b", "127.0.0.1", "-p", "0"), r"Listening on TCP address (?P<address>\S+)"),
    "uvicorn": (("uvicorn", "--port", "0"), r"running on http://(?P<address>\S+)"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("place"))
    yield place
    place.store.close()


@pytest.fixture(scope="module", params=SERVERS)
def server(request, place):
    arguments, says = SERVERS[request.param]
    place.environment["DJANGO_SETTINGS_MODULE"] = "tests.dashboard.mounting_project"
    with place.running("-m", *arguments, "tests.asgi:application", says=says) as server:
        yield server


def sign_in(visitor, name):
    assert visitor.post("/sign-in/", data={"username": name, "password": name}).text == "in"


def test_staff_sees_a_request_arrive_that_the_same_server_answered(server):
    with server.visitor() as staff:
        sign_in(staff, "staff")
        assert staff.get("/reqtrace/").status_code == 200
        with server.socket(staff) as socket:
            hear_until(socket, Hello)
            assert staff.get("/items/7/").status_code == 200
            arrived = []
            while "/items/7/" not in arrived:
                arrived += [request.path for request in samples.requests_in(hear_until(socket, Batch))]
        assert "/reqtrace/" not in arrived


def test_nobody_else_finds_page_api_or_socket(server, request):
    with server.visitor() as alice:
        sign_in(alice, "alice")
        assert alice.get("/reqtrace/").status_code == 404
        assert alice.get("/reqtrace/api/requests").status_code == 404
        is_daphne = request.node.callspec.params["server"] == "daphne"  # which leaves an application no choice
        assert server.refusal(alice) == (403 if is_daphne else 404)
        assert server.refusal(alice, origin="http://elsewhere.example") == 403


def test_an_export_comes_whole(server):
    with server.visitor() as staff:
        sign_in(staff, "staff")
        answer = staff.get("/reqtrace/api/export")
        assert answer.json()["format"] == "reqtrace"
        assert "attachment" in answer.headers["content-disposition"]

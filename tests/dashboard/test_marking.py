"""Marks on groups of findings: who may set them, what it takes, and who hears of it."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.protocol import Batch, Hello
from reqtrace.exceptions import StoreUnavailable
from reqtrace.stores import registry
from reqtrace.stores.memory import MemoryStore

from . import samples
from .test_mounted import sign_in
from .wire import Place, hear_until

MARK = "/reqtrace/api/marks/g1"


@pytest.fixture
def store():
    store = MemoryStore()
    samples.append(store, [samples.request(1), samples.finding(1, "r1", group="g1")])
    with registry.replaced(store):
        yield store


@pytest.fixture
def staff(db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("staff", is_staff=True))
    return client


def bearing(client):
    """Return the headers that a change must bear, as the page asks for them."""
    answer = client.get("/reqtrace/api/marks").json()
    return {answer["csrf_header"]: answer["csrf_token"]}


def marks(client):
    return [
        (mark["group"], mark["known"], mark["by"], mark["note"])
        for mark in client.get("/reqtrace/api/marks").json()["marks"]
    ]


def test_staff_marks_a_group_with_a_note_and_takes_that_back(staff, store):
    headers = bearing(staff)
    answer = staff.post(MARK, json.dumps({"note": " ticket 7 "}), content_type="application/json", headers=headers)
    assert answer.status_code == 200
    assert (answer.json()["known"], answer.json()["by"], answer.json()["note"]) == (True, "staff", "ticket 7")
    assert marks(staff) == [("g1", True, "staff", "ticket 7")]
    assert staff.delete(MARK, headers=headers).json()["known"] is False
    assert marks(staff) == [("g1", False, "staff", "")]


@pytest.mark.parametrize("method", ["post", "delete"])
def test_a_change_without_the_token_or_from_another_site_is_refused(staff, store, method):
    headers = bearing(staff)
    change = getattr(staff, method)
    assert change(MARK).status_code == 403
    assert change(MARK, headers={"X-CSRFToken": "x" * 64}).status_code == 403
    assert change(MARK, headers=headers | {"Origin": "http://elsewhere.example"}).status_code == 403
    own = headers | {"Origin": "http://testserver"}
    assert change(MARK, content_type="application/json", headers=own).status_code == 200


def test_a_project_without_the_middleware_is_protected_all_the_same(staff, store, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
    assert staff.post(MARK).status_code == 403
    assert staff.post(MARK, content_type="application/json", headers=bearing(staff)).status_code == 200


def test_a_project_may_have_given_the_header_another_name(staff, store, settings):
    settings.CSRF_HEADER_NAME = "HTTP_X_SHOP_TOKEN"
    assert list(bearing(staff)) == ["X-Shop-Token"]
    assert staff.post(MARK, content_type="application/json", headers=bearing(staff)).status_code == 200


@pytest.mark.django_db
def test_the_door_does_not_exist_for_others(client, store):
    client.force_login(User.objects.create_user("alice"))
    for path in ("/reqtrace/api/marks", MARK):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_a_mark_answers_to_changes_alone(staff, store):
    answer = staff.get(MARK)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, DELETE")


@pytest.mark.parametrize("body", ['{"note": 7}', "nonsense", json.dumps({"note": "x" * 1_001}), b"\xff"])
def test_a_note_that_cannot_be_kept_is_refused_by_name(staff, store, body):
    answer = staff.post(MARK, body, content_type="application/json", headers=bearing(staff))
    assert (answer.status_code, answer.json()["parameter"]) == (400, "note")
    assert staff.post(MARK, {"note": "in a form"}, headers=bearing(staff)).status_code == 400
    assert marks(staff) == []


def test_a_name_that_is_no_groups_is_refused(staff, store):
    answer = staff.post(f"/reqtrace/api/marks/{'g' * 101}", content_type="application/json", headers=bearing(staff))
    assert (answer.status_code, answer.json()["parameter"]) == (400, "group")


def test_a_store_that_does_not_answer_is_told(staff, store, monkeypatch):
    headers = bearing(staff)

    def append(items):
        raise StoreUnavailable("The disk is full.")

    monkeypatch.setattr(store, "append", append)
    answer = staff.post(MARK, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (503, "The disk is full.")


SERVERS = {
    "standalone": (("-m", "tests.dashboard.serve", "127.0.0.1", "0"), r"http://(?P<address>[^/]+)/reqtrace/"),
    "mounted": (("-m", "uvicorn", "--port", "0", "tests.asgi:application"), r"running on http://(?P<address>\S+)"),
}


@pytest.mark.server
@pytest.mark.parametrize("kind", SERVERS)
def test_every_open_browser_hears_of_a_mark_at_once_and_one_that_comes_later_too(tmp_path, kind):
    place = Place(tmp_path)
    samples.append(place.store, [samples.request(1), samples.finding(1, "r1", group="g1")])
    arguments, says = SERVERS[kind]
    if kind == "mounted":
        place.environment["DJANGO_SETTINGS_MODULE"] = "tests.dashboard.mounting_project"
    with (
        place.running(*arguments, says=says) as server,
        server.visitor(None if kind == "mounted" else "staff") as staff,
    ):
        if kind == "mounted":
            sign_in(staff, "staff")
        with server.socket(staff) as one, server.socket(staff) as other:
            for socket in (one, other):
                hear_until(socket, Hello)
            answer = staff.post(MARK, json={"note": "seen"}, headers=bearing(staff))
            assert answer.status_code == 200, answer.text
            for socket in (one, other):
                heard = []
                while not heard:
                    heard = hear_until(socket, Batch).records.marks
                assert [(mark.group, mark.known, mark.by, mark.note) for mark in heard] == [
                    ("g1", True, "staff", "seen")
                ]
        with server.socket(staff) as latecomer:
            assert [mark.group for mark in hear_until(latecomer, Hello).records.marks] == ["g1"]
    place.store.close()


def test_a_group_that_does_not_exist_cannot_be_marked(staff, store):
    headers = bearing(staff)
    for number in range(3):
        answer = staff.post(f"/reqtrace/api/marks/none-{number}", content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()["parameter"]) == (404, "group")
        assert staff.delete(f"/reqtrace/api/marks/none-{number}", headers=headers).status_code == 404
    assert marks(staff) == []


def test_a_mark_can_be_taken_back_after_its_findings_are_gone(staff, store):
    headers = bearing(staff)
    assert staff.post(MARK, content_type="application/json", headers=headers).status_code == 200
    store.trim(0)
    assert staff.delete(MARK, headers=headers).status_code == 200

"""The page, the API, exports and assets, mounted in a project."""

import json
import re

import msgspec
import pytest
from django.contrib.auth.models import User

from dashboard import assets
from dashboard.api import downloads
from reqtrace.exceptions import StoreUnavailable
from reqtrace.records import Trace
from reqtrace.stores import registry
from reqtrace.stores.memory import MemoryStore

from . import samples

pytestmark = pytest.mark.django_db

LISTS = ["requests", "threads", "processes", "findings"]
DOORS = [
    "",
    *(f"api/{name}" for name in LISTS),
    "api/requests/r1",
    "api/export",
    "api/health",
    "api/metrics",
    "assets/app.js",
]


@pytest.fixture
def store():
    store = MemoryStore()
    with registry.replaced(store):
        yield store


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_user("staff", is_staff=True))
    return client


@pytest.fixture
def built(tmp_path, monkeypatch):
    (tmp_path / "app.js").write_text("let page;")
    (tmp_path / "app.css").write_text("body {}")
    monkeypatch.setattr(assets, "_PLACES", (tmp_path / "nothing", tmp_path))
    return tmp_path


def ids(answer, key="requests"):
    return [record["id"] for record in answer.json()[key]]


@pytest.mark.parametrize("door", DOORS)
def test_a_door_does_not_exist_for_strangers_nor_for_people_who_are_not_staff(client, store, built, door):
    assert client.get(f"/reqtrace/{door}").status_code == 404
    client.force_login(User.objects.create_user("alice"))
    assert client.get(f"/reqtrace/{door}").status_code == 404
    assert client.post(f"/reqtrace/{door}").status_code == 404


@pytest.mark.parametrize("door", DOORS)
def test_a_door_opens_for_staff_and_only_to_read(staff, store, built, door):
    samples.append(store, [samples.request(1)])
    assert staff.get(f"/reqtrace/{door}").status_code == 200
    assert staff.head(f"/reqtrace/{door}").status_code == 200
    answer = staff.post(f"/reqtrace/{door}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_with_debug_on_people_at_this_machine_need_no_account(client, store, settings):
    settings.DEBUG = True
    assert client.get("/reqtrace/api/requests").status_code == 200
    assert client.get("/reqtrace/api/requests", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_the_page_says_where_api_and_socket_are_as_seen_from_its_own_mount(staff, built):
    html = staff.get("/reqtrace/").content.decode()
    config = json.loads(re.search(r'id="reqtrace-config"[^>]*>(.*?)</script>', html)[1])
    assert config["api_url"] == "/reqtrace/api/"
    assert config["live_url"] == "/reqtrace/live/"
    assert config["user"] == "staff"
    assert config["sign_out_url"] is None
    assert config["trace_url"] is None


def test_the_page_knows_the_trace_viewer_that_the_settings_name(staff, built, settings):
    url = "https://jaeger.test/trace/{trace_id}"
    settings.REQTRACE = settings.REQTRACE | {"TRACE_URL": url}
    html = staff.get("/reqtrace/").content.decode()
    assert json.loads(re.search(r'id="reqtrace-config"[^>]*>(.*?)</script>', html)[1])["trace_url"] == url


def test_the_page_sets_no_cookie_in_the_project_that_mounts_it(staff, built):
    assert not staff.get("/reqtrace/").cookies


def test_a_page_that_was_not_built_says_how_to_build_it(staff, tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "_PLACES", (tmp_path,))
    html = staff.get("/reqtrace/").content.decode()
    assert "make static" in html
    assert "<script" not in html
    assert staff.get("/reqtrace/assets/app.js").status_code == 404


def test_an_asset_is_kept_for_ever_under_its_version_and_asked_for_again_without(staff, built):
    html = staff.get("/reqtrace/").content.decode()
    address = re.search(r'src="([^"]+app\.js\?v=[^"]+)"', html)[1]
    answer = staff.get(address)
    assert answer.content == b"let page;"
    assert "immutable" in answer.headers["cache-control"]
    plain = staff.get("/reqtrace/assets/app.js")
    assert plain.headers["cache-control"] == "private, no-cache"
    again = staff.get("/reqtrace/assets/app.js", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (built / "app.js").write_text("let newer;")
    assert staff.get(address).headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("name", ["app.py", "..%2fapps.py", "%2fetc%2fpasswd"])
def test_nothing_else_is_served_as_an_asset(staff, built, name):
    assert staff.get(f"/reqtrace/assets/{name}").status_code == 404


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("parameter", "value"), [("limit", "0"), ("limit", "1001"), ("since", "soon"), ("cursor", "x"), ("colour", "red")]
)
def test_a_bad_parameter_is_answered_by_name(staff, store, name, parameter, value):
    answer = staff.get(f"/reqtrace/api/{name}", {parameter: value})
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


@pytest.mark.parametrize("door", [*(f"api/{name}" for name in LISTS), "api/requests/r1", "api/export"])
def test_a_store_that_does_not_answer_is_a_503_that_says_so(staff, store, monkeypatch, door):
    def fail(*_):
        raise StoreUnavailable("The store does not answer.")

    for method in ("read", "read_back", "get", "bounds"):
        monkeypatch.setattr(store, method, fail)
    answer = staff.get(f"/reqtrace/{door}")
    assert (answer.status_code, answer.json()["error"]) == (503, "The store does not answer.")


def test_requests_come_newest_first_page_by_page(staff, store):
    samples.append(store, [samples.request(number) for number in range(5)])
    first = staff.get("/reqtrace/api/requests", {"limit": 3})
    assert ids(first) == ["r4", "r3", "r2"]
    rest = staff.get("/reqtrace/api/requests", {"limit": 3, "cursor": first.json()["cursor"]})
    assert ids(rest) == ["r1", "r0"]
    assert rest.json()["cursor"] is None


def test_threads_and_processes_are_those_of_the_requests_that_match(staff, store):
    samples.append(store, [samples.process(1), samples.process(2), samples.thread(1), samples.thread(2)])
    samples.append(store, [samples.request(1, thread=1), samples.request(2, thread=2, status=500)])

    def serials(**query):
        return [thread["serial"] for thread in staff.get("/reqtrace/api/threads", query).json()["threads"]]

    assert serials() == [2, 1]
    assert serials(status="5xx") == [2]
    assert serials(thread=1) == [1]
    assert serials(process="101", path="/1/") == [1]
    assert serials(limit=1) == [2]
    assert ids(staff.get("/reqtrace/api/processes"), "processes") == ["p2", "p1"]
    assert ids(staff.get("/reqtrace/api/processes", {"status": "5xx"}), "processes") == ["p1"]
    assert ids(staff.get("/reqtrace/api/processes", {"process": "102"}), "processes") == ["p2"]


def test_each_process_is_listed_with_what_it_uses_now(staff, store):
    samples.append(store, [samples.process(1), samples.process(2), samples.process(3)])
    samples.append(store, [samples.measurement(1), samples.measurement(1, "p2"), samples.measurement(2)])

    def newest(**query):
        found = staff.get("/reqtrace/api/processes", query).json()["measurements"]
        return sorted((one["process"], one["number"]) for one in found)

    assert newest() == [("p1", 2), ("p2", 1)]
    assert newest(process="p1") == [("p1", 2)]


def test_findings_come_newest_first_and_by_their_requests_too(staff, store):
    samples.append(store, [samples.request(1), samples.request(2, path="/pay/")])
    samples.append(
        store, [samples.finding(1, "r1"), samples.finding(2, "r2"), samples.finding(3, "r2", level="notice")]
    )
    assert ids(staff.get("/reqtrace/api/findings"), "findings") == ["f3", "f2", "f1"]
    assert ids(staff.get("/reqtrace/api/findings", {"path": "/pay/", "level": "leak"}), "findings") == ["f2"]
    first = staff.get("/reqtrace/api/findings", {"limit": 2}).json()
    rest = staff.get("/reqtrace/api/findings", {"limit": 2, "cursor": first["cursor"]})
    assert (ids(rest, "findings"), rest.json()["cursor"]) == (["f1"], None)


def test_one_request_is_shown_with_what_shared_its_thread(staff, store):
    second = samples.SECOND
    shared = [samples.request(number) for number in range(1, 8)]
    shared[5] = samples.request(6, start_ns=samples.START_NS + 3 * second, duration_ns=3 * second)
    samples.append(store, [samples.process(), samples.thread(1), samples.thread(2), *shared, samples.request(9, 2)])
    samples.append(store, [samples.finding(1, "r4"), samples.finding(2, "r5")])
    detail = staff.get("/reqtrace/api/requests/r4").json()
    assert (detail["request"]["id"], detail["process"]["id"], detail["thread"]["serial"]) == ("r4", "p1", 1)
    assert [finding["id"] for finding in detail["findings"]] == ["f1"]
    assert [[other["id"] for other in detail[when]] for when in ("before", "during", "after")] == [
        ["r3", "r2", "r1"],
        ["r6"],
        ["r5", "r7"],
    ]


def test_a_request_that_is_not_there_is_a_404_that_says_so(staff, store):
    answer = staff.get("/reqtrace/api/requests/r1")
    assert (answer.status_code, "r1" in answer.json()["error"]) == (404, True)


def test_an_entry_that_is_no_record_is_skipped_and_counted(staff, store):
    samples.append(store, [samples.request(1)])
    store.append([msgspec.structs.replace(samples.item(samples.request(2)), payload=b"{")])
    answer = staff.get("/reqtrace/api/requests")
    assert (ids(answer), answer.json()["corrupt"]) == (["r1"], 1)


def test_an_export_is_a_trace_document_with_a_name_of_its_own(staff, store):
    samples.append(store, [samples.process(), samples.thread(1), samples.request(1), samples.request(2, status=404)])
    answer = staff.get("/reqtrace/api/export", {"format": "json", "status": "404"})
    trace = msgspec.json.decode(b"".join(answer.streaming_content), type=Trace)
    assert [request.id for request in trace.requests] == ["r2"]
    assert re.fullmatch(r'attachment; filename="reqtrace-\d{8}T\d{6}Z\.json"', answer.headers["content-disposition"])


@pytest.mark.parametrize("parameter", ["format", "limit", "cursor", "status"])
def test_an_export_that_cannot_be_is_refused_before_it_begins(staff, store, parameter):
    answer = staff.get("/reqtrace/api/export", {parameter: "8"})
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_few_exports_are_made_at_a_time_and_a_further_one_is_told_to_wait(staff, store):
    samples.append(store, [samples.request(1)])
    answers = [staff.get("/reqtrace/api/export") for _ in range(downloads.AT_ONCE)]
    assert {answer.status_code for answer in answers} == {200}
    refused = staff.get("/reqtrace/api/export")
    assert (refused.status_code, "try again" in refused.json()["error"]) == (503, True)
    answers.pop().close()
    assert staff.get("/reqtrace/api/export", {"format": "8"}).status_code == 400
    again = staff.get("/reqtrace/api/export")
    assert again.status_code == 200
    for answer in (again, *answers):
        answer.close()


@pytest.mark.django_db(transaction=True)
async def test_under_asgi_an_export_is_streamed_without_being_gathered(async_client, store):
    samples.append(store, [samples.request(number) for number in range(2_000)])
    user = await User.objects.acreate(username="staff", is_staff=True)
    await async_client.aforce_login(user)
    answer = await async_client.get("/reqtrace/api/export?format=ndjson")
    chunks = [chunk async for chunk in answer.streaming_content]
    assert answer.is_async
    assert len(chunks) > 2
    assert b"".join(chunks).count(b"\n") == 2_001

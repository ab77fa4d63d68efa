"""Each parameter of the lists: what it takes does what it says, and what it does not take is refused in words."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User as Account
from django.test import Client

from reqtrace.reading.queries import PARAMETERS
from reqtrace.records import Process, User
from reqtrace.stores import registry
from reqtrace.stores.memory import MemoryStore
from reqtrace.stores.sqlite import SqliteStore
from tests.dashboard import samples
from tests.dashboard.samples import SECOND, START_NS

pytestmark = pytest.mark.django_db
START = START_NS // SECOND
ISO = datetime.fromtimestamp(START + 3, UTC)

# Four requests, each of which begins in its second and runs for half of one, and a fifth that stress has sent.
RECORDS = [
    samples.process(1),
    Process("p2", "host", 102, 1, START_NS, "uvicorn", "uvicorn", "asgi", "3.11.7", "5.2", {}),
    samples.thread(1),
    samples.thread(2),
    samples.thread(1, "p2"),
    samples.request(1, path="/shop/", route="shop/", view="shop.views.home"),
    samples.request(2, 2, method="POST", status=404, user=User("anonymous"), task_name="Task-7", task_serial=9),
    samples.request(3, path="/shop/cart/", status=500, user=User("authenticated", "2", "bob"), session="5e5510"),
    samples.request(
        4,
        process="p2",
        pid=102,
        protocol="websocket",
        status=101,
        user=User(),
        duration_ns=900_000_000,
        view="chat.live",
    ),
    samples.request(5, synthetic=True),
    samples.finding(1, "r3", kind="swapped", level="hazard", holder="shop.auth.user"),
    samples.finding(2, "r4"),
]

GOOD = {
    "since": {str(START + 3): [3, 4], f"{START + 4}.6": [4], ISO.isoformat(): [3, 4], "1s": [], "99999d": [1, 2, 3, 4]},
    "until": {str(START + 3): [1, 2], ISO.strftime("%Y-%m-%dT%H:%M:%SZ"): [1, 2], "1d": [1, 2, 3, 4], "1970-01-02": []},
    "user": {"1": [1], "alice": [1], "bob": [3], "2": [3], "anonymous": [2], "unresolved": [4], "nobody": []},
    "path": {"/shop/": [1, 3], "/shop/cart/": [3], "/": [1, 2, 3, 4], "/nowhere/": [], "shop": []},
    "method": {"GET": [1, 3, 4], "post": [2], "DELETE": []},
    "protocol": {"http": [1, 2, 3], "websocket": [4], "job": []},
    "status": {"200": [1], "404": [2], "4xx": [2], "5XX": [3], "1xx": [4], "418": []},
    "process": {"p1": [1, 2, 3], "102": [4], "p9": []},
    "thread": {"1": [1, 3, 4], "2": [2], "99": []},
    "task": {"Task-7": [2], "9": [2], "Task-8": []},
    "route": {"shop": [1], "cart": []},
    "view": {"chat": [4], "views.home": [1, 2, 3], "nowhere": []},
    "session": {"5e5510": [3], "5e55": []},
    "ms": {">500": [4], ">=500": [1, 2, 3, 4], "<500.5": [1, 2, 3], "<=500": [1, 2, 3], "<500": []},
    "kind": {"crossed": [4], "swapped": [3], "leftover": []},
    "level": {"leak": [4], "hazard": [3], "notice": []},
    "holder": {"shop.": [3, 4], "auth": [3], "nowhere": []},
    "synthetic": {"no": [1, 2, 3, 4], "yes": [1, 2, 3, 4, 5], "only": [5]},
    "limit": {"1": [4], "3": [2, 3, 4], "1000": [1, 2, 3, 4]},
}
BAD = {
    "since": ["yesterday", "-1h", "1w", "h", "2026-13-01", "1e9", "0001-01-01", "\u0661", "12:00"],
    "until": ["tomorrow", "1.5h", "99-99-99"],
    "protocol": ["HTTP", "ws"],
    "status": ["ok", "99", "600", "xx", "4x", "40", "4040", "-200"],
    "thread": ["0", "-1", "one", "1.5", "\uff11", str(2**62 + 1)],
    "ms": ["200", ">", ">-1", "=5", ">1e3", "> 5", ">5ms"],
    "kind": ["Crossed", "everything", "leak"],
    "level": ["crossed", "LEAK", "none"],
    "synthetic": ["maybe", "No", "true"],
    "limit": ["0", "1001", "-5", "all", "1.0"],
    "cursor": ["0", "-1", "next", "1.5"],
}
TAKES = {
    "since": "ISO 8601",
    "until": "ISO 8601",
    "protocol": "http, websocket, job",
    "status": "404",
    "thread": "whole number from 1 upwards",
    "ms": "such as >200",
    "kind": "crossed",
    "level": "leak, hazard, notice",
    "synthetic": "no, yes, only",
    "limit": "1 to 1,000",
    "cursor": "whole number from 1 upwards",
}
LISTS = ("requests", "findings", "threads", "processes")


@pytest.fixture(params=["memory", "sqlite"])
def staff(request: pytest.FixtureRequest, tmp_path: Path, client: Client) -> Iterator[Client]:
    """Return somebody who may ask, and four requests to ask for."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(f"sqlite:///{tmp_path}/traces.sqlite3")
    samples.append(store, RECORDS)
    client.force_login(Account.objects.create_user("staff", is_staff=True))
    with registry.replaced(store):
        yield client
    store.close()


def ask(client: Client, name: str, **parameters: str) -> Any:
    """Return the answer of a list."""
    answer = client.get(f"/reqtrace/api/{name}", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def numbers(answer: Any) -> list[int]:
    """Return the numbers of the requests that came, the oldest first."""
    return sorted(int(request["id"][1:]) for request in answer["requests"])


def test_every_parameter_of_the_contract_is_tried_here() -> None:
    assert {*GOOD, "cursor"} == set(PARAMETERS)
    assert set(BAD) == set(TAKES)
    assert set(PARAMETERS) - set(BAD) == {
        "user",
        "path",
        "method",
        "process",
        "task",
        "route",
        "view",
        "session",
        "holder",
    }


@pytest.mark.parametrize("name", GOOD)
def test_what_a_parameter_takes_does_what_it_says(staff: Client, name: str) -> None:
    for value, found in GOOD[name].items():
        assert numbers(ask(staff, "requests", **{name: value})) == found, (name, value)
        assert numbers(ask(staff, "requests", **{name: f" {value} "})) == found, (name, value)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "limit"])
def test_the_other_lists_and_the_export_take_it_too(staff: Client, name: str) -> None:
    of_findings = name in ("kind", "level", "holder")
    for value, found in GOOD[name].items():
        findings = {finding["request"] for finding in ask(staff, "findings", **{name: value})["findings"]}
        assert findings == {f"r{number}" for number in found if number in (3, 4)}, (name, value)
        exported = staff.get("/reqtrace/api/export", {name: value})
        assert numbers(_json(exported)) == found, (name, value)
        if name in ("process", "thread", "synthetic") and not of_findings:
            continue  # these name processes and threads themselves
        processes = {process["id"] for process in ask(staff, "processes", **{name: value})["processes"]}
        assert processes == {"p2" if number == 4 else "p1" for number in found}, (name, value)
        threads = {(one["process"], one["serial"]) for one in ask(staff, "threads", **{name: value})["threads"]}
        assert threads == {("p2" if number == 4 else "p1", 2 if number == 2 else 1) for number in found}, (name, value)


@pytest.mark.parametrize("name", BAD)
def test_what_a_parameter_does_not_take_is_a_400_that_names_it_and_says_what_it_takes(staff: Client, name: str) -> None:
    for value in BAD[name]:
        for place in LISTS:
            answer = staff.get(f"/reqtrace/api/{place}", {name: value})
            told = answer.json()
            assert (answer.status_code, told["parameter"]) == (400, name), (place, value)
            assert told["error"].startswith(f"{name} is {value!r}; it takes "), told
            assert TAKES[name] in told["error"], told


@pytest.mark.parametrize("name", ["usr", "SINCE", "page", "format", "offset"])
def test_a_name_that_is_no_parameter_is_a_400_that_lists_those_there_are(staff: Client, name: str) -> None:
    for place in LISTS:
        answer = staff.get(f"/reqtrace/api/{place}", {name: "1"})
        told = answer.json()
        assert (answer.status_code, told["parameter"]) == (400, name)
        assert all(re.search(rf"\b{known}\b", told["error"]) for known in PARAMETERS)


def test_an_export_refuses_what_lists_alone_take_and_names_its_formats(staff: Client) -> None:
    for name in ("limit", "cursor"):
        answer = staff.get("/reqtrace/api/export", {name: "1"})
        assert (answer.status_code, answer.json()["parameter"]) == (400, name)
    told = staff.get("/reqtrace/api/export", {"format": "xml"}).json()
    assert told["parameter"] == "format"
    assert "perfetto" in told["error"]


@pytest.mark.parametrize("place", LISTS)
@pytest.mark.parametrize("limit", ["1", "2", "3"])
def test_the_cursor_goes_on_where_a_page_ended_until_there_is_no_more(staff: Client, place: str, limit: str) -> None:
    whole = [repr(record) for record in ask(staff, place)[place]]
    found: list[str] = []
    cursor = None
    for _ in range(10):
        page = ask(staff, place, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(page[place]) <= int(limit)
        found += [repr(record) for record in page[place]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert found == whole
    assert cursor is None


def test_an_empty_value_counts_as_not_given_and_several_hold_together(staff: Client) -> None:
    assert numbers(ask(staff, "requests", user="", path=" ")) == [1, 2, 3, 4]
    assert numbers(ask(staff, "requests", path="/shop/", status="5xx", user="bob", level="hazard")) == [3]
    assert numbers(ask(staff, "requests", path="/shop/", status="200", user="bob")) == []


def _json(answer: Any) -> Any:
    return json.loads(b"".join(answer.streaming_content) if answer.streaming else answer.content)

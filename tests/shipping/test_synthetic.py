"""What reqtrace sends itself bears a mark that nobody else can make, and is left out unless it is asked for."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, override_settings

from reqtrace.reading import queries
from reqtrace.reading.groups import groups
from reqtrace.reading.reader import Reader
from reqtrace.reading.selection import Selection
from reqtrace.shipping import synthetic
from reqtrace.stores.memory import MemoryStore
from tests.conftest import Tracing
from tests.exporters.test_exporters import NOW, document
from tests.factories import START_NS, finding, items, process, request, thread

Start = Callable[..., Tracing]
DAY_NS = 86_400 * 10**9


def mark(run: str = "", number: int = 1) -> dict[str, str]:
    """Return the header of a request that reqtrace sends itself."""
    return {"traceparent": synthetic.traceparent(synthetic.trace_id(run or synthetic.new_run(), number))}


def test_a_request_with_the_mark_is_synthetic_with_its_thread_and_process(tracing: Start) -> None:
    traced = tracing()
    Client().get("/plain/", headers=mark())
    Client().get("/plain/")
    assert [request.synthetic for request in traced.requests()] == [True, False]
    (served,) = traced.threads()
    assert (served.requests, served.synthetic) == (2, 1)


@pytest.mark.parametrize(
    "header",
    [
        f"00-{'a' * 32}-{'b' * 16}-00",
        f"00-{synthetic.new_run()}{'0' * 20}-{'b' * 16}-00",
        "00-" + synthetic.new_run() + "000001" + "0123456789abcd" + "-" + "b" * 16 + "-00",
    ],
    ids=["another's", "no seal", "a made-up seal"],
)
def test_nobody_else_hides_a_request(tracing: Start, header: str) -> None:
    traced = tracing()
    Client().get("/plain/", headers={"traceparent": header})
    assert not traced.request().synthetic


def test_a_mark_of_another_key_or_of_another_day_is_none() -> None:
    sealed = synthetic.trace_id(synthetic.new_run(), 7)
    began_ns = int(sealed[:8], 16) * 10**9
    assert synthetic.is_synthetic(sealed, began_ns)
    assert not synthetic.is_synthetic(sealed, began_ns + DAY_NS + 1)
    assert not synthetic.is_synthetic(sealed, began_ns - DAY_NS)
    with override_settings(SECRET_KEY="another"):
        other = synthetic.trace_id(sealed[:12], 7)
    assert other[:18] == sealed[:18]
    assert not synthetic.is_synthetic(other, began_ns)


@pytest.fixture
def store() -> MemoryStore:
    """Return a store in which one worker served people, one stress alone, and a thread both."""
    store = MemoryStore()
    store.append(items(process("p1", requests=3, synthetic=1), process("p2", requests=2, synthetic=2)))
    store.append(
        items(
            thread(1, requests=2, synthetic=1),
            thread(2, requests=1),
            thread(1, process="p2", requests=2, synthetic=2),
        )
    )
    people = [request(1), request(2, thread_serial=2)]
    made = [request(3, synthetic=True), *(request(number, process="p2", synthetic=True) for number in (4, 5))]
    store.append(items(*people, *made))
    store.append(
        items(finding(made[1].id, 2, group="of stress", synthetic=True), finding(people[0].id, 1, group="of people"))
    )
    return store


def of(**given: str) -> queries.Query:
    """Return what somebody asks for by these parameters."""
    return queries.parse(given, START_NS)[0]


@pytest.mark.parametrize(
    ("asked", "requests", "threads", "processes", "found"),
    [
        ({}, [1, 2], 2, ["p1"], ["of people"]),
        ({"synthetic": "yes"}, [1, 2, 3, 4, 5], 3, ["p1", "p2"], ["of people", "of stress"]),
        ({"synthetic": "only"}, [3, 4, 5], 2, ["p1", "p2"], ["of stress"]),
        ({"path": "/orders/"}, [1, 2], 2, ["p1"], ["of people"]),
    ],
    ids=["left out", "with it", "it alone", "with another filter"],
)
def test_filters_leave_it_out_unless_it_is_asked_for(
    store: MemoryStore, asked: dict[str, str], requests: list[int], threads: int, processes: list[str], found: list[str]
) -> None:
    trace = document(Selection(Reader(store), of(**asked), NOW))
    assert [int(one.id[-8:], 16) for one in trace.requests] == requests
    assert len(trace.threads) == threads
    assert [one.id for one in trace.processes] == processes
    assert sorted(one.group for one in trace.findings) == found
    assert sorted(group.group for group in groups(Reader(store), of(**asked))) == found


@pytest.mark.parametrize(("asked", "shown"), [("", 2), ("yes", 5), ("only", 3)])
def test_a_page_of_requests_has_what_is_asked_for(store: MemoryStore, asked: str, shown: int) -> None:
    query, page = queries.parse({"synthetic": asked}, START_NS)
    assert len(Reader(store).page(query, page).requests) == shown


def test_the_command_threads_counts_people_alone(tracing: Start, capsys: Any) -> None:
    traced = tracing()
    run = synthetic.new_run()
    for number in range(3):
        Client().get("/plain/", headers=mark(run, number))
    Client().get("/plain/")
    traced.requests()
    call_command("reqtrace", "threads", "--json")
    told = capsys.readouterr().out
    assert '"requests": 1,' in told
    assert '"synthetic": 3' in told
    call_command("reqtrace", "threads", "--json", "--synthetic", "yes")
    assert '"requests": 4,' in capsys.readouterr().out

"""Requests that stay in memory: those that somebody keeps are found, those that somebody looks at are not."""

import gc
from collections.abc import Callable, Iterator
from queue import Queue
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding
from reqtrace.watching.live import OpenRequest
from tests.conftest import Tracing, close

Start = Callable[..., Tracing]
kept: list[object] = []
queued: Queue[object] = Queue()
"""A place that the search for holders does not look into: only who asks the garbage collector comes by."""
urlpatterns = [path("admin/", admin.site.urls)]


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    kept.clear()
    queued.queue.clear()
    service.__dict__.clear()


class Service:
    """An object made once."""

    last: object = None


service = Service()


def serve(inner: Callable[[HttpRequest], object]) -> None:
    def layers(request: HttpRequest) -> HttpResponse:
        inner(request)
        return HttpResponse("x")

    close(TraceMiddleware(layers)(RequestFactory().get("/plain/")))


def searched(traced: Tracing) -> list[OpenRequest]:
    """Return what is found of requests that have ended just now."""
    search = traced.recorder.retention
    search._due_ns = search._asking_due_ns = 0
    noted = search.search(age_ns=0)
    for opened in noted:
        traced.recorder.shipper.put(opened)
    return noted


def findings(traced: Tracing) -> list[Finding]:
    """Return what is found once all garbage is collected."""
    searched(traced)
    gc.collect()
    searched(traced)
    traced.recorder.shipper.ship()
    return [finding for finding in Reader(traced.store).findings() if finding.kind == "retained"]


def test_a_request_that_stays_in_memory_is_found_with_who_keeps_it(tracing: Start) -> None:
    traced = tracing()
    serve(kept.append)
    (finding,) = findings(traced)
    assert (finding.level, finding.holder) == ("hazard", "tests.watching.test_retention.kept")
    assert "held by tests.watching.test_retention.kept" in finding.message
    assert "clear tests.watching.test_retention.kept" in finding.fix
    assert searched(traced) == []  # said once


def test_all_that_is_kept_in_one_place_is_found_at_once(tracing: Start) -> None:
    traced = tracing()
    for _ in range(5):
        serve(kept.append)
    assert [finding.holder for finding in findings(traced)] == ["tests.watching.test_retention.kept"] * 5


def test_nothing_is_said_before_garbage_was_collected(tracing: Start) -> None:
    traced = tracing()
    gc.disable()
    try:
        serve(queued.put)
        assert [searched(traced), searched(traced)] == [[], []]
    finally:
        gc.enable()


def test_a_collection_that_fell_into_a_search_counts_for_nothing(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It met the requests while the search itself was looking at them."""
    traced = tracing()
    known = traced.recorder.watch.known
    items = known.items

    def collecting() -> list[tuple[object, OpenRequest]]:
        found = items()
        gc.collect()
        return found

    gc.disable()
    try:
        serve(queued.put)
        searched(traced)
        monkeypatch.setattr(known, "items", collecting)
        assert searched(traced) == []
        monkeypatch.undo()
        assert searched(traced) == []
        gc.collect()
        assert len(searched(traced)) == 1
    finally:
        gc.enable()


def test_a_pass_that_python_does_not_count_as_a_full_collection_is_noticed(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector that goes step by step never says that it has been through all objects."""
    traced = tracing()
    stats = gc.get_stats
    said = stats()[2]
    gc.disable()
    try:
        monkeypatch.setattr(gc, "get_stats", lambda: [*stats()[:2], said])
        serve(queued.put)
        assert searched(traced) == []
        gc.collect(1)
        assert [searched(traced), searched(traced)] == [[], []]
        gc.collect()
        assert len(searched(traced)) == 1
    finally:
        gc.enable()


def test_who_keeps_requests_is_asked_ever_more_rarely(tracing: Start) -> None:
    traced = tracing()
    search = traced.recorder.retention
    serve(queued.put)
    searched(traced)
    gc.collect()
    assert len(searched(traced)) == 1
    first = search._pause_ns
    kept.append([])
    serve(kept[-1].append)  # type: ignore[attr-defined]
    search._due_ns = 0
    search.search(age_ns=0)
    gc.collect()
    search._due_ns = 0
    search._asking_due_ns = 2**63
    assert search.search(age_ns=0) == []
    assert len(searched(traced)) == 1  # nobody is forgotten for it
    assert search._pause_ns == 2 * first


def test_a_request_that_nobody_keeps_is_no_finding(tracing: Start) -> None:
    traced = tracing()
    serve(lambda request: None)
    assert findings(traced) == []


@pytest.mark.django_db
def test_the_admin_keeps_nothing_also_while_its_responses_are_looked_at(
    tracing: Start, settings: SimpleNamespace
) -> None:
    """A test client's response has the request in it, and the forms of the admin are made anew for each request."""
    settings.ROOT_URLCONF = __name__
    traced = tracing()
    client = Client()
    client.force_login(User.objects.create_superuser("alice"))
    responses = [
        client.get("/admin/auth/group/add/"),
        client.post("/admin/auth/group/add/", {"name": "editors"}),
        client.post("/admin/auth/group/add/", {"name": ""}),
        client.get("/admin/auth/group/"),
        client.get(f"/admin/auth/group/{Group.objects.get().pk}/change/"),
    ]
    assert [response.status_code for response in responses] == [200, 302, 200, 200, 200]
    assert findings(traced) == []
    for _ in responses:
        assert searched(traced) == []
    assert len(traced.recorder.retention._asked) == 5  # all alive, by the responses in this very function


def test_what_a_module_leads_to_is_kept_without_any_collection(tracing: Start) -> None:
    traced = tracing()
    gc.disable()
    try:
        serve(kept.append)
        assert searched(traced) == []
        traced.recorder.search_all()
        (noted,) = searched(traced)
        assert searched(traced) == []  # said once
    finally:
        gc.enable()
    traced.recorder.shipper.ship()
    (finding,) = [finding for finding in Reader(traced.store).findings() if finding.kind == "retained"]
    assert (finding.request, finding.holder) == (
        traced.requests()[noted.number - 1].id,
        "tests.watching.test_retention.kept",
    )


def test_what_a_module_let_go_of_before_it_was_long_over_is_not_kept(tracing: Start) -> None:
    traced = tracing()
    serve(kept.append)
    traced.recorder.search_all()
    kept.clear()
    search = traced.recorder.retention
    search._due_ns = 0
    assert search.search(age_ns=10**12) == []
    traced.recorder.search_all()
    assert searched(traced) == []


def test_a_request_in_an_attribute_is_found_though_asking_for_its_name_moves_it(tracing: Start) -> None:
    """CPython 3.11 and 3.12 move the values of an instance into a dict for whoever asks for its attributes."""
    traced = tracing()
    serve(lambda request: setattr(service, "last", request))
    (finding,) = findings(traced)
    assert finding.holder == "tests.watching.test_retention.Service(instance).last"

"""Telling the world: signals, the logger, Sentry, and a storm that does not drown the log."""

import logging
import sys
from collections.abc import Callable, Iterator

import pytest
from django.template import Context, Engine, RequestContext, Template
from django.test import RequestFactory

from reqtrace.execution.faults import Faults
from reqtrace.findings import announcing
from reqtrace.findings.announcing import Announcer
from reqtrace.records import Finding, Request
from reqtrace.signals import finding_recorded, request_traced
from tests import factories
from tests.conftest import Tracing
from tests.findings.test_judge import serve

Start = Callable[..., Tracing]


@pytest.fixture
def heard() -> Iterator[list[object]]:
    """Return what the signals say."""
    said: list[object] = []

    def hear(*, sender: type, **named: object) -> None:
        said.extend(value for name, value in named.items() if name in ("request", "finding"))

    request_traced.connect(hear)
    finding_recorded.connect(hear)
    yield said
    request_traced.disconnect(hear)
    finding_recorded.disconnect(hear)


def test_each_request_and_finding_is_signalled(tracing: Start, heard: list[object]) -> None:
    traced = tracing()
    serve(lambda request: None)
    Announcer(Faults()).announce(factories.finding("r-1"))
    assert [record.id for record in heard if isinstance(record, Request)] == []
    traced.recorder.shipper.ship()
    assert [record.id for record in heard if isinstance(record, Request)] == [traced.request().id]
    assert [record.kind for record in heard if isinstance(record, Finding)] == ["crossed"]


def test_a_receiver_that_raises_is_a_fault_and_nothing_more(heard: list[object]) -> None:
    def broken(**_: object) -> None:
        raise LookupError("as it is")

    faults = Faults()
    finding_recorded.connect(broken)
    try:
        Announcer(faults).announce(factories.finding("r-1"))
    finally:
        finding_recorded.disconnect(broken)
    assert faults.count == 1
    assert len(heard) == 1


def test_a_storm_of_one_group_is_one_line_and_says_later_how_many_there_were(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [100.0]
    monkeypatch.setattr(announcing, "monotonic", lambda: clock[0])
    announcer = Announcer(Faults())
    with caplog.at_level(logging.INFO, "reqtrace.findings"):
        for _ in range(1_000):
            announcer.announce(factories.finding("r-1", group="storm"))
        announcer.announce(factories.finding("r-1", group="another", level="hazard"))
        clock[0] += 61
        announcer.announce(factories.finding("r-1", group="storm"))
    lines = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "reqtrace.findings"]
    assert [level for level, _ in lines] == ["ERROR", "WARNING", "ERROR"]
    assert "999 more of this group" in lines[2][1]


def test_sentry_gets_an_event_with_the_group_as_its_fingerprint() -> None:
    sentry = pytest.importorskip("sentry_sdk")
    events: list[dict[str, object]] = []

    def keep(event: dict[str, object], hint: object) -> None:
        events.append(event)

    sentry.init(dsn="http://key@127.0.0.1:9/1", before_send=keep, default_integrations=False)
    try:
        faults = Faults()
        announcer = Announcer(faults)
        announcer.announce(factories.finding("r-1", group="abc"))
        announcer.announce(factories.finding("r-1", group="def", level="notice"))
    finally:
        sentry.get_client().close(timeout=0)
        for name in [name for name in sys.modules if name.partition(".")[0] == "sentry_sdk"]:
            del sys.modules[name]  # where it is loaded, findings of other tests would be told to it, too
    assert faults.last is None
    (event,) = events
    assert event["fingerprint"] == ["reqtrace", "abc"]
    assert event["level"] == "error"


def test_a_template_is_a_checkpoint_with_the_context_processor(tracing: Start) -> None:
    engine = Engine(context_processors=["reqtrace.context_processors.checkpoint"])
    names: list[str] = []

    def render(request: object) -> None:
        Template("x", engine=engine).render(RequestContext(request, {}))  # type: ignore[arg-type]

    traced = tracing(CHECKPOINTS=["start", "view", "view-end", "template", "response", "close"])
    checkpoint = traced.recorder.checkpoint
    traced.recorder.checkpoint = lambda opened, name, *place: (names.append(name), checkpoint(opened, name, *place))[1]  # type: ignore[method-assign]
    serve(render)
    assert names.count("template") == 1
    Template("x", engine=engine).render(RequestContext(RequestFactory().get("/"), {}))  # outside of requests: nothing
    Template("x", engine=engine).render(Context({}))
    assert names.count("template") == 1

"""``reqtrace ship`` and an endpoint that takes, refuses, and is not there."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from reqtrace.cli.ship import Trouble
from reqtrace.reading.batches import Batches
from reqtrace.reading.reader import Reader
from reqtrace.stores import registry
from reqtrace.stores.base import Store
from tests.cli.test_commands import ROOT, run
from tests.conftest import eventually
from tests.factories import corrupt, finding, items, process, request
from tests.judges.crowd import Crowd
from tests.otlp_receiver import Receiver
from tests.programs import end

PATIENCE = 4


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return an endpoint."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def store(settings: Any, tmp_path: Path) -> Iterator[Store]:
    """Return the store in force, with two requests, one of them with a leak."""
    settings.REQTRACE = {"STORE": f"sqlite:///{tmp_path}/traces.sqlite3"}
    store = registry.store()
    store.append(items(process(), finding("p1-00000002", 1), request(1), request(2)))
    yield store
    registry.close_stores()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the exporter give up at once, and stop what waits for the fourth time; return how long it would wait."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == PATIENCE:
            raise KeyboardInterrupt

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.7")  # its first pause is longer
    monkeypatch.setattr("reqtrace.cli.ship.time.sleep", sleep)
    return waits


def ship(receiver: Receiver, folder: Path, *options: str) -> str:
    """Send what there is; return what was said."""
    return run("ship", "--otlp", receiver.url, "--state", str(folder / "state.json"), "--once", *options).stderr


def test_what_is_recorded_arrives_and_the_next_time_only_what_is_new(
    store: Store, receiver: Receiver, tmp_path: Path
) -> None:
    assert "Sent 2 spans" in ship(receiver, tmp_path, "--service", "shop")
    assert receiver.requests == ["p1-00000001", "p1-00000002"]
    assert [len(span.events) for span in receiver.spans] == [0, 1]
    resource = {one.key: one.value for one in receiver.taken[0].resource_spans[0].resource.attributes}
    assert (resource["service.name"].string_value, resource["process.pid"].int_value) == ("shop", 101)
    assert "Sent 0 spans" in ship(receiver, tmp_path)
    store.append(items(request(3)))
    ship(receiver, tmp_path)
    assert receiver.requests == ["p1-00000001", "p1-00000002", "p1-00000003"]


def test_what_is_sent_is_what_an_export_writes(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(300)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    store.append(items(*crowd.processes(), *(one for one in crowd.made if one.outcome != "open"), *crowd.found))
    run("export", "--format", "otlp-proto", "-o", str(tmp_path / "traces.pb"))
    ship(receiver, tmp_path)
    exported = TracesData.FromString((tmp_path / "traces.pb").read_bytes())
    written, arrived = _by_resource([exported]), _by_resource(receiver.taken)
    assert sum(map(len, written.values())) > 300
    assert arrived == written


def _by_resource(messages: list[Any]) -> dict[bytes, dict[bytes, Any]]:
    """Return all spans by what made them and by their ids, without what the SDK alone says: nothing, at length."""
    found: dict[bytes, dict[bytes, Any]] = {}
    for one in (one for message in messages for one in message.resource_spans):
        (scope,) = one.scope_spans
        spans = found.setdefault(one.resource.SerializeToString() + scope.scope.SerializeToString(), {})
        for span in scope.spans:
            span.flags = 0
            if not span.status.ByteSize():
                span.ClearField("status")
            spans[span.span_id] = span
    return found


def test_a_request_is_sent_when_it_has_finished(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    store.append(items(request(3, status=None, outcome="open")))
    ship(receiver, tmp_path)
    assert "p1-00000003" not in receiver.requests
    store.append(items(request(3)))
    ship(receiver, tmp_path)
    assert receiver.requests.count("p1-00000003") == 1


def test_a_late_finding_is_sent_below_its_request_even_where_that_is_gone(
    store: Store, receiver: Receiver, tmp_path: Path
) -> None:
    ship(receiver, tmp_path)
    store.append(items(finding("p1-00000001", 7), finding("p1-trimmed", 8)))
    ship(receiver, tmp_path)
    first, _, late, alone = receiver.spans
    assert (late.name, late.parent_span_id, late.trace_id) == ("finding crossed", first.span_id, first.trace_id)
    assert late.events[0].name == "reqtrace.finding"
    assert late.status.code == 2
    assert {one.key: one.value.string_value for one in alone.attributes} == {"reqtrace.request.id": "p1-trimmed"}
    assert "f00000008" in str(alone.events[0])
    assert alone.parent_span_id not in {first.span_id, b""}


def test_an_endpoint_that_is_busy_is_left_alone_for_as_long_as_it_asks(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("reqtrace.cli.ship.time.sleep", waits.append)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    receiver.refusals = [(503, {"Retry-After": "70"}), (503, {"Retry-After": "70"}), (429, {"Retry-After": soon})]
    receiver.refusals += [(503, {"Retry-After": "9" * 40})]
    said = ship(receiver, tmp_path)
    assert receiver.requests == ["p1-00000001", "p1-00000002"]
    assert waits[:2] == [70, 70]
    assert 60 < waits[2] <= 90
    assert waits[3:] == [3_600]
    assert said.count("answered 503 Service Unavailable. Trying again.") == 2
    assert said.count("answered 429 Too Many Requests. Trying again.") == 1
    assert len(said.splitlines()) == 4, said


def test_it_waits_longer_each_time_and_not_for_ever() -> None:
    trouble = Trouble()
    pauses = [trouble.pause() for _ in range(12)]
    assert pauses[0] <= 1
    assert all(2**number / 2 <= pause <= 2**number for number, pause in enumerate(pauses[:6]))
    assert all(30 <= pause <= 60 for pause in pauses[7:])


def test_an_endpoint_that_is_not_there_yet_is_waited_for(
    store: Store, receiver: Receiver, tmp_path: Path, hasty: list[float]
) -> None:
    url, receiver.url = receiver.url, "http://127.0.0.1:1"
    said = ship(receiver, tmp_path)
    assert said.startswith("http://127.0.0.1:1/v1/traces cannot be reached: [Errno 111] Connection refused. Trying")
    assert said.count("cannot be reached") == 1
    assert len(said.splitlines()) == 2, said
    assert len(hasty) == PATIENCE
    assert json.loads((tmp_path / "state.json").read_bytes())["position"] == 0
    (tmp_path / "state.json").unlink()  # it knows the other address
    receiver.url = url
    ship(receiver, tmp_path)
    assert len(receiver.requests) == 2


def test_a_batch_that_will_never_be_taken_does_not_hold_up_the_next(
    store: Store, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.refusals = [(400, {})]
    said = ship(receiver, tmp_path)
    assert "answered 400 Bad Request. Left out: 2 spans.\n" in said
    assert "Sent 0 spans" in said
    store.append(items(request(3)))
    ship(receiver, tmp_path)
    assert receiver.requests == ["p1-00000003"]


def test_a_batch_that_is_too_large_is_sent_in_parts(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    store.append(items(*(request(number) for number in range(3, 8))))
    receiver.most_spans = 2
    assert ship(receiver, tmp_path) == f"Sent 7 spans to {receiver.url}/v1/traces.\n"
    assert receiver.requests == [f"p1-{number:08x}" for number in range(1, 8)]


def test_a_span_that_is_too_large_by_itself_is_left_out(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    receiver.refusals = [(413, {}), (413, {})]
    said = ship(receiver, tmp_path)
    assert "answered 413 Request Entity Too Large. Left out: 1 span.\n" in said
    assert "Sent 1 spans" in said
    assert receiver.requests == ["p1-00000002"]


def test_what_the_endpoint_has_to_say_is_shown_once(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    store.append(items(*(request(number) for number in range(3, 600))))
    rejected = ExportTracePartialSuccess(rejected_spans=1, error_message="one is too old")
    receiver.answer = ExportTraceServiceResponse(partial_success=rejected).SerializeToString()
    said = ship(receiver, tmp_path)
    assert len(receiver.taken) == 2
    assert said.count("/v1/traces took it, and said: 1 left out: one is too old\n") == 1


def test_without_opentelemetrys_exporter_it_says_what_brings_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "reqtrace.exporters.delivery", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with pytest.raises(CommandError, match=r'opentelemetry\.exporter.*pip install "django-reqtrace\[otel\]"'):
        run("ship", "--otlp", "http://127.0.0.1:1", "--state", str(tmp_path / "state.json"))
    assert not (tmp_path / "state.json").exists()


@pytest.mark.parametrize("code", [401, 403, 404])
def test_an_endpoint_that_takes_nothing_ends_it_and_nothing_is_lost(
    store: Store, receiver: Receiver, tmp_path: Path, code: int
) -> None:
    receiver.refusals = [(code, {})]
    with pytest.raises(CommandError, match=f"answered {code} .* Mend the address, or the headers"):
        ship(receiver, tmp_path)
    ship(receiver, tmp_path)
    assert len(receiver.requests) == 2


def test_a_store_made_anew_is_sent_from_its_beginning(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    ship(receiver, tmp_path)
    kept = json.loads(state.read_bytes())
    state.write_text(json.dumps(kept | {"position": kept["position"] + 10**9}))
    assert "made anew" in ship(receiver, tmp_path)
    assert len(receiver.requests) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "does not tell how far we came"),
        ('{"store": "sqlite:///other", "otlp": "http://other", "position": 3}', "tells how far sqlite:///other was"),
    ],
)
def test_a_state_that_is_not_ours_is_left_alone(
    store: Store, receiver: Receiver, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "state.json").write_text(content)
    with pytest.raises(CommandError, match=said):
        ship(receiver, tmp_path)
    assert (tmp_path / "state.json").read_text() == content
    assert receiver.taken == []


def test_a_state_that_cannot_be_written_is_said(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "folder").symlink_to("nowhere")
    with pytest.raises(CommandError, match=r"state\.json cannot be written.*--state"):
        ship(receiver, tmp_path / "folder")
    assert receiver.taken == []


def test_what_is_corrupt_is_left_out_and_counted(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    store.append([corrupt()])
    assert "Skipped 1 corrupt record" in ship(receiver, tmp_path)


def test_a_process_that_is_written_after_its_requests_is_found_the_next_time(store: Store) -> None:
    batches = Batches(Reader(store), None)
    store.append(items(request(9, process="p9")))
    (unknown,) = batches.of(store.read(0, 100, ("request",))[-1:])
    store.append(items(process("p9", server="uvicorn")))
    (known,) = batches.of(store.read(0, 100, ("request",))[-1:])
    assert dict(unknown.resource)["service.name"] == "unknown_service"
    assert dict(known.resource)["service.name"] == "unknown_service:uvicorn"


@contextmanager
def following(store: Store, url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Ship in a process of its own; see to it that it ends."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "REQTRACE_STORE": store.url}
    command = [sys.executable, "-m", "django", "reqtrace", "ship", "--otlp", url, "--state", str(folder / "state.json")]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        end(process)


def stop(process: subprocess.Popen[str]) -> str:
    """Stop it as Ctrl-C does; return what it said."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=7)  # the exporter would have patience for ten
    assert process.returncode == 0, said
    return said


def test_it_waits_for_the_endpoint_and_follows_until_it_is_told_to_stop(store: Store, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    state = tmp_path / "state.json"
    with following(store, f"http://127.0.0.1:{port}", tmp_path) as process:
        assert process.stderr is not None
        assert "Connection refused. Trying again." in process.stderr.readline()
        receiver = Receiver(port)
        try:
            receiver.refusals = [(503, {})]
            eventually(lambda: len(receiver.requests) == 2, seconds=60)
            store.append(items(request(3)))
            eventually(lambda: len(receiver.requests) == 3, seconds=60)
            eventually(lambda: json.loads(state.read_bytes())["position"] == store.bounds()[1], seconds=60)
        finally:
            said = stop(process)
            receiver.close()
    assert said == f"Sent 3 spans to http://127.0.0.1:{port}/v1/traces.\n"  # and nothing that the exporter logged


def test_it_can_be_stopped_while_an_endpoint_does_not_answer(store: Store, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        with following(store, f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path) as process:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                assert "Sent 0 spans" in stop(process)
    assert json.loads((tmp_path / "state.json").read_bytes())["position"] == 0

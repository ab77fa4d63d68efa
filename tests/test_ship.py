"""``reqtrace ship`` and an endpoint that takes, refuses, and is not there."""

import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from reqtrace import registry
from reqtrace.batches import Batches
from reqtrace.cli.ship import Trouble
from reqtrace.delivery import Manner, headers_of
from reqtrace.exceptions import SettingsError
from reqtrace.reader import Reader
from reqtrace.stores.base import Store
from tests.conftest import eventually
from tests.factories import corrupt, finding, items, process, request
from tests.test_commands import ROOT, run

UNPACK: dict[str | None, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}


class Receiver:
    """An OTLP/HTTP endpoint on this machine; it says no as often as it is told to."""

    def __init__(self) -> None:
        """Begin to listen."""
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.answer = b""
        self.taken: list[ExportTraceServiceRequest] = []
        self.asked: list[dict[str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = Thread(target=self.server.serve_forever, args=(0.05,))
        self._thread.start()

    def _take(self, handler: Any) -> None:
        body = UNPACK[handler.headers["Content-Encoding"]](handler.rfile.read(int(handler.headers["Content-Length"])))
        self.asked.append({"path": handler.path, **{key.lower(): value for key, value in handler.headers.items()}})
        code, headers = self.refusals.pop(0) if self.refusals else (200, {})
        if code == 200:
            self.taken.append(ExportTraceServiceRequest.FromString(body))
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.answer)

    def close(self) -> None:
        """Listen no more."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    @property
    def spans(self) -> list[Any]:
        """All spans taken."""
        return [
            span
            for one in self.taken
            for of_process in one.resource_spans
            for scope in of_process.scope_spans
            for span in scope.spans
        ]

    @property
    def requests(self) -> list[str]:
        """The ids of the requests taken."""
        attributes = (attribute for span in self.spans for attribute in span.attributes)
        return [one.value.string_value for one in attributes if one.key == "reqtrace.request.id"]


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
    (asked,) = receiver.asked
    assert (asked["path"], asked["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert "Sent 0 spans" in ship(receiver, tmp_path)
    store.append(items(request(3)))
    ship(receiver, tmp_path)
    assert receiver.requests == ["p1-00000001", "p1-00000002", "p1-00000003"]


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


def test_an_endpoint_that_is_busy_is_asked_again(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("reqtrace.cli.ship.time.sleep", waits.append)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    receiver.refusals = [
        (503, {"Retry-After": "7"}),
        (429, {"Retry-After": soon}),
        (502, {"Retry-After": "by and by"}),
        (504, {}),
    ]
    said = ship(receiver, tmp_path)
    assert receiver.requests == ["p1-00000001", "p1-00000002"]
    assert waits[0] == 7
    assert 20 < waits[1] <= 30
    assert 0.25 <= waits[2] <= 1
    assert 0.5 <= waits[3] <= 2
    assert "answered 503" in said


def test_it_waits_longer_each_time_and_not_for_ever() -> None:
    trouble = Trouble()
    pauses = [trouble.pause(OSError()) for _ in range(12)]
    assert pauses[0] <= 1
    assert all(2**number / 2 <= pause <= 2**number for number, pause in enumerate(pauses[:6]))
    assert all(30 <= pause <= 60 for pause in pauses[7:])


def test_an_endpoint_that_is_not_there_yet_is_waited_for(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(Receiver):
        def __init__(self) -> None:
            self.url = "http://127.0.0.1:1"

    def give_up(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reqtrace.cli.ship.time.sleep", give_up)
    assert "cannot be reached" in ship(Away(), tmp_path)
    assert json.loads((tmp_path / "state.json").read_bytes())["position"] == 0
    (tmp_path / "state.json").unlink()  # it knows the other address
    ship(receiver, tmp_path)
    assert len(receiver.requests) == 2


def test_a_batch_that_will_never_be_taken_does_not_hold_up_the_next(
    store: Store, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.refusals = [(400, {})]
    assert "answered 400 Bad Request. This batch is left out." in ship(receiver, tmp_path)
    store.append(items(request(3)))
    ship(receiver, tmp_path)
    assert receiver.requests == ["p1-00000003"]


@pytest.mark.parametrize("code", [401, 403, 404])
def test_an_endpoint_that_takes_nothing_ends_it_and_nothing_is_lost(
    store: Store, receiver: Receiver, tmp_path: Path, code: int
) -> None:
    receiver.refusals = [(code, {})]
    with pytest.raises(CommandError, match=f"answered {code} .* Mend the address, or the headers"):
        ship(receiver, tmp_path)
    ship(receiver, tmp_path)
    assert len(receiver.requests) == 2


def test_headers_come_from_the_environment_and_what_the_endpoint_says_is_shown(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2hvcA==,x-scope=shop")
    rejected = ExportTracePartialSuccess(rejected_spans=1, error_message="one is too old")
    receiver.answer = ExportTraceServiceResponse(partial_success=rejected).SerializeToString()
    assert "one is too old" in ship(receiver, tmp_path)
    assert receiver.asked[0]["authorization"] == "Basic c2hvcA=="
    assert headers_of(" a = b ,, c") == {"a": "b"}
    with pytest.raises(SettingsError, match="cannot be sent"):
        headers_of("a=%C3%BC")


@pytest.mark.parametrize("compression", ["gzip", "deflate", "none"])
def test_it_compresses_as_the_environment_says(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
    ship(receiver, tmp_path)
    assert len(receiver.requests) == 2
    assert receiver.asked[0].get("content-encoding", "none") == compression


def test_a_variable_for_traces_goes_before_the_one_for_all() -> None:
    given = {
        "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=b",
        "OTEL_EXPORTER_OTLP_HEADERS": "c",
    }
    assert Manner.of(given) == Manner(headers={"a": "b"}, timeout_seconds=3)
    assert Manner.of(given | {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "0.5"}).timeout_seconds == 0.5
    assert Manner.of({}) == Manner()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TIMEOUT", "soon", "TIMEOUT is 'soon'; it takes seconds"),
        ("TIMEOUT", "0", "TIMEOUT is '0'; it takes seconds"),
        ("COMPRESSION", "brotli", "COMPRESSION is 'brotli'; it takes gzip, deflate, none"),
        ("HEADERS", "a=b%0Ac", "HEADERS has the header 'a', which cannot be sent"),
        ("CERTIFICATE", "/nowhere", "No certificate can be read in /nowhere"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    store: Store, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
    with pytest.raises(CommandError, match=said):
        run("ship", "--otlp", "http://127.0.0.1:1", "--once")


def test_it_trusts_the_certificate_that_the_environment_names_and_no_other(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    receiver.url = receiver.url.replace("http:", "https:")

    def give_up(seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("reqtrace.cli.ship.time.sleep", give_up)
        assert "certificate verify failed" in ship(receiver, tmp_path)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(certificate))
    ship(receiver, tmp_path)
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_it_is_not_sent_on_elsewhere(store: Store, receiver: Receiver, tmp_path: Path, code: int) -> None:
    receiver.refusals = [(code, {"Location": f"{receiver.url}/elsewhere"})]
    with pytest.raises(CommandError, match=f"answered {code} .* Mend the address"):
        ship(receiver, tmp_path)
    assert len(receiver.asked) == 1


def test_an_answer_that_is_no_http_is_a_reason_to_try_again(
    store: Store, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reqtrace.cli.ship.time.sleep", give_up)
    with socket.create_server(("127.0.0.1", 0)) as server:
        away = Thread(target=_babble, args=(server,))
        away.start()
        receiver.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        said = ship(receiver, tmp_path)
        away.join()
    assert "cannot be reached: babble" in said


def _babble(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"babble\r\n")


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


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://localhost", "http://"])
def test_an_address_that_is_none_is_refused(store: Store, url: str) -> None:
    with pytest.raises(CommandError, match=r"is no address of an OTLP/HTTP endpoint; it takes http://localhost:4318"):
        run("ship", "--otlp", url, "--once")


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


def test_it_follows_until_it_is_told_to_stop(store: Store, receiver: Receiver, tmp_path: Path) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "REQTRACE_STORE": store.url}
    command = [sys.executable, "-m", "django", "reqtrace", "ship", "--otlp", receiver.url]
    command += ["--state", str(tmp_path / "state.json")]
    following = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        eventually(lambda: len(receiver.requests) == 2, seconds=60)
        store.append(items(request(3)))
        eventually(lambda: len(receiver.requests) == 3)
    finally:
        following.send_signal(signal.SIGINT)
        _, stderr = following.communicate(timeout=30)
    assert following.returncode == 0
    assert "Sent 3 spans" in stderr

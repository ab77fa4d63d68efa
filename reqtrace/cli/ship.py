"""``reqtrace ship``: what is recorded, on its way to OpenTelemetry."""

import os
import random
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from reqtrace import conf
from reqtrace.cli import base
from reqtrace.exceptions import (
    DeliveryFailed,
    MessageRefused,
    MessageTooLarge,
    ReqtraceError,
    StoreUnavailable,
    TraceFileError,
)
from reqtrace.reading.batches import Batches
from reqtrace.reading.reader import Reader
from reqtrace.stores.base import Entry

if TYPE_CHECKING:
    from reqtrace.exporters.delivery import Endpoint, Spans

_EXTRA = {"opentelemetry", "requests", "google", "urllib3"}
_BATCH = 500
_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0
_OBEDIENCE_SECONDS = 3_600.0
"""How long it stays away at most because an endpoint asks it to."""


class State(msgspec.Struct):
    """How far it has come, from which store to which endpoint."""

    store: str
    otlp: str
    position: int = 0


class Command(base.Subcommand):
    """Follows the store by position; each batch is sent until it was taken, then the position is kept.

    So everything arrives at least once, also when this process is stopped in between. Ids are made from ours, and
    what arrives twice is the same span twice.
    """

    help = "Send requests to an OpenTelemetry endpoint as they are recorded, until Ctrl-C."
    examples = "ship --otlp http://localhost:4318\nship --otlp https://tempo.example --service shop --once"
    _remark = ""

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare where to, and where the position is kept."""
        parser.add_argument(
            "--otlp", required=True, metavar="URL", help="an OTLP/HTTP endpoint; /v1/traces where it has no path"
        )
        parser.add_argument("--service", help="the application's name; default: OTEL_SERVICE_NAME")
        parser.add_argument(
            "--state",
            metavar="FILE",
            type=Path,
            help="where it keeps how far it has come; default: beside the default store",
        )
        parser.add_argument("--once", action="store_true", help="send what there is, then end")

    def run(self, options: Mapping[str, Any]) -> None:
        """Send, and go on sending."""
        delivery = _delivery()
        endpoint = delivery.Endpoint(options["otlp"])
        path = options["state"] or _default_state()
        reader = self.open_reader()
        state = self._resumed(path, State(reader.store.url, endpoint.url), reader)
        _keep(path, state)  # before anything is sent, whether it can be kept at all
        batches = Batches(reader, options["service"] or os.environ.get("OTEL_SERVICE_NAME"))
        sent = 0
        with closing(endpoint), suppress(KeyboardInterrupt):
            while True:
                entries = self._read(reader, state.position)
                if entries:
                    if spans := delivery.sdk_spans(batches.of(entries)):
                        sent += self._deliver(endpoint, spans)
                    state.position = entries[-1].position
                    _keep(path, state)
                elif options["once"]:
                    break
                else:
                    time.sleep(_POLL_SECONDS)
        self.terminal.note(f"Sent {sent:,} spans to {endpoint.url}.")
        self.note_corrupt(reader)

    def _read(self, reader: Reader, position: int) -> list[Entry]:
        trouble = Trouble()
        while True:
            try:
                return reader.store.read(position, _BATCH, ("request", "finding"))
            except StoreUnavailable as error:
                self._wait(trouble, error)

    def _deliver(self, endpoint: "Endpoint", spans: "Spans") -> int:
        """Send until all is decided; return how many spans were taken."""
        trouble = Trouble()
        while True:
            try:
                remark = endpoint.deliver(spans)
            except DeliveryFailed as error:
                self._wait(trouble, error, error.retry_after)
            except MessageRefused as error:  # and would be, again and again: what comes after it shall not wait
                if isinstance(error, MessageTooLarge) and len(spans) > 1:
                    break
                self.terminal.note(f"{error} Left out: {len(spans):,} span{'s' * (len(spans) > 1)}.")
                return 0
            else:
                if remark not in ("", self._remark):
                    self.terminal.note(f"{endpoint.url} took it, and said: {remark}")
                    self._remark = remark
                return len(spans)
        half = len(spans) // 2
        return self._deliver(endpoint, spans[:half]) + self._deliver(endpoint, spans[half:])

    def _wait(self, trouble: "Trouble", error: Exception, seconds: float | None = None) -> None:
        if str(error) != trouble.last:
            self.terminal.note(f"{error} Trying again.")
        trouble.last = str(error)
        time.sleep(trouble.pause() if seconds is None else min(seconds, _OBEDIENCE_SECONDS))

    def _resumed(self, path: Path, fresh: State, reader: Reader) -> State:
        """Return where to go on.

        Raises:
            TraceFileError: when the file says something else than where.

        """
        try:
            state = msgspec.json.decode(path.read_bytes(), type=State)
        except FileNotFoundError:
            return fresh
        except (OSError, msgspec.MsgspecError) as error:
            raise TraceFileError(
                f"{path} does not tell how far we came: {error}. Name another with --state."
            ) from error
        if (state.store, state.otlp) != (fresh.store, fresh.otlp):
            raise TraceFileError(
                f"{path} tells how far {state.store} was sent to {state.otlp}. Name another file with --state."
            )
        if state.position > reader.store.bounds()[1]:
            self.terminal.note("The store was made anew: sending from its beginning.")
            return fresh
        return state


class Trouble:
    """How long something has not worked."""

    def __init__(self) -> None:
        """Begin with none."""
        self.last = ""
        """What was said of it last."""
        self._times = 0

    def pause(self) -> float:
        """Return how many seconds to wait: twice as long each time, and never as long as others do."""
        self._times += 1
        return min(2.0**self._times / 2, _PATIENCE_SECONDS) * random.uniform(0.5, 1)  # noqa: S311


def _delivery() -> Any:
    """Return the module that delivers, which loads OpenTelemetry's SDK.

    Raises:
        ReqtraceError: when that is not installed.

    """
    try:
        return import_module("reqtrace.exporters.delivery")
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise ReqtraceError(
            f'ship needs OpenTelemetry\'s exporter: {error}. pip install "django-reqtrace[otel]" brings it.'
        ) from error


def _default_state() -> Path:
    return Path(conf.default_store().removeprefix("sqlite:///")).with_name("shipped.json")


def _keep(path: Path, state: State) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(msgspec.json.encode(state))
        part.replace(path)
    except OSError as error:
        raise TraceFileError(f"{path} cannot be written: {error.strerror}. Name another with --state.") from error

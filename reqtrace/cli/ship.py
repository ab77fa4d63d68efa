"""``reqtrace ship``: what is recorded, on its way to OpenTelemetry."""

import os
import random
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from reqtrace import conf
from reqtrace.batches import Batches
from reqtrace.cli import base
from reqtrace.cli.terminal import printable
from reqtrace.delivery import Endpoint, Manner
from reqtrace.exceptions import DeliveryFailed, MessageRefused, StoreUnavailable, TraceFileError
from reqtrace.otlp import to_protobuf
from reqtrace.reader import Reader
from reqtrace.stores.base import Entry

_BATCH = 500
_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0


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

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        """Declare where to, and where the position is kept."""
        parser.add_argument("--otlp", required=True, metavar="URL", help="OTLP/HTTP endpoint; /v1/traces if no path")
        parser.add_argument("--service", help="the application's name; default: OTEL_SERVICE_NAME")
        parser.add_argument(
            "--state", metavar="FILE", type=Path, help="where the position is kept; default: beside the default store"
        )
        parser.add_argument("--once", action="store_true", help="send what there is, then end")

    def run(self, options: Mapping[str, Any]) -> None:
        """Send, and go on sending."""
        endpoint = Endpoint(options["otlp"], Manner.of(os.environ))
        path = options["state"] or _default_state()
        reader = self.open_reader()
        state = self._resumed(path, State(reader.store.url, endpoint.url), reader)
        _keep(path, state)  # before anything is sent, whether it can be kept at all
        batches = Batches(reader, options["service"] or os.environ.get("OTEL_SERVICE_NAME"))
        with suppress(KeyboardInterrupt):
            while True:
                entries = self._read(reader, state.position)
                if entries:
                    self._deliver(endpoint, to_protobuf(batches.of(entries)))
                    state.position = entries[-1].position
                    _keep(path, state)
                elif options["once"]:
                    break
                else:
                    time.sleep(_POLL_SECONDS)
        self.terminal.note(f"Sent {batches.spans:,} spans to {endpoint.url}.")
        self.note_corrupt(reader)

    def _read(self, reader: Reader, position: int) -> list[Entry]:
        trouble = Trouble()
        while True:
            try:
                return reader.store.read(position, _BATCH, ("request", "finding"))
            except StoreUnavailable as error:
                self._wait(trouble, error)

    def _deliver(self, endpoint: Endpoint, body: bytes) -> None:
        trouble = Trouble()
        while body:
            try:
                said = endpoint.deliver(body)
            except DeliveryFailed as error:
                self._wait(trouble, error, error.retry_after)
            except MessageRefused as error:  # and would be, again and again: what comes after it shall not wait
                self.terminal.note(f"{printable(str(error))} This batch is left out.")
                return
            else:
                if said:
                    self.terminal.note(f"{endpoint.url} took it, and said: {printable(said)}")
                return

    def _wait(self, trouble: "Trouble", error: Exception, seconds: float | None = None) -> None:
        if str(error) != trouble.last:
            self.terminal.note(f"{printable(str(error))} Trying again.")
        time.sleep(trouble.pause(error) if seconds is None else seconds)

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
        self._times = 0

    def pause(self, error: Exception) -> float:
        """Return how many seconds to wait: twice as long each time, and never as long as others do."""
        self.last = str(error)
        self._times += 1
        return min(2.0**self._times / 2, _PATIENCE_SECONDS) * random.uniform(0.5, 1)  # noqa: S311


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

"""For tests: what was traced within a block, and the assertion that nobody saw anybody else there."""

import functools
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from django.conf import settings as django_settings
from django.core.signals import request_started
from django.urls import get_resolver
from django.utils.module_loading import import_string

from reqtrace import conf
from reqtrace.capture import lifecycle
from reqtrace.capture.recorder import Recorder
from reqtrace.exceptions import SettingsError
from reqtrace.execution.places import native
from reqtrace.findings.reporting import Allowed, report
from reqtrace.middleware import TraceMiddleware
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, RecordKind, Request
from reqtrace.stores import registry
from reqtrace.stores.base import Store
from reqtrace.stores.memory import MemoryStore

__all__ = ["Allowed", "Capture", "assert_no_leaks", "capture"]

_Test = TypeVar("_Test", bound=Callable[..., Any])
_PATIENCE_SECONDS = 2.0
"""How long `Capture.settle` waits at the most."""


class Capture:
    """What this process traced since a block began; complete once the block is over."""

    def __init__(self, recorder: Recorder, store: Store) -> None:
        """Begin behind what `store` holds already."""
        self._recorder = recorder
        self._store = store
        self._after = store.bounds()[1]
        self._until: int | None = None

    @property
    def requests(self) -> list[Request]:
        """Return the requests that ended, and those that have run for long, by their start."""
        return sorted(cast("Iterable[Request]", self._records("request")), key=lambda request: request.id)

    @property
    def findings(self) -> list[Finding]:
        """Return all findings: leaks, hazards and notices."""
        return list(cast("Iterable[Finding]", self._records("finding")))

    @property
    def leaks(self) -> list[Finding]:
        """Return what showed one person to another."""
        return [finding for finding in self.findings if finding.level == "leak"]

    @property
    def hazards(self) -> list[Finding]:
        """Return what may do so one day."""
        return [finding for finding in self.findings if finding.level == "hazard"]

    def settle(self) -> None:
        """Wait for what other threads, such as a live server's, are just closing."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._is_closing_elsewhere() and time.monotonic() < deadline:
            time.sleep(0.001)

    def end(self) -> None:
        """Take nothing more in."""
        self.settle()
        self._recorder.shipper.ship()
        self._until = self._store.bounds()[1]

    def _is_closing_elsewhere(self) -> bool:
        here = native("_thread", "get_ident")()  # what runs on this very thread cannot end while it waits
        return any(opened.first.thread.ident != here for opened in list(self._recorder.open.values()))

    def _records(self, kind: RecordKind) -> Iterator[object]:
        if self._until is None:
            self._recorder.shipper.ship()
        reader = Reader(self._store)
        for entry in self._store.read(self._after, sys.maxsize, (kind,)):
            if self._until is None or entry.position <= self._until:
                yield reader.decode(entry)


@contextmanager
def capture() -> Iterator[Capture]:
    """Capture what this process traces within the block, whichever client or live server asks for it.

    Traces go to a store in memory, and none to the project's own. All threads are captured, so that blocks at the
    same time see each other's requests; a block within a block hides nothing from the outer one.

    Raises:
        SettingsError: when nothing would be traced, since the middleware is missing or switched off.

    """
    require_tracing()
    with capturing() as captured:
        yield captured


@contextmanager
def capturing() -> Iterator[Capture]:
    """Capture as `capture` does, also where nothing would be traced."""
    recorder = lifecycle.recorder()
    shipper = recorder.shipper
    shipper.ship()  # what came before belongs to the project's store
    with registry.replaced(registry.replaced_by() or _CaptureStore()):
        _bend(recorder)
        recorder.connections.watch_present()
        shipper.ship()
        with suppress(Exception):  # whatever is wrong with the URLs, the requests will say
            get_resolver().url_patterns  # noqa: B018  imports the views, and with them what may hold a request
        recorder.search_all()
        request_started.connect(_search, dispatch_uid="reqtrace.testing")
        captured = Capture(recorder, registry.store())
        try:
            yield captured
        finally:
            captured.end()
    _bend(recorder)


class assert_no_leaks:  # noqa: N801  read as a function, at its place of use
    """Assert that no request within the block, or within the function it decorates, saw anybody else.

    >>> with assert_no_leaks():
    ...     self.client.get("/orders/")

    Raises:
        AssertionError: with a report of each leak: who saw whom, through which holder, where, and how to mend it.

    """

    def __init__(self, *, hazards: bool = False, allow: Iterable[Allowed] = ()) -> None:
        """Look for leaks.

        Args:
            hazards: whether to look for hazards, too.
            allow: the findings that are expected.

        """
        self._hazards = hazards
        self._allow = tuple(allow)

    def __enter__(self) -> Capture:
        """Begin the block."""
        self._block = capture()
        self._captured = self._block.__enter__()
        return self._captured

    def __exit__(
        self, class_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the block; what it raised itself goes first."""
        self._block.__exit__(class_, error, traceback)
        if error is None:
            text = report(self._captured.requests, self._captured.findings, hazards=self._hazards, allow=self._allow)
            if text:
                raise AssertionError(text)

    def __call__(self, test: _Test) -> _Test:
        """Decorate a test, sync or async: each of its calls is a block."""
        if iscoroutinefunction(test):

            @functools.wraps(test)
            async def checked_async(*args: Any, **kwargs: Any) -> Any:
                with self._anew():
                    return await test(*args, **kwargs)

            return cast("_Test", checked_async)

        @functools.wraps(test)
        def checked(*args: Any, **kwargs: Any) -> Any:
            with self._anew():
                return test(*args, **kwargs)

        return cast("_Test", checked)

    def _anew(self) -> Self:
        return type(self)(hazards=self._hazards, allow=self._allow)


def require_tracing() -> None:
    """Raise a `SettingsError` when the settings in force trace nothing."""
    if not conf.get().enabled:
        raise SettingsError(f"{conf.DICT}['ENABLED'] is false, so that there is nothing to see: set it for the tests.")
    if not any(_is_ours(import_string(path)) for path in django_settings.MIDDLEWARE):
        name = f"{TraceMiddleware.__module__}.{TraceMiddleware.__qualname__}"
        raise SettingsError(f"MIDDLEWARE has no {name!r}, so that there is nothing to see: put it first.")


def _is_ours(middleware: object) -> bool:
    return isinstance(middleware, type) and issubclass(middleware, TraceMiddleware)


class _CaptureStore(MemoryStore):
    """A store that keeps all there is, whatever the settings say of retention."""

    def trim(self, retain: int, before_ns: int | None = None) -> int:
        """Keep everything."""
        return 0


def _bend(recorder: Recorder) -> None:
    """Leave nothing to chance or to another thread as long as a block runs, and all as it was afterwards."""
    capturing = registry.replaced_by() is not None
    recorder.shipper.ship_inline(capturing)
    recorder.ledger.keeps_all = capturing
    recorder.discovery.is_thorough = capturing
    if not capturing:
        request_started.disconnect(dispatch_uid="reqtrace.testing")


def _search(**_: object) -> None:
    """Look for holders in what was imported since: before each request, so that the next but one is judged."""
    lifecycle.recorder().search_all()

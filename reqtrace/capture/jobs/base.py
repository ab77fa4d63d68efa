"""What a plug is, and how a job is followed whichever queue it came from: begun, ended, and part of nothing else.

A plug stands between one library and `begin` and `end`. It hears of the library's modules when the project has
imported them, and imports nothing by itself. Whatever goes wrong in it is a fault of ours, counted, and no business of
the job's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

from reqtrace import conf
from reqtrace.capture import lifecycle
from reqtrace.capture.carrying import current, current_request
from reqtrace.capture.jobs import message
from reqtrace.capture.recorder import Recorder
from reqtrace.execution.places import Place
from reqtrace.execution.process import WORKER, Lineage, Serving
from reqtrace.records import Outcome
from reqtrace.watching.live import OpenRequest, Sent, Target

NAME_LONGEST = 2_048


class Plug(ABC):
    """Joins one library that runs jobs."""

    modules: ClassVar[tuple[str, ...]]
    """The modules in which its seams stand."""

    @abstractmethod
    def join(self, module: ModuleType) -> None:
        """Take the seams in one of the modules, which the project has imported; called once for each."""


class Job:
    """A job in the shape of a request, as far as a record needs it. Whose it is stands in ``user``, once it says so."""

    method = "JOB"

    def __init__(
        self, name: str, queue: str, serving: Serving, function: object, sent: Sent, traceparent: str | None
    ) -> None:
        """Describe a job that is about to run."""
        self.path = name
        self.resolver_match = Target(queue, name, function)
        self.serving = serving
        self.sent = sent
        self.META = {} if traceparent is None else {"HTTP_TRACEPARENT": traceparent}


class Run:
    """A job that runs here: what is needed to end it."""

    def __init__(self, key: object, recorder: Recorder, opened: OpenRequest, outer: "Run | None") -> None:
        """Note a job under the key by which its end will be told."""
        self.key = key
        self.recorder = recorder
        self.opened = opened
        self.outer = outer
        self.place: Place | None = None
        self.is_nested = False
        """Whether it runs within a request or another job, as eager ones do: it is then a part of that one's work."""
        self.tokens: tuple[Token[OpenRequest | None] | None, Token[Run | None]]


_running: ContextVar[Run | None] = ContextVar("reqtrace.running_job", default=None)
_recorder: Recorder | None = None
"""Whoever recorded a job of this process last."""


class Told(NamedTuple):
    """What a plug tells of a job that is about to run."""

    name: object
    """Of the task."""
    queue: object
    """From which it came; empty where there are none."""
    serving: Serving
    """What runs it."""
    function: object = None
    """That is called."""
    header: object = None
    """What stood under `message.HEADER` in its message."""
    traceparent: object = None
    """W3C Trace Context's, where the message has one."""


def begin(key: object, tell: Callable[[], Told]) -> None:
    """Open the record of a job that is about to run here; does nothing with ``JOBS`` off.

    Args:
        key: by which `end` will know it.
        tell: looks at the library's objects, whose shapes are not ours to rely on: what it raises harms nobody.

    """
    global _recorder
    settings = conf.get()
    if not (settings.enabled and settings.jobs):
        return
    recorder = _recorder = lifecycle.recorder()
    try:
        told = tell()
        name = printable(told.name)
        if settings.ignore_paths and name.startswith(tuple(filter(None, settings.ignore_paths))):
            return
        if not recorder.is_prepared:
            recorder.prepare()
        sender = current()
        sent = message.sent_by(told.header) or (Sent() if sender is None else message.sent_now_by(recorder, sender))
        trace = told.traceparent if isinstance(told.traceparent, str) else None
        job = Job(name, printable(told.queue), told.serving, told.function, sent, trace)
        is_nested = sender is not None and not sender.ended_ns
        opened = recorder.begin_job(job, is_nested=is_nested)
        run = Run(key, recorder, opened, _running.get())
        run.is_nested = is_nested
        run.place = opened.place
        run.tokens = (None if is_nested else current_request.set(opened), _running.set(run))
    except Exception as error:
        recorder.faults.note("the beginning of a job", error)


def end(key: object, outcome: Outcome) -> None:
    """Close the record of the job that began under that key, and of those within it that nobody ended."""
    run = _running.get()
    inner: list[Run] = []
    while run is not None and run.key != key:
        inner.append(run)
        run = run.outer
    if run is None:
        return  # begun before reqtrace was there, or not to be traced
    for lost in inner:
        _end(lost, "aborted")
    _end(run, outcome)


def _end(run: Run, outcome: Outcome) -> None:
    of_request, of_run = run.tokens
    try:
        if not run.is_nested:
            run.recorder.leave_view(run.opened, run.place)
            run.recorder.handover.hand_over(run.opened, run.opened.place)
        run.opened.outcome = outcome
        run.recorder.finish(run.opened)
    except Exception as error:
        run.recorder.faults.note("the end of a job", error)
    finally:
        # In another context than it began in there is nothing to reset.
        with suppress(ValueError):
            _running.reset(of_run)
        with suppress(ValueError):
            if of_request is not None:
                current_request.reset(of_request)


@contextmanager
def followed(tell: Callable[[], Told]) -> Iterator[None]:
    """Follow a job for as long as a block runs, as `begin` does; what the block raises says how it went."""
    key = object()
    begin(key, tell)
    outcome: Outcome = "ok"
    try:
        yield
    except BaseException as error:
        outcome = "error" if isinstance(error, Exception) or _is_failure(error) else "aborted"
        raise
    finally:
        end(key, outcome)


@contextmanager
def lineage(line: Lineage) -> Iterator[None]:
    """Have the processes that are forked off within a block share one record, and what this one knows."""
    settings = conf.get()
    if not (settings.enabled and settings.jobs):
        yield
        return
    recorder = lifecycle.recorder()
    if not recorder.is_prepared:
        recorder.prepare()
    recorder.lineage = line
    try:
        yield
    finally:
        recorder.lineage = None


def header() -> str | None:
    """Return what is to travel under `message.HEADER` with a job that is being sent here; None where nothing is."""
    settings = conf.get()
    if not (settings.enabled and settings.jobs):
        return None
    try:
        return message.header(lifecycle.recorder())
    except Exception as error:
        lifecycle.recorder().faults.note("the header of a job", error)
        return None


def drain() -> None:
    """Ship all there is: the process is about to end without telling anybody."""
    if _recorder is not None:
        _recorder.shipper.drain()


def worker(server: str, worker_class: str) -> Serving:
    """Say what runs jobs."""
    return Serving(server, worker_class, WORKER, {})


def printable(text: object) -> str:
    """Return a name as it can be stored and shown, whatever somebody called his task."""
    try:
        text = text if isinstance(text, str) else str(text)
        text = text.encode(errors="backslashreplace").decode()
    except Exception:
        return "(a name that cannot be printed)"
    return text if len(text) <= NAME_LONGEST else text[: NAME_LONGEST - 1] + "…"


def _is_failure(error: BaseException) -> bool:
    return isinstance(error, SystemExit) and error.code not in (None, 0)


def first(signal: Any, receiver: Any, uid: str) -> None:
    """Connect a receiver of a signal of Django's or Celery's in front of all others.

    What stands in the holders before anybody has set them for this job is known only in front of the application's own.
    """
    signal.connect(receiver, weak=False, dispatch_uid=uid)
    with signal.lock:
        receivers = signal.receivers
        receivers.insert(0, receivers.pop())
        signal.sender_receivers_cache.clear()

"""A proof within a test: in a process forked from the test's, which stays as it is, database and all."""

import io
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from django.db import connections

from reqtrace.exceptions import QueryError, ReqtraceError
from reqtrace.prove.exploration import Progress
from reqtrace.prove.processes import undisturbed
from reqtrace.prove.suites import audience
from reqtrace.prove.suites.audience import Outcome

_PATIENCE_SECONDS = 10
_TOLD_AGAIN_SECONDS = 0.2
_kept: list[Any] = []
"""Connections that belong to the parent: closing them here would end them for it."""


class Told(msgspec.Struct):
    """What a proof has come to."""

    text: str
    """What breaks the isolation of pages; empty where nothing does."""
    outcome: Outcome | None = None


class _Word(msgspec.Struct):
    """What the process has to say: how it gets on, a line each time, and in the end what came of it."""

    share: float = 0
    doing: str = ""
    told: Told | None = None
    error: str = ""
    wrong: str = ""

    @property
    def is_last(self) -> bool:
        return not self.doing


Work = Callable[[Progress], Told]


def apart(work: Work) -> Told:
    """Return what `work` returns, which runs in a process of its own with the databases as they are here now.

    Raises:
        QueryError: when something asked for cannot be.
        ReqtraceError: when the process broke down; with its traceback.

    """
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "sqlite" and not connection.in_atomic_block:
            connection.close()  # a server copies a database only while nobody uses it
    sys.stdout.flush()
    sys.stderr.flush()
    pid = 0
    word = _Word(error="It ended without a word.")
    said_all = False
    try:
        with undisturbed():
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reading)
                _work(work, writing)
            os.close(writing)
        with os.fdopen(os.dup(reading), "rb") as lines:
            for line in lines:
                said = msgspec.json.decode(line, type=_Word)
                if said.is_last:
                    word, said_all = said, True
                else:
                    audience.progress(said.share, said.doing)
    finally:
        if pid:
            _end(pid, reading, said_all=said_all)
    if word.wrong:
        raise QueryError("users", word.wrong)
    if word.error or word.told is None:
        raise ReqtraceError(f"The proof broke down:\n{word.error}")
    if word.told.outcome is not None:
        audience.proved(word.told.outcome)
    return word.told


def _work(work: Work, writing: int) -> None:
    try:
        signal.set_wakeup_fd(-1)  # an event loop of the parent's is not to hear of signals that come here
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and ends us in an orderly way
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # whoever waits for us in an event loop waits for no database
        for alias in connections:
            if connections[alias].vendor != "sqlite":
                _kept.append(connections[alias])
                del connections[alias]
        with suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as pipe:
            pipe.write(_line(_outcome(work, pipe)))
    finally:
        os._exit(0)


def _outcome(work: Work, pipe: io.RawIOBase) -> _Word:
    due = 0.0

    def progress(share: float, text: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + _TOLD_AGAIN_SECONDS
            pipe.write(_line(_Word(share, text or "…")))

    try:
        return _Word(told=work(progress))
    except QueryError as error:
        return _Word(wrong=str(error))
    except BaseException:
        return _Word(error=traceback.format_exc())


def _line(word: _Word) -> bytes:
    return msgspec.json.encode(word) + b"\n"


def _end(pid: int, reading: int, *, said_all: bool) -> None:
    """End the process: it tidies up first, where it is not done."""
    if not said_all:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        select.select([reading], [], [], _PATIENCE_SECONDS)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os.close(reading)
    os.waitpid(pid, 0)

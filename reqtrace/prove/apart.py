"""A proof within a test: in a process forked from the test's, which stays as it is, database and all."""

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from django.db import connections

from reqtrace.exceptions import QueryError, ReqtraceError
from reqtrace.prove.processes import undisturbed

_CHUNK = 1 << 16
_PATIENCE_SECONDS = 10
_kept: list[Any] = []
"""Connections that belong to the parent: closing them here would end them for it."""


class _Word(msgspec.Struct):
    """What the process has to say."""

    text: str = ""
    error: str = ""
    wrong: str = ""


def apart(work: Callable[[], str]) -> str:
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
    data = bytearray()
    try:
        with undisturbed():
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(reading)
                _work(work, writing)
            os.close(writing)
        while chunk := os.read(reading, _CHUNK):
            data += chunk
    finally:
        if pid:
            _end(pid, reading, said_all=bool(data))
    word = msgspec.msgpack.decode(bytes(data), type=_Word) if data else _Word(error="It ended without a word.")
    if word.wrong:
        raise QueryError("users", word.wrong)
    if word.error:
        raise ReqtraceError(f"The proof broke down:\n{word.error}")
    return word.text


def _work(work: Callable[[], str], writing: int) -> None:
    try:
        signal.set_wakeup_fd(-1)  # an event loop of the parent's is not to hear of signals that come here
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, too, and ends us in an orderly way
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # whoever waits for us in an event loop waits for no database
        for alias in connections:
            if connections[alias].vendor != "sqlite":
                _kept.append(connections[alias])
                del connections[alias]
        try:
            word = _Word(work())
        except QueryError as error:
            word = _Word(wrong=str(error))
        except BaseException:
            word = _Word(error=traceback.format_exc())
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as pipe:
            pipe.write(msgspec.msgpack.encode(word))
    finally:
        os._exit(0)


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

"""Threads at work beside the requests, and what each was given to do: without a patch, by looking at them from outside.

A `threading.Thread` keeps its target and arguments for as long as it runs, and so does a job of an executor, which
stands in a frame of the thread that does it. These are private names of the standard library; where a version has moved
one, nothing is found there.
"""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import thread as executors
from contextvars import Context
from functools import partial
from itertools import islice
from types import BuiltinMethodType, FrameType, FunctionType, MethodType
from typing import Any, NamedTuple

from reqtrace.execution.real_types import is_really
from reqtrace.watching.meaning import meaning_of

_DEPTH = 4
"""How far what is given may be wrapped: a job's function in a partial, which is a method of an object, say."""
_BREADTH = 32
"""How many values of each are looked at: a job may be given a table of millions, too."""
_FRAMES_MAX = 200
_JOB = getattr(getattr(getattr(executors, "_WorkItem", None), "run", None), "__code__", None)


class Work(NamedTuple):
    """What a thread does right now."""

    thread: threading.Thread
    frame: FrameType
    """The innermost."""
    given: tuple[object, ...]


def works() -> Iterator[Work]:
    """Return the work of every thread but the calling one."""
    frames = sys._current_frames()
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        if frame is not None and thread.ident != threading.get_ident():
            job = _job_in(frame)
            yield Work(thread, frame, tuple(vars(thread if job is None else job).values()))


def given_with(given: tuple[object, ...], depth: int = _DEPTH) -> Iterator[Context | object]:
    """Return the contexts and the requests that are among what a thread was given, or within it."""
    if not depth:
        return
    for value in given[:_BREADTH]:
        if is_really(value, Context):
            yield value
        elif is_really(value, partial):
            yield from given_with((value.func, *value.args, *value.keywords.values()), depth - 1)
        elif is_really(value, BuiltinMethodType) or is_really(value, MethodType):
            yield from given_with((value.__self__, getattr(value, "__func__", None)), depth - 1)
        elif is_really(value, FunctionType):
            yield from given_with(tuple(_closure_of(value)), depth - 1)
        elif type(value) is tuple:
            yield from given_with(value, depth - 1)
        elif type(value) is dict:
            yield from given_with(tuple(islice(value.values(), _BREADTH)), depth - 1)
        elif (request := meaning_of(value).request) is not None:
            yield request


def _job_in(frame: FrameType | None) -> Any:
    """Return the executor's job that a thread does; None where it does none."""
    for _ in range(_FRAMES_MAX):
        if frame is None:
            return None
        if frame.f_code is _JOB:
            return frame.f_locals.get("self")
        frame = frame.f_back
    return None


def _closure_of(function: FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty
            continue

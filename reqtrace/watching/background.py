"""Threads at work beside the requests, and what each was given to do: without a patch, by looking at them from outside.

A `threading.Thread` keeps its target and arguments for as long as it runs, and so does a job of an executor, which
stands in a frame of the thread that does it. These are private names of the standard library; where a version has moved
one, nothing is found there.
"""

import sys
import threading
from collections.abc import Collection, Iterator
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
_OWN = frozenset(vars(threading.Thread())) - {"_target", "_args", "_kwargs", "_context"}
"""What each thread has for itself: nobody gave it."""
_EXECUTOR = getattr(executors, "_worker", None)
"""What the threads of an executor run."""
_JOB = getattr(getattr(getattr(executors, "_WorkItem", None), "run", None), "__code__", None)


class Work(NamedTuple):
    """What a thread does right now."""

    thread: threading.Thread
    frame: FrameType
    """The innermost."""
    given: tuple[object, ...]


def works(first: int = 0, busy: Collection[int] = ()) -> Iterator[tuple[int, Work]]:
    """Return the work of every thread but the calling one, with its number among all threads.

    Args:
        first: the number of the thread to begin with.
        busy: numbers that the system gave to threads which are to be left out.

    """
    threads, here = threading.enumerate(), threading.get_ident()
    frames = sys._current_frames()  # of thousands of threads it takes milliseconds: once for as many as can be
    for number, thread in enumerate(threads[first:], first):
        ident = thread.ident
        frame = frames.get(ident or 0)
        if frame is None or ident == here or ident in busy:
            continue
        job = _job_in(frame)
        if job is not None:
            yield number, Work(thread, frame, tuple(vars(job).values()))
        elif getattr(thread, "_target", None) is not _EXECUTOR:  # it waits for a job
            yield number, Work(thread, frame, tuple(value for name, value in vars(thread).items() if name not in _OWN))


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

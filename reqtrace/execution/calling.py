"""Calling code of the application's on its own request's path: whatever it raises, the request is answered."""

import dis
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from time import perf_counter
from types import CodeType, FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")

_RAISES = {dis.opmap[name] for name in ("RAISE_VARARGS", "RERAISE")}
_SLACK_SECONDS = 0.002


class RaisedStrangely(Exception):
    """A callable raised what is no `Exception`, such as `SystemExit`; the cause is what it was."""


def called(function: Callable[..., Result], *arguments: Any) -> Result:
    """Return what a callable of the application's returns.

    Raises:
        Exception: what the callable raised; `RaisedStrangely` for what would end a worker or a request.
        BaseException: what somebody else threw while it ran: a signal's handler, or who gave the request its time.

    """
    began = perf_counter()
    try:
        return function(*arguments)
    except Exception:
        raise
    except BaseException as error:
        if _is_thrown_by_others(error, perf_counter() - began):
            raise
        raise RaisedStrangely(f"it raised {type(error).__name__}: {error}") from error


def _is_thrown_by_others(error: BaseException, seconds: float) -> bool:
    """Tell whether an exception hit the callable from outside, in which case it is the server's own."""
    steps = list(_steps(error))
    if any(frame.f_code in _signal_handlers() for frame, _ in steps):
        return True
    if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        # Python's own handler leaves no frame; but whoever interrupts himself says so in his code.
        frame, instruction = steps[-1]
        is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        return is_default and frame.f_code.co_code[instruction] not in _RAISES
    gevent = sys.modules.get("gevent")
    if gevent is None:
        return False
    if isinstance(error, gevent.Timeout):  # of one that began before the call, it is not the callable's
        return seconds + _SLACK_SECONDS < (error.seconds or 0)
    return isinstance(error, gevent.GreenletExit)


def _steps(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lasti
        traceback = traceback.tb_next


def _signal_handlers() -> set[CodeType]:
    handlers = (signal.getsignal(number) for number in signal.valid_signals())
    codes = (getattr(getattr(handler, "__func__", handler), "__code__", None) for handler in handlers)
    return {code for code in codes if code is not None}

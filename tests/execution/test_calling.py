"""Calling the application's own code: what it raises by itself is told from what the server throws."""

import os
import signal
import sys
from collections.abc import Callable, Iterator

import gevent
import pytest

from reqtrace.execution.calling import RaisedStrangely, called
from tests.programs import run_program


def leave() -> None:
    """End the process, as it would like to."""
    sys.exit(3)


def interrupt() -> None:
    """Be interrupted, by itself."""
    raise KeyboardInterrupt


def run_late() -> None:
    """Take too long, by its own measure."""
    with gevent.Timeout(0.01):
        gevent.sleep(5)


class Strange(BaseException):
    """What no `except Exception` takes."""


def be_strange() -> None:
    """Raise it."""
    raise Strange


@pytest.mark.parametrize("function", [leave, interrupt, run_late, be_strange, lambda: next(iter(()))])
def test_whatever_a_callable_raises_by_itself_is_an_exception(function: Callable[[], object]) -> None:
    with pytest.raises(Exception):  # noqa: B017  of whatever class: a request path catches it
        called(function)


def test_what_it_returns_and_what_it_raises_as_an_exception_pass() -> None:
    assert called(lambda first, second: first + second, 1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        called(lambda: 1 / 0)


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[..., object]], None]]:
    """Return a function that sets a handler for a signal."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda handler: signal.signal(signal.SIGUSR1, handler) and None
    signal.signal(signal.SIGUSR1, before)


def test_what_a_signals_handler_raises_meanwhile_is_the_servers_own(
    on_signal: Callable[[Callable[..., object]], None],
) -> None:
    on_signal(lambda number, frame: sys.exit(1))  # as gunicorn's worker does that is told to abort
    with pytest.raises(SystemExit):
        called(lambda: os.kill(os.getpid(), signal.SIGUSR1))


def test_an_interrupt_from_outside_is_no_fault_of_the_callable() -> None:
    told = run_program(
        """
        import os, signal
        from reqtrace.execution.calling import called
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            called(lambda: os.kill(os.getpid(), signal.SIGINT))
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert told == "interrupted"


def test_a_timeout_around_the_request_is_not_the_callables() -> None:
    timeout = gevent.Timeout.start_new(0.05)
    gevent.sleep(0.03)
    with pytest.raises(gevent.Timeout):
        called(lambda: gevent.sleep(5))
    timeout.close()


def test_to_kill_a_greenlet_kills_it_in_a_callable_too() -> None:
    greenlet = gevent.spawn(called, lambda: gevent.sleep(5))
    gevent.sleep(0.01)
    greenlet.kill(timeout=5)
    assert isinstance(greenlet.value, gevent.GreenletExit)
    assert RaisedStrangely.__base__ is Exception

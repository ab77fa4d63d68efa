"""One recorder per process, from the first middleware to the last shipment: forks, signals, exit."""

import atexit
import logging
import os
import signal
from contextlib import suppress
from functools import cache
from multiprocessing import util as finalizers
from types import FrameType

from reqtrace import conf
from reqtrace.capture.recorder import Recorder
from reqtrace.checks import check_telemetry
from reqtrace.printable import printable
from reqtrace.stores import registry

logger = logging.getLogger("reqtrace")


@cache
def recorder() -> Recorder:
    """Return this process's recorder; the first call makes it and sees to its end."""
    made = Recorder(conf.get())
    problems = registry.problems() + [f"{message.msg} {message.hint}" for message in check_telemetry(None)]
    for problem in problems:
        logger.warning("%s", printable(problem))
    made.faults.count, made.faults.last = made.faults.count + len(problems), " ".join(problems) or made.faults.last
    os.register_at_fork(after_in_child=made.renew)
    atexit.register(_drain, made)
    # A process that `multiprocessing` made (granian's workers) ends without `atexit`, and forgets what its parent
    # had asked for at the end.
    _drain_at_the_end(made)
    finalizers.register_after_fork(made, _drain_at_the_end)
    _drain_on_sigterm(made)
    return made


def _drain(made: Recorder) -> None:
    made.shipper.drain()  # of the shipper in force by then: a fork makes a new one


def _drain_at_the_end(made: Recorder) -> None:
    finalizers.Finalize(None, _drain, (made,), exitpriority=0)


def _drain_on_sigterm(made: Recorder) -> None:
    """Ship when SIGTERM arrives, before whoever handles it now does what he does.

    Most servers then end in an orderly way, and `atexit` does the rest. uvicorn raises the signal once more when it
    is done, with Python's default handler, and dies on the spot: so from the first SIGTERM on, each request that
    ends ships at once.
    """
    previous = signal.getsignal(signal.SIGTERM)

    def ship_first(number: int, frame: FrameType | None) -> None:
        made.shipper.hasten()
        if callable(previous):
            previous(number, frame)
        elif previous == signal.SIG_DFL:
            made.shipper.drain()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    with suppress(ValueError):  # not on the main thread: `atexit` has to do
        signal.signal(signal.SIGTERM, ship_first)

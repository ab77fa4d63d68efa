"""Fresh processes side by side on one core, taking turns, so that whatever disturbs one disturbs its neighbours too."""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from benchmarks.scenarios import SCENARIOS
from benchmarks.worker import Ending, Order, Turn

ROOT = Path(__file__).resolve().parent.parent
_FOREIGN = ("REQTRACE_", "OTEL_", "DJANGO_SETTINGS_MODULE", "PYTHONHASHSEED")


def own_environment(seed: int) -> dict[str, str]:
    """Return the environment of a measuring process: nothing that sets up what is measured, and a seed of hashes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "PYTHONHASHSEED": str(seed)}


class Plan(NamedTuple):
    """How much is measured."""

    requests: int = 2_000
    """Requests of one process in short turns, for wall time, and again in long turns, for CPU time."""
    turn: int = 50
    """Requests per short turn: the noise of a shared machine drifts within a second, and neighbours must share it."""
    long_turn: int = 200
    """Requests per long turn, with everything shipped before it ends: what a busy process ships at a time."""
    warm_up: int = 1_000
    """Requests before the first turn, until caches are full and the interpreter has specialised."""
    rounds: int = 5
    """How often all processes are made afresh: what memory layout happens to give to one process stays with it."""

    def for_asgi(self) -> Self:
        """Return a plan that takes about as long where a request takes ten times as long."""
        return self._replace(
            requests=max(1, self.requests // 2),
            turn=max(1, self.turn // 5),
            long_turn=max(1, self.long_turn // 5),
            warm_up=max(1, self.warm_up // 5),
        )


class Round(NamedTuple):
    """What one set of fresh processes gave; turns of one index stood next to each other in time."""

    short: Mapping[str, Sequence[Turn]]
    long: Mapping[str, Sequence[Turn]]
    lost: Mapping[str, int]
    """Requests that were answered and not shipped, by cases that ship."""


class Worker:
    """One process of `benchmarks.worker`."""

    def __init__(self, scenario: str, case: str, seed: int) -> None:
        """Start it; the seed of its hashes is to be the same for all that are compared."""
        self.case = case
        self._sent = 0
        self._directory = tempfile.TemporaryDirectory(prefix="reqtrace-bench-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", scenario, case, self._directory.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=own_environment(seed),
        )

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """End the process at once, if `end` has not done it in good order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._directory.cleanup()

    def take_turn(self, order: Order) -> Turn:
        """Have it send requests, and wait until it has."""
        assert self._process.stdin is not None
        self._sent += order.requests
        with suppress(BrokenPipeError):  # then there is no answer, either
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            self._process.stdin.flush()
        return msgspec.json.decode(self._line(), type=Turn)

    def end(self) -> int:
        """Let it ship the rest, and return how many requests it lost."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        shipped = msgspec.json.decode(self._line(), type=Ending).shipped
        self._process.wait()
        return 0 if shipped is None else self._sent - shipped

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process that measures {self.case!r} ended with status {self._process.wait()}.")
        return line


def measure(scenario: str, cases: Sequence[str], plan: Plan) -> list[Round]:
    """Measure cases against each other."""
    if SCENARIOS[scenario].interface == "asgi":
        plan = plan.for_asgi()
    return [_round(scenario, cases, plan, seed) for seed in range(plan.rounds)]


def _round(scenario: str, cases: Sequence[str], plan: Plan, seed: int) -> Round:
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(scenario, case, seed)) for case in cases]
        _take_turns(workers, Order(plan.warm_up), 1)
        short = _take_turns(workers, Order(plan.turn), math.ceil(plan.requests / plan.turn))
        long = _take_turns(workers, Order(plan.long_turn, drain=True), math.ceil(plan.requests / plan.long_turn))
        return Round(short, long, {worker.case: worker.end() for worker in workers})


def _take_turns(workers: Sequence[Worker], order: Order, turns: int) -> dict[str, list[Turn]]:
    taken: dict[str, list[Turn]] = {worker.case: [] for worker in workers}
    for index in range(turns):
        first = index % len(workers)  # everyone follows a pause once, and everyone follows a heavy neighbour
        for worker in [*workers[first:], *workers[:first]]:
            taken[worker.case].append(worker.take_turn(order))
    return taken

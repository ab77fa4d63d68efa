"""How much memory a process holds after so many requests, case by case."""

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.pairing import Worker
from benchmarks.scenarios import STACK_NOBODY
from benchmarks.worker import Order

REQUESTS = 10_000


def measure(cases: Sequence[str], requests: int, rounds: int) -> Mapping[str, float]:
    """Return each case's resident memory in MiB: the median over fresh processes."""
    return {
        case: statistics.median(_resident(case, requests, seed) for seed in range(rounds)) / 2**20 for case in cases
    }


def _resident(case: str, requests: int, seed: int) -> int:
    with Worker(STACK_NOBODY, case, seed) as worker:
        turn = worker.take_turn(Order(requests))
        worker.end()
        return turn.rss

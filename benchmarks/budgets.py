"""What reqtrace may cost, as the project has promised, and whether it keeps to that."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from benchmarks.cases.known import BARE, NO_OP, OPENTELEMETRY, REQTRACE
from benchmarks.figures import added_cpu, added_wall
from benchmarks.pairing import Round
from benchmarks.scenarios import ASYNC_NOBODY, STACK_NOBODY
from benchmarks.shipping import Shipped

_MICROSECONDS = "µs"


class Verdict(msgspec.Struct, frozen=True):
    """One promise, and what was measured."""

    what: str
    measured: float
    budget: float
    unit: str = _MICROSECONDS
    bound: Literal["at most", "at least"] = "at most"

    @property
    def is_kept(self) -> bool:
        """Whether the measured value lies within the budget."""
        return self.measured <= self.budget if self.bound == "at most" else self.measured >= self.budget


def verdicts(
    scenarios: Mapping[str, Sequence[Round]], memory: Mapping[str, float], shipped: Shipped
) -> Sequence[Verdict]:
    """Judge one run of everything."""
    found: list[Verdict] = []
    sync, asynchronous = scenarios.get(STACK_NOBODY), scenarios.get(ASYNC_NOBODY)
    if sync is not None:
        over_no_op = added_wall(sync, REQTRACE, NO_OP).median
        found.append(Verdict("wall time added under WSGI, over a no-op middleware", over_no_op, 10))
        found.append(_beside_opentelemetry("wall time added under WSGI", sync))
        over_bare = added_cpu(sync, REQTRACE, BARE).median
        found.append(Verdict("CPU time added under WSGI, all threads, shipping included", over_bare, 18))
    if asynchronous is not None:
        over_no_op = added_wall(asynchronous, REQTRACE, NO_OP).median
        found.append(Verdict("wall time added under ASGI, async view, over a no-op middleware", over_no_op, 25))
        found.append(_beside_opentelemetry("wall time added under ASGI", asynchronous))
    rate = shipped.per_second if shipped.lost == 0 else 0.0
    grown = memory[REQTRACE] - memory[BARE]
    return [
        *found,
        Verdict("memory per process after 10,000 requests, over bare", grown, 6, "MiB"),
        Verdict("requests shipped into SQLite without loss", rate, 20_000, "per second", "at least"),
    ]


def _beside_opentelemetry(what: str, rounds: Sequence[Round]) -> Verdict:
    fifteenth = added_wall(rounds, OPENTELEMETRY, BARE).median / 15
    return Verdict(
        f"{what}, beside a fifteenth of OpenTelemetry's", added_wall(rounds, REQTRACE, BARE).median, fifteenth
    )

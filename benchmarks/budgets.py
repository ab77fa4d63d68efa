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
    sync, over_no_op = scenarios[STACK_NOBODY], added_wall(scenarios[STACK_NOBODY], REQTRACE, NO_OP)
    rate = shipped.per_second if shipped.lost == 0 else 0.0
    return [
        Verdict("wall time added to a sync request, over a no-op middleware", over_no_op.median, 15),
        _beside_opentelemetry("wall time added to a sync request", sync),
        Verdict("CPU time added to a sync request, shipping included", added_cpu(sync, REQTRACE, BARE).median, 25),
        Verdict("wall time added to an async request", added_wall(scenarios[ASYNC_NOBODY], REQTRACE, BARE).median, 25),
        _beside_opentelemetry("wall time added to an async request", scenarios[ASYNC_NOBODY]),
        Verdict("memory per process after 10,000 requests, over bare", memory[REQTRACE] - memory[BARE], 8, "MiB"),
        Verdict("requests shipped into SQLite without loss", rate, 20_000, "per second", "at least"),
    ]


def _beside_opentelemetry(what: str, rounds: Sequence[Round]) -> Verdict:
    twelfth = added_wall(rounds, OPENTELEMETRY, BARE).median / 12
    return Verdict(f"{what}, beside a twelfth of OpenTelemetry's", added_wall(rounds, REQTRACE, BARE).median, twelfth)

"""What one run found: as Markdown for people, as JSON for everything else."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

import msgspec

from benchmarks.budgets import Verdict
from benchmarks.cases.known import AGAIN, BARE, OPENTELEMETRY
from benchmarks.figures import Figure, added_cpu, added_wall, tail, wall
from benchmarks.pairing import Round
from benchmarks.shipping import Shipped


class Row(msgspec.Struct, frozen=True):
    """What one case costs in one scenario, in microseconds per request."""

    case: str
    wall: Figure
    added_wall: Figure
    """Over bare Django."""
    added_cpu: Figure
    """Over bare Django; all threads, shipping included."""
    p99: float
    p999: float
    """Wall time that 99, and 99.9, of a hundred requests do not exceed."""
    lost: int
    """Requests that were answered and not shipped."""


class Report(msgspec.Struct, frozen=True):
    """One run."""

    machine: Mapping[str, str | int]
    plan: Mapping[str, int]
    scenarios: Mapping[str, Sequence[Row]]
    memory: Mapping[str, float]
    """MiB by case."""
    shipped: Shipped
    budgets: Sequence[Verdict]

    def to_json(self) -> bytes:
        """Return the report as JSON."""
        return msgspec.json.format(msgspec.json.encode(self))

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# What reqtrace costs"
        yield ""
        yield ", ".join(f"{name} {value}" for name, value in self.machine.items()) + "."
        yield "Microseconds per request: the median, and in brackets the rounds that lay farthest off it."
        yield f"Differences below that of “{AGAIN}” are noise."
        for scenario, rows in self.scenarios.items():
            yield from ("", f"## {scenario}", "", *_costs(rows))
        yield from ("", "## Memory", "", "| case | MiB | over bare |", "| --- | ---: | ---: |")
        for case, mebibytes in self.memory.items():
            yield f"| {case} | {mebibytes:.1f} | {mebibytes - self.memory[BARE]:.1f} |"
        yield from ("", "## Budgets", "", "| what | measured | budget | |", "| --- | ---: | ---: | --- |")
        for verdict in self.budgets:
            word = "within budget" if verdict.is_kept else "over budget"
            yield (
                f"| {verdict.what} | {verdict.measured:,.1f} {verdict.unit} "
                f"| {verdict.bound} {verdict.budget:,.1f} | {word} |"
            )


def rows(rounds: Sequence[Round], cases: Sequence[str]) -> list[Row]:
    """Sum up one scenario."""
    return [
        Row(
            case,
            wall(rounds, case),
            added_wall(rounds, case, BARE),
            added_cpu(rounds, case, BARE),
            tail(rounds, case, 0.99),
            tail(rounds, case, 0.999),
            sum(each.lost[case] for each in rounds),
        )
        for case in cases
    ]


def machine() -> dict[str, str | int]:
    """Say where this was measured."""
    return {
        "Python": platform.python_version(),
        "Django": version("django"),
        "OpenTelemetry": version("opentelemetry-instrumentation-django"),
        "CPUs": os.cpu_count() or 1,
    }


def _costs(table: Sequence[Row]) -> Iterator[str]:
    peer = next((row.added_wall.median for row in table if row.case == OPENTELEMETRY), 0)
    yield "| case | wall | added wall | of OpenTelemetry's | added CPU | 99% within | 99.9% within | lost |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in table:
        share = f"{row.added_wall.median / peer:.3f}" if peer > 0 else ""
        yield (
            f"| {row.case} | {row.wall.median:.1f} | {row.added_wall} | {share} | {row.added_cpu} "
            f"| {row.p99:.0f} | {row.p999:.0f} | {row.lost} |"
        )

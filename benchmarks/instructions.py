"""How many bytecode instructions reqtrace adds to a request: `python -m benchmarks.instructions`.

No clock is read: the figures are the same on every machine with the same versions of Python and Django.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks import counting, report
from benchmarks.cases.known import NO_OP, REQTRACE
from benchmarks.counting import ROOT, Count
from benchmarks.scenarios import ASYNC_NOBODY, REAL, SCENARIOS, STACK_NOBODY

BUDGETS: Mapping[str, float] = {STACK_NOBODY: 650, ASYNC_NOBODY: 900}
"""Instructions added per request, as the project has promised."""


class Row(NamedTuple):
    """What one scenario gave; reqtrace adds `ours` and `elsewhere`."""

    scenario: str
    ours: float
    elsewhere: float
    """What Django and asgiref run more than around a no-op middleware: copying context variables above all."""
    django: float
    """What a request takes around a no-op middleware."""
    functions: Sequence[Count]
    """Where they are, the dearest first."""

    @property
    def added(self) -> float:
        """All that reqtrace adds."""
        return self.ours + self.elsewhere


def measure(scenario: str) -> Row:
    """Count one scenario."""
    traced, no_op = (counting.counted(scenario, case) for case in (REQTRACE, NO_OP))
    functions = counting.added(traced, no_op)
    ours = sum(count.instructions for count in functions if count.is_ours)
    elsewhere = sum(count.instructions for count in functions if not count.is_ours)
    return Row(scenario, ours, elsewhere, sum(count.instructions for count in no_op), functions)


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="those whose names contain one of these texts")
    parser.add_argument("--functions", action="store_true", help="tell where they are, function by function")
    given = parser.parse_args(arguments)
    chosen = [name for name in SCENARIOS if any(text in name for text in given.rows)] if given.rows else list(REAL)
    if not chosen:
        parser.error(f"--rows {given.rows}: no row's name contains that. There are: {', '.join(SCENARIOS)}.")
    print(", ".join(f"{name} {value}" for name, value in report.machine().items()) + ".\n")
    print("| bytecode instructions per request | Django's | reqtrace's | elsewhere | added | budget |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for scenario in chosen:
        row = measure(scenario)
        print("\n".join(_lines(row, with_functions=given.functions)), flush=True)


def _lines(row: Row, *, with_functions: bool) -> Iterator[str]:
    added, budget = row.added, BUDGETS.get(row.scenario)
    verdict = "" if budget is None else f"{budget:.0f}: {'within' if added <= budget else 'over'}"
    yield (
        f"| {row.scenario} | {row.django:,.0f} | {row.ours:,.1f} | {row.elsewhere:,.1f} | {added:,.1f} | {verdict} |"
    )
    for count in row.functions if with_functions else ():
        place = count.file.removeprefix(f"{ROOT}/").rpartition("site-packages/")[2]
        yield f"|     {place}: {count.function}, {count.calls:.2f} calls | | {count.instructions:.1f} | | | |"


if __name__ == "__main__":
    main(sys.argv[1:])

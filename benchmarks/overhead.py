"""Measure what reqtrace costs beside its peers, in one run: `python -m benchmarks.overhead`.

The exit code says nothing about the figures: they are for people to read, and no test depends on time.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import memory, pairing, report, shipping
from benchmarks.budgets import verdicts
from benchmarks.cases.known import AGAIN, BARE, CASES, MAIN, OPENTELEMETRY, REQTRACE
from benchmarks.pairing import Plan
from benchmarks.report import Report
from benchmarks.scenarios import ASYNC_NOBODY, SCENARIOS, STACK_NOBODY


def run(plan: Plan, rows: Sequence[str], cases: Sequence[str], memory_requests: int, shipping_requests: int) -> Report:
    """Measure everything that is asked for."""
    scenarios = {}
    for scenario in rows:
        _say(f"{scenario} ...")
        scenarios[scenario] = pairing.measure(scenario, cases, plan)
    _say("memory ...")
    resident = memory.measure([BARE, REQTRACE, OPENTELEMETRY, AGAIN], memory_requests, plan.rounds)
    _say("shipping ...")
    shipped = shipping.measure(shipping_requests, plan.rounds)
    return Report(
        machine=report.machine(),
        plan=plan._asdict(),
        scenarios={scenario: report.rows(rounds, cases) for scenario, rounds in scenarios.items()},
        memory=resident,
        shipped=shipped,
        budgets=verdicts(scenarios, resident, shipped),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--requests", type=_positive, default=Plan().requests, help="per process (default %(default)s)")
    parser.add_argument("--rounds", type=_positive, default=Plan().rounds, help="sets of fresh processes (%(default)s)")
    parser.add_argument(
        "--rows",
        nargs="+",
        metavar="ROW",
        default=(STACK_NOBODY, ASYNC_NOBODY),
        help="those whose names contain one of these texts (default: those that have a budget)",
    )
    parser.add_argument("--peers", action="store_true", help="beside all peers that are installed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args(arguments)
    rows = [name for name in SCENARIOS if any(text in name for text in given.rows)]
    if not rows:
        parser.error(f"--rows {given.rows}: no row's name contains that. There are: {', '.join(SCENARIOS)}.")
    cases = list(CASES) if given.peers else list(MAIN)
    warm_up = min(Plan().warm_up, given.requests)
    plan = Plan(requests=given.requests, rounds=given.rounds, warm_up=warm_up)
    found = run(plan, rows, cases, memory.REQUESTS, shipping.REQUESTS)
    if given.json is not None:
        given.json.write_bytes(found.to_json())
    sys.stdout.write(found.to_markdown())


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not at least 1")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

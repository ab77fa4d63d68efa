"""Every case by the name under which reports show it."""

from collections.abc import Mapping

BARE = "bare Django"
AGAIN = "bare Django, again"
NO_OP = "no-op middleware"
CLOCKS = "two clocks and a deque"
REQTRACE = "reqtrace"
OPENTELEMETRY = "OpenTelemetry"

CASES: Mapping[str, str] = {
    BARE: "benchmarks.cases.bare.Bare",
    NO_OP: "benchmarks.cases.noop.NoOp",
    CLOCKS: "benchmarks.cases.clocks.ClocksAndDeque",
    REQTRACE: "benchmarks.cases.reqtrace.Reqtrace",
    OPENTELEMETRY: "benchmarks.cases.opentelemetry.OpenTelemetry",
    AGAIN: "benchmarks.cases.bare.Bare",
}
"""Name to dotted class path: a path, because only the process that measures a case may import it."""

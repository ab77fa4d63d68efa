"""Every case by the name under which reports show it."""

from collections.abc import Mapping
from importlib.util import find_spec

BARE = "bare Django"
AGAIN = "bare Django, again"
NO_OP = "no-op middleware"
CLOCKS = "two clocks and a deque"
REQTRACE = "reqtrace"
OPENTELEMETRY = "OpenTelemetry"
MAIN = (BARE, NO_OP, REQTRACE, OPENTELEMETRY, AGAIN)
"""Those of which the budgets speak."""

_PEERS: Mapping[str, tuple[str, str]] = {
    "Sentry": ("sentry_sdk", "benchmarks.cases.sentry.Sentry"),
    "elastic-apm": ("elasticapm", "benchmarks.cases.elastic.ElasticApm"),
    "logfire": ("logfire", "benchmarks.cases.logfire.Logfire"),
    "django-silk": ("silk", "benchmarks.cases.silk.Silk"),
    "debug toolbar": ("debug_toolbar", "benchmarks.cases.toolbar.DebugToolbar"),
    "pyinstrument": ("pyinstrument", "benchmarks.cases.profiler.Pyinstrument"),
    "django-crum": ("crum", "benchmarks.cases.crum.Crum"),
}
"""Those that may be installed: the module by which that is known, and the class."""

CASES: Mapping[str, str] = {
    BARE: "benchmarks.cases.bare.Bare",
    NO_OP: "benchmarks.cases.noop.NoOp",
    CLOCKS: "benchmarks.cases.clocks.ClocksAndDeque",
    REQTRACE: "benchmarks.cases.reqtrace.Reqtrace",
    OPENTELEMETRY: "benchmarks.cases.opentelemetry.OpenTelemetry",
    **{name: path for name, (module, path) in _PEERS.items() if find_spec(module) is not None},
    AGAIN: "benchmarks.cases.bare.Bare",
}
"""Name to dotted class path: a path, because only the process that measures a case may import it."""

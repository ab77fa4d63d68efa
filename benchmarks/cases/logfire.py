"""Logfire's Django instrumentation, which sends nothing."""

import logfire

from benchmarks.cases.base import Case


class Logfire(Case):
    """As its documentation installs it."""

    def start(self) -> None:
        """Configure it and put its middleware in."""
        logfire.configure(send_to_logfire=False, console=False)
        logfire.instrument_django()

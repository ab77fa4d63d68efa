"""A walk through both ways of a scenario: what people saw, and what reqtrace found meanwhile."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from httpx import Cookies

from demo.scenarios.base import Scenario, WayName
from demo.scenarios.visit import LAST, THREADS, Saw, Visit
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, FindingKind, Request
from reqtrace.stores.base import Store

TRACE_SECONDS = 10
"""How long the last trace may take to arrive in the store."""


class Outcome(NamedTuple):
    """What came of walking through one way."""

    saw: list[Saw]
    findings: list[Finding]

    @property
    def is_wrong(self) -> bool:
        """Tell whether somebody was shown what was meant for somebody else."""
        return any(saw.is_wrong for saw in self.saw)

    @property
    def by_person(self) -> dict[str, list[Saw]]:
        """Return what each person saw, each thing once."""
        people: dict[str, list[Saw]] = {}
        for saw in self.saw:
            seen = people.setdefault(saw.person, [])
            if saw not in seen:
                seen.append(saw)
        return people

    def told(self, kind: FindingKind) -> list[Finding]:
        """Return one finding of each group, those of `kind` first, rather one that names two people."""
        telling = sorted(
            self.findings, key=lambda found: (found.kind != kind, found.expected.user == found.observed.user)
        )
        return list({finding.group: finding for finding in reversed(telling)}.values())[::-1]


def walk(scenario: Scenario, server: str, store: Store, sessions: Mapping[str, Cookies]) -> dict[WayName, Outcome]:
    """Let people walk through both ways of a scenario on a server that writes its traces into `store`.

    One walk at a time: the scenarios count on it that nobody else is on the server's threads.
    """
    outcomes: dict[WayName, Outcome] = {}
    for way in scenario.ways:
        prefix = scenario.prefix(way)
        _, position = store.bounds()
        visit = Visit(server, prefix, sessions)
        try:
            scenario.traffic(visit)
        finally:
            visit.end()
            visit.close()
        outcomes[way] = Outcome(visit.saw, _findings(store, position, prefix))
    return outcomes


def _findings(store: Store, position: int, prefix: str) -> list[Finding]:
    """Return what was found below `prefix` behind a position of the store, once the last requests stand there."""
    reader = Reader(store)
    requests: set[str] = set()
    findings: dict[str, Finding] = {}
    deadline = time.monotonic() + TRACE_SECONDS
    last: set[str] = set()
    while len(last) < THREADS:
        if time.monotonic() > deadline:
            raise TimeoutError(f"The traces of {prefix} did not arrive within {TRACE_SECONDS} s.")
        entries = store.read(position, 1_000, ("request", "finding"))
        for entry in entries:
            position = entry.position
            record = reader.decode(entry)
            if isinstance(record, Finding):
                findings[record.id] = record
            elif isinstance(record, Request) and record.outcome != "open" and record.path.startswith(prefix):
                # The last are no part of the walk: they find what they tidy up.
                (last if record.path == prefix + LAST else requests).add(record.id)
        if not entries:
            time.sleep(0.02)
    return [finding for finding in findings.values() if finding.request in requests]

"""Findings gathered by their cause: what a person mends at one go is one group."""

from collections.abc import Iterable, Iterator

import msgspec

from reqtrace.reading.queries import Query
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, FindingKind, Level, User

LEVELS: tuple[Level, ...] = ("leak", "hazard", "notice")
"""The worst first."""
_PEOPLE_NAMED = 20


class Group(msgspec.Struct):
    """What one cause has led to."""

    group: str
    level: Level
    """The worst."""
    holder: str | None
    holder_kind: str | None
    worst: Finding
    """The first one of that level: it tells the story."""
    count: int = 0
    kinds: dict[FindingKind, int] = {}
    """How often each kind was found."""
    people: list[str] = []
    """Names of those who saw somebody else and of those who were seen, the first 20."""
    first_ns: int | None = None
    """Unix time of the first; None where no request of it is kept any more."""
    last_ns: int | None = None
    releases: list[str] = []
    """The deploys in which it was found, as ``RELEASE`` named them."""
    known: bool = False
    """Whether somebody has marked it as known."""
    mending: str | None = None
    """The fix of the worst as code, where whoever shows the group has asked for it and there is any."""

    def take(self, finding: Finding, at_ns: int | None, release: str | None) -> None:
        """Take one more finding in."""
        self.count += 1
        self.kinds[finding.kind] = self.kinds.get(finding.kind, 0) + 1
        if LEVELS.index(finding.level) < LEVELS.index(self.level):
            self.level, self.worst = finding.level, finding
        for name in filter(None, map(_name_of, (finding.expected.user, finding.observed.user))):
            if name not in self.people and len(self.people) < _PEOPLE_NAMED:
                self.people.append(name)
        if release is not None and release not in self.releases:
            self.releases.append(release)
        if at_ns is not None:
            self.first_ns = at_ns if self.first_ns is None else min(self.first_ns, at_ns)
            self.last_ns = at_ns if self.last_ns is None else max(self.last_ns, at_ns)


def groups(reader: Reader, query: Query) -> list[Group]:
    """Return the groups of the findings that a query asks for: the worst first, and among them the newest."""
    releases = {process.id: process.release for process in reader.processes()}
    gathered: dict[str, Group] = {}
    for finding in reader.findings(query):
        group = gathered.get(finding.group)
        if group is None:
            group = Group(finding.group, finding.level, finding.holder, finding.holder_kind, finding)
            gathered[finding.group] = group
        request = reader.request(finding.request)
        at_ns = None if request is None else request.start_ns + finding.at_ns
        group.take(finding, at_ns, None if request is None else releases.get(request.process))
    for name, known in _known(reader):
        if name in gathered:
            gathered[name].known = known
    return sorted(gathered.values(), key=lambda one: (LEVELS.index(one.level), -(one.last_ns or 0)))


def count_of(groups: Iterable[Group], level: Level) -> int:
    """Return how many groups are as bad as that."""
    return sum(group.level == level for group in groups)


def _known(reader: Reader) -> Iterator[tuple[str, bool]]:
    return ((mark.group, mark.known) for mark in reader.marks())


def _name_of(user: User) -> str | None:
    return user.label or user.id or ("an anonymous visitor" if user.state == "anonymous" else None)

"""The comparison: what the application read, beside what reqtrace found, request by request and holder by holder."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from demo.lab.holders import HOLDERS, Holder
from demo.lab.truth import Line
from reqtrace.reader import Reader

MOMENTS = ("view", "wait", "out")
"""When code of the request reads after the middleware has set the holders."""


class Score(msgspec.Struct):
    """How many requests were such by the application's log, by reqtrace's findings, and by both."""

    true: int = 0
    found: int = 0
    both: int = 0

    @property
    def precision(self) -> float | None:
        """Return the share of the findings that are true; None without findings."""
        return self.both / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Return the share of the truth that was found; None where there was none."""
        return self.both / self.true if self.true else None

    def add(self, *, true: bool, found: bool) -> None:
        """Count one request."""
        self.true += true
        self.found += found
        self.both += true and found


class Cell(msgspec.Struct):
    """One holder under one server, stack and kind of view."""

    requests: int = 0
    wrong: dict[str, int] = {}
    """By moment: how often another request, or another user, was read. At ``start``: from a request that had ended."""
    empty: dict[str, int] = {}
    """By moment: how often nothing was read although the middleware had set it."""
    crossed: Score = msgspec.field(default_factory=Score)
    leftover: Score = msgspec.field(default_factory=Score)
    lost: Score = msgspec.field(default_factory=Score)


class Sharing(msgspec.Struct):
    """What threads did, by the application's log, over all its requests."""

    threads: int
    requests_per_thread: int
    """The most on one thread."""
    at_once: int
    """The most in flight on one thread at the same time."""


def cells(lines: Iterable[Line], reader: Reader) -> dict[str, dict[str, Cell]]:
    """Return the comparison by view and holder."""
    lines = list(lines)
    ends = {line.key: line.ended_ns for line in lines}
    first_end: dict[str, int] = {}
    for line in sorted(lines, key=lambda one: one.ended_ns):
        first_end.setdefault(line.person, line.ended_ns)
    kinds_found = found(reader)
    table: dict[str, dict[str, Cell]] = {}
    for line in lines:
        if line.key.startswith("warm"):
            continue
        for name, seen in line.seen.items():
            holder = HOLDERS[name]
            own = line.person if holder.of_user else line.key
            cell = table.setdefault(line.view, {}).setdefault(name, Cell())
            cell.requests += 1
            ended_ns = (first_end if holder.of_user else ends).get(seen["start"]) if seen["start"] else None
            is_stale = ended_ns is not None and ended_ns <= line.began_ns
            _count(cell.wrong, "start", is_stale)
            for moment in MOMENTS:
                _count(cell.wrong, moment, seen.get(moment) not in (None, own))
                _count(cell.empty, moment, moment in seen and seen[moment] is None and _is_set(holder, line, moment))
            crossed = any(seen.get(moment) not in (None, own) for moment in MOMENTS)
            stays = seen["close"] == own and not holder.of_user  # of a user alone only the next request can tell
            lost = seen.get("view", own) is None and _is_set(holder, line, "view")
            kinds = kinds_found[line.key, holder.path]
            cell.crossed.add(true=crossed, found="crossed" in kinds)
            cell.leftover.add(true=is_stale or stays, found="leftover" in kinds)
            cell.lost.add(true=lost, found="lost" in kinds)
    return table


def found(reader: Reader) -> Mapping[tuple[str, str], set[str]]:
    """Return the kinds of finding by request and holder, the request named as in the application's log."""
    keys = {request.id: request.path.split("/")[2] for request in reader.requests()}
    kinds: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in reader.findings():
        kinds[keys.get(finding.request, ""), finding.holder or ""].add(finding.kind)
    return kinds


def others(reader: Reader) -> dict[str, int]:
    """Return how many findings there were of kinds that the waves do not provoke."""
    counted = Counter(finding.kind for finding in reader.findings())
    return {kind: number for kind, number in counted.items() if kind not in ("crossed", "leftover", "lost")}


def sharing(lines: Iterable[Line]) -> Sharing:
    """Return how requests shared threads."""
    by_thread: defaultdict[tuple[int, int], list[Line]] = defaultdict(list)
    for line in lines:
        for thread in line.threads:
            by_thread[line.pid, thread].append(line)
    return Sharing(
        threads=len(by_thread),
        requests_per_thread=max(len(on_it) for on_it in by_thread.values()),
        at_once=max(_most_at_once(on_it) for on_it in by_thread.values()),
    )


def sharing_found(reader: Reader) -> dict[str, int]:
    """Return what reqtrace says that threads turned out to be, with how many."""
    return dict(Counter(thread.sharing for thread in reader.threads()))


def _most_at_once(lines: list[Line]) -> int:
    steps = sorted([(line.began_ns, 1) for line in lines] + [(line.ended_ns, -1) for line in lines])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def _is_set(holder: Holder, line: Line, moment: str) -> bool:
    """Tell whether the middleware has set the holder for this request, and not cleared it yet."""
    return not (holder.of_user and not line.person) and not (holder.clears and moment == "out")


def _count(counts: dict[str, int], moment: str, happened: bool) -> None:
    counts[moment] = counts.get(moment, 0) + happened

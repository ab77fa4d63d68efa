"""The comparison: what the application read, beside what reqtrace found, request by request and holder by holder."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from demo.lab.holders import HOLDERS, Holder
from demo.lab.report import Cell, Score, Sharing, added
from demo.lab.truth import Line
from reqtrace.reading.reader import Reader
from reqtrace.records import Request

MOMENTS = ("view", "wait", "out")
"""When code of the request reads after the middleware has set the holders."""


class Known(NamedTuple):
    """Which holders reqtrace knew as which requests began."""

    order: list[str]
    """All requests by their start, named as in the application's log."""
    pairs: set[tuple[str, str]]
    """Those requests with those holders."""

    def after(self, holder: str) -> int | None:
        """Return how many requests had begun before the first that found it known; None where none did."""
        return next((number for number, key in enumerate(self.order) if (key, holder) in self.pairs), None)


def known_at_start(reader: Reader) -> Known:
    """Read off which holders were read as a request began."""
    requests = sorted(reader.requests(), key=lambda request: request.start_ns)
    pairs = {
        (_key_of(request), reading.holder)
        for request in requests
        for reading in request.readings
        if reading.checkpoint == "start"
    }
    return Known([_key_of(request) for request in requests], pairs)


def cells(
    lines: Iterable[Line], reader: Reader, known: Container[tuple[str, str]] | None = None
) -> dict[str, dict[str, Cell]]:
    """Return the comparison by view and holder; with `known`, of those pairs of a request and a holder alone."""
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
            if known is not None and (line.key, holder.path) not in known:
                continue
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


def total(table: Mapping[str, Mapping[str, Cell]]) -> Score:
    """Add up what is a leak or a hazard."""
    return added(score for view in table.values() for cell in view.values() for score in (cell.crossed, cell.leftover))


def found(reader: Reader) -> Mapping[tuple[str, str], set[str]]:
    """Return the kinds of finding by request and holder, the request named as in the application's log."""
    keys = {request.id: _key_of(request) for request in reader.requests()}
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


def _key_of(request: Request) -> str:
    return request.path.split("/")[2]


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

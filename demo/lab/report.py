"""What the lab found out: the shapes of its JSON, and the file in which it stands from the first step on."""

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec


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


def added(scores: Iterable[Score]) -> Score:
    """Add scores up."""
    sum_ = Score()
    for score in scores:
        sum_ = Score(sum_.true + score.true, sum_.found + score.found, sum_.both + score.both)
    return sum_


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

    @property
    def shares(self) -> dict[str, float]:
        """Return which share of the requests read somebody else, read nothing, began with a leftover; worst first."""
        wrong = max(self.wrong["view"], self.wrong["wait"])
        counts = {
            "wrong": wrong,
            "wrong behind it": 0 if wrong else self.wrong["out"],
            "empty": max(self.empty["view"], self.empty["wait"]),
            "left over": self.wrong["start"],
        }
        return {what: count / self.requests for what, count in counts.items() if count}


class Sharing(msgspec.Struct):
    """What threads did, by the application's log, over all its requests."""

    threads: int
    requests_per_thread: int
    """The most on one thread."""
    at_once: int
    """The most in flight on one thread at the same time."""


class Run(msgspec.Struct):
    """What one server did with one middleware stack."""

    server: str
    stack: str
    at_once: int
    """How many requests a wave had."""
    statuses: dict[str, dict[str, int]]
    """By view and status; ``0`` where no answer came."""
    sharing: Sharing
    sharing_found: dict[str, int]
    """What reqtrace says that the threads turned out to be."""
    recognised: list[str]
    """What reqtrace took the server for."""
    cells: dict[str, dict[str, Cell]]
    """The comparison, by view and holder."""
    others: dict[str, int]
    """Findings of further kinds."""
    seconds: float


class Discovered(msgspec.Struct):
    """What discovery made of the same holders when nobody had declared them."""

    server: str
    stack: str
    requests: int
    after: dict[str, int | None]
    """By holder: how many requests had begun before it was first read; None when it never was."""
    score: Score
    """Leaks and hazards over all requests."""
    score_since: Score
    """The same from the moment at which each holder was known."""


class Oddity(msgspec.Struct):
    """What was found in a clean application under odd loads."""

    server: str
    stack: str
    answers: dict[str, int]
    """How many requests of each load were answered."""
    requests: int
    """How many were recorded."""
    alarms: int
    """Leaks and hazards that were reported."""
    messages: list[str]
    """Some of them."""


class Dirt(msgspec.Struct):
    """Requests that a server let begin in the context of the one before, where a `ContextVar` is never reset."""

    server: str
    requests: int
    score: Score


class Failure(msgspec.Struct):
    """A server that could not be measured, and why."""

    server: str
    stack: str
    reason: str


class Missing(msgspec.Struct):
    """A server that is not installed."""

    server: str
    needs: str
    """What to install."""


class Progress(msgspec.Struct):
    """How far a lab is that still runs."""

    pid: int
    done: int
    of: int
    doing: str


class Report(msgspec.Struct):
    """All that the lab found out."""

    versions: dict[str, str]
    holders: dict[str, str]
    """What people call them, by name."""
    is_quick: bool = False
    """Whether fewer requests were sent."""
    began_ns: int = 0
    """Unix time."""
    runs: list[Run] = []
    discovered: list[Discovered] = []
    oddities: list[Oddity] = []
    dirt: list[Dirt] = []
    failures: list[Failure] = []
    missing: list[Missing] = []
    seconds: float = 0
    progress: Progress | None = None
    """None when it is done."""

    @property
    def requests(self) -> int:
        """Return how many requests were sent in waves with declared holders."""
        return sum(sum(seen.values()) for run in self.runs for seen in run.statuses.values())


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write(path: Path, report: Report) -> None:
    """Write the report so that nobody ever reads half of it."""
    draft = path.with_name(f"{path.name}.part")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    draft.replace(path)


def read(path: Path) -> Report | None:
    """Return the report; None when there is none, or one that an older lab has written."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError):
        return None

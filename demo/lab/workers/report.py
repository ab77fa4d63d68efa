"""What the lab found out about workers: the shapes of its JSON."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from demo.lab.report import Missing, Score


class Kept(msgspec.Struct):
    """What the task read from one holder under one worker, by its own log."""

    left: int = 0
    """Jobs that began with somebody else's user in it."""
    strangers: int = 0
    """Jobs for nobody that read somebody while they worked."""
    mixed: int = 0
    """Jobs for somebody that read somebody else while they worked."""
    crossed: Score = msgspec.field(default_factory=Score)
    leftover: Score = msgspec.field(default_factory=Score)


class WorkerRun(msgspec.Struct):
    """What one worker did."""

    worker: str
    at_once: int
    """How many jobs it was to do at the same time."""
    jobs: int
    anonymous: int
    """How many of them were for nobody."""
    processes: int
    threads: int
    most: int
    """The most jobs on one thread."""
    overlapping: int
    """The most in flight on one thread at the same time."""
    sharing_found: dict[str, int]
    """What reqtrace says that the threads turned out to be."""
    recognised: list[str]
    """What reqtrace took the worker for."""
    kept: dict[str, Kept]
    """By holder."""
    seconds: float


class WorkersReport(msgspec.Struct):
    """All that was found out."""

    versions: dict[str, str]
    holders: dict[str, str]
    """What people call them, by name."""
    began_ns: int
    """Unix time."""
    runs: list[WorkerRun] = []
    missing: list[Missing] = []
    seconds: float = 0

    @property
    def jobs(self) -> int:
        """Return how many jobs were done in all."""
        return sum(run.jobs for run in self.runs)


def false_alarms(runs: Iterable[WorkerRun]) -> list[str]:
    """Return where reqtrace found what the task's own log does not say, a sentence each."""
    return [
        f"{run.worker}, {name}: {score.found} {kind} found, {score.both} of them true."
        for run in runs
        for name, kept in run.kept.items()
        for kind, score in (("crossed", kept.crossed), ("leftover", kept.leftover))
        if score.found != score.both
    ]


def read(path: Path) -> WorkersReport | None:
    """Return the report; None when there is none, or one that an older lab has written."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=WorkersReport)
    except (OSError, msgspec.DecodeError):
        return None


def write(path: Path, report: WorkersReport) -> None:
    """Write the report so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    draft.replace(path)

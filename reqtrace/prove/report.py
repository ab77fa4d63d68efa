"""What came out: a verdict for each page, in words, as JSON, and as JUnit's XML for a build server."""

from collections.abc import Iterator, Sequence
from typing import Literal
from xml.etree import ElementTree

import msgspec

from reqtrace.records import Frame

State = Literal["holds", "leaks", "depends", "left out"]
UNCOVERED = (
    "Not covered: code in C, and what Django and Python do within a line; other processes, and what these share "
    "(caches, sessions and mail were kept within each process, the database was a copy); the network; files."
)


class Step(msgspec.Struct, frozen=True):
    """One step of a schedule."""

    who: str
    text: str
    at: Frame | None = None


class Shown(msgspec.Struct, frozen=True):
    """The shortest schedule that breaks a page."""

    door: str
    victim: str
    owner: str | None
    judge: str
    evidence: str
    steps: list[Step]
    writer: Frame | None
    wrote: str
    reader: Frame | None
    read: str
    diff: list[str]
    fix: str
    schedules: int
    """How many schedules were played until it showed."""
    seconds: float


class Part(msgspec.Struct):
    """One way of sharing a process: how much of it was played."""

    door: str
    way: str
    played: int
    switches: int | None = None
    """Up to how many switches every interleaving was played; None for orders."""
    complete: bool = True
    note: str = ""
    waited: int = 0
    """In how many of them one request had to wait for the other, so that it did not stop where it should have."""


class PageReport(msgspec.Struct):
    """One page."""

    page: str
    state: State
    parts: list[Part] = []
    shown: Shown | None = None
    notes: list[str] = []


class Report(msgspec.Struct):
    """The whole proof."""

    verdict: State
    people: list[str]
    doors: list[str]
    bound: int
    schedules: int
    seconds: float
    pages: list[PageReport]
    notes: list[str]
    uncovered: str = UNCOVERED

    def to_json(self) -> bytes:
        """Return it as a JSON object."""
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"

    def to_junit(self) -> bytes:
        """Return it as a test suite in which each page is a test case."""
        broken = [page for page in self.pages if page.shown]
        suite = ElementTree.Element(
            "testsuite",
            name="reqtrace prove",
            tests=str(len(self.pages)),
            failures=str(len(broken)),
            errors="0",
            skipped=str(sum(page.state == "left out" for page in self.pages)),
            time=f"{self.seconds:.3f}",
        )
        for page in self.pages:
            case = ElementTree.SubElement(suite, "testcase", classname="reqtrace.prove", name=page.page)
            if page.state == "left out":
                ElementTree.SubElement(case, "skipped", message=_xml_safe("; ".join(page.notes)))
            if page.shown is not None:
                first, *rest = lines_of(page)
                failure = ElementTree.SubElement(case, "failure", type=page.state, message=_xml_safe(first))
                failure.text = _xml_safe("\n".join(rest))
        document: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
        return document


def lines_of(page: PageReport) -> list[str]:
    """Return a page's verdict as lines."""
    if page.shown is None:
        return [*_held(page), *(f"  {note}" for note in page.notes)]
    return [*_broken(page, page.shown), *(f"  {note}" for note in page.notes)]


def _held(page: PageReport) -> Iterator[str]:
    if page.state == "left out":
        yield f"left out {page.page}"
        return
    yield f"holds    {page.page}"
    for part in page.parts:
        yield f"  {_words(part)}"


def _words(part: Part) -> str:
    what = "order" if part.switches is None else f"interleaving of {part.way}"
    if not part.played and not part.complete:
        return f"{part.door}: no {what}: there was no time left{f'; {part.note}' if part.note else ''}"
    words = what if part.played == 1 else what.replace("order", "orders").replace("interleaving", "interleavings")
    text = f"{part.door}: {part.played:,} {words}"
    if part.switches is not None:
        text += f", every one up to {part.switches} switch{'' if part.switches == 1 else 'es'}"
    if part.waited:
        text += f", {part.waited:,} of them as far as one had not to wait for the other"
    if not part.complete:
        text += ", then the time was over"
    return f"{text}{f'; {part.note}' if part.note else ''}"


def _broken(page: PageReport, shown: Shown) -> Iterator[str]:
    if page.state == "leaks":
        whose = f"what is {shown.owner}'s" if shown.owner else "what is not meant for them"
        yield f"LEAKS    {page.page}: {shown.victim} gets {whose}."
        yield f"  seen: {shown.evidence}"
    else:
        yield f"DEPENDS  {page.page}: {shown.victim} gets another page than alone, without a sign of anybody else."
        yield "  A hazard: what others do decides what this page shows."
    yield f"  It takes {len(shown.steps)} steps, through {shown.door.upper()}, from a process that has served nobody:"
    for number, step in enumerate(shown.steps, 1):
        yield f"    {number}. {step.text}{f' {_at(step.at)}' if step.at else ''}"
    if shown.writer:
        yield f"  written: {_named(shown.wrote)}{_at(shown.writer)}"
    if shown.reader:
        yield f"  read:    {_named(shown.read)}{_at(shown.reader)}"
    for line in shown.diff:
        yield f"  | {line}"
    yield f"  fix: {shown.fix}"
    yield f"  Found after {shown.schedules:,} schedules in {shown.seconds:.1f} s; it shows each time."


def _named(name: str) -> str:
    return f"{name} at " if name else ""


def _at(frame: Frame) -> str:
    return f"{frame.file}:{frame.line} in {frame.function}"


def _xml_safe(text: str) -> str:
    """Leave out the characters that XML cannot hold: a page may contain any."""
    return "".join(char for char in text if char in "\t\n" or char.isprintable())


def verdict_of(pages: Sequence[PageReport]) -> State:
    """Return the verdict on all pages: the worst of any."""
    states = {page.state for page in pages}
    return next((state for state in ("leaks", "depends", "holds") if state in states), "left out")

"""What came out of a run: for the terminal, as JSON, and as JUnit's XML for a build server."""

from typing import Literal
from xml.etree import ElementTree

import msgspec

from reqtrace.stress.judges import Leak
from reqtrace.stress.shrink import Shrunk


class PageReport(msgspec.Struct):
    """One page."""

    method: str
    path: str
    state: Literal["stressed", "left out"] = "stressed"
    notes: list[str] = []
    """Why it was left out, or what could not be judged."""
    requests: int = 0
    failed: int = 0
    """Those without an answer, or with 429 or 5xx."""


class Step(msgspec.Struct, frozen=True):
    """Requests sent at once."""

    at_once: list[str]


class Again(msgspec.Struct, frozen=True):
    """The shortest sequence of requests that shows a leak again."""

    steps: list[Step]
    shown: int
    tries: int

    @classmethod
    def of(cls, shrunk: Shrunk) -> "Again":
        """Put a schedule into words."""
        steps = [Step([f"{shot.target} as {shot.person.name}" for shot in wave]) for wave in shrunk.schedule]
        return cls(steps, shrunk.shown, shrunk.tries)


class Report(msgspec.Struct):
    """The whole run."""

    server: str
    people: list[str]
    requests: int
    seconds: float
    pages: list[PageReport]
    leaks: list[Leak]
    again: Again | None
    notes: list[str]

    @property
    def stressed(self) -> list[PageReport]:
        """The pages that were tried."""
        return [page for page in self.pages if page.state == "stressed"]

    @property
    def left_out(self) -> list[PageReport]:
        """The pages of which nothing is said."""
        return [page for page in self.pages if page.state == "left out"]

    def to_json(self) -> bytes:
        """Return it as a JSON object."""
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"

    def to_junit(self) -> bytes:
        """Return it as a test suite in which each page is a test case."""
        leaking = {(leak.target.method, leak.target.path) for leak in self.leaks}
        suite = ElementTree.Element(
            "testsuite",
            name="reqtrace stress",
            tests=str(len(self.pages)),
            failures=str(len(leaking)),
            errors="0",
            skipped=str(len(self.left_out)),
            time=f"{self.seconds:.3f}",
        )
        for page in self.pages:
            case = ElementTree.SubElement(
                suite, "testcase", classname="reqtrace.stress", name=f"{page.method} {page.path}"
            )
            if page.state == "left out":
                ElementTree.SubElement(case, "skipped", message=_xml_safe("; ".join(page.notes)))
            found = [leak for leak in self.leaks if leak.target.method == page.method and leak.target.path == page.path]
            if found:
                failure = ElementTree.SubElement(case, "failure", type="leak", message=_xml_safe(found[0].message))
                failure.text = _xml_safe(
                    "\n".join([*(line for leak in found for line in lines_of(leak)), *self.replay()])
                )
        document: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
        return document

    def replay(self) -> list[str]:
        """Return the sequence that shows the leak again, a line for each step."""
        if self.again is None:
            return []
        if not self.again.shown:
            return ["It did not show again; it first did with:", *self._steps()]
        return [f"It shows again, {self.again.shown} of {self.again.tries} times, with:", *self._steps()]

    def _steps(self) -> list[str]:
        assert self.again is not None
        return [
            f"  {number}. {'at once: ' if len(step.at_once) > 1 else ''}{', '.join(step.at_once)}"
            for number, step in enumerate(self.again.steps, 1)
        ]


def lines_of(leak: Leak) -> list[str]:
    """Return a leak as lines: what, where it shows, how to mend it."""
    return [
        f"{leak.target}: {leak.message}",
        f"  saw: {leak.evidence}",
        *([f"  request: {leak.request}"] if leak.request else []),
        f"  fix: {leak.fix}",
    ]


def _xml_safe(text: str) -> str:
    """Leave out the characters that XML cannot hold: a page may contain any."""
    return "".join(char for char in text if char in "\t\n" or char.isprintable())

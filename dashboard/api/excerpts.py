"""The code around what a finding names, read from the files that it names alone, and the fix as code."""

import socket

from reqtrace.code.excerpts import Excerpt as Lines
from reqtrace.code.excerpts import excerpt
from reqtrace.findings.mending import mending
from reqtrace.reading.involved import involved
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Process
from reqtrace.stores.base import Store

from ..protocol import Excerpt, FindingCode

SINCE = "code.since_ns"
"""The fact of a process that says when the one began that loaded its code: its own start, or its parent's."""


def of_finding(store: Store, id_: str) -> FindingCode | None:
    """Return the lines around writers and reader of a finding and its fix, or None where there is no such finding."""
    reader = Reader(store)
    finding = reader.finding(id_)
    if finding is None:
        return None
    about = involved(reader, finding)
    return FindingCode(excerpts=list(_excerpts(finding, about.process)), mending=mending(finding, *about))


def _excerpts(finding: Finding, process: Process | None) -> list[Excerpt]:
    writers = finding.writer.places if finding.writer else []
    places = [("writer", frame) for frame in writers] + [("reader", frame) for frame in finding.stack[:1]]
    is_here = process is not None and process.host == socket.gethostname()
    found = []
    for role, frame in places:
        lines = excerpt(frame.file, frame.line, _since(process)) if is_here and process else Lines(missing="elsewhere")
        found.append(
            Excerpt(
                role="writer" if role == "writer" else "reader",
                file=frame.file,
                line=frame.line,
                function=frame.function,
                first=lines.first,
                lines=list(lines.lines),
                missing=lines.missing,
            )
        )
    return found


def _since(process: Process) -> int:
    since = process.facts.get(SINCE)
    return since if isinstance(since, int) else process.started_ns

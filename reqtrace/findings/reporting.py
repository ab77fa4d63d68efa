"""Findings as text for whoever reads a failed test."""

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from reqtrace.findings.detectors.base import person
from reqtrace.printable import printable
from reqtrace.records import Finding, Frame, Request, Side


class Allowed(NamedTuple):
    """Findings that a test expects: patterns as a shell's, both of which must match."""

    kind: str = "*"
    holder: str = "*"

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is one of these."""
        return fnmatchcase(finding.kind, self.kind) and fnmatchcase(finding.holder or "", self.holder)


def report(
    requests: Iterable[Request], findings: Iterable[Finding], *, hazards: bool, allow: Collection[Allowed]
) -> str:
    """Describe each leak, and with `hazards` each hazard, that is not allowed; empty when there is none.

    Findings of one group are described once, by the first.
    """
    levels = ("leak", "hazard") if hazards else ("leak",)
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.level in levels and not any(allowed.covers(finding) for allowed in allow):
            groups.setdefault(finding.group, []).append(finding)
    if not groups:
        return ""
    known = {request.id: request for request in requests}
    parts = [_describe(group[0], len(group), known) for group in groups.values()]
    count = sum(len(group) for group in groups.values())
    head = "reqtrace found that a request saw somebody else" if count == 1 else f"reqtrace found this {count} times"
    return "\n\n".join([f"{head}:", *parts])


def _describe(finding: Finding, count: int, known: Mapping[str, Request]) -> str:
    name = f"{finding.level} {finding.kind}"
    rows = [
        ("holder", f"{finding.holder} ({finding.holder_kind})" if finding.holder_kind else finding.holder),
        ("request", _side(finding.expected, known)),
        ("saw", _side(finding.observed, known)),
        ("at", ", ".join([f"checkpoint {finding.checkpoint!r}", *map(place, finding.stack[:3])])),
        ("fix", finding.fix),
        ("allow", _allowing(finding)),
    ]
    lines = [f"{name}{f' ({count} times)' if count > 1 else ''}: {finding.message}"]
    return "\n".join(map(printable, lines + [f"  {title:<8} {text}" for title, text in rows if text]))


def _side(side: Side, known: Mapping[str, Request]) -> str:
    if side.request is None:
        return person(side)
    request = known.get(side.request)
    where = f"{request.method} {request.path}" if request is not None else "a request from before"
    return f"{where} of {person(side)} ({side.request})"


def place(frame: Frame) -> str:
    """Name a line of code, by its path from here where it lies below."""
    path, here = Path(frame.file), Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{frame.line} in {frame.function}"


def _allowing(finding: Finding) -> str:
    names = {"kind": finding.kind} | ({"holder": finding.holder} if finding.holder else {})
    arguments = ", ".join(f'{name}="{value}"' for name, value in names.items())
    return f"@pytest.mark.reqtrace_allow({arguments}), or assert_no_leaks(allow=[Allowed({arguments})])"

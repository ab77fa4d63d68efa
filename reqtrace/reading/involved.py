"""What a finding is about: the process, the request and the one that it saw, as far as they are still kept."""

from typing import NamedTuple

from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Process, Request


class Involved(NamedTuple):
    """The records of a finding, in the order in which `mending` takes them."""

    process: Process | None
    request: Request | None
    seen: Request | None


def involved(reader: Reader, finding: Finding) -> Involved:
    """Look up who took part in a finding."""
    request = reader.request(finding.request)
    process = reader.process(request.process) if request else None
    return Involved(process, request, reader.request(finding.observed.request) if finding.observed.request else None)

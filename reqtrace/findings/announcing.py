"""Telling the world about a finding: Django signals, the logger `reqtrace.findings`, and Sentry where it is there."""

import logging
import sys
from time import monotonic

from reqtrace.execution.faults import Faults
from reqtrace.printable import printable
from reqtrace.records import Finding, Request
from reqtrace.signals import finding_recorded, request_traced
from reqtrace.stores.packing import PackedRequest

logger = logging.getLogger("reqtrace.findings")

_LEVELS = {"leak": logging.ERROR, "hazard": logging.WARNING, "notice": logging.INFO}
_QUIET_SECONDS = 60.0
"""How long a group is not logged again; what was held back meanwhile is counted in its next line."""
_GROUPS_MAX = 1_024


class Announcer:
    """Announces the findings of this process, and keeps a storm of one leak from drowning the log."""

    def __init__(self, faults: Faults) -> None:
        """Start with nothing said."""
        self._faults = faults
        self._groups: dict[str, tuple[float, int]] = {}

    def announce_request(self, packed: PackedRequest) -> None:
        """Send the signal for a request that is over, if anybody listens."""
        if request_traced.receivers:
            for _, answer in request_traced.send_robust(sender=Request, request=packed.unpacked()):
                if isinstance(answer, Exception):
                    self._faults.note("a receiver of request_traced", answer)

    def announce(self, finding: Finding) -> None:
        """Send the signal; log and report the finding unless its group was logged within the last minute."""
        for _, answer in finding_recorded.send_robust(sender=Finding, finding=finding):
            if isinstance(answer, Exception):
                self._faults.note("a receiver of finding_recorded", answer)
        now = monotonic()
        last, held_back = self._groups.get(finding.group, (-_QUIET_SECONDS, 0))
        if now - last < _QUIET_SECONDS:
            self._groups[finding.group] = (last, held_back + 1)
            return
        if len(self._groups) >= _GROUPS_MAX:
            self._groups.clear()
        self._groups[finding.group] = (now, 0)
        logger.log(
            _LEVELS[finding.level],
            "%s %s: %s %s%s",
            finding.level,
            finding.kind,
            printable(finding.message),
            printable(finding.fix),
            f" ({held_back} more of this group since)" if held_back else "",
            extra={"reqtrace_finding": finding},
        )
        self._tell_sentry(finding)

    def _tell_sentry(self, finding: Finding) -> None:
        sentry = sys.modules.get("sentry_sdk")  # reported where the application itself uses it; never imported here
        if sentry is None or finding.level == "notice":
            return
        try:
            with sentry.new_scope() as scope:
                scope.fingerprint = ["reqtrace", finding.group]
                scope.set_tag("reqtrace.kind", finding.kind)
                scope.set_extra("reqtrace.finding", finding.id)
                level = "error" if finding.level == "leak" else "warning"
                sentry.capture_message(printable(f"{finding.kind}: {finding.message}"), level=level)
        except Exception as error:
            self._faults.note("telling Sentry", error)

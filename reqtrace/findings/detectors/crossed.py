"""`crossed`: while a request runs, a holder names another request, or another user."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, mend, names_another, person, server_of


class Crossed(Detector):
    """A leak: code that asks the holder now is told about somebody else."""

    kind = "crossed"
    level = "leak"

    def examine(self, case: Case) -> Verdict | None:
        """Judge a holder that named somebody else at any checkpoint but the first and the last."""
        if case.fact != "sighting" or case.checkpoint in ("start", "close"):
            return None
        if not case.seen_is_known and not (names_another(case) and (case.stale or case.meanwhile)):
            return None
        return Verdict(
            f"While {person(case.expected)} was served, {case.holder} named {_whom(case)}.",
            mend(case),
        )


def _whom(case: Case) -> str:
    seen = case.observed.user
    if seen.id is not None and seen.id == case.expected.user.id:
        return f"another request of the same user on {server_of(case)}"
    if seen.state == "unresolved":
        return "another request"
    return person(case.observed)

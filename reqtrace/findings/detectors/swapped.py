"""`swapped`: `request.user` became another user within a request."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, case_of, person


class Swapped(Detector):
    """A hazard: what ran before and after did so as different people."""

    kind = "swapped"
    level = "hazard"
    when = (
        "`request.user` became another user, other than by login, logout, first authentication (DRF; another than "
        "the session's is none) or a declared impersonation"
    )
    remedy = "hand the user on as an argument; declare what is meant by `IMPERSONATION`"
    example = case_of("swap", "view-end")

    def examine(self, case: Case) -> Verdict | None:
        """Judge a change of user that was no login, logout, first authentication or declared impersonation."""
        if case.fact != "swap" or case.declared or case.observed.user.id == case.expected.user.id:
            return None
        return Verdict(
            f"request.user was {person(case.expected)} and became {person(case.observed)} by {case.checkpoint!r}, "
            "without a login.",
            "Let code that acts for somebody else take the user as an argument instead of writing request.user; "
            "where it is meant, declare it with the setting IMPERSONATION.",
        )

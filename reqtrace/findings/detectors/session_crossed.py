"""`session-crossed`: the session that goes out, or that is in use, is somebody else's."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, case_of, person


class SessionCrossed(Detector):
    """A leak, as GitHub's of March 2021: the browser that gets the cookie is signed in as somebody else."""

    kind = "session-crossed"
    level = "leak"
    when = "the response sets a session cookie that is not this request's, or the session's user is not the request's"
    remedy = "keep no response and no session object beyond its request"
    example = case_of("session", "response", cookie=True)

    def examine(self, case: Case) -> Verdict | None:
        """Judge a session that is not the request's."""
        if case.fact != "session" or case.declared:
            return None
        if case.cookie:
            whose = f"{person(case.observed)}'s session" if case.observed.user.id else "another session"
            return Verdict(
                f"The response to {person(case.expected)} sets the cookie of {whose}.",
                "Do not keep a response or a session object beyond its request; look for code that reuses one.",
            )
        if case.observed.user.id is None or case.observed.user.id in case.people:
            return None
        return Verdict(
            f"The request of {person(case.expected)} ran with the session of {person(case.observed)}.",
            "Do not keep a session object beyond its request, and do not assign request.session from elsewhere.",
        )

"""`response-crossed`: a response that was made for one user's session is served to another."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, case_of, person


class ResponseCrossed(Detector):
    """A leak: somebody reads a page that was made for somebody else."""

    kind = "response-crossed"
    level = "leak"
    when = (
        "a response made for one user's session is served to another, also where nobody knows yet whose that is; it "
        "is somebody's only if the view, or what makes the page for the cache, looked at who asks"
    )
    remedy = "`Vary: Cookie` or `private` on pages that depend on who asks; never reuse a response object"
    example = case_of("response", "response")

    def examine(self, case: Case) -> Verdict | None:
        """Judge a response made for another request whose view had looked at its session or user."""
        if case.fact != "response":
            return None
        made_for, served_to = case.observed.user, case.expected.user
        if made_for.id is None or made_for.id in case.people:
            return None
        is_known = served_to.id is not None or served_to.state == "anonymous"
        if not (is_known or case.other_session):
            return None
        to = person(case.expected) if is_known else "another session, of whoever that is"
        return Verdict(
            f"A response made for {person(case.observed)} was served to {to}.",
            "Add Vary: Cookie (vary_on_cookie) or cache_control(private=True) to pages that depend on who asks, keep "
            "them out of the page cache, and never reuse a response object.",
        )

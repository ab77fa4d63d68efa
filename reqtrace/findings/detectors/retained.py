"""`retained`: a request object is still alive long after its end."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, mend, person


class Retained(Detector):
    """A hazard: memory, and a person's data within reach of whoever finds the holder."""

    kind = "retained"
    level = "hazard"

    def examine(self, case: Case) -> Verdict | None:
        """Judge a request that something keeps."""
        if case.fact != "retention":
            return None
        whose = person(case.expected)
        if case.is_cached_call:
            return Verdict(
                f"The request of {whose} was still in memory long after its end: {case.holder} is cached, and "
                "keeps what it was called with.",
                f"Call {case.holder} with plain values such as request.user.pk in place of the request, by which its "
                "cache then tells people apart, or keep what it returns on the request itself.",
            )
        return Verdict(
            f"The request of {whose} was still in memory long after its end, held by {case.holder}.",
            mend(case)
            if case.library
            else f"Let go of the request when it ends: clear {case.holder} in a finally block.",
        )

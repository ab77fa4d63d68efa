"""`retained`: a request object is still alive long after its end."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, person


class Retained(Detector):
    """A hazard: memory, and a person's data within reach of whoever finds the holder."""

    kind = "retained"
    level = "hazard"

    def examine(self, case: Case) -> Verdict | None:
        """Judge a request that something keeps."""
        if case.fact != "retention":
            return None
        whose = person(case.expected)
        return Verdict(
            f"The request of {whose} was still in memory long after its end, held by {case.holder}.",
            f"Let go of the request when it ends: clear {case.holder} in a finally block.",
        )

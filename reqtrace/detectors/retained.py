"""`retained`: a request object is still alive after a full collection."""

from reqtrace.detectors.base import Case, Detector, Verdict, person


class Retained(Detector):
    """A hazard: memory, and a person's data within reach of whoever finds the holder."""

    kind = "retained"
    level = "hazard"

    def examine(self, case: Case) -> Verdict | None:
        """Judge a request that outlived its end by a full collection."""
        if case.fact != "retention":
            return None
        by = f"held by {case.holder}" if case.holder else "and who holds it was not found"
        return Verdict(
            f"The request of {person(case.expected)} was still in memory after a full collection, {by}.",
            f"Let go of the request when it ends: clear {case.holder or 'what keeps it'} in a finally block.",
        )

"""`retained`: a request object is still alive long after its end."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, case_of, mend, person


class Retained(Detector):
    """A hazard: memory, and a person's data within reach of whoever finds the holder."""

    kind = "retained"
    level = "hazard"
    when = (
        "ten seconds after its end a request object is still alive, and a module or middleware leads to it: where "
        "that is the application's own it is followed from there, else whoever survives a full collection by Python "
        "is asked about"
    )
    remedy = "let go of it in a `finally`; the finding names who holds it"
    example = case_of("retention", "close", holder="shop.audit.recent")

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

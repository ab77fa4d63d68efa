"""`outlived`: a task or thread that a request started still runs under its identity after its end."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, case_of, unit


class Outlived(Detector):
    """A hazard: what it does is done in the name of somebody who has long got the answer."""

    kind = "outlived"
    level = "hazard"
    when = (
        "code that a request started still runs under its identity: a task or a thread a second after the end, or "
        "anything that passes a checkpoint later"
    )
    remedy = "hand on primary keys, and start it in a context of its own"
    example = case_of("outliving", "close", thread_name="mailer")

    def examine(self, case: Case) -> Verdict | None:
        """Judge code that was seen to run for a request that was over."""
        if case.fact != "outliving":
            return None
        number = f" (#{case.thread_serial})" if case.thread_serial else ""
        return Verdict(
            f"Work that {unit(case)} started was still running under its identity after "
            f"the {'job' if case.job else 'request'} had ended, on thread {case.thread_name}{number}.",
            "Give background work the primary keys it needs and start it in a context of its own "
            "(contextvars.Context().run, or a task queue).",
        )

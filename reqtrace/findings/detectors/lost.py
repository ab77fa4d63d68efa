"""`lost`: a holder that names the request elsewhere is empty in code that runs for it."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, case_of


class Lost(Detector):
    """A notice: nobody else is seen, but whoever asks here is told that there is no request."""

    kind = "lost"
    level = "notice"
    when = "a holder that names the request elsewhere is empty in code that runs for it"
    remedy = "run that code with `contextvars.copy_context().run`, or hand the request on"
    example = case_of(
        "lost",
        "charge-card",
        holder="shop.middleware._locals.user",
        holder_kind="threading.local",
        thread_name="ThreadPoolExecutor-0_0",
        thread_serial=2,
    )

    def examine(self, case: Case) -> Verdict | None:
        """Judge a holder that was empty on another thread, task or greenlet."""
        if case.fact != "lost" or case.set_when == "when used":  # whoever uses it then sets it first
            return None
        if case.checkpoint == "response":
            return Verdict(
                f"{case.holder} names this request in its view, and is empty where the parts of its body are made, on "
                f"thread {case.thread_name} (#{case.thread_serial}).",
                "Take what the body needs from the request before the view returns: the parts are made behind all "
                f"middleware, when {case.holder} is cleared.",
            )
        return Verdict(
            f"{case.holder} names this request elsewhere, and is empty in its code on thread {case.thread_name} "
            f"(#{case.thread_serial}).",
            f"Hand the request on to that code, or run it with contextvars.copy_context().run, {_kept(case)}.",
        )


def _kept(case: Case) -> str:
    return "with a ContextVar as the holder" if case.holder_kind != "ContextVar" else "which carries the ContextVar"

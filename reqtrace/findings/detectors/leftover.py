"""`leftover`: a holder still names a request that is over."""

from reqtrace.findings.detectors.base import (
    Case,
    Detector,
    Verdict,
    case_of,
    mend,
    names_another,
    other_request,
    person,
    unit,
)


class Leftover(Detector):
    """A hazard: whatever reads the holder before it is set again is told about somebody else."""

    kind = "leftover"
    level = "hazard"
    when = (
        "as a request begins a holder still names an earlier one or its user, or still names the request after its "
        "end; language, time zone or the tenant on a connection (`tenant`, `schema_name`, also when set by hand) "
        "are still as an earlier request left them at `view-end`, and nothing of this one set them"
    )
    remedy = "set it for every request, clear it in a `finally`"
    example = case_of(
        "sighting",
        "start",
        holder="shop.middleware._locals.user",
        holder_kind="threading.local",
        seen_had_ended=True,
        thread_name="ThreadPoolExecutor-0_0",
        thread_serial=2,
    )

    def examine(self, case: Case) -> Verdict | None:
        """Judge a holder that was not empty as the request began, or not empty again after its end."""
        if case.fact == "state":
            if case.observed.user.id is not None and case.observed.user.id in case.people:
                return None
            return Verdict(
                f"The view of {person(case.expected)} ran under {case.holder} as {other_request(case)} had left "
                "it: nothing of this request has set it.",
                f"Set {case.holder} for every request before its first query, and set it back in a finally block."
                if case.holder_kind == "attribute"
                else f"Set {case.holder} for every request, or within a with block (translation.override, "
                "timezone.override), and deactivate it on the way out.",
            )
        if case.fact != "sighting":
            return None
        where = f"on thread {case.thread_name} (#{case.thread_serial})"
        if case.checkpoint == "close" and case.same_object and case.seen_is_known:
            return Verdict(
                f"{case.holder} still named {unit(case)} after it had ended, {where}.",
                mend(case),
            )
        if case.checkpoint == "start" and case.seen_had_ended and not _may_be_its_own(case):
            return Verdict(
                f"As {unit(case)} began, {case.holder} still named {_whom(case)} from an earlier "
                f"{'job' if case.job else 'request'} {where}.",
                mend(case),
            )
        return None


def _may_be_its_own(case: Case) -> bool:
    """Tell whether a layer outside of all middleware, or of a job, may have named its own user in its context."""
    of_context = case.holder_kind in ("ContextVar", "asgiref.Local") or (
        case.job != "" and case.expected.user.state != "unresolved"
    )
    return of_context and not case.seen_is_known and not names_another(case)


def _whom(case: Case) -> str:
    return "somebody" if case.observed.user.state == "unresolved" else person(case.observed)

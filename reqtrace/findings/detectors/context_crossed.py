"""`context-crossed`: a request is born into a context that already holds another request's values."""

from reqtrace.findings.detectors.base import (
    Case,
    Detector,
    Verdict,
    case_of,
    names_another,
    other_request,
    person,
    server_of,
)

_WRAP = "Wrap the application so that it runs in a new contextvars.Context()"
_REMEDIES = {
    "uvicorn": "Start uvicorn with --reset-contextvars, or wrap the application so that it runs in a new Context"
}


class ContextCrossed(Detector):
    """A leak: context variables that nothing has set yet name somebody else."""

    kind = "context-crossed"
    level = "leak"
    when = (
        "a request is born into a context that already holds another's values, or that another has used, whatever "
        "stands in it: the variables are named, and no value is kept; `TraceASGI` sees it"
    )
    remedy = "`uvicorn --reset-contextvars`; reset the variable in a `finally`"
    example = case_of(
        "context",
        "start",
        holder="shop.middleware.current_user",
        holder_kind="ContextVar",
        seen_is_known=True,
        server="uvicorn",
        interface="asgi",
    )

    def examine(self, case: Case) -> Verdict | None:
        """Judge a value of another request in the context in which the server called the application."""
        if case.fact != "context":
            return None
        remedy = f"{_REMEDIES.get(case.server, _WRAP)}; and reset the variable in a finally block."
        if case.is_used:
            if case.observed.user.id is not None and case.observed.user.id in case.people:
                return None
            return Verdict(
                f"{server_of(case)} handed the request of {person(case.expected)} a context that "
                f"{other_request(case)} had used: {case.holder} still held what that had set.",
                remedy,
            )
        if not (case.seen_is_known or names_another(case)):
            return None
        return Verdict(
            f"{server_of(case)} handed the request of {person(case.expected)} a context in which {case.holder} "
            f"already named {_whom(case)}.",
            remedy,
        )


def _whom(case: Case) -> str:
    is_named = case.observed.user.id is not None or case.expected.user.state != case.observed.user.state
    return person(case.observed) if is_named and case.observed.user.state != "unresolved" else other_request(case)

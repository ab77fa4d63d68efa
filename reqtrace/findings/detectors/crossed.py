"""`crossed`: while a request runs, a holder names another request, or another user."""

from reqtrace.findings.detectors.base import (
    BUILT_IN,
    Case,
    Detector,
    Verdict,
    case_of,
    mend,
    names_another,
    person,
    server_of,
    unit,
)


class Crossed(Detector):
    """A leak: code that asks the holder now is told about somebody else."""

    kind = "crossed"
    level = "leak"
    when = (
        "while a request runs, a holder names another request, or another user; two requests at once take it from "
        "each other; what an earlier request left is still there at `view-end` in a holder that is set on the way "
        "in, or the view's code surely has used it, or a watched getter hands it out. What was left never makes "
        "`ON_LEAK` block"
    )
    remedy = (
        "under ASGI, a `ContextVar` in place of the thread-local; under gevent, patch before the application is "
        "imported"
    )
    example = case_of(
        "sighting",
        "view",
        holder="shop.middleware._locals.user",
        holder_kind="threading.local",
        seen_is_known=True,
        server="uvicorn",
        interface="asgi",
    )

    def examine(self, case: Case) -> Verdict | None:
        """Judge a holder that named somebody else at any checkpoint but the first and the last."""
        if case.fact != "sighting":
            return None
        if case.is_shared:
            return Verdict(
                f"{case.holder} is one place for all: {_both(case)} took it from each other while both were served.",
                mend(case),
            )
        if case.checkpoint in ("start", "close") or not _counts(case):
            return None
        if not case.seen_is_known and not (names_another(case) and (case.stale or case.meanwhile)):
            return None
        return Verdict(
            f"While {f'{unit(case)} ran' if case.job else f'{person(case.expected)} was served'}, {case.holder} named "
            f"{_whom(case)}.",
            mend(case),
        )


def _counts(case: Case) -> bool:
    """Tell whether code of this request relies on the holder here.

    What stood there before it, it relies on where it got it from a getter, or where that still stands there by the end
    of its view and the holder is set on the way in, or the view's code surely has used it. A checkpoint of the
    application's own, on a thread that the request came to, is put where it matters. What came to stand there meanwhile
    it relies on unless only others use the holder.
    """
    if case.handed_out:
        return True
    is_their_own = case.checkpoint not in BUILT_IN
    if not case.is_residue:
        return case.is_of_user or is_their_own
    if not is_their_own:
        return case.checkpoint in ("view-end", "response") and (case.set_when == "on the way in" or case.is_relied_on)
    return not case.stale and (case.set_when != "when used" or not case.seen_had_ended)


def _whom(case: Case) -> str:
    seen = case.observed.user
    if seen.id is not None and seen.id == case.expected.user.id:
        return f"another request of the same user on {server_of(case)}"
    if seen.state == "unresolved":
        return "another request"
    if seen.state == case.expected.user.state == "anonymous":
        return "another anonymous request"
    return person(case.observed)


def _both(case: Case) -> str:
    """Name the request, and the other that had its turn."""
    of, seen = case.expected.user, case.observed.user
    if seen.state == of.state and seen.id == of.id:
        whose = {"anonymous": "two anonymous requests", "unresolved": "two requests"}
        return whose.get(seen.state, f"two requests of {person(case.expected)}")
    other = "another one" if seen.state == "unresolved" else f"that of {person(case.observed)}"
    return f"the request of {person(case.expected)} and {other}"

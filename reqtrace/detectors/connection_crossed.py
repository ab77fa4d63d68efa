"""`connection-crossed`: a database connection carries what another request has set on it."""

from reqtrace.detectors.base import Case, Detector, Verdict, person


class ConnectionCrossed(Detector):
    """A leak: the request's queries run with another person's tenant, search_path or session variable."""

    kind = "connection-crossed"
    level = "leak"

    def examine(self, case: Case) -> Verdict | None:
        """Judge statements that ran under a setting that the request did not make itself."""
        if case.fact != "connection":
            return None
        seen = case.observed.user
        known = seen.id is not None and seen.id not in case.people and _is_known(case)
        if case.seen_is_known and not known:  # a setting of the same person, or of who knows whom
            return None
        by = f", set by the request of {person(case.observed)}" if case.seen_is_known else ""
        return Verdict(
            f"The queries of {person(case.expected)} ran on a connection that still carried {case.holder}{by}.",
            f"Set {case.holder} for every request before its first query, or with SET LOCAL inside a transaction, and "
            "RESET it on the way out.",
        )


def _is_known(case: Case) -> bool:
    return case.expected.user.id is not None or case.expected.user.state == "anonymous"

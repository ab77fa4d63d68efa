"""`connection-crossed`: a database connection carries what another request has set on it."""

from reqtrace.findings.detectors.base import Case, Detector, Verdict, case_of, names_another, person


class ConnectionCrossed(Detector):
    """A leak: the request's queries run with another person's tenant, search_path or session variable."""

    kind = "connection-crossed"
    level = "leak"
    when = "queries run on a connection with another request's tenant, `search_path` or session variable (PostgreSQL)"
    remedy = "set it for every request before its first query, or with `SET LOCAL`; `RESET` it on the way out"
    example = case_of("connection", "query", holder="search_path", seen_is_known=True)

    def examine(self, case: Case) -> Verdict | None:
        """Judge statements that ran under a setting that the request did not make itself."""
        if case.fact != "connection":
            return None
        if case.seen_is_known and not names_another(case):  # a setting of the same person, or of who knows whom
            return None
        by = f", set by the request of {person(case.observed)}" if case.seen_is_known else ""
        return Verdict(
            f"The queries of {person(case.expected)} ran on a connection that still carried {case.holder}{by}.",
            f"Set {case.holder} for every request before its first query, or with SET LOCAL inside a transaction, and "
            "RESET it on the way out.",
        )

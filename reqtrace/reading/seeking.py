"""From a filter to what a store can tell without reading: what must be there for a request to be meant."""

from reqtrace.reading.queries import Query
from reqtrace.stores.summaries import Sought, beginning, folders, part, person, whole


def finding_sought_of(query: Query) -> Sought:
    """Return what a finding must have to match, likewise."""
    asked = [(letter, word) for letter, word in (("k", query.kind), ("l", query.level)) if word is not None]
    return Sought(
        kind="finding",
        words=tuple(whole(letter, word) for letter, word in asked),
        payload=tuple(whole("", word) for _, word in asked),
    )


def sought_of(query: Query) -> Sought:
    """Return what a request must have to match, as far as a summary or the bytes of a payload show it."""
    words: list[bytes] = []
    people: list[bytes] = []
    paths: list[bytes] = []
    payload: list[bytes] = []
    if query.method is not None:
        words.append(whole("m", query.method))
        payload.append(whole("", query.method))
    if query.status is not None:
        is_class = query.status.endswith("xx")
        words.append(beginning("s", query.status[0]) if is_class else whole("s", query.status))
        if not is_class:
            payload.append(b",%s," % query.status.encode())
    if query.thread is not None:
        words.append(whole("t", query.thread))
        payload.append(str(query.thread).encode())
    if query.process is not None:
        words.append(whole("p", query.process))
    for named in (query.route, query.view):
        if named is not None:
            words.append(part(named))
            payload.append(part(named))
    if query.user is not None:
        people.append(person("u", query.user))
        if query.user not in ("anonymous", "unresolved"):
            payload.append(whole("", query.user))
    if query.session is not None:
        people.append(person("x", query.session))
        payload.append(whole("", query.session))
    if query.path is not None:
        people += folders(query.path)[-1:]
        paths.append(beginning("", query.path))
        payload.append(beginning("", query.path))
    if query.synthetic == "only":
        payload.append(b",true]")  # as a request ends that is
    sign, ms = query.ms or ("", 0.0)
    return Sought(
        words=tuple(words),
        people=tuple(people),
        paths=tuple(paths),
        payload=tuple(payload),
        since_ns=query.since_ns,
        until_ns=query.until_ns,
        longest_ns=int(ms * 1e6) + 1 if sign.startswith("<") else None,
        shortest_ns=int(ms * 1e6) if sign.startswith(">") else None,
    )

"""What a finding says of people whom nobody knows by name: in every kind a sentence that a person would say."""

import re
from itertools import product

from reqtrace.findings.detectors import DETECTORS
from reqtrace.findings.detectors.base import Case
from reqtrace.records import Side, User

ALICE, ANONYMOUS = Side("r1", User("authenticated", "1", "alice")), Side("r2", User("anonymous"))
UNRESOLVED, UNKNOWN = Side("r3", User()), Side(None, User())
OVER = {"checkpoint": "start", "seen_had_ended": True, "seen_is_known": True}
FACTS = [
    ("sighting", {"checkpoint": "view", "seen_is_known": True}),
    ("sighting", {"checkpoint": "view", "seen_is_known": True, "job": "mail"}),
    ("sighting", {"checkpoint": "view", "seen_is_known": True, "is_shared": True}),
    ("sighting", {"checkpoint": "close", "same_object": True, "seen_is_known": True}),
    ("sighting", OVER),
    ("sighting", OVER | {"job": "mail"}),
    ("lost", {"checkpoint": "view"}),
    ("lost", {"checkpoint": "response"}),
    ("swap", {"checkpoint": "view-end"}),
    ("session", {"checkpoint": "response", "cookie": True}),
    ("session", {"checkpoint": "response"}),
    ("response", {"checkpoint": "response", "other_session": True}),
    ("context", {"checkpoint": "start", "seen_is_known": True}),
    ("context", {"checkpoint": "start", "seen_is_known": True, "is_used": True}),
    ("connection", {"checkpoint": "query", "seen_is_known": True}),
    ("connection", {"checkpoint": "query"}),
    ("outliving", {"checkpoint": "mailing"}),
    ("retention", {"checkpoint": "close"}),
    ("state", {"checkpoint": "view-end", "seen_is_known": True}),
]
UNSAYABLE = (
    r"nobody asked for's",
    r"requests of\b.*\band of another request",
    r"an anonymous visitor\b.*\bnamed an anonymous visitor\.",
    r"the requests? of an anonymous visitor\b.*\bof an anonymous visitor (?:had|took)",
    r"nobody asked for\b.*\bnobody asked for",
    r"\bNone\b|\bunresolved\b|  ",
)


def sentences() -> dict[str, set[str]]:
    """Return all that is said of people who are not both known by name, by kind."""
    said: dict[str, set[str]] = {}
    for (fact, more), expected, observed in product(
        FACTS, (ALICE, ANONYMOUS, UNRESOLVED), (ALICE, ANONYMOUS, UNRESOLVED, UNKNOWN)
    ):
        known = {"holder": "shop.kept", "holder_kind": "attribute", "thread_name": "T", "thread_serial": 3}
        people = frozenset({expected.user.id} - {None})
        case = Case(fact=fact, at_ns=1, expected=expected, observed=observed, people=people, **known, **more)
        for detector in DETECTORS:
            verdict = detector.examine(case)
            if verdict is not None and not expected.user.id == observed.user.id == "1":
                said.setdefault(detector.kind, set()).add(verdict.message)
    return said


def test_whoever_has_no_name_is_spoken_of_as_a_person_would() -> None:
    said = sentences()
    assert said.keys() == {detector.kind for detector in DETECTORS}
    wrong = [text for texts in said.values() for text in texts for bad in UNSAYABLE if re.search(bad, text)]
    assert wrong == []


def test_two_of_a_kind_are_told_apart() -> None:
    texts = set().union(*sentences().values())
    assert "While an anonymous visitor was served, shop.kept named another anonymous request." in texts
    shared = "shop.kept is one place for all: {} took it from each other while both were served."
    assert shared.format("two anonymous requests") in texts
    assert shared.format("the request of alice and another one") in texts
    assert shared.format("the request of alice and that of an anonymous visitor") in texts
    assert "The request of somebody whose name nobody asked for ran with the session of alice." in texts

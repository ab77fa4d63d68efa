"""What each person's page looks like when nothing happens at once: what to hold the waves against."""

import hashlib
import html
import json
import re
from collections.abc import Iterable, Sequence

import msgspec

from reqtrace.stress.people import Person
from reqtrace.stress.targets import Target
from reqtrace.stress.waves import Answer, Crowd, Shot

ROUNDS = 3

_TOKENS = re.compile(
    r"""(?P<name>(?:csrfmiddlewaretoken["'][^>]*?value|nonce|csrf-token["'][^>]*?content)=)["'][^"']*["']"""
    r"|\b[0-9A-Za-z]{64}\b|\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"
)
_DIGITS = re.compile(r"\d+")


class Calm(msgspec.Struct):
    """One person's view of one page in calm."""

    known: frozenset[str]
    """Other people's signs that stand in it every time: it shows them on purpose."""
    body: str | None
    """A digest of the body; None when it is another one each time."""
    masked: bool
    """Whether the body is the same only with its numbers left out."""
    status: int
    own: frozenset[str]
    """The person's own signs that stand in it every time."""
    answer: Answer
    """The last one."""

    def matches(self, answer: Answer) -> bool:
        """Tell whether an answer is the same page."""
        return self.status == answer.status and self.body == digest(answer.body, masked=self.masked)


class Signs:
    """Finds in an answer what tells of somebody."""

    def __init__(self, people: Iterable[Person]) -> None:
        """Look for signs of these; what two of them share tells of nobody."""
        owners: dict[str, set[Person]] = {}
        for person in people:
            for sign in person.signs:
                owners.setdefault(sign, set()).add(person)
        self._owners = {sign: found.pop() for sign, found in owners.items() if len(found) == 1}
        self._signs = {form: sign for sign in self._owners for form in (sign, json.dumps(sign)[1:-1])}
        forms = "|".join(map(re.escape, sorted(self._signs, key=len, reverse=True)))
        self._pattern = re.compile(rf"(?<![\w@])(?:{forms})(?![\w@])") if forms else None

    def owner(self, sign: str) -> Person:
        """Return whose sign it is."""
        return self._owners[sign]

    def of_owner(self, answer: Answer) -> frozenset[str]:
        """Return the signs of whoever asked."""
        return frozenset(self._in(answer) & answer.shot.person.signs)

    def of_others(self, answer: Answer) -> dict[str, Person]:
        """Return the signs of people other than the one who asked, with their owners."""
        found = self._in(answer) - answer.shot.person.signs
        return {sign: owner for sign in found if (owner := self._owners[sign]) != answer.shot.person}

    def _in(self, answer: Answer) -> set[str]:
        if self._pattern is None:
            return set()
        return {self._signs[form] for form in self._pattern.findall(html.unescape(f"{answer.headers}\n{answer.body}"))}


def measure(
    crowd: Crowd, signs: Signs, people: Sequence[Person], target: Target
) -> tuple[dict[Person, Calm], list[list[Answer]]]:
    """Ask for a page one person after another, several times; return each one's view and the waves of one request.

    Somebody else always comes in between, so that what one of them left behind cannot pass for a part of the page.
    One more request by a URL that no cache has seen tells apart what a page shows and what a cache has kept.
    """
    waves = [crowd.send((Shot(person, target),)) for _ in range(ROUNDS) for person in people]
    calm = {}
    for number, person in enumerate(people):
        (fresh,) = crowd.send((Shot(person, target),), fresh=True)
        calm[person] = calm_of([wave[0] for wave in waves[number :: len(people)]], fresh, signs)
    return calm, waves


def calm_of(answers: Sequence[Answer], fresh: Answer, signs: Signs) -> Calm:
    """Return what one person's answers have in common."""
    first = answers[0]
    also = [fresh] if fresh.status == first.status else []
    known = frozenset.intersection(*(frozenset(signs.of_others(answer)) for answer in (*answers, *also)))
    own = frozenset.intersection(*map(signs.of_owner, answers))
    for masked in (False, True):
        bodies = {(answer.status, digest(answer.body, masked=masked)) for answer in answers}
        if len(bodies) == 1:
            return Calm(known, digest(first.body, masked=masked), masked, first.status, own, answers[-1])
    return Calm(known, None, True, first.status, own, answers[-1])


def digest(body: str, *, masked: bool) -> str:
    """Return a digest of a body without what is meant to be new each time, and with `masked` without numbers."""
    text = _TOKENS.sub("", body)
    return hashlib.blake2b((_DIGITS.sub("0", text) if masked else text).encode()).hexdigest()

"""The three judges: findings in the traces, other people's signs in an answer, another page than in calm."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from reqtrace.records import Finding, Request
from reqtrace.stress.baseline import Calm, Signs, calm_of
from reqtrace.stress.people import Person
from reqtrace.stress.targets import Target
from reqtrace.stress.traces import Traces
from reqtrace.stress.waves import Answer, Crowd, Shot

Judge = Literal["trace", "canary", "body"]
_ROUNDS = 4
_AROUND = 30

CalmPages = Mapping[tuple[Person, Target], Calm]


class Leak(msgspec.Struct, frozen=True):
    """One person was taken for another."""

    judge: Judge
    target: Target
    victim: str
    """Who asked."""
    other: str | None
    """Whose it was, where that is known."""
    message: str
    """What happened: one sentence."""
    evidence: str
    """Where it shows: a piece of the answer, or the holder."""
    fix: str
    request: str | None
    """The id of the request in the traces."""


class Suspicion(msgspec.Struct, frozen=True):
    """An answer that is not what it should be; it may have its reasons."""

    judge: Literal["canary", "body"]
    answer: Answer
    sign: str | None
    """What tells of the other; None when it is the whole page."""
    owner: Person | None
    """Whose it is; None for a body that in calm nobody gets, which is odd, but nobody else's either."""

    @property
    def subject(self) -> tuple[Person, Target, str | None]:
        """Whose page, and the sign in it: judged once."""
        return self.answer.shot.person, self.answer.shot.target, self.sign


def suspicions(answers: Iterable[Answer], calm: CalmPages, signs: Signs) -> Iterator[Suspicion]:
    """Yield what stands in these answers and does not belong there."""
    for answer in answers:
        page = calm.get((answer.shot.person, answer.shot.target))
        if page is None or answer.status == 0:
            continue
        foreign = {sign: owner for sign, owner in signs.of_others(answer).items() if sign not in page.known}
        for sign, owner in sorted(foreign.items()):
            yield Suspicion("canary", answer, sign, owner)
        if not foreign and page.body is not None and not answer.failed and not page.matches(answer):
            yield Suspicion("body", answer, None, _whose(answer, calm))


def confirm(suspicion: Suspicion, crowd: Crowd, calm: Calm, signs: Signs, people: Sequence[Person]) -> bool:
    """Ask again in calm, and say whether the answer still cannot be explained.

    The page may have changed for good meanwhile, or change by itself when one and the same person asks for it many
    times at once. Between two requests somebody asks who is neither of the two: what the first answer was taken
    from has then been overwritten, should it still lie about.
    """
    person, target, sign = suspicion.subject
    between = [one for one in people if one not in (person, suspicion.owner)]
    answers = []
    for number in range(_ROUNDS):
        if between:
            crowd.send((Shot(between[number % len(between)], target),))
        answers += crowd.send((Shot(person, target),))
    (fresh,) = crowd.send((Shot(person, target),), fresh=True)
    now = calm_of(answers, fresh, signs)
    if suspicion.judge == "canary":
        return sign not in now.known
    alone = crowd.send([Shot(person, target)] * crowd.size) + crowd.send([Shot(person, target)] * crowd.size)
    return all(calm.matches(answer) for answer in (*answers, *alone))


def leak_of(suspicion: Suspicion, traces: Traces) -> Leak:
    """Put a confirmed suspicion into words."""
    answer, owner, (person, target, sign) = suspicion.answer, suspicion.owner, suspicion.subject
    assert owner is not None
    request = next((request for request in traces.requests if request.trace_id == answer.trace_id), None)
    if sign is not None:
        is_session = owner.cookie.endswith(f"={sign}")
        message = (
            f"{person.name} was sent {'the session' if is_session else 'an answer with the name'} of {owner.name}."
        )
        evidence = "the other's session key" if is_session else _excerpt(answer, sign)
    else:
        message = f"{person.name} was sent the page of {owner.name}."
        evidence = f"a body unlike the one that {person.name} gets in calm, status {answer.status}"
    return Leak(
        suspicion.judge,
        target,
        person.name,
        owner.name,
        message,
        evidence,
        "Find what the view keeps outside its request: a module, a class, an instance, a thread, a cache.",
        request.id if request else None,
    )


def leaks_in_traces(traces: Traces, shots: Mapping[str, Shot]) -> Iterator[Leak]:
    """Yield the leaks that the middleware has found in these requests, each by its trace id, one of a group."""
    groups: dict[str, tuple[Finding, Request]] = {}
    for finding, request in traces.findings():
        if finding.level == "leak" and request.trace_id in shots:
            groups.setdefault(finding.group, (finding, request))
    for finding, request in groups.values():
        shot = shots[request.trace_id or ""]
        place = [f"{frame.file}:{frame.line} in {frame.function}" for frame in finding.stack[:1]]
        yield Leak(
            "trace",
            shot.target,
            shot.person.name,
            finding.observed.user.label or finding.observed.user.id,
            finding.message,
            ", ".join(
                [f"{finding.kind} at checkpoint {finding.checkpoint!r}", *filter(None, [finding.holder]), *place]
            ),
            finding.fix,
            request.id,
        )


def _whose(answer: Answer, calm: CalmPages) -> Person | None:
    """Return who gets this very body in calm."""
    asked, target = answer.shot
    return next(
        (one for (one, of), page in calm.items() if of == target and one != asked and page.matches(answer)), None
    )


def _excerpt(answer: Answer, sign: str) -> str:
    text = html.unescape(answer.body)
    if sign not in text:
        return next((line for line in answer.headers.splitlines() if sign in line), sign)
    at = text.index(sign)
    return " ".join(text[max(at - _AROUND, 0) : at + len(sign) + _AROUND].split())

"""From facts to findings: gathers what is known around a fact, and asks every detector."""

import hashlib
from collections.abc import Callable
from contextlib import suppress

from reqtrace import identity
from reqtrace.code.knowledge import Knowledge
from reqtrace.code.libraries import owner_of
from reqtrace.code.naming import is_cached_call
from reqtrace.code.writes import Written, told
from reqtrace.execution.process import Serving
from reqtrace.findings.detectors import DETECTORS
from reqtrace.findings.detectors.base import Case, Detector, Verdict
from reqtrace.identity import Identity
from reqtrace.records import Finding, Side, User, Writer
from reqtrace.watching.live import (
    Absence,
    Birth,
    Carried,
    Fact,
    ForeignResponse,
    ForeignSession,
    LeftState,
    OpenRequest,
    Outliving,
    Retention,
    Sighting,
    Swap,
)
from reqtrace.watching.setting import view_name


class Judge:
    """Judges the facts of this process's requests."""

    def __init__(
        self, id_of: Callable[[OpenRequest], str], user_of: Callable[[Identity], User], knowledge: Knowledge
    ) -> None:
        """Name requests by `id_of` and people by `user_of`, as their records do; `knowledge` knows the code."""
        self._id_of = id_of
        self._user_of = user_of
        self._knowledge = knowledge

    def findings(self, opened: OpenRequest, serving: Serving) -> list[Finding]:
        """Return what was newly found about a request; one finding for each kind and holder at most."""
        facts = opened.facts[opened.judged :]
        late: tuple[Fact, ...] = ()
        if not opened.ended_ns:  # a response waits for this: what takes the reading of code is judged once it is over
            late = tuple(fact for fact in facts if getattr(fact, "view", None) is not None)
        opened.judged += facts.index(late[0]) if late else len(facts)
        fresh: list[Finding] = []
        known = {(finding.kind, finding.holder) for finding in opened.findings}
        for fact in facts:
            if fact in late:
                continue
            case = self._case(opened, fact, serving)
            for detector in DETECTORS:
                verdict = detector.examine(case)
                if verdict is None:
                    continue
                opened.leaks_now |= detector.level == "leak" and not case.is_residue
                if (detector.kind, case.holder) not in known:
                    known.add((detector.kind, case.holder))
                    number = len(opened.findings) + len(fresh)
                    fresh.append(self._finding(opened, case, detector, verdict, number))
        opened.findings = (*opened.findings, *fresh)
        return fresh

    def _finding(self, opened: OpenRequest, case: Case, detector: Detector, verdict: Verdict, number: int) -> Finding:
        id_ = self._id_of(opened)
        return Finding(
            id=f"{id_}-{number}",
            request=id_,
            kind=detector.kind,
            level=detector.level,
            checkpoint=case.checkpoint,
            at_ns=case.at_ns,
            holder=case.holder,
            holder_kind=case.holder_kind,
            expected=case.expected,
            observed=case.observed,
            writer=case.writer,
            stack=case.stack,
            message=verdict.message,
            fix=verdict.fix,
            group=_group(case, detector),
        )

    def _case(self, opened: OpenRequest, fact: Fact, serving: Serving) -> Case:
        case = Case(
            fact=_KINDS[type(fact)],
            checkpoint=getattr(fact, "checkpoint", "response"),
            at_ns=getattr(fact, "at_ns", 0),
            expected=self._side(opened, _user(opened)),
            people=frozenset(person.id for person in (*opened.people, _user(opened)) if person.id is not None),
            observed=Side(),
            stack=getattr(fact, "stack", []),
            server=serving.server,
            worker_class=serving.worker_class,
            interface=serving.interface,
        )
        if opened.protocol == "job":
            case.job = opened.path or opened.request.path
            if case.expected.user.state == "unresolved" and opened.presumed.state != "unresolved":
                case.expected = self._side(opened, opened.presumed)
                case.people |= {person.id for person in (opened.presumed,) if person.id is not None}
        place = getattr(fact, "place", opened.place)
        case.thread_name, case.thread_serial = place.thread.name, place.thread.serial
        match fact:
            case Sighting():
                case.holder, case.holder_kind = fact.holder.path, fact.holder.kind
                case.same_object = fact.seen is opened
                case.seen_is_known = fact.by_object and not fact.of_user
                case.stale, case.meanwhile = fact.stale, fact.meanwhile or fact.by_object
                case.names_user = fact.of_user
                case.on_arrival, case.is_shared = fact.on_arrival, fact.is_shared
                case.set_when = fact.holder.is_set
                case.is_relied_on = self._is_relied_on(opened, fact)
                case.is_of_user = case.set_when != "when used" or view_name(opened) in fact.holder.used_by
                if opened.protocol == "job":  # what its task does not use has been left out, see `Handover`
                    case.set_when, case.is_of_user = "on the way in", True
                if fact.checkpoint == "receive":  # what handling such a message does not set has been left out
                    case.is_of_user = True
                case.handed_out = fact.checkpoint == fact.holder.path
                self._observe(opened, case, fact.seen, fact.identity, is_sure=_is_sure(fact))
            case Birth():
                case.holder, case.holder_kind = fact.holder, fact.holder_kind
                case.checkpoint = "start"
                case.seen_is_known, case.is_used = fact.seen is not None, fact.is_used
                self._observe(opened, case, fact.seen, fact.identity)
            case Absence():
                case.holder, case.holder_kind = fact.holder.path, fact.holder.kind
                case.set_when = fact.holder.is_set
            case Swap():
                case.holder = "request.user"
                case.declared = fact.declared
                case.expected = self._side(opened, fact.before)
                case.observed = self._side(opened, fact.after)
            case ForeignSession():
                case.cookie = fact.cookie
                case.observed = Side(None, self._user_of(fact.identity))
            case ForeignResponse():
                if case.expected.user.id is None:
                    case.expected = self._side(opened, opened.presumed)
                    case.people |= {person.id for person in (opened.presumed,) if person.id is not None}
                case.other_session = fact.of_another_session
                case.observed = Side(fact.made_for, self._user_of(fact.identity))
            case Carried():
                case.checkpoint = "query"
                case.holder, case.holder_kind = fact.name, "connection"
                case.seen_is_known = fact.writer is not None
                self._observe(opened, case, fact.writer, identity.UNRESOLVED)
            case LeftState():
                case.holder, case.holder_kind = fact.name, fact.kind
                case.seen_is_known = True
                self._observe(opened, case, fact.setter, identity.UNRESOLVED)
            case Retention():
                case.holder, case.holder_kind = fact.holder, fact.holder_kind
                case.checkpoint = "close"
            case Outliving() if fact.thread:
                case.thread_name, case.thread_serial = fact.thread, 0
            case Outliving():
                pass
        case.writer = self._with_places(case, fact)
        if case.holder is not None and case.holder_kind != "connection":
            owner = owner_of(case.holder)
            case.library, case.library_fix = owner or ("", "")
            case.is_cached_call = is_cached_call(case.holder)
        return case

    def _is_relied_on(self, opened: OpenRequest, fact: Sighting) -> bool:
        container, name = fact.holder.place
        if fact.view is None or container is fact.holder:
            return False
        try:
            path = fact.holder.path
            return self._knowledge.relies_on(fact.view, opened.method, opened.status, path, container, name)
        except Exception:  # whatever stands in the way in an application's code: then nothing is claimed
            return False

    def _with_places(self, case: Case, fact: Fact) -> Writer | None:
        """Return who wrote, with the places in the code that can have done so."""
        writes: list[Written] = []
        with suppress(Exception):  # whatever stands in the way in an application's objects: the finding is what counts
            if isinstance(fact, Sighting | Absence):
                written = (self._knowledge.writes_to(*place) for place in fact.holder.route())
                writes = next((found for found in written if told(found)[0]), [])
            elif isinstance(fact, Birth | Retention) and fact.holder is not None:
                writes = self._knowledge.writes_at(fact.holder)
        places, only = told(writes)
        if not places:
            return case.writer
        writer = case.writer or Writer()
        return Writer(writer.request, writer.thread_serial, places, only)

    def _observe(
        self, opened: OpenRequest, case: Case, seen: OpenRequest | None, named: Identity, *, is_sure: bool = True
    ) -> None:
        if seen is not None:
            case.seen_had_ended = seen is opened or 0 < seen.ended_ns <= opened.began_ns
        if seen is None or not is_sure:
            case.observed = Side(None, self._user_of(named))
            return
        user = named if named.id is not None else _user(seen)
        case.observed = self._side(seen, user)
        case.writer = Writer(self._id_of(seen), seen.place.thread.serial)

    def _side(self, opened: OpenRequest, user: Identity) -> Side:
        return Side(self._id_of(opened), self._user_of(user))


_KINDS: dict[type, str] = {
    Sighting: "sighting",
    Absence: "lost",
    Swap: "swap",
    ForeignSession: "session",
    ForeignResponse: "response",
    Outliving: "outliving",
    Birth: "context",
    Carried: "connection",
    LeftState: "state",
    Retention: "retention",
}


def _is_sure(fact: Sighting) -> bool:
    """Tell whether the request that a holder is said to name can be the one that wrote it.

    Of a user alone the last request is known that this process served to them. It cannot have written to a thread on
    which it never ran; which one did is not known then, and nothing is said.
    """
    if fact.by_object or fact.meanwhile or fact.seen is None or fact.holder.kind == "attribute":
        return True
    threads = (fact.seen.first.thread, fact.seen.place.thread, *(thread for thread, _ in fact.seen.arrivals))
    return fact.place.thread in threads


def _user(opened: OpenRequest) -> Identity:
    if opened.ended_ns == 0 and opened.request is not None:
        return identity.of_request(opened.request)
    return opened.user


def _group(case: Case, detector: Detector) -> str:
    """Name the cause: what is mended at one go, wherever and as whatever kind it shows. A holder is one."""
    if case.holder_kind is not None:
        cause = f"{case.holder}"
    else:
        place = f"{case.stack[0].file}:{case.stack[0].function}" if case.stack else case.checkpoint
        cause = f"{detector.kind}|{case.holder}|{place}"
    return hashlib.sha256(cause.encode()).hexdigest()[:12]

"""Looking at the holders: at each checkpoint, whom do they name, and is it whom the request is for?"""

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter_ns
from typing import Any

from reqtrace import identity
from reqtrace.execution.calling import called
from reqtrace.execution.faults import Faults
from reqtrace.execution.places import Place
from reqtrace.execution.stacks import stack_of, view_of
from reqtrace.execution.weak_map import WeakIdentityMap, WeakMap
from reqtrace.identity import UNRESOLVED, Identity
from reqtrace.records import Frame
from reqtrace.watching.holders.base import EMPTY, Holder
from reqtrace.watching.live import Absence, OpenRequest, Outliving, Sighting, Swap
from reqtrace.watching.meaning import Meaning, meaning_of
from reqtrace.watching.setting import Setting, was_named_in_view

logger = logging.getLogger("reqtrace")

BODY = frozenset({"view", "view-end", "template", "query"})
"""Checkpoints at which the application's own code runs; so do those that the application names."""
SERVED_MAX = 1_024
USERS_MAX = 2_048
"""How many user objects are known at a time: those of the requests of half a second, and those that outlive them."""
RIVALS_MAX = 8
"""How many requests are remembered to have found another one in a holder while that was in flight."""
_BUILT_IN = BODY | {"start", "response", "close"}


class Watch:
    """The holders that are watched in this process."""

    def __init__(
        self,
        checkpoints: Iterable[str],
        impersonation: Callable[[Any], bool],
        faults: Faults,
        open_requests: Mapping[int, OpenRequest],
        judge_again: Callable[[OpenRequest], object],
        owner_of: Callable[[str], Identity],
    ) -> None:
        """Watch nothing yet.

        Args:
            checkpoints: where holders are read.
            impersonation: tells whether acting as somebody else is declared for a request.
            faults: where a holder that raises is counted.
            open_requests: those in flight.
            judge_again: called with a request that is over and of which more was found.
            owner_of: tells whose session bears a key, as far as this process has seen.

        """
        self._impersonation = impersonation
        self.holders: tuple[Holder, ...] = ()
        self._off: list[Holder] = []
        self.known: WeakMap[OpenRequest] = WeakMap()
        """Which request objects are requests of ours, for as long as they live."""
        self.users: WeakIdentityMap[OpenRequest] = WeakIdentityMap(USERS_MAX)
        """For which requests user objects were made, for as long as they live."""
        self._served: dict[str, OpenRequest] = {}
        """The last request of each user served of late, by primary key."""
        self._by_name: dict[str, Identity] | None = None
        """The users served of late by their names, once a holder says names alone."""
        self.left_out = _BUILT_IN - frozenset(checkpoints)
        """Checkpoints at which identity is not examined; those that the application names are never among them."""
        self._faults = faults
        self._open = open_requests
        self._setting = Setting(judge_again)
        self._judge_again = judge_again
        self._owner_of = owner_of

    def add(self, holder: Holder) -> None:
        """Watch one more holder, unless the same place is watched already, or failed too often."""
        if not any(holder.is_same_as(known) for known in (*self.holders, *self._off)):
            self.holders = (*self.holders, holder)
            if holder.says_names and self._by_name is None:
                self._by_name = {}
            for opened in list(self._open.values()):
                opened.is_plain = False

    def add_all(self, holders: Iterable[Holder]) -> None:
        """Watch more holders."""
        for holder in holders:
            self.add(holder)

    def forget(self, holders: Iterable[Holder]) -> None:
        """Watch these no more."""
        gone = set(holders)
        self.holders = tuple(holder for holder in self.holders if holder not in gone)

    def served(self, opened: OpenRequest) -> None:
        """Remember whom this process has served: a user whom it never saw cannot have been left over."""
        user_id = opened.user.id
        if user_id is not None and self.holders:
            self._served.pop(user_id, None)
            self._served[user_id] = opened
            if len(self._served) > SERVED_MAX:
                del self._served[next(iter(self._served))]
            if self._by_name is not None and opened.user.name is not None:
                self._by_name[opened.user.name] = opened.user
                if len(self._by_name) > SERVED_MAX:
                    del self._by_name[next(iter(self._by_name))]

    def examine(self, opened: OpenRequest, checkpoint: str, place: Place) -> None:
        """Read every holder here and now."""
        for holder in self.holders:
            try:
                value = holder.read()
            except Exception as error:
                self._failed(holder, error)
                continue
            self.consider(opened, checkpoint, place, holder, value)

    def consider(self, opened: OpenRequest, checkpoint: str, place: Place, holder: Holder, value: object) -> None:
        """Keep what a holder gave if that may contradict the request."""
        holder.failures = 0
        if value is EMPTY or value is None:
            opened.keep_reading(checkpoint, holder.path, "nobody")
            self._empty(opened, checkpoint, place, holder)
            return
        if value is opened.request:
            opened.keep_reading(checkpoint, holder.path, "request")
            self._names_it(opened, checkpoint, place, holder, by_object=True)
            return
        meaning = meaning_of(value)
        if meaning.is_nothing and meaning.identity.name is not None:
            meaning = Meaning(None, self._person_named(opened, meaning.identity.name))
        if meaning.is_nothing:
            opened.keep_reading(checkpoint, holder.path, "nobody")
            if checkpoint == "view" and _is_user_of(opened, value):  # which nobody has asked for yet
                self._setting.see(opened, checkpoint, place, holder, by_object=True)
            return
        seen: OpenRequest | None = None
        if meaning.request is not None:
            seen = opened if meaning.request is opened.request else self.known.find(meaning.request)
            opened.keep_reading(checkpoint, holder.path, "request" if seen is opened else "other")
            if seen is None:
                return  # a request that never came through our middleware: made by the application itself
            if seen is opened and checkpoint != "close":
                self._names_it(opened, checkpoint, place, holder, by_object=True)
                return
        else:
            opened.keep_reading(checkpoint, holder.path, meaning.identity)
            if opened.request is not None and meaning.identity.id == opened.whose().id:
                self._names_it(opened, checkpoint, place, holder, by_object=_is_user_of(opened, meaning.user))
                return
            seen = self.users.find(meaning.user)
            if seen is opened:
                return  # its own, whoever it is for by now; of a user alone only the next request tells that it stays
        stale = _is_of_long_ago(opened, checkpoint, holder, seen) or any(
            isinstance(fact, Sighting)
            and fact.holder is holder
            and fact.checkpoint == "start"
            and (fact.seen is seen or not fact.by_object)
            and fact.identity.id == meaning.identity.id
            for fact in opened.facts
        )
        served = self._served.get(meaning.identity.id or "")
        overlapping = None
        if seen is None and checkpoint == "start":
            if served is None:
                return  # nobody whom this process has served: a technical user, say
        elif seen is None:
            overlapping = self._overlapping(opened, place, holder, value, meaning.identity.id)
            if overlapping is None and not stale:
                return  # the application's own doing, such as acting as somebody else for a while
        sighting = Sighting(
            holder,
            checkpoint,
            perf_counter_ns() - opened.began_ns,
            place,
            seen or overlapping or served,
            seen is not None,
            meaning.identity,
            stale,
            overlapping is not None,
            _stack(opened, checkpoint),
            _arrives(opened, holder, place),
            of_user=meaning.request is None,
            view=_view(opened) if stale and checkpoint == "view-end" else None,
        )
        opened.note(sighting)
        if seen is not None and not seen.ended_ns and seen is not opened and len(seen.rivals) < RIVALS_MAX:
            seen.rivals = (*seen.rivals, (holder, opened))
        if checkpoint not in ("start", "view", "close") and opened.protocol == "http":
            self._setting.wait(opened, sighting)

    def _person_named(self, opened: OpenRequest, name: str) -> Identity:
        """Return who bears a name: whose the request is, or somebody whom this process has served."""
        mine = UNRESOLVED if opened.request is None else opened.whose()
        return mine if mine.name == name else (self._by_name or {}).get(name, UNRESOLVED)

    def examine_user(self, opened: OpenRequest, checkpoint: str) -> None:
        """Note a `request.user` that became somebody else."""
        if checkpoint in self.left_out:
            return
        of_request = identity.user_of(opened.request)
        if of_request is None:
            return
        met = opened.met
        user = opened.who_is(of_request)
        if user.id is None:
            return
        if of_request is not met:
            self.users.add(of_request, opened)
        if not opened.people:
            visitor = self._visitor(opened)
            opened.belongs_to(user if visitor.id is None else visitor)
        if opened.people and opened.people[-1].id == user.id:
            return  # the same as ever, nearly always
        if opened.people and all(user.id != person.id for person in opened.people):
            at_ns = perf_counter_ns() - opened.began_ns
            declared = self._is_declared(opened)
            opened.note(Swap(checkpoint, at_ns, opened.people[-1], user, declared, _stack(opened, checkpoint)))
        opened.belongs_to(user)

    def _visitor(self, opened: OpenRequest) -> Identity:
        """Return whom the session is for: Django remembers, and where nobody has loaded it, so does this process."""
        visitor = identity.of_visitor(opened.request)
        key = identity.session_key_of(opened.request) if visitor.id is None else None
        return visitor if key is None else self._owner_of(key)

    def _is_declared(self, opened: OpenRequest) -> bool:
        """Tell whether acting as somebody else is declared for this request."""
        try:
            return bool(called(self._impersonation, opened.request))
        except Exception as error:  # the default answers instead, so that the checkpoint goes on
            self._faults.note("the setting IMPERSONATION", error)
            return identity.known_impersonation(opened.request)

    def outlived(self, opened: OpenRequest, checkpoint: str, place: Place) -> None:
        """Note code that runs for a request that is over."""
        at_ns = perf_counter_ns() - opened.began_ns
        opened.note(Outliving(checkpoint, at_ns, place, _stack(opened, checkpoint)))

    def _empty(self, opened: OpenRequest, checkpoint: str, place: Place, holder: Holder) -> None:
        named_at = opened.named.get(holder.path) if opened.named else None
        if named_at is None or checkpoint in ("start", "send", "close"):
            return
        if checkpoint == "response":
            # Behind all middleware nothing needs it any more, but what makes the parts of a body that is streamed.
            if opened.response is None or not was_named_in_view(opened, holder) or _is_missed(opened, holder):
                return
        elif named_at is place:
            self._taken_away(opened, checkpoint, place, holder)
            return
        at_ns = perf_counter_ns() - opened.began_ns
        opened.note(Absence(holder, checkpoint, at_ns, place, _stack(opened, checkpoint)))

    def _taken_away(self, opened: OpenRequest, checkpoint: str, place: Place, holder: Holder) -> None:
        """Note a holder that named the request here, and that another one in flight has emptied for both of them."""
        for shared, rival in opened.rivals:
            if shared is holder and rival.named and holder.path in rival.named:
                opened.note(self._shared(opened, rival, holder, checkpoint, place))
                rival.note(self._shared(rival, opened, holder, "view", rival.place))
                if rival.ended_ns:
                    self._judge_again(rival)
                return

    def _shared(
        self, opened: OpenRequest, rival: OpenRequest, holder: Holder, checkpoint: str, place: Place
    ) -> Sighting:
        user = rival.user if rival.ended_ns else identity.of_request(rival.request)
        stack = view_of(opened.request) if opened.request is not None else []
        at_ns = perf_counter_ns() - opened.began_ns
        return Sighting(holder, checkpoint, at_ns, place, rival, True, user, False, True, stack, is_shared=True)

    def _names_it(self, opened: OpenRequest, checkpoint: str, place: Place, holder: Holder, *, by_object: bool) -> None:
        if holder.is_set != "on the way in" or opened.facts:
            self._setting.see(opened, checkpoint, place, holder, by_object=by_object)
        if opened.hops is not None and checkpoint == "response" and place is not opened.place:
            self._empty_in_view(opened, holder)
        opened.is_named_by(holder.path, place)

    def _empty_in_view(self, opened: OpenRequest, holder: Holder) -> None:
        """Note a holder that names the request on its way out, if it named nobody where its view ran."""
        named_before = opened.named is not None and holder.path in opened.named
        named_others = any(
            isinstance(fact, Sighting) and fact.holder is holder and fact.checkpoint in BODY for fact in opened.facts
        )
        if not (named_before or named_others):
            at_ns = perf_counter_ns() - opened.began_ns
            opened.note(Absence(holder, "view", at_ns, opened.place, view_of(opened.request)))

    def _overlapping(
        self, opened: OpenRequest, place: Place, holder: Holder, value: object, user_id: str | None
    ) -> OpenRequest | None:
        """Return another request of that user, at some time in flight with this one, that can have set the holder."""
        for other in list(self._open.values()):
            request = other.request
            if other is opened or request is None or identity.of_request(request).id != user_id:
                continue
            if _reaches(other, holder, place) or any(value is user for user in identity.users_of(request)):
                return other
        served = self._served.get(user_id or "")
        if served is None or served is opened or served.ended_ns <= opened.began_ns:
            return None
        return served if _reaches(served, holder, place) else None

    def _failed(self, holder: Holder, error: Exception) -> None:
        holder.failures += 1
        if not holder.is_off or holder in self._off:  # other threads may still be reading it
            self._faults.count_only(f"reading the holder {holder.path}", error)
            return
        self._off.append(holder)
        self.holders = tuple(watched for watched in self.holders if watched is not holder)
        self._faults.count_only(f"the holder {holder.path} is switched off until the next start", error)
        logger.error(
            "reqtrace has switched off the holder %s: %s. Mend it and start the process anew to have it watched again.",
            holder.path,
            error if holder.times_slow else f"reading it raised {holder.failures} times in a row",
            exc_info=None if holder.times_slow else error,
        )


def _is_of_long_ago(opened: OpenRequest, checkpoint: str, holder: Holder, seen: OpenRequest | None) -> bool:
    """Tell whether a holder that is watched only since this request began names one that was over by then."""
    if seen is None or checkpoint not in BODY | {"response"} or not 0 < seen.ended_ns <= opened.began_ns:
        return False
    return all(at != "start" or path != holder.path for at, path, _ in opened.readings or ())


def _view(opened: OpenRequest) -> Any:
    match = getattr(opened.request, "resolver_match", None)
    return None if match is None else match.func


def _reaches(other: OpenRequest, holder: Holder, place: Place) -> bool:
    """Tell whether what another request puts into a holder can be seen at `place`.

    What stands in a context or a greenlet is nobody else's, and a thread's own is only that of requests on the thread.
    Where such a holder names another user all the same, the application acts for that user, as it may.
    """
    if holder.kind in ("ContextVar", "asgiref.Local", "gevent.local"):
        return False
    threads = [other.first.thread, *(thread for thread, _ in other.arrivals or ())]
    return holder.kind == "attribute" or place.thread in threads


def _is_missed(opened: OpenRequest, holder: Holder) -> bool:
    return any(isinstance(fact, Absence) and fact.holder is holder for fact in opened.facts)


def _arrives(opened: OpenRequest, holder: Holder, place: Place) -> bool:
    """Tell whether a holder that each thread has for itself is read on a thread where the request has not set it."""
    if place.thread is opened.first.thread or holder.kind not in ("threading.local", "dict by thread", "callable"):
        return False
    named_at = opened.named.get(holder.path) if opened.named else None
    return named_at is None or named_at.thread is not place.thread


def _is_user_of(opened: OpenRequest, value: object) -> bool:
    """Tell whether a value is the very user object of a request, whether or not anybody has asked for it."""
    return opened.request is not None and any(value is user for user in identity.users_of(opened.request))


def _stack(opened: OpenRequest, checkpoint: str) -> list[Frame]:
    """Return the stack of whoever reads: at the view's own checkpoints that is the view, which is not on it."""
    outer = [] if checkpoint in ("start", "close") else stack_of(sys._getframe(2))
    inner = view_of(opened.request)
    return [*inner, *outer] if checkpoint in ("view", "view-end") else outer or inner

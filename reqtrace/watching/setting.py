"""When a request's code sets each holder: learned from requests, and what could not be judged before it was known."""

from collections import deque
from collections.abc import Callable

from reqtrace import identity
from reqtrace.execution.places import Place
from reqtrace.identity import Identity
from reqtrace.records import Named
from reqtrace.watching.holders.base import SEEN_REPLACED_IN_VIEW, SEEN_SET_BEFORE_VIEW, SEEN_SET_IN_VIEW, Holder
from reqtrace.watching.live import OpenRequest, Sighting

WAITING_PER_HOLDER = 32
"""How many sightings wait at a holder until it is known when it is set: the newest."""


class Setting:
    """Learns when each holder is set, on the way in or as something is called, from the requests that it names.

    What an earlier request has left in a holder is crossed with a later one only where requests rely on it: where it
    is set before their views run, for all or for some. Where it is set as something is called (a template tag, a
    service), nobody looks at it before that.
    """

    def __init__(self, judge_again: Callable[[OpenRequest], object]) -> None:
        """Know nothing yet; requests that are over and are to be judged once more go to `judge_again`."""
        self._judge_again = judge_again
        self._waiting: dict[Holder, deque[tuple[OpenRequest, Sighting]]] = {}

    def see(self, opened: OpenRequest, checkpoint: str, place: Place, holder: Holder, *, by_object: bool) -> None:
        """Take in that a holder names the request that it is read for.

        Args:
            opened: the request.
            checkpoint: where.
            place: on which thread.
            holder: what was read.
            by_object: whether it names the request, or its user, as an object that nothing else can have put there.

        """
        if checkpoint == "view":
            if (by_object or _has_changed(opened, place, holder)) and holder.learn(SEEN_SET_BEFORE_VIEW):
                self._decide(holder)
        elif checkpoint not in ("start", "response", "close") and place is opened.place and not opened.has_signed_in:
            before = _readings(opened, "view", holder)
            if not before or any(_is_own(opened, names) for names in before):
                return
            replaced = any(names != "nobody" for names in before)
            if not (replaced or by_object):
                return
            is_news = holder.learn(SEEN_REPLACED_IN_VIEW if replaced else SEEN_SET_IN_VIEW)
            if holder.learn_use(view_name(opened)) or is_news:
                self._decide(holder)

    def wait(self, opened: OpenRequest, sighting: Sighting) -> None:
        """Keep a sighting that is judged otherwise once it is known when its holder is set."""
        holder = sighting.holder
        if sighting.is_residue:
            is_undecided = holder.is_set != "on the way in" and not holder.is_certain
        else:
            is_undecided = holder.is_set == "when used" and view_name(opened) not in holder.used_by
        if is_undecided:
            self._waiting.setdefault(holder, deque(maxlen=WAITING_PER_HOLDER)).append((opened, sighting))

    def _decide(self, holder: Holder) -> None:
        for opened, sighting in self._waiting.pop(holder, ()):
            if opened.ended_ns:  # all others are judged when they end
                opened.note(sighting)
                self._judge_again(opened)


def view_name(opened: OpenRequest) -> str:
    """Return the path of a request's view; empty where none was found."""
    if opened.view or opened.request is None:
        return opened.view
    match = getattr(opened.request, "resolver_match", None)
    return "" if match is None else match._func_path


def was_named_in_view(opened: OpenRequest, holder: Holder) -> bool:
    """Tell whether a holder named the request as its view began, or as it ended."""
    readings = [*_readings(opened, "view", holder), *_readings(opened, "view-end", holder)]
    return any(_is_own(opened, names) for names in readings)


def _readings(opened: OpenRequest, checkpoint: str, holder: Holder) -> list[Named | Identity]:
    readings = opened.readings or {}
    return [names for at, path, names in readings if at == checkpoint and path == holder.path]


def _is_own(opened: OpenRequest, names: Named | Identity) -> bool:
    if isinstance(names, str):
        return names in ("request", "user")
    return names.id in {person.id for person in (identity.of_request(opened.request), *opened.people)}


def _has_changed(opened: OpenRequest, place: Place, holder: Holder) -> bool:
    """Tell whether the holder named somebody else, or nobody, as the request began, where it names the user alone."""
    is_the_same_slot = holder.kind == "attribute" or place.thread is opened.first.thread
    before = _readings(opened, "start", holder)
    return is_the_same_slot and bool(before) and not any(_is_own(opened, names) for names in before)

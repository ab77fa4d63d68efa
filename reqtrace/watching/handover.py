"""What one job leaves in the holders for the next one on its thread.

A job names nobody as a request does, and most do not say for whom they work. But a worker does one after another on the
same thread, so that it is enough to compare: what stands there as a job begins, and is what the one before ended with,
nobody has set for this one.
"""

from time import perf_counter_ns
from typing import NamedTuple

from reqtrace.execution.places import Place
from reqtrace.watching.holders.base import EMPTY, Holder
from reqtrace.watching.live import OpenRequest, Sighting
from reqtrace.watching.meaning import meaning_of
from reqtrace.watching.watch import Watch

KEPT_MAX = 4_096
_EVERYBODY = 0
"""In place of a thread's serial, for a holder that all threads share."""


class Left(NamedTuple):
    """Whom a holder named as a job ended."""

    user_id: str
    job: OpenRequest
    """Which one put it there."""


class Handover:
    """What the jobs of this process left behind, holder by holder and thread by thread."""

    def __init__(self, watch: Watch) -> None:
        """Begin with nothing left in the holders that `watch` watches."""
        self._watch = watch
        self._left: dict[tuple[str, int], Left] = {}
        self._first: dict[str, str] = {}
        """Whom each holder named first."""
        self._personal: set[str] = set()
        """Holders known to change with whom a job is for; any other may name a technical user, once and for all."""
        self._tasks: set[tuple[str, str]] = set()
        """Holder and task, for each task that was seen to set it."""

    def take_over(self, job: OpenRequest, checkpoint: str, place: Place) -> None:
        """Look at what stands in the holders as a job begins, and note what the job before has left there."""
        for holder in self._watch.holders:
            value = holder.read()
            meaning = meaning_of(value)
            if meaning.request is not None:
                self._watch.consider(job, checkpoint, place, holder, value)
                continue
            named = meaning.identity
            job.keep_reading(checkpoint, holder.path, "nobody" if named.id is None else named)
            left = self._left.get(_key(holder, place))
            if left is None or left.user_id != named.id or holder.path not in self._personal:
                continue
            at_ns = perf_counter_ns() - job.began_ns
            job.note(Sighting(holder, checkpoint, at_ns, place, left.job, False, named, False, False, []))

    def hand_over(self, job: OpenRequest, place: Place) -> None:
        """Note whom the holders name as a job ends, and whether that was its own doing."""
        if len(self._left) >= KEPT_MAX:
            self._left.clear()
        own = (job.whose().id, job.presumed.id)
        for holder in self._watch.holders:
            key = _key(holder, place)
            value = holder.read()
            user_id = None if value is EMPTY else meaning_of(value).identity.id
            if user_id is None:
                self._left.pop(key, None)
                continue
            writer = self._found_at_start(job, holder, user_id)
            self._left[key] = Left(user_id, writer or job)
            if writer is not None:
                continue
            self._tasks.add((holder.path, job.request.path))
            if self._first.setdefault(holder.path, user_id) != user_id or user_id in own:
                self._personal.add(holder.path)
        job.facts = tuple(fact for fact in job.facts if not self._is_of_no_use_to(job, fact))

    def _found_at_start(self, job: OpenRequest, holder: Holder, user_id: str) -> OpenRequest | None:
        for fact in job.facts:
            if isinstance(fact, Sighting) and fact.holder is holder and fact.checkpoint == "start":
                return fact.seen if fact.identity.id == user_id else None
        return None

    def _is_of_no_use_to(self, job: OpenRequest, fact: object) -> bool:
        """Tell whether a task that never sets a holder met in it what others have left: it may not use it at all."""
        return (
            isinstance(fact, Sighting)
            and fact.stale
            and not fact.by_object
            and fact.checkpoint == "view-end"
            and (fact.holder.path, job.request.path) not in self._tasks
        )


def _key(holder: Holder, place: Place) -> tuple[str, int]:
    return holder.path, _EVERYBODY if holder.kind == "attribute" else place.thread.serial

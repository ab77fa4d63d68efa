"""Who came first: a server that somebody else is the first to ask must show everybody the same as before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import msgspec
from django.conf import settings

from reqtrace.stress.baseline import Calm, Signs
from reqtrace.stress.judges import Suspicion
from reqtrace.stress.people import Person
from reqtrace.stress.server import Server
from reqtrace.stress.targets import Target
from reqtrace.stress.waves import Answer, Shot, crowd

StartAnew = Callable[[], AbstractContextManager[Server]]
"""Starts a server like the one under stress, which nobody has asked for anything yet."""


class Precedence(msgspec.Struct, frozen=True):
    """What stands in somebody's page only where somebody else came first."""

    suspicion: Suspicion
    first: Person
    """Who came first."""


class Newcomers:
    """Two people who ask a server that has served nobody, in another order than before."""

    def __init__(self, start: StartAnew, size: int, people: Sequence[Person], signs: Signs) -> None:
        """Let the last of `people`, who came last before, ask first, and then the first of those signed in."""
        self._start = start
        self._size = size
        self._first, self._second = people[-1], people[1]
        self._signs = signs

    def look(self, calm: Mapping[tuple[Person, Target], Calm], targets: Sequence[Target]) -> list[Precedence]:
        """Return what differs with who came first, where it does so on two servers."""
        found = self._look(calm, targets)
        if not found:
            return []
        again = {(one.suspicion.subject, one.first) for one in self._look(calm, targets)}
        return [one for one in found if (one.suspicion.subject, one.first) in again]

    def _look(self, calm: Mapping[tuple[Person, Target], Calm], targets: Sequence[Target]) -> list[Precedence]:
        found: list[Precedence] = []
        with self._start() as server, crowd(server, self._size) as gathered:
            # As many at once as there are connections: a server may have several processes.
            fresh = {target: gathered.send([Shot(self._first, target)] * self._size) for target in targets}
            after = {target: gathered.send([Shot(self._second, target)] * self._size) for target in targets}
        for target in targets:
            found += self._of_before(calm[self._first, target], fresh[target])
            found += self._of_now(calm[self._second, target], after[target])
        return found

    def _of_before(self, calm: Calm, fresh: Sequence[Answer]) -> Iterator[Precedence]:
        """Yield what stood in the page when others had come first, in place of the person's own, and is gone now."""
        own = frozenset.union(*(self._signs.of_owner(answer) for answer in fresh))
        present = {sign for answer in fresh for sign in self._signs.of_others(answer)}
        if _is_replaced(own, calm.own):
            for sign in sorted(calm.known - present):
                owner = self._signs.owner(sign)
                yield Precedence(Suspicion("canary", calm.answer, sign, owner), owner)

    def _of_now(self, calm: Calm, after: Sequence[Answer]) -> Iterator[Precedence]:
        """Yield what stands in the page in place of the person's own now that somebody else has come first."""
        for answer in after:
            if _is_replaced(calm.own, self._signs.of_owner(answer)):
                for sign, owner in sorted(self._signs.of_others(answer).items()):
                    if owner == self._first and sign not in calm.known:
                        yield Precedence(Suspicion("canary", answer, sign, owner), owner)
                        return


def outliving_caches() -> list[str]:
    """Return the caches that a server leaves behind: what it keeps there, the next one finds, whoever asks it first."""
    kept_within = ("locmem.LocMemCache", "dummy.DummyCache")
    return [name for name, cache in settings.CACHES.items() if not str(cache.get("BACKEND", "")).endswith(kept_within)]


def _is_replaced(alone: frozenset[str], here: frozenset[str]) -> bool:
    """Tell whether a person's own signs have gone: a list of everybody who was here still names them."""
    return not alone or not alone <= here

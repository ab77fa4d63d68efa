"""What a holder is: a place where an application keeps "the current request" or "the current user"."""

from abc import ABC, abstractmethod
from typing import Final, Literal

from reqtrace.code.writes import SetWhen

HolderKind = Literal[
    "threading.local",
    "gevent.local",
    "asgiref.Local",
    "ContextVar",
    "attribute",
    "dict by thread",
    "callable",
]
_BY_WORTH: tuple[SetWhen, ...] = ("unknown", "when used", "on the way in", "when used")
"""What requests have shown of when a holder is set, by how much that tells: empty before and set within a view; set as
the view begins; somebody else's before and the request's own within a view."""
SEEN_SET_IN_VIEW, SEEN_SET_BEFORE_VIEW, SEEN_REPLACED_IN_VIEW = 1, 2, 3
_VIEWS_MAX = 256


class Empty:
    """The type of `EMPTY`."""

    def __repr__(self) -> str:
        """Name the constant."""
        return "EMPTY"


EMPTY: Final = Empty()
"""What a holder gives that names nothing here."""

FAILURES_UNTIL_OFF = 10


class Holder(ABC):
    """One place, watched: read at each checkpoint, on the thread and in the context of the code that runs there.

    Reading never evaluates a lazy object, never queries and never creates state that the application would see.
    What `read` raises is counted by the caller; after ten failures in a row the holder is switched off, and so is one
    that runs code of the application's and took more than a millisecond ten times in a row.
    """

    kind: HolderKind
    says_names = False
    """Whether it names people by their user names alone."""

    def __init__(self, path: str, container: object, name: str = "") -> None:
        """Watch ``container.name``, known by `path`, such as ``shop.middleware._thread_locals.request``."""
        self.path = path
        self._container = container
        self._name = name
        self.failures = 0
        """Failures in a row."""
        self.times_slow = 0
        """How often in a row it took too long."""
        self.set_when: SetWhen = "unknown"
        """What the code says of it, as soon as that has been read: judged with, and never awaited."""
        self._seen = 0
        self.used_by: frozenset[str] = frozenset()
        """The views that were seen to set it when they used it."""

    @property
    def is_set(self) -> SetWhen:
        """Tell when it is set: what the code says, unless a request has shown what the code does not know of.

        Middleware that is put together as the process runs is seen by no reading of the code.
        """
        if self.set_when == "on the way in" or (self.set_when == "when used" and self._seen < SEEN_SET_BEFORE_VIEW):
            return self.set_when
        return _BY_WORTH[self._seen]

    @property
    def is_certain(self) -> bool:
        """Tell whether no request can show anything else any more."""
        return self.set_when == "on the way in" or self._seen == SEEN_REPLACED_IN_VIEW

    def learn(self, seen: int) -> bool:
        """Take in what a request has shown of when it is set; return whether that is news."""
        if seen <= self._seen:
            return False
        self._seen = seen
        return True

    def learn_use(self, view: str) -> bool:
        """Take in that a view was seen to set it; return whether that is news."""
        if view in self.used_by or len(self.used_by) >= _VIEWS_MAX:
            return False
        self.used_by |= {view}
        return True

    @abstractmethod
    def read(self) -> object:
        """Return what stands there for the code that runs now, or `EMPTY`."""

    @property
    def place(self) -> tuple[object, str]:
        """The object and the name of its attribute, or an object that is a place by itself."""
        return self._container, self._name

    def route(self) -> list[tuple[object, str]]:
        """Return the place, and those that lead to it: whoever writes to one of them says who stands here."""
        return [self.place]

    def is_same_as(self, other: "Holder") -> bool:
        """Tell whether it watches the same place, by whatever path."""
        (container, name), (other_container, other_name) = self.place, other.place
        return container is other_container and name == other_name

    def is_of(self, container: object) -> bool:
        """Tell whether it watches something in `container`, or `container` itself."""
        return self._container is container

    @property
    def is_off(self) -> bool:
        """Tell whether it failed, or took too long, so often that it is not read any more."""
        return self.failures >= FAILURES_UNTIL_OFF or self.times_slow >= FAILURES_UNTIL_OFF

    def __repr__(self) -> str:
        """Name kind and path."""
        return f"<{type(self).__name__} {self.path}>"

"""Who hears how a proof within a test gets on, and what came of it: pytest's terminal, where its plugin is loaded.

It needs no Django: the plugin is there before that is set up.
"""

from typing import Protocol

import msgspec


class Outcome(msgspec.Struct, frozen=True):
    """What came of a proof."""

    verdict: str
    """``holds``, ``leaks``, ``depends``, or ``left out`` where nothing was proven."""
    pages: int
    schedules: int
    seconds: float
    complete: bool
    """Whether the time was enough for every schedule up to the bound."""


class Listener(Protocol):
    """Hears of proofs."""

    def progress(self, share: float, text: str) -> None:
        """Hear which share, from 0 to 1, is done, and what is being done."""

    def proved(self, outcome: Outcome) -> None:
        """Hear what came of one."""


listeners: list[Listener] = []


def progress(share: float, text: str) -> None:
    """Tell everybody how it gets on."""
    for listener in listeners:
        listener.progress(share, text)


def proved(outcome: Outcome) -> None:
    """Tell everybody what came of it."""
    for listener in listeners:
        listener.proved(outcome)

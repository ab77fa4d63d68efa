"""What a case is: a middleware, what it needs around it, and how to make it ship what it has."""

from collections.abc import Mapping, Sequence
from typing import Any


class Case:
    """One thing that can stand in front of a view, installed as its own documentation says; here, nothing."""

    apps: Sequence[str] = ()
    """What goes into ``INSTALLED_APPS``."""
    middleware: Sequence[str] = ()
    """What goes first into ``MIDDLEWARE``."""
    settings: Mapping[str, Any] = {}
    """What else its documentation asks for."""

    def start(self) -> None:
        """Do what a project does once, after its settings are known and before Django is set up."""

    def settle(self) -> None:
        """Finish what is done at the beginning of a process's life, and by the clock, once many requests were sent."""

    def drain(self) -> None:
        """Ship everything that still waits, so that the CPU time of shipping is counted where it arose."""

    def end(self) -> int | None:
        """Ship the rest, and return how many requests have been shipped in all; None where nothing ships."""
        return None

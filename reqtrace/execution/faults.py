"""Faults of our own: counted, logged once per place, shown on the dashboard, never let through to the host."""

import logging
import traceback

from reqtrace import conf
from reqtrace.printable import concealed

logger = logging.getLogger("reqtrace")


class Faults:
    """The faults of one process."""

    def __init__(self) -> None:
        """Start with none."""
        self.count = 0
        self.last: str | None = None
        self._logged: set[str] = set()

    def note(self, place: str, error: BaseException) -> None:
        """Count the fault; log it, with its traceback, if it is the first in this place."""
        self.count_only(place, error)
        if place not in self._logged:
            self._logged.add(place)
            shown = traceable(error)
            logger.error(
                "reqtrace met a fault in %s and went on without it; further ones there are only counted.%s",
                place,
                f" {self.last}" if shown is None else "",
                exc_info=shown,
            )

    def count_only(self, place: str, error: BaseException) -> None:
        """Count the fault, which is shown but not logged."""
        self.count += 1
        self.last = without_secrets(f"{place}: {type(error).__name__}: {error}")


def traceable(error: BaseException) -> BaseException | None:
    """Return an error whose traceback may stand in a log; None where that would tell a secret.

    A store of the project's own may quote its address, password and all.
    """
    told = "".join(traceback.format_exception(error))
    return error if without_secrets(told) == told else None


def without_secrets(text: str) -> str:
    """Return a text without what is secret in the store's address."""
    return concealed(text, conf.get().store)

"""When the store takes nothing: said as it begins and as it ends, with what was lost meanwhile, each time."""

import logging
from collections.abc import Callable
from time import perf_counter_ns

from reqtrace.exceptions import StoreError
from reqtrace.execution.faults import Faults, traceable, without_secrets
from reqtrace.shipping.backlog import Losses

logger = logging.getLogger("reqtrace")


class Outages:
    """The outages of the store, as this process meets them."""

    def __init__(self, lost: Callable[[], Losses], buffer: int, faults: Faults) -> None:
        """Know of none; `lost` tells what was lost so far, and `buffer` how many records may wait."""
        self._lost = lost
        self._buffer = buffer
        self._faults = faults
        self._began_ns = 0
        self._lost_before = Losses(0, 0)
        self._past_ns = 0
        self.count = 0

    @property
    def is_on(self) -> bool:
        """Whether the store did not take what it was given last."""
        return self._began_ns > 0

    @property
    def total_ns(self) -> int:
        """How long all outages were together, so far."""
        return self._past_ns + (perf_counter_ns() - self._began_ns if self.is_on else 0)

    def begin(self, error: Exception) -> None:
        """Note that the store did not take what it was given; the first time, say so."""
        self._faults.count_only("the store", error)
        if self.is_on:
            return
        self._began_ns = perf_counter_ns()
        self._lost_before = self._lost()
        self.count += 1
        is_told = isinstance(error, StoreError)
        logger.error(
            "reqtrace's store takes nothing: %s Up to %d records wait in this process, then the oldest are lost.",
            without_secrets(str(error) if is_told else f"{type(error).__name__}: {error}."),
            self._buffer,
            exc_info=None if is_told else traceable(error),
        )

    def end(self) -> None:
        """Note that the store takes what it is given; after an outage, say so."""
        if self.is_on:
            requests, findings = self.losses()
            seconds = (perf_counter_ns() - self._began_ns) / 1e9
            logger.warning(
                "reqtrace's store takes records again after %.1f seconds; lost meanwhile: %d requests, %d findings.",
                seconds,
                requests,
                findings,
            )
            self._past_ns += perf_counter_ns() - self._began_ns
            self._began_ns = 0

    def losses(self) -> Losses:
        """Return what was lost since the outage began that is on."""
        requests, findings = self._lost()
        return Losses(requests - self._lost_before.requests, findings - self._lost_before.findings)

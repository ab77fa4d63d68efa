"""APScheduler 3: the two functions by which its executors run a job, on whichever thread or loop they do."""

import sys
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

from reqtrace.capture.jobs import base

REMEMBERED_MAX = 1_024
_EXECUTORS = "apscheduler.executors"


class ApScheduler(base.Plug):
    """Follows the jobs of a scheduler; who added one is known as long as the process lives that did."""

    modules = (f"{_EXECUTORS}.base", "apscheduler.schedulers.base")

    def __init__(self) -> None:
        """Remember nothing added."""
        self._headers: OrderedDict[str, str] = OrderedDict()

    def join(self, module: ModuleType) -> None:
        """Wrap what runs a job, also where an executor has taken its name already; or what makes one."""
        if module.__name__ != f"{_EXECUTORS}.base":
            module.Job.__init__ = self._making(module.Job.__init__)
            return
        original: dict[str, Any] = {"run_job": module.run_job, "run_coroutine_job": module.run_coroutine_job}
        wrapped = {
            "run_job": self._running(original["run_job"]),
            "run_coroutine_job": self._awaiting(original["run_coroutine_job"]),
        }
        for name, loaded in list(sys.modules.items()):
            if name.startswith(_EXECUTORS):
                for attribute, function in original.items():
                    if getattr(loaded, attribute, None) is function:
                        setattr(loaded, attribute, wrapped[attribute])

    def _running(self, run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def running(job: Any, *args: Any) -> Any:
            key = object()
            base.begin(key, lambda: self._told(job, "threads"))
            events: list[Any] = []
            try:
                events = run(job, *args)
                return events
            finally:
                base.end(key, _outcome(events))

        return running

    def _awaiting(self, run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        async def awaiting(job: Any, *args: Any) -> Any:
            key = object()
            base.begin(key, lambda: self._told(job, "asyncio"))
            events: list[Any] = []
            try:
                events = await run(job, *args)
                return events
            finally:
                base.end(key, _outcome(events))

        return awaiting

    def _making(self, make: Callable[..., None]) -> Callable[..., None]:
        """Remember who makes a job, before the scheduler has it: that may run it before `add_job` has returned."""

        @wraps(make)
        def making(job: Any, *args: Any, **kwargs: Any) -> None:
            make(job, *args, **kwargs)
            text, key = base.header(), getattr(job, "id", None)
            if text is not None and key is not None:
                self._headers[key] = text
                if len(self._headers) > REMEMBERED_MAX:
                    self._headers.popitem(last=False)

        return making

    def _told(self, job: Any, executor: str) -> base.Told:
        name = str(getattr(job, "func_ref", None) or getattr(job, "name", job)).replace(":", ".")
        serving = base.worker("apscheduler", executor)
        return base.Told(name, getattr(job, "executor", ""), serving, job.func, self._headers.get(job.id))


def _outcome(events: list[Any]) -> Any:
    if not events:
        return "aborted"
    return "error" if any(getattr(event, "exception", None) is not None for event in events) else "ok"

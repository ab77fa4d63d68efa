"""RQ: `Job.create` and `Job.perform`, through which every job goes; the header stands in the job's ``meta``."""

import sys
import uuid
from collections.abc import Callable
from functools import wraps
from itertools import count
from types import ModuleType
from typing import Any

from reqtrace.capture.jobs import base, message
from reqtrace.execution.process import Lineage

_CLASSES = {"Worker": "fork", "SpawnWorker": "spawn", "SimpleWorker": "simple"}


class Rq(base.Plug):
    """Follows what RQ's workers perform.

    Each job has a process of its own there, unless the worker is a simple one. Those that one worker forks off share a
    record, or there would be as many processes to be shown as there are jobs; and what they would all look for, the
    worker looks for once.
    """

    modules = ("rq",)

    def __init__(self) -> None:
        """Know nothing of the worker yet."""
        self._serving = base.worker("rq", "unknown")
        self._line, self._members = uuid.uuid4().hex[:12], count(1)

    def join(self, module: ModuleType) -> None:
        """Wrap the job's beginning and its end, and the worker's, which knows whether the process ends with it."""
        job = sys.modules["rq.job"].Job
        job.create = classmethod(self._creating(job.create.__func__))
        job.perform = self._performing(job.perform)
        worker = next(class_ for class_ in module.Worker.__mro__ if "perform_job" in vars(class_))
        worker.perform_job = self._working(worker.perform_job)
        if "fork_work_horse" in vars(module.Worker):
            module.Worker.fork_work_horse = self._forking(module.Worker.fork_work_horse)

    def _creating(self, create: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(create)
        def creating(cls: Any, *args: Any, **kwargs: Any) -> Any:
            job = create(cls, *args, **kwargs)
            text = base.header()
            if text is not None and isinstance(job.meta, dict):
                job.meta[message.HEADER] = text
            return job

        return creating

    def _performing(self, perform: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(perform)
        def performing(job: Any) -> Any:
            with base.followed(lambda: self._told(job)):
                return perform(job)

        return performing

    def _told(self, job: Any) -> base.Told:
        meta = job.meta if isinstance(job.meta, dict) else {}
        told = meta.get(message.HEADER), meta.get("traceparent")
        return base.Told(job.func_name, job.origin or "", self._serving, job.func, *told)

    def _forking(self, fork: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(fork)
        def forking(worker: Any, *args: Any, **kwargs: Any) -> Any:
            with base.lineage(Lineage(self._line, next(self._members))):
                return fork(worker, *args, **kwargs)

        return forking

    def _working(self, perform_job: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(perform_job)
        def working(worker: Any, *args: Any, **kwargs: Any) -> Any:
            name = type(worker).__name__
            self._serving = base.worker("rq", _CLASSES.get(name, name))
            try:
                return perform_job(worker, *args, **kwargs)
            finally:
                if getattr(worker, "is_horse", False):
                    base.drain()  # the process ends by `os._exit`, once RQ has said how the job went

        return working

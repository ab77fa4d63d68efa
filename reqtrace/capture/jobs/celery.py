"""Celery, by its signals; the header travels in the message's headers, beside those of others."""

from types import ModuleType
from typing import Any

from reqtrace.capture.jobs import base, message
from reqtrace.records import Outcome

_OUTCOMES: dict[str | None, Outcome] = {"FAILURE": "error", None: "aborted"}
"""By Celery's state: what is neither, a retry among it, ended as it was meant to. None is a task that was torn down."""
_POOLS = {"thread": "threads"}


class Celery(base.Plug):
    """Follows the tasks of a worker, whichever its pool, and those that are applied at once."""

    modules = ("celery.signals",)

    def __init__(self) -> None:
        """Know nothing of the pool yet: the worker says it before it makes one, and its children inherit that."""
        self._serving = base.worker("celery", "unknown")

    def join(self, module: ModuleType) -> None:
        """Connect in front of all receivers of the application, and behind them."""
        module.worker_init.connect(self._worker, weak=False, dispatch_uid="reqtrace.worker")
        module.before_task_publish.connect(self._sent, weak=False, dispatch_uid="reqtrace.sent")
        base.first(module.task_prerun, self._begins, "reqtrace.begins")
        module.task_postrun.connect(self._ends, weak=False, dispatch_uid="reqtrace.ends")
        module.worker_process_shutdown.connect(self._leaves, weak=False, dispatch_uid="reqtrace.leaves")

    def _worker(self, *, sender: Any, **_: Any) -> None:
        class_ = getattr(sender, "pool_cls", "unknown")
        pool = str(getattr(class_, "__module__", class_)).rpartition(".")[2]
        self._serving = base.worker("celery", _POOLS.get(pool, pool))

    def _sent(self, *, headers: Any, **_: Any) -> None:
        text = base.header()
        if text is not None and isinstance(headers, dict):
            headers[message.HEADER] = text

    def _begins(self, *, task_id: Any, task: Any, **_: Any) -> None:
        base.begin(task_id, lambda: self._told(task))

    def _told(self, task: Any) -> base.Told:
        request = task.request
        delivered = request.delivery_info or {}
        return base.Told(
            task.name,
            delivered.get("routing_key") or "",
            self._serving,
            task.run,
            request.get(message.HEADER),
            request.get("traceparent"),
        )

    def _ends(self, *, task_id: Any, state: Any, **_: Any) -> None:
        base.end(task_id, _OUTCOMES.get(state, "ok"))

    def _leaves(self, **_: Any) -> None:
        base.drain()  # a child of the prefork pool ends without `atexit`

"""Django's tasks, and django-tasks for Django 5, by their signals.

A task's message has no place for a header, whatever its backend. So the sender is known where the task runs in the
sender's own process, and where the backend is a queue that another plug knows.
"""

from collections import OrderedDict
from types import ModuleType
from typing import Any

from reqtrace.capture.jobs import base

REMEMBERED_MAX = 1_024


class DjangoTasks(base.Plug):
    """Follows tasks, whichever backend and worker run them."""

    modules = ("django.tasks.signals", "django_tasks.signals")

    def __init__(self) -> None:
        """Remember nothing sent."""
        self._headers: OrderedDict[str, str] = OrderedDict()
        """Of the tasks that this process has sent of late, by their id."""

    def join(self, module: ModuleType) -> None:
        """Connect in front of all receivers of the application, and behind them."""
        base.first(module.task_enqueued, self._sent, f"{module.__name__}.reqtrace")
        base.first(module.task_started, self._begins, f"{module.__name__}.reqtrace")
        module.task_finished.connect(self._ends, weak=False, dispatch_uid=f"{module.__name__}.reqtrace")

    def _sent(self, *, task_result: Any, **_: Any) -> None:
        text, key = base.header(), _key(task_result)
        if text is not None and key is not None:
            self._headers[key] = text
            if len(self._headers) > REMEMBERED_MAX:
                self._headers.popitem(last=False)

    def _begins(self, *, sender: Any, task_result: Any, **_: Any) -> None:
        base.begin(_key(task_result), lambda: self._told(sender, task_result))

    def _told(self, sender: Any, task_result: Any) -> base.Told:
        task = task_result.task
        backend = sender if isinstance(sender, type) else type(sender)  # some send an instance
        serving = base.worker("django-tasks", backend.__name__.removesuffix("Backend").lower())
        header = self._headers.pop(task_result.id, None)
        return base.Told(task.module_path, task.queue_name, serving, task.func, header)

    def _ends(self, *, task_result: Any, **_: Any) -> None:
        base.end(_key(task_result), "error" if getattr(task_result, "status", "") == "FAILED" else "ok")


def _key(task_result: Any) -> Any:
    return getattr(task_result, "id", None)

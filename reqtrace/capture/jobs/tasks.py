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
        text = base.header()
        if text is not None:
            self._headers[task_result.id] = text
            if len(self._headers) > REMEMBERED_MAX:
                self._headers.popitem(last=False)

    def _begins(self, *, sender: Any, task_result: Any, **_: Any) -> None:
        task = task_result.task
        base.begin(
            task_result.id,
            task.module_path,
            task.queue_name,
            base.worker("django-tasks", sender.__name__.removesuffix("Backend").lower()),
            function=task.func,
            header=self._headers.pop(task_result.id, None),
        )

    def _ends(self, *, task_result: Any, **_: Any) -> None:
        base.end(task_result.id, "error" if str(task_result.status) == "FAILED" else "ok")

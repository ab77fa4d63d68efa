"""Each plug joins its library once the project imports that: now, if it has, and else as soon as it does."""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from reqtrace import conf
from reqtrace.capture import lifecycle
from reqtrace.capture.jobs.apscheduler import ApScheduler
from reqtrace.capture.jobs.base import Plug
from reqtrace.capture.jobs.celery import Celery
from reqtrace.capture.jobs.commands import Commands
from reqtrace.capture.jobs.consumers import Consumers
from reqtrace.capture.jobs.dramatiq import Dramatiq
from reqtrace.capture.jobs.rq import Rq
from reqtrace.capture.jobs.tasks import DjangoTasks

SOCKETS: tuple[Plug, ...] = (Consumers(),)
PLUGS: tuple[Plug, ...] = (Celery(), Rq(), Dramatiq(), DjangoTasks(), ApScheduler(), Commands())

_joined: set[str] = set()
"""Modules whose seams are taken: for the rest of the process."""


def join_all() -> None:
    """Join what is loaded, and be there when the rest comes; no queue with ``JOBS`` off."""
    settings = conf.get()
    if not settings.enabled:
        return
    waiting: dict[str, Plug] = {}
    for plug in (*SOCKETS, *(PLUGS if settings.jobs else ())):
        for name in plug.modules:
            module = sys.modules.get(name)
            if module is None:
                waiting[name] = plug
            else:
                _join(plug, module)
    when_imported(waiting)


def when_imported(waiting: dict[str, Plug]) -> None:
    """Let each plug join its module right after that has been imported."""
    waiting = {name: plug for name, plug in waiting.items() if name not in _joined}
    known = next((finder for finder in sys.meta_path if isinstance(finder, _Finder)), None)
    if known is not None:
        known.waiting.update(waiting)
    elif waiting:
        sys.meta_path.insert(0, _Finder(waiting))


def _join(plug: Plug, module: ModuleType) -> None:
    if module.__name__ in _joined:
        return
    _joined.add(module.__name__)
    try:
        plug.join(module)
    except Exception as error:  # a version that has moved its seams
        lifecycle.recorder().faults.note(f"joining {module.__name__}", error)


class _Finder(MetaPathFinder):
    """Finds nothing by itself: it lets Python find, and the loader that Python found tell when it is done."""

    def __init__(self, waiting: dict[str, Plug]) -> None:
        """Wait for these modules."""
        self.waiting = waiting

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec that all others would have given, for the modules that are waited for."""
        plug = self.waiting.pop(name, None)
        if plug is None:
            return None
        spec = importlib.util.find_spec(name)  # asks us again, who know it no more
        loader: Any = spec.loader if spec is not None else None
        if loader is not None:
            execute = loader.exec_module

            def executing(module: ModuleType) -> None:
                del loader.exec_module  # it stood before the class's own, for this once
                execute(module)
                _join(plug, module)

            loader.exec_module = executing
        return spec

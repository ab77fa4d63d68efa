"""How each worker is started for the lab, and how many jobs it does at once."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from demo.lab.servers import ROOT

AT_ONCE = 4
_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Worker:
    """One way to work off the lab's queue."""

    name: str
    command: str
    """``{redis}`` is filled in."""
    queue: str
    """The module of this package that sends."""
    module: str
    """What must be installed, by its name for pip, too."""
    at_once: int = AT_ONCE
    needs_redis: bool = True

    @property
    def missing(self) -> str | None:
        """Say what to install before it can be measured; None when it can."""
        if importlib.util.find_spec(self.module) is None:
            return f"pip install {self.module.replace('_', '-')}"
        if self.needs_redis and shutil.which("redis-server") is None:
            return "apt-get install redis-server"
        return None


_PACKAGE = "demo.lab.workers"
_CELERY = f"{_BIN}/celery -A {_PACKAGE}.celery_queue worker -Q lab -l error --without-gossip --without-mingle -P "
_RQ = f"{sys.executable} -m {_PACKAGE}.rq_queue worker lab -q -u {{redis}}"

WORKERS: dict[str, Worker] = {
    worker.name: worker
    for worker in (
        Worker("Celery prefork", f"{_CELERY}prefork -c {AT_ONCE}", "celery_queue", "celery"),
        Worker("Celery threads", f"{_CELERY}threads -c {AT_ONCE}", "celery_queue", "celery"),
        Worker("Celery gevent", f"{_CELERY}gevent -c {AT_ONCE}", "celery_queue", "gevent"),
        Worker("Celery solo", f"{_CELERY}solo", "celery_queue", "celery", 1),
        Worker("RQ", _RQ, "rq_queue", "rq", 1),
        Worker("RQ SimpleWorker", f"{_RQ} -w rq.SimpleWorker", "rq_queue", "rq", 1),
        Worker("Dramatiq", f"{_BIN}/dramatiq {_PACKAGE}.dramatiq_queue -p 1 -t {AT_ONCE} --skip-logging",
               "dramatiq_queue", "dramatiq"),
        Worker("Django tasks", f"{sys.executable} {ROOT}/manage.py db_worker --queue-name lab --interval 0.1",
               "django_queue", "django_tasks_db", 1, needs_redis=False),
    )
}  # fmt: skip
"""All workers, by name."""

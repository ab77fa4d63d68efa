"""The task with Celery."""

import os

from celery import Celery

app = Celery("lab")
app.config_from_object(
    {
        "broker_url": os.environ.get("LAB_REDIS"),
        "task_ignore_result": True,
        "broker_connection_retry_on_startup": True,
        "worker_hijack_root_logger": False,
        "worker_prefetch_multiplier": 1,
    }
)


@app.task(name="lab.work")
def work(key: str, person: str) -> None:
    """Work."""
    from demo.lab.workers.work import work

    work(key, person)


def send(key: str, person: str) -> None:
    """Send a job."""
    work.apply_async((key, person), queue="lab")

"""The task with Dramatiq."""

import os

import django
import dramatiq
from dramatiq.brokers.redis import RedisBroker

django.setup()
dramatiq.set_broker(RedisBroker(url=os.environ["LAB_REDIS"]))


@dramatiq.actor(queue_name="lab", max_retries=0)
def work(key: str, person: str) -> None:
    """Work."""
    from demo.lab.workers.work import work

    work(key, person)


def send(key: str, person: str) -> None:
    """Send a job."""
    work.send(key, person)

"""The task with RQ; run as a module it is RQ's own command line, with Django set up first."""

import os
import sys

import django
from redis import Redis
from rq import Queue
from rq.cli import main


def send(key: str, person: str) -> None:
    """Send a job."""
    queue = Queue("lab", connection=Redis.from_url(os.environ["LAB_REDIS"]))
    queue.enqueue("demo.lab.workers.work.work", key, person)


if __name__ == "__main__":
    django.setup()
    sys.exit(main())

"""The shop with RQ."""

import os

from redis import Redis
from rq import Queue

from tests.capture.jobs.shop import work


def send(user_id: int | None, how: str) -> None:
    """Send a job."""
    Queue("letters", connection=Redis.from_url(os.environ["SHOP_REDIS"])).enqueue(work.mail, user_id, how)

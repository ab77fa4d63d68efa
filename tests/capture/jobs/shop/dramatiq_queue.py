"""The shop with Dramatiq."""

import os

import django
import dramatiq
from dramatiq.brokers.redis import RedisBroker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.capture.jobs.shop.settings")
django.setup()
dramatiq.set_broker(RedisBroker(url=os.environ["SHOP_REDIS"]))


@dramatiq.actor(queue_name="letters", max_retries=0)
def mail(user_id: int | None, how: str) -> None:
    """Work."""
    from tests.capture.jobs.shop import work

    work.mail(user_id, how)


def send(user_id: int | None, how: str) -> None:
    """Send a job."""
    mail.send(user_id, how)

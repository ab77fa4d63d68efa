"""The shop with Celery."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.capture.jobs.shop.settings")

app = Celery("shop")
app.config_from_object(
    {
        "broker_url": os.environ.get("SHOP_REDIS"),
        "task_ignore_result": True,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"max_retries": 0, "socket_connect_timeout": 1},
        "task_publish_retry": False,
        "worker_hijack_root_logger": False,
    }
)


@app.task(name="shop.mail")
def mail(user_id: int | None, how: str) -> None:
    """Work."""
    from tests.capture.jobs.shop import work

    work.mail(user_id, how)


@app.task(name="shop.\ud800mail")
def odd() -> None:
    """Bear a name that cannot be printed."""


def send(user_id: int | None, how: str) -> None:
    """Send a job."""
    if how == "odd":
        odd.apply_async(queue="letters")
    else:
        mail.apply_async((user_id, how), queue="letters")

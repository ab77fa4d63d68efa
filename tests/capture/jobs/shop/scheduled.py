"""The shop with APScheduler, in the process that sends, too."""

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from tests.capture.jobs.shop import work

scheduler = BackgroundScheduler(executors={"letters": ThreadPoolExecutor(1)}, timezone="UTC")


def send(user_id: int | None, how: str) -> None:
    """Send a job."""
    if not scheduler.running:
        scheduler.start()
    scheduler.add_job(work.mail, args=(user_id, how), executor="letters", misfire_grace_time=None)

"""The shop with django-tasks, in the database."""

from django_tasks import task

from tests.capture.jobs.shop import work


@task(queue_name="letters")
def mail(user_id: int | None, how: str) -> None:
    """Work."""
    work.mail(user_id, how)


def send(user_id: int | None, how: str) -> None:
    """Send a job."""
    mail.enqueue(user_id, how)

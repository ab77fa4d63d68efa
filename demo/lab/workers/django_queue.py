"""The task with Django's tasks, kept in the database."""

from django_tasks import task


@task(queue_name="lab")
def work(key: str, person: str) -> None:
    """Work."""
    from demo.lab.workers.work import work

    work(key, person)


def send(key: str, person: str) -> None:
    """Send a job."""
    work.enqueue(key, person)

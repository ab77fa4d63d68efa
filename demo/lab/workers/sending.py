"""Sends all jobs of one run, each from within a traced request of whoever it is for.

Run as a module: the queue's name, and how many jobs.
"""

import importlib
import sys
from typing import Any

import django

PEOPLE = ("ann", "bob", "cleo", "dan", "")
"""Who comes in turn; the last is nobody."""


def main(queue: str, count: str) -> None:
    """Send that many jobs."""
    django.setup()
    module = importlib.import_module(f"demo.lab.workers.{queue}")
    for number in range(int(count)):
        visit(module, f"j{number}", PEOPLE[number % len(PEOPLE)])


def visit(module: Any, key: str, person: str) -> None:
    """Let somebody visit a page that sends a job."""
    from django.contrib.auth.models import AnonymousUser, User
    from django.http import HttpRequest, HttpResponse
    from django.test import RequestFactory

    from reqtrace.middleware import TraceMiddleware

    def view(request: HttpRequest) -> HttpResponse:
        module.send(key, person)
        return HttpResponse()

    request = RequestFactory().get(f"/send/{key}/")
    request.user = User(pk=sum(person.encode()), username=person) if person else AnonymousUser()
    response = TraceMiddleware(view)(request)
    response.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

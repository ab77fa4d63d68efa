"""Sends jobs from within traced requests, a job for each argument behind the queue's name, such as ``1:leave``.

An argument names who visits, and so whom the job is sent for, and how it is to go on; 0 is an anonymous visitor.
"""

import importlib
import sys
import time

import django

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def main(queue: str, *wanted: str) -> None:
    """Send all, and wait for those that run here."""
    django.setup()
    module = importlib.import_module(f"tests.capture.jobs.shop.{queue}")
    for text in wanted:
        visit(module, *text.split(":"))
    if queue == "scheduled":
        time.sleep(1)
        module.scheduler.shutdown()


def visit(module: object, number: str, how: str) -> None:
    """Let somebody visit a page that sends a job; say what it raises."""
    from django.contrib.auth.models import AnonymousUser, User
    from django.http import HttpRequest, HttpResponse
    from django.test import RequestFactory

    from reqtrace.middleware import TraceMiddleware

    def view(request: HttpRequest) -> HttpResponse:
        module.send(int(number) or None, how)  # type: ignore[attr-defined]
        return HttpResponse()

    request = RequestFactory(HTTP_TRACEPARENT=TRACEPARENT).get(f"/order/{number}/")
    request.user = User(pk=int(number), username=f"person{number}") if int(number) else AnonymousUser()
    try:
        TraceMiddleware(view)(request).close()
    except Exception as error:
        print(type(error).__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])

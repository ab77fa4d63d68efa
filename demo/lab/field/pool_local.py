"""A thread-local in the threads of a pool: what the first job remembers, the jobs of others find."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.http import HttpResponse

import reqtrace
from demo.lab.field.base import Kind, answer

_pool = ThreadPoolExecutor(1, "field-pool")
_careful_pool = ThreadPoolExecutor(1, "field-careful-pool")
_remembered = threading.local()
_set = threading.local()


def _job(user: Any) -> str:
    if not hasattr(_remembered, "user"):
        _remembered.user = user
    reqtrace.checkpoint("job")
    return str(_remembered.user.get_username())


def _careful_job(user: Any) -> str:
    _set.user = user
    try:
        reqtrace.checkpoint("job")
        return str(_set.user.get_username())
    finally:
        del _set.user


def broken(request: Any, key: str) -> HttpResponse:
    """Let a job find out who asks."""
    return answer(request, _pool.submit(copy_context().run, _job, request.user).result())


def clean(request: Any, key: str) -> HttpResponse:
    """Let a job find out who asks, which is told anew."""
    return answer(request, _careful_pool.submit(copy_context().run, _careful_job, request.user).result())


KIND = Kind("pool-local", "a thread-local in the threads of a pool", broken, clean)

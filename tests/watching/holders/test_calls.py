"""Declared callables: they may raise what they like, and be slow, without harm to a request."""

import sys
import time
from collections.abc import Callable

import pytest
from django.test import Client

from reqtrace.capture.recorder import Recorder
from tests.conftest import Tracing

calls: list[str] = []


def leaving() -> None:
    """End the process, as it would like to."""
    calls.append("leaving")
    sys.exit(3)


def slow() -> None:
    """Take two milliseconds."""
    calls.append("slow")
    time.sleep(0.002)


@pytest.mark.parametrize(("name", "reason"), [("leaving", "raised 10 times in a row"), ("slow", "took more than 1 ms")])
def test_a_callable_that_misbehaves_is_switched_off_and_no_request_notices(
    tracing: Callable[..., Tracing],
    faulty: list[Recorder],
    caplog: pytest.LogCaptureFixture,
    name: str,
    reason: str,
) -> None:
    calls.clear()
    traced = tracing(HOLDERS=[f"{__name__}.{name}"], DISCOVER=False, KNOWN_HOLDERS=False)
    faulty.append(traced.recorder)
    traced.recorder.prepare()
    for _ in range(6):
        assert Client().get("/plain/").status_code == 200
    assert calls == [name] * 10
    (said,) = [record.message for record in caplog.records if "has switched off the holder" in record.message]
    assert reason in said
    assert len(traced.requests()) == 6

"""``assert_isolated`` and `replay`: within a test, on what the test has made, and without a trace of themselves."""

import re
from itertools import count
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model

from reqtrace.exceptions import QueryError
from reqtrace.prove import exploration
from reqtrace.testing import aassert_isolated, assert_isolated, replay

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.prove.project.urls"),
    pytest.mark.server,
]
SECONDS = 100


@pytest.fixture(autouse=True)
def caches(settings: object) -> None:
    """Keep pages' caches in memory."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # type: ignore[attr-defined]
    settings.WSGI_APPLICATION = None  # type: ignore[attr-defined]


def test_it_fails_with_the_schedule_and_passes_on_the_mended_page() -> None:
    people = [get_user_model().objects.create_user(name) for name in ("annika", "bertil")]
    with pytest.raises(AssertionError) as failed:
        assert_isolated(["/loader/broken/"], people, server="wsgi", seconds=SECONDS)
    assert re.search(r"LEAKS .*/loader/broken/: .* gets what is (annika|bertil)'s", str(failed.value))
    assert "2. " in str(failed.value)
    assert_isolated(["/loader/mended/"], people, server="wsgi", bound=1, seconds=SECONDS)
    assert list(get_user_model().objects.values_list("username", flat=True)) == ["annika", "bertil"]


@pytest.mark.django_db(transaction=True)
async def test_it_may_be_called_on_an_event_loop() -> None:
    with pytest.raises(AssertionError, match=r"written: _kept\.name"):
        await aassert_isolated(["/leftover/broken/"], ["annika", "bertil"], server="wsgi", seconds=SECONDS)


def test_a_schedule_is_played_again_and_a_page_that_is_not_there_never_passes() -> None:
    turns = [(0, 2), (1, 0), (0, 0)]
    requests = [("annika", "/overwritten/broken/"), ("bertil", "/overwritten/broken/")]
    with pytest.raises(AssertionError, match="annika gets what is bertil's"):
        replay(requests, server="wsgi", way="threads", turns=turns)
    replay([(who, "/overwritten/mended/") for who, _ in requests], server="wsgi", way="threads", turns=turns)
    with pytest.raises(QueryError, match="is no page of"):
        replay([("annika", "/nowhere/"), (None, "/nowhere/")])


def test_a_page_that_there_was_no_time_to_play_anything_of_never_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 45)
    monkeypatch.setattr(exploration, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with pytest.raises(QueryError, match="there was no time for it"):
        assert_isolated(["/crowd/mended/"], ["annika", "bertil"], server="wsgi", seconds=SECONDS)

"""What differs from page to page anyway is no difference, and nothing else is."""

import time

import pytest

from reqtrace.prove.masks import Baseline
from reqtrace.prove.schedule import Seen


def page(body: str, headers: str = "") -> Seen:
    """Return an answer."""
    return Seen(200, headers, body)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("at 10:59:59", "at 11:00:01"),
        ("on Sat, 28 Nov 2026 23:59:58 GMT", "on Sun, 29 Nov 2026 00:00:02 GMT"),
        ("2026-11-28T23:59:58.120Z", "2026-11-29T00:00:02.907Z"),
        (f"since {int(time.time())}", f"since {int(time.time()) + 4}"),
        (f"v={int(time.time() * 1000)}", f"v={int(time.time() * 1000) + 4321}"),
    ],
    ids=["time", "HTTP date", "ISO 8601", "seconds", "milliseconds"],
)
def test_a_clock_that_goes_on_is_no_difference(before: str, after: str) -> None:
    assert Baseline([page(before)] * 3).explains(page(after))


def test_a_cookie_that_ends_a_year_from_now_and_an_age_are_no_difference() -> None:
    before = page("x", "Age: 0\nSet-Cookie: lang=en; expires=Sat, 27 Nov 2027 23:11:59 GMT; Path=/")
    after = page("x", "Age: 2\nSet-Cookie: lang=en; expires=Sat, 27 Nov 2027 23:12:01 GMT; Path=/")
    assert Baseline([before]).explains(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("order 4711", "order 4712"),
        ("basket: 3", "basket: 4"),
        ("call 0301234567", "call 0307654321"),
        ("at 10:59:59 for alice", "at 11:00:01 for bobby"),
        ("born 1990-01-01", "born 1991-02-03"),
    ],
)
def test_what_no_clock_shows_is_a_difference(before: str, after: str) -> None:
    assert not Baseline([page(before)] * 3).explains(page(after))


def test_what_differed_between_samples_may_differ_again_and_what_did_not_may_not() -> None:
    seen = Baseline([page(f"token {token} for alice") for token in ("aB3", "Xy9", "q7Q")])
    assert seen.explains(page("token zZ1 for alice"))
    assert not seen.explains(page("token zZ1 for bobby"))

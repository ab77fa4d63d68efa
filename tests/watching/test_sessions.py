"""Whose session is whose: as long as nobody signs out of it."""

import pytest

from reqtrace.identity import ANONYMOUS, UNRESOLVED, Identity
from reqtrace.watching.live import OpenRequest
from reqtrace.watching.sessions import Sessions

ALICE = Identity("authenticated", "1", "alice")


def ended(user: Identity, *, signed_out: Identity | None = None) -> OpenRequest:
    place = object()
    opened = OpenRequest(1, None, place, 1, 1, 1, place)  # type: ignore[arg-type]
    opened.session_key, opened.user, opened.signed_out = "key", user, signed_out
    return opened


def test_a_request_that_nobody_asked_for_its_user_leaves_the_session_whose_it_was() -> None:
    sessions = Sessions()
    sessions.learn(ended(ALICE))
    sessions.learn(ended(UNRESOLVED))
    assert sessions.owner_of("key") == ALICE


@pytest.mark.parametrize("later", [ended(ANONYMOUS), ended(ALICE, signed_out=ALICE)], ids=["anonymous", "signed out"])
def test_who_has_signed_out_has_it_no_more(later: OpenRequest) -> None:
    sessions = Sessions()
    sessions.learn(ended(ALICE))
    sessions.learn(later)
    assert sessions.owner_of("key") == UNRESOLVED

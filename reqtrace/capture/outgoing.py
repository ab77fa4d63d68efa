"""What goes out: is the response this request's, is its session, and may it leave at all?"""

from time import perf_counter_ns
from typing import Any

from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from reqtrace import identity
from reqtrace.capture import looking
from reqtrace.capture.recorder import Recorder
from reqtrace.execution.real_types import is_really
from reqtrace.execution.stacks import view_of
from reqtrace.identity import Identity
from reqtrace.shipping.ledger import request_id
from reqtrace.watching.live import ForeignResponse, ForeignSession, OpenRequest

STAMP = "_reqtrace_made_for"
"""An attribute of responses whose view looked at session or user: process and number of the request that it was made
for, its user's state, key and name, and a keyed hash of its session; a plain tuple, so that it survives the pickling of
Django's page cache. A public page bears none."""


def stamp(recorder: Recorder, opened: OpenRequest, response: Any) -> None:
    """Mark a response, just made by its view, with whom it was made for; notice one that bears a mark already."""
    try:
        if opened.ended_ns:
            return
        from_cache = opened.request.__dict__.get("_cache_update_cache")
        if from_cache and getattr(response, "is_rendered", True) is False:
            looking.begin_rendering(opened)  # it is marked as it goes into the cache, once it is rendered
        elif from_cache is None and looking.has_looked(opened):
            _mark(recorder, opened, response, None)
    except Exception as error:
        recorder.faults.note("stamping a response", error)


def stamp_page(recorder: Recorder, opened: OpenRequest, response: Any) -> None:
    """Mark a page that is about to go into the cache with whom, and for which session, it was made."""
    try:
        if opened.ended_ns or response.streaming or not getattr(response, "is_rendered", True):
            return
        has_looked, user = looking.has_looked(opened), opened.whose()
        if not opened.is_in_view:
            looking.end(opened)
        if has_looked and user.id is not None and recorder.pages.is_of(user.id, opened.request, response):
            key = identity.session_key_of(opened.request)
            _mark(recorder, opened, response, None if key is None else recorder.ledger.pseudonym(key))
    except Exception as error:
        recorder.faults.note("stamping a page", error)


def _mark(recorder: Recorder, opened: OpenRequest, response: Any, session: str | None) -> None:
    user = opened.whose()
    # A view may have forgotten to return a response, which Django is about to say; one that is used again is judged
    # when it goes out.
    if user.id is not None and isinstance(response, HttpResponseBase) and STAMP not in response.__dict__:
        response.__dict__[STAMP] = (recorder.ledger.process_id, opened.number, *user, session)


def examine(recorder: Recorder, opened: OpenRequest, response: Any) -> None:
    """Compare a response that is about to go out with the request that it answers."""
    try:
        if opened.look is not None:
            looking.end(opened)
        asked, attributes = opened.request.__dict__, response.__dict__
        if response.cookies or "_cached_user" in asked or "_acached_user" in asked:
            _examine_session(recorder, opened, asked.get("session"), response)
        if STAMP in attributes:
            _examine_mark(recorder, opened, attributes[STAMP])
    except Exception as error:
        recorder.faults.note("examining a response", error)


def _examine_mark(recorder: Recorder, opened: OpenRequest, made_for: Any) -> None:
    process_id, number, *user = made_for[:5]
    session: str | None = made_for[5] if len(made_for) > 5 else None  # a page in the cache may be of an older version's
    if number == opened.number and process_id == recorder.ledger.process_id:
        return
    key = identity.session_key_of(opened.request)
    if key is not None and session is not None and session == recorder.ledger.pseudonym(key):
        return
    foreign = ForeignResponse(
        perf_counter_ns() - opened.began_ns,
        request_id(process_id, number),
        Identity(*user),
        session is not None and "session" in opened.request.__dict__,
        view_of(opened.request),
    )
    opened.note(foreign)
    # The page cache answers before anybody asks for the user: whose session it is may be known from before, or will
    # be once its owner looks at another page.
    opened.presumed = recorder.sessions.find(opened.request)
    if opened.presumed.state == "unresolved":
        recorder.sessions.wait_for_owner(opened, foreign)


def blocked(recorder: Recorder, opened: OpenRequest, response: Any) -> Any:
    """Return the response, or a plain 500 in its place where a leak was found and ``ON_LEAK`` is ``block``."""
    if recorder.settings.on_leak != "block" or not leaks_now(recorder, opened):
        return response
    try:
        response.close()
    except Exception as error:
        recorder.faults.note("closing a blocked response", error)
    return HttpResponse("Internal Server Error", status=500, content_type="text/plain; charset=utf-8")


def found_leak(recorder: Recorder, opened: OpenRequest) -> bool:
    """Judge a request now, while it runs, and tell whether a leak was found."""
    _judge(recorder, opened)
    return any(finding.level == "leak" for finding in opened.findings)


def leaks_now(recorder: Recorder, opened: OpenRequest) -> bool:
    """Judge a request now, and tell whether it leaks by what it met itself.

    What an earlier request left behind is found and told, and takes no page from anybody.
    """
    _judge(recorder, opened)
    return opened.leaks_now


def _judge(recorder: Recorder, opened: OpenRequest) -> None:
    try:
        recorder.ledger.judge(opened)
    except Exception as error:
        recorder.faults.note("judging a request", error)


def _examine_session(recorder: Recorder, opened: OpenRequest, session: object, response: Any) -> None:
    if not is_really(session, SessionBase):
        return
    cookie = response.cookies.get(django_settings.SESSION_COOKIE_NAME) if response.cookies else None
    # Some backends have no key of their own: with signed cookies the cookie is the data.
    if cookie is not None and cookie.value and type(session)._get_session_key is SessionBase._get_session_key:
        key = identity.session_key_of(opened.request)
        if identity.as_known(cookie.value) != key:
            _note_session(opened, recorder.sessions.owner_of(identity.as_known(cookie.value)), cookie=True)
    login = identity.login_of(opened.request)
    if login is not None:  # the user was taken from this very session
        by_session, by_user = identity.of_session(session), opened.who_is(login)
        if by_session.id is not None and by_user.id not in (None, by_session.id):
            opened.belongs_to(by_user)
            _note_session(opened, by_session, cookie=False)


def _note_session(opened: OpenRequest, owner: Identity, *, cookie: bool) -> None:
    at_ns = perf_counter_ns() - opened.began_ns
    opened.note(ForeignSession(at_ns, owner, cookie, view_of(opened.request)))

"""What goes out: is the response this request's, is its session, and may it leave at all?"""

from time import perf_counter_ns
from typing import Any

from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from reqtrace import identity
from reqtrace.capture.recorder import Recorder
from reqtrace.execution.real_types import is_really
from reqtrace.execution.stacks import view_of
from reqtrace.identity import Identity
from reqtrace.shipping.ledger import request_id
from reqtrace.watching.live import ForeignResponse, ForeignSession, OpenRequest

STAMP = "_reqtrace_made_for"
"""An attribute of responses whose view looked at session or user: what `MadeFor` says, as a plain tuple, so that it
survives the pickling of Django's page cache; a public page bears none."""


def stamp(recorder: Recorder, opened: OpenRequest, response: Any) -> None:
    """Mark a response, just made by its view, with whom it was made for; notice one that bears a mark already."""
    try:
        if opened.ended_ns:
            return
        asked = opened.request.__dict__
        if not ("session" in asked or "user" in asked):
            return
        if not isinstance(response, HttpResponseBase):
            return  # a view that forgot to return one: Django is about to say so
        attributes = response.__dict__
        if STAMP in attributes:
            return  # a response object used again: judged when it goes out
        # `cache_page` has pickled the response before it comes here: such a page is known again by its content.
        from_cache = asked.get("_cache_update_cache")
        if from_cache is False:
            made_for = recorder.pages.find(opened.request, response)
            if made_for is not None:
                attributes[STAMP] = made_for
            return
        if _is_personal(asked) and (user := opened.whose()).id is not None:
            attributes[STAMP] = made_for = (recorder.ledger.process_id, opened.number, *user)
            if from_cache:
                recorder.pages.remember(opened.request, response, made_for)
    except Exception as error:
        recorder.faults.note("stamping a response", error)


def examine(recorder: Recorder, opened: OpenRequest, response: Any) -> None:
    """Compare a response that is about to go out with the request that it answers."""
    try:
        asked, attributes = opened.request.__dict__, response.__dict__
        if response.cookies or "_cached_user" in asked or "_acached_user" in asked:
            _examine_session(recorder, opened, asked.get("session"), response)
        if STAMP not in attributes:
            return
        made_for = attributes[STAMP]
        if made_for[1] != opened.number or made_for[0] != recorder.ledger.process_id:
            process_id, number, *user = made_for
            at_ns = perf_counter_ns() - opened.began_ns
            foreign = ForeignResponse(at_ns, request_id(process_id, number), Identity(*user), view_of(opened.request))
            opened.note(foreign)
            # The page cache answers before anybody asks for the user: whose session it is is known from before, or
            # will be once its owner looks at another page.
            opened.presumed = recorder.sessions.find(opened.request)
            if opened.presumed.state == "unresolved":
                recorder.sessions.wait_for_owner(opened, foreign)
    except Exception as error:
        recorder.faults.note("examining a response", error)


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
        if cookie.value != key:
            _note_session(opened, recorder.sessions.owner_of(cookie.value), cookie=True)
    login = identity.login_of(opened.request)
    if login is not None:  # the user was taken from this very session
        by_session, by_user = identity.of_session(session), opened.who_is(login)
        if by_session.id is not None and by_user.id not in (None, by_session.id):
            opened.belongs_to(by_user)
            _note_session(opened, by_session, cookie=False)


def _note_session(opened: OpenRequest, owner: Identity, *, cookie: bool) -> None:
    at_ns = perf_counter_ns() - opened.began_ns
    opened.note(ForeignSession(at_ns, owner, cookie, view_of(opened.request)))


def _is_personal(asked: dict[str, Any]) -> bool:
    """Tell whether the view looked at who asks."""
    session = asked.get("session")
    return bool(getattr(session, "accessed", False)) or "_cached_user" in asked or "_acached_user" in asked

"""Signing in and out at the standalone server: with an account of the project, or by a link of the terminal."""

import logging
from math import ceil

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from reqtrace import access, conf
from reqtrace.printable import printable

from . import assets, responses, views
from .door import links, sessions, throttle
from .door.visitor import has_accounts

logger = logging.getLogger("reqtrace.access")


@views.reading
def page(request: HttpRequest) -> HttpResponseBase:
    """Show the live page to those who may see it, a way to sign in to strangers, and a 404 with a way out to others."""
    user = getattr(request, "user", None)
    signed_in = user if user is not None and user.is_authenticated else None
    can_sign_out = sessions.are_ours() and (signed_in is not None or views.came_by_link(request))
    if views.may_see(request):
        return views.render_page(request, sign_out_url=reverse("sign-out") if can_sign_out else None)
    if signed_in is not None and not sessions.are_ours():
        return _failed(_("This account may not see the traces."), 404)
    if signed_in is not None:
        context = {"user": signed_in.get_username(), "action": reverse("sign-out"), "csrf_token": get_token(request)}
        context["who_may_look"] = access.who_may_look()
        return _html("denied.html", context, status=404)
    return HttpResponseRedirect(reverse("sign-in"))


@sensitive_post_parameters()
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for name and password; go on to the page, or to where the visitor wanted to go on this server.

    Where the setting `SIGN_IN` turns passwords off, lead to the project's own login page, or say how to get a link.
    """
    way = conf.get().sign_in
    if way not in ("password", "link"):
        return HttpResponseRedirect(way)
    if way == "link" or not has_accounts():
        return _html("by_link.html", {"is_used": False}, 405 if request.method == "POST" else 200)
    from django.contrib.auth import login
    from django.contrib.auth.forms import AuthenticationForm

    form = AuthenticationForm(request, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        account, address = request.POST.get("username", "").casefold(), request.META.get("REMOTE_ADDR", "")
        wait = max(throttle.accounts.wait(account), throttle.addresses.wait(address))
        if wait:
            answer = _failed(_("Too many tries have failed. Wait a while and try again."), 429)
            answer.headers["Retry-After"] = str(ceil(wait))
            return answer
        if form.is_valid():
            throttle.accounts.succeed(account)
            login(request, form.get_user())
            return HttpResponseRedirect(_next(request))
        logger.warning(
            "Signing in to the dashboard as %s from %s failed; failure %d of this account, and %d of this address.",
            *(printable(repr(account)), printable(address)),
            *(throttle.accounts.fail(account), throttle.addresses.fail(address)),
        )
    context = {
        "form": form, "next": _next(request), "action": reverse("sign-in"), "csrf_token": get_token(request)
    }  # fmt: skip
    return _html("sign_in.html", context)


@views.answering("GET")  # a HEAD is a look ahead, and must not use the link up
def by_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Let whoever has a link from the terminal in, once."""
    if not sessions.are_ours() or not links.use(token):
        logger.warning(
            "A link to the dashboard was tried from %s that is used up or not ours.",
            printable(request.META.get("REMOTE_ADDR", "")),
        )
        return _html("by_link.html", {"is_used": True}, 403)
    request.session.flush()
    request.session[sessions.BY_LINK] = True
    return HttpResponseRedirect(reverse("page"))


def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session of this server; the one of the application, on its own port, goes on."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if sessions.are_ours():
        request.session.flush()
    return HttpResponseRedirect(reverse("sign-in"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was refused (`CSRF_FAILURE_VIEW`)."""
    return _failed(_("This form is out of date. Go back to the page and try again."), 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that nothing stands there (`handler404`)."""
    return _failed(_("Nothing stands at this address."), 404)


def broken(request: HttpRequest) -> HttpResponse:
    """Say that something broke (`handler500`)."""
    return _failed(_("This server met an error; its log says which."), 500)


def _failed(message: object, status: int) -> HttpResponse:
    return _html("failed.html", {"message": message}, status)


def _html(template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    surroundings = {"style": assets.find("app.css"), "mount": reverse("page")}
    return responses.html(template, surroundings | context, status)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("page")

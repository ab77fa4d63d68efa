"""Signing in and out at the standalone server, with the project's own accounts."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from . import assets, responses, views
from .visitor import has_accounts


@views.reading
def page(request: HttpRequest) -> HttpResponseBase:
    """Show the live page to those who may see it, a way to sign in to strangers, and a 404 with a way out to others."""
    user = getattr(request, "user", None)
    signed_in = user if user is not None and user.is_authenticated else None
    if views.may_see(request):
        return views.render_page(request, sign_out_url=reverse("sign-out") if signed_in else None)
    if signed_in is not None:
        context = {"user": signed_in.get_username(), "action": reverse("sign-out"), "csrf_token": get_token(request)}
        return _html("denied.html", context, status=404)
    if has_accounts():
        return HttpResponseRedirect(reverse("sign-in"))
    raise Http404


@sensitive_post_parameters()
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for name and password; go on to the page, or to where the visitor wanted to go on this server."""
    from django.contrib.auth import login
    from django.contrib.auth.forms import AuthenticationForm

    form = AuthenticationForm(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return HttpResponseRedirect(_next(request))
    context = {
        "form": form, "next": _next(request), "action": reverse("sign-in"), "csrf_token": get_token(request)
    }  # fmt: skip
    return _html("sign_in.html", context)


def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End the session of this server; the one of the application, on its own port, goes on."""
    from django.contrib.auth import logout

    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    logout(request)
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

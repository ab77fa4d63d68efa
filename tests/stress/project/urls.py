"""Pages that are easy to judge wrongly, beside the one that leaks."""

import os
import time

from django.contrib.auth import get_user_model, logout
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import include, path, re_path
from django.views.decorators.http import require_POST
from django.views.i18n import JavaScriptCatalog

from tests.stress.project.middleware import PLANTED, get_current_user

_loaded: dict[str, str] = {}


def account(request: HttpRequest) -> HttpResponse:
    """Greet whoever the application believes is asking, after some work."""
    request.session.get("basket")
    time.sleep(0.003)
    user = get_current_user()
    return HttpResponse(f"<h1>Hello {user.get_username() if user else 'stranger'}</h1>")


def number(request: HttpRequest) -> HttpResponse:
    """Tell the user's number, in which nobody's name stands."""
    time.sleep(0.003)
    user = get_current_user()
    return HttpResponse("".join("abcdefghij"[int(digit)] for digit in str(user.pk)) if user else "none")


def cached(request: HttpRequest) -> HttpResponse:
    """Greet, out of a cache that knows no persons where it is planted."""
    name = request.user.get_username() if request.user.is_authenticated else "stranger"
    if "cached" not in PLANTED or name == "stranger":
        return HttpResponse(f"Welcome {name}")
    return HttpResponse(f"Welcome {cache.get_or_set(request.get_full_path(), name)}")


def first_come(request: HttpRequest) -> HttpResponse:
    """Greet whoever came first, where it is planted: a loader that is made once for all, its key without the user."""
    name = request.user.get_username() if request.user.is_authenticated else "stranger"
    return HttpResponse(f"Good day, {_loaded.setdefault('name', name) if 'first' in PLANTED else name}.")


def everybody(request: HttpRequest) -> HttpResponse:
    """List all people, on purpose, with a token and the time."""
    names = ", ".join(get_user_model().objects.values_list("username", flat=True))
    form = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    return HttpResponse(f"{form}<p>{names}</p><i>{time.time_ns()}</i>")


def who_is_online(request: HttpRequest) -> HttpResponse:
    """List whoever was here, which changes as people come, and who served it."""
    names = set(cache.get("online", ())) | ({request.user.get_username()} if request.user.is_authenticated else set())
    cache.set("online", names)
    return HttpResponse(f"{', '.join(sorted(names))} {os.getpid()}")


def log_out(request: HttpRequest) -> HttpResponse:
    """Sign out by a GET, as many projects still do."""
    logout(request)
    return HttpResponseRedirect("/")


@require_POST
def buy(request: HttpRequest) -> HttpResponse:
    """Change something."""
    user = get_current_user()
    return HttpResponse(f"Bought by {user}")


urlpatterns = [
    path("library/", include([path(f"{number}/", JavaScriptCatalog.as_view()) for number in range(21)])),
    path("account/", account),
    path("shop/", include([path("number/", number), path("cached/", cached)])),
    re_path(r"^people/$", everybody),
    path("online/", who_is_online),
    path("logout/", log_out, name="logout"),
    path("people/<int:pk>/", everybody),
    *([path("first/", first_come)] if "first" in PLANTED or "second" in PLANTED else []),
    path("buy/", buy),
]

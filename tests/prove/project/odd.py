"""Pages that are isolated and easy to judge wrongly."""

import random
import secrets
import socket
import time
from contextlib import suppress
from itertools import count

from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

_visits = count(1)


def changing(request: HttpRequest) -> HttpResponse:
    """Show what is another one each time."""
    form = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    banner = random.choice(["tea", "coffee", "milk"])
    text = f"{form}<p>Visit {next(_visits)} at {time.time()}</p><i>{banner}</i>{secrets.token_hex(8)}"
    return HttpResponse(f"{text}<p>{request.user.get_username()}</p>")


def everybody(request: HttpRequest) -> HttpResponse:
    """List all people, on purpose."""
    return HttpResponse(", ".join(get_user_model().objects.values_list("username", flat=True)))


def last_visitor(request: HttpRequest) -> HttpResponse:
    """Show who was here last, as the database tells: people share that on purpose."""
    users = get_user_model().objects
    last = users.exclude(first_name="").order_by("-first_name").first()
    if request.user.is_authenticated:
        users.filter(pk=request.user.pk).update(first_name=str(time.time_ns()))
    return HttpResponse(f"Before you: {last.username if last else 'nobody'}")


def outgoing(request: HttpRequest) -> HttpResponse:
    """Send a mail, and call somebody who must not hear of it."""
    send_mail("Hello", "there", "shop@shop.test", ["all@shop.test"])
    with suppress(OSError), socket.create_connection(("192.0.2.1", 25), timeout=1):
        pass
    return HttpResponse(f"Sent by {request.user.get_username()}")


@api_view()
def api(request: Request) -> Response:
    """Answer through REST framework."""
    return Response({"me": request.user.get_username(), "people": get_user_model().objects.count()})


def broken(request: HttpRequest) -> HttpResponse:
    """Fail."""
    raise RuntimeError("as it always does")


def broken_for_people(request: HttpRequest) -> HttpResponse:
    """Fail for everybody who is signed in."""
    if request.user.is_authenticated:
        raise RuntimeError("as it does for all people")
    return HttpResponse("Sign in!")

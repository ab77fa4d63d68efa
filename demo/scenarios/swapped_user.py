"""A user that is replaced within a request.

To reckon a price for a friend the view borrows the friend's identity: a function wants a request, so request.user
becomes the friend for a moment. For longer, in fact: all that runs afterwards, such as the line for the audit log,
takes the friend for the one who did it.

Code that acts for somebody takes that person as an argument.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from demo.scenarios.base import Scenario, Way
from demo.scenarios.visit import Visit


def price_for(user: Any) -> int:
    """Return the price for a user."""
    return 20 - len(user.get_username())


def audit(request: HttpRequest) -> str:
    """Return the line for the audit log."""
    return f"Bought by {request.user.get_username()}."


@login_required
def borrows_an_identity(request: HttpRequest) -> HttpResponse:
    """Buy a voucher for a friend, being the friend."""
    request.user = get_user_model().objects.get(username=request.GET["friend"])
    price = price_for(request.user)
    return HttpResponse(f"A voucher for {price} €. {audit(request)}")


@login_required
def hands_a_user_on(request: HttpRequest) -> HttpResponse:
    """Buy a voucher for a friend."""
    price = price_for(get_user_model().objects.get(username=request.GET["friend"]))
    return HttpResponse(f"A voucher for {price} €. {audit(request)}")


def traffic(visit: Visit) -> None:
    """Let alice and bob buy something for each other."""
    visit.opens(visit.person("alice"), friend="bob")
    visit.opens(visit.person("bob"), friend="alice")


scenario = Scenario(
    module=__name__,
    doc=__doc__,
    server="gunicorn",
    kind="swapped",
    broken=Way(pages={"": borrows_an_identity}, code=(borrows_an_identity,)),
    mended=Way(pages={"": hands_a_user_on}, code=(hands_a_user_on,)),
    traffic=traffic,
    code=(price_for, audit),
    proof=("{way}?friend=bob",),
)
